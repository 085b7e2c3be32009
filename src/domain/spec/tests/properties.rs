//! Whatever the bytes: an answer, and every problem inside the file.

use crate::fuzz;
use jiff::Timestamp;
use proptest::prelude::*;

use crate::domain::spec::classify::classify;
use crate::domain::spec::identity::identity;
use crate::domain::spec::read::read;
use crate::domain::spec::record::record;
use crate::domain::spec::tests::{GOOD_MD, GOOD_YAML};

/// Reads the bytes in both formats and holds each answer to what is promised.
fn hold(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    let count = if bytes.ends_with(b"\n") { lines.len() - 1 } else { lines.len() }.max(1);
    for name in ["t.md", "t.yaml"] {
        let reading = read(bytes, name);
        for problem in &reading.problems {
            let (line, column) = (problem.at.line as usize, problem.at.column as usize);
            assert!(1 <= line && line <= count, "{problem:?} in {count} lines");
            // One behind the line's text and its line feed, where the file ends inside something.
            assert!(1 <= column && column <= lines[line - 1].len() + 2, "{problem:?}");
            assert!(!problem.message.contains('\n') && !problem.hint.is_empty(), "{problem:?}");
        }
        assert!(reading.spec.is_some() || reading.errors() > 0);
        let identity = identity(name, &reading, bytes);
        let time = Timestamp::UNIX_EPOCH;
        record(name, &identity, &reading, &classify(&reading), time, Some("0"));
    }
}

/// What breaks parsers, to be put anywhere.
const SHARDS: [&[u8]; 24] = [
    b"---\n",
    b"\r",
    b"\r\n",
    b"\t",
    b"`",
    b"```\n",
    b"<!--",
    b"-->",
    b"- ",
    b"  - ",
    b"[",
    b"{",
    b": ",
    b"&a ",
    b"*a ",
    b"!t ",
    b"\"",
    b"|\n",
    b"verify:",
    b"**",
    b"## Goal\n",
    b"\0",
    b"\xe2\x80\xa6",
    b"\xff",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        hold(&bytes);
    }

    #[test]
    fn any_text_is_answered(text in "(\\PC|[\n\t :\\[\\]{}#*`<>-]){0,200}") {
        hold(text.as_bytes());
    }

    #[test]
    fn mutated_specs_are_answered(
        markdown in any::<bool>(),
        edits in proptest::collection::vec((any::<u16>(), 0..40_usize, 0..SHARDS.len()), 1..6),
        cut in any::<u16>(),
    ) {
        let mut bytes = if markdown { GOOD_MD } else { GOOD_YAML }.as_bytes().to_vec();
        for (at, remove, shard) in edits {
            let at = usize::from(at) % bytes.len();
            let end = (at + remove).min(bytes.len());
            bytes.splice(at..end, SHARDS[shard].iter().copied());
            if bytes.is_empty() {
                break;
            }
        }
        hold(&bytes);
        bytes.truncate(usize::from(cut) % (bytes.len() + 1));
        hold(&bytes);
    }
}

#[test]
fn every_prefix_of_a_good_spec_is_answered() {
    for good in [GOOD_MD, GOOD_YAML] {
        for end in 0..good.len() {
            hold(&good.as_bytes()[..end]);
        }
    }
}

#[test]
fn drawn_specs_are_answered() {
    fuzz::hold("specs", &[GOOD_MD.as_bytes(), GOOD_YAML.as_bytes()], &SHARDS, hold);
}

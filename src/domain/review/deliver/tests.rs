//! Nothing of a change is lost on its way to a reviewer.

use std::collections::HashSet;

use bstr::{BString, ByteSlice as _};
use proptest::prelude::{
    Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

use super::pairs::paired;
use super::{Delivery, deliver};
use crate::domain::model::change::FileMode;
use crate::domain::model::encoding::{TextEncoding, decode};
use crate::domain::model::fence::{visible, visible_path};
use crate::domain::review::deliver::ChangeSection;
use crate::domain::review::deliver::file::{Became, DeliveredFile, DeliveryLimits, FileSide};
use crate::domain::review::deliver::unscanned::{Unscanned, UnscannedReason};

const SEED: [u8; 32] = [7; 32];
const USUAL: DeliveryLimits =
    DeliveryLimits { bytes_per_call: 96 << 10, calls: 8, context_lines: 10 };

fn side(text: &str) -> FileSide {
    let encoding = decode(text.as_bytes()).map(|text| text.encoding);
    FileSide { mode: FileMode::File, raw: text.into(), masked: text.into(), encoding }
}

fn file(path: &str, old: Option<&str>, new: Option<&str>) -> DeliveredFile {
    let became = match (old, new) {
        (None, _) => Became::Added,
        (_, None) => Became::Deleted,
        _ => Became::Modified,
    };
    DeliveredFile { path: path.into(), became, old: old.map(side), new: new.map(side) }
}

fn sections(delivery: &Delivery) -> Vec<&ChangeSection> {
    delivery.calls.iter().flat_map(|part| &part.sections).collect()
}

fn removed(section: &ChangeSection) -> usize {
    section.text.lines().filter(|line| line.starts_with("- | ")).count()
}

fn body(file: DeliveredFile) -> (String, Vec<String>, usize) {
    let delivery = deliver(&[file], &USUAL, &SEED);
    let [section] = sections(&delivery)[..] else { panic!("{delivery:?}") };
    let end = section.text.find("=== end of").unwrap();
    let start = section.text.find('\n').unwrap() + 1;
    (section.text[start..end].to_owned(), section.added.clone(), removed(section))
}

#[test]
fn a_section_reads_like_this() {
    let change = file("src/a.rs", Some("one\ntwo\nthree\n"), Some("one\n2\nthree\nfour"));
    let delivery = deliver(&[change], &USUAL, &SEED);
    let [section] = sections(&delivery)[..] else { panic!("{delivery:?}") };
    let text = format!(
        "=== src/a.rs: modified, section 1 of 1\n\
         @@ from line 1\n\
         \x201 | one\n\
         - | two\n\
         +2 | 2\n\
         \x203 | three\n\
         +4 | four\n\
         \\ no line end at the end of the file\n\
         === end of src/a.rs, nonce {}\n",
        section.nonce
    );
    assert_eq!(section.text, text);
    assert_eq!((section.added.clone(), removed(section)), (vec!["2".into(), "four".into()], 1));
    assert_eq!(section.sha, blake3::hash(text.as_bytes()).to_hex().to_string());
    let place = &delivery.places["src/a.rs"];
    assert_eq!(place.touched, [2..3, 4..5]);
    assert_eq!(place.removed, [(2, "two".to_owned())]);
}

#[test]
fn what_has_no_line_to_quote_is_delivered_too() {
    let renamed = |old: &str, new: &str| DeliveredFile {
        became: Became::Renamed { from: "old\n.rs".into() },
        ..file("new.rs", Some(old), Some(new))
    };
    let with_mode = |mut file: DeliveredFile, mode| {
        file.new.as_mut().unwrap().mode = mode;
        file
    };
    for (file, shown, added, removed) in [
        (file("a", Some("x\ny\n"), None), "@@ from line 1\n- | x\n- | y\n", 0, 2),
        (file("a", None, Some("")), "@@ the file is empty\n", 0, 0),
        (file("a", Some(""), None), "@@ the file is empty\n", 0, 0),
        (renamed("x\n", "x\n"), "@@ the content does not change\n", 0, 0),
        (renamed("x\n", "y\n"), "@@ from line 1\n- | x\n+1 | y\n", 1, 1),
        (
            with_mode(file("a", Some("x\n"), Some("x\n")), FileMode::Executable),
            "@@ the mode changes from file to executable file\n@@ the content does not change\n",
            0,
            0,
        ),
        (
            with_mode(file("a", None, Some("/etc/passwd")), FileMode::Symlink),
            "@@ mode: symbolic link\n\
             @@ the content of a symbolic link is the path that it leads to\n\
             @@ from line 1\n+1 | /etc/passwd\n\\ no line end at the end of the file\n",
            1,
            0,
        ),
        (
            file("a", Some("x\r\n"), Some("x\n")),
            "@@ line ends change from CRLF to LF\n@@ from line 1\n- | x\n+1 | x\n",
            1,
            1,
        ),
        (
            file("a", Some("a\0b"), Some("x\n")),
            "@@ the content in the base is binary and not shown\n@@ from line 1\n+1 | x\n",
            1,
            0,
        ),
        (
            file("a", Some("a\0b"), None),
            "@@ the content in the base is binary and not shown\n",
            0,
            0,
        ),
    ] {
        let (text, lines, gone) = body(file);
        assert_eq!((text.as_str(), lines.len(), gone), (shown, added, removed));
    }
    let delivery = deliver(&[renamed("x\n", "x\n")], &USUAL, &SEED);
    assert!(sections(&delivery)[0].text.starts_with("=== new.rs: renamed from old⟦U+000A⟧.rs, "));
    assert!(deliver(&[], &USUAL, &SEED).calls.is_empty());
}

#[test]
fn what_is_not_delivered_is_named() {
    let huge = "x\n".repeat(9 << 20);
    let many = "one more line\n".repeat(100_000);
    let mut module = file("sub", None, Some(""));
    module.new.as_mut().unwrap().mode = FileMode::Submodule;
    let mut unmasked = file("pem", None, Some("a\nb\n"));
    unmasked.new.as_mut().unwrap().masked = b"a\n".to_vec();
    let last = file("z.rs", None, Some("fn z() {}\n"));
    let files = [
        file("bin", None, Some("a\0")),
        module,
        unmasked,
        file("run.sh", None, Some("#!\0")),
        file("huge", None, Some(&huge)),
        file("many", None, Some(&many)),
        last,
    ];
    let delivery = deliver(&files, &USUAL, &SEED);
    let named = |path: &str, reason| Unscanned { path: path.into(), reason };
    let many_calls = match delivery.unscanned.last().unwrap().reason {
        UnscannedReason::NoRoom { needed, .. } => needed,
        other => panic!("{other:?}"),
    };
    assert!((20..30).contains(&many_calls), "{many_calls}");
    assert_eq!(
        delivery.unscanned,
        [
            named("bin", UnscannedReason::Binary),
            named("sub", UnscannedReason::Submodule),
            named("pem", UnscannedReason::Unmasked),
            named("run.sh", UnscannedReason::UnreadableProgram),
            named("huge", UnscannedReason::TooLarge(18 << 20)),
            named("many", UnscannedReason::NoRoom { needed: many_calls, allowed: 8 }),
        ]
    );
    let shown: Vec<_> = sections(&delivery).iter().map(|one| one.path.as_str()).collect();
    assert_eq!(shown, ["z.rs"]);
}

#[test]
fn a_large_change_takes_several_calls() {
    let lines: Vec<String> = (0..15_000).map(|n| format!("let a{n} = {n};")).collect();
    let old = lines.join("\n");
    let new = old.replace("1;", "2;");
    let delivery = deliver(&[file("a.rs", Some(&old), Some(&new))], &USUAL, &SEED);
    assert_eq!(delivery.unscanned, []);
    assert!(delivery.calls.len() > 2 && delivery.calls.len() <= 8);
    let added: usize = sections(&delivery).iter().map(|one| one.added.len()).sum();
    assert_eq!(added, 1_500);
}

#[test]
fn strange_names_lead_back() {
    let path = BString::from(&b"a\xff\n\x1b[2J.rs"[..]);
    let change = DeliveredFile { path: path.clone(), ..file("x", None, Some("x\n")) };
    let delivery = deliver(&[change], &USUAL, &SEED);
    let shown = &sections(&delivery)[0].path;
    assert!(!shown.contains(|c: char| c.is_control()));
    assert_eq!(delivery.places[shown].path, path);
}

/// A line as it is and as it may be shown.
fn line() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "}", "", "  x = 1;", "=== end of", "@@ 1", "+ +"])
            .prop_map(|line| (line.to_owned(), line.to_owned())),
        2 => "[ -~]{0,30}".prop_map(|line| (line.clone(), line)),
        1 => "\\PC{0,10}[\u{202e}\u{7}\u{e0041}]?".prop_map(|line| (line.clone(), line)),
        1 => "[a-z]{8}".prop_map(|key| (format!("key = SECRET{key}"), "key = [redacted]".into())),
    ]
}

fn text() -> impl Strategy<Value = FileSide> {
    (prop::collection::vec(line(), 0..40), any::<bool>()).prop_map(|(lines, ended)| {
        let join = |of: &dyn Fn(&(String, String)) -> String| {
            let mut text = lines.iter().map(of).collect::<Vec<_>>().join("\n");
            if ended && !lines.is_empty() {
                text.push('\n');
            }
            text.into_bytes()
        };
        let (raw, masked) = (join(&|line| line.0.clone()), join(&|line| line.1.clone()));
        FileSide { mode: FileMode::File, raw, masked, encoding: Some(TextEncoding::UTF_8) }
    })
}

fn change() -> impl Strategy<Value = Vec<DeliveredFile>> {
    let edited = (text(), prop::collection::vec(any::<bool>(), 40)).prop_map(|(old, kept)| {
        let pick = |bytes: &[u8]| -> Vec<u8> {
            let lines = bytes.lines_with_terminator().zip(kept.iter().cycle());
            lines.filter(|(_, kept)| **kept).flat_map(|(line, _)| line.to_vec()).collect()
        };
        let new = FileSide { raw: pick(&old.raw), masked: pick(&old.masked), ..old.clone() };
        (Some(old), Some(new))
    });
    let sides = prop_oneof![
        text().prop_map(|new| (None, Some(new))),
        text().prop_map(|old| (Some(old), None)),
        (text(), text()).prop_map(|(old, new)| (Some(old), Some(new))),
        edited,
    ];
    prop::collection::vec(sides, 0..8).prop_map(|files| {
        let named = files.into_iter().enumerate().map(|(at, (old, new))| DeliveredFile {
            became: match (&old, &new) {
                (None, _) => Became::Added,
                (_, None) => Became::Deleted,
                _ => Became::Modified,
            },
            path: format!("f{at}\n.rs").into(),
            old,
            new,
        });
        named.collect()
    })
}

fn limits() -> impl Strategy<Value = DeliveryLimits> {
    (prop_oneof![Just(96 << 10), 100..4_000_usize], 0..5_usize, 0..5_usize).prop_map(
        |(bytes_per_call, calls, context_lines)| DeliveryLimits {
            bytes_per_call,
            calls,
            context_lines,
        },
    )
}

fn lines_of(bytes: &[u8]) -> Vec<String> {
    let shown = |line| visible(line).trim_end_matches('\n').to_owned();
    bytes.lines_with_terminator().map(shown).collect()
}

/// The new lines that a file's sections show, by number, and whether each is added.
fn shown_lines(sections: &[&ChangeSection]) -> Vec<(usize, bool, String)> {
    let mut shown = Vec::new();
    for section in sections {
        for line in section.text.lines() {
            let sign = line.chars().next().unwrap();
            if sign != '+' && sign != ' ' {
                continue;
            }
            let (number, text) = line[1..].split_once(" | ").unwrap();
            shown.push((number.trim().parse().unwrap(), sign == '+', text.to_owned()));
        }
    }
    shown
}

proptest! {
    #[test]
    fn every_added_line_is_shown_once_or_its_file_is_named(files in change(), limits in limits()) {
        let delivery = deliver(&files, &limits, &SEED);
        prop_assert!(delivery.calls.len() <= limits.calls);
        for part in &delivery.calls {
            prop_assert!(!part.sections.is_empty());
            let bytes: usize = part.sections.iter().map(|section| section.text.len()).sum();
            prop_assert!(bytes <= limits.bytes_per_call);
        }
        let all = sections(&delivery);
        let nonces: HashSet<_> = all.iter().map(|section| &section.nonce).collect();
        prop_assert_eq!(nonces.len(), all.len());
        for file in &files {
            let path = visible_path(&file.path);
            let of: Vec<&ChangeSection> = all.iter().copied().filter(|one| one.path == path).collect();
            let named = delivery.unscanned.iter().filter(|one| one.path == path).count();
            prop_assert_eq!(named, usize::from(of.is_empty()), "shown or named, never both");
            if of.is_empty() {
                continue;
            }
            let pieces: HashSet<_> = of.iter().map(|section| section.part).collect();
            prop_assert_eq!(pieces.len(), of.len());
            prop_assert!(of.iter().all(|section| section.part.1 == of.len()));
            let lines = |side: &Option<FileSide>| {
                let side = side.as_ref();
                side.map_or_else(Vec::new, |side| lines_of(&side.masked))
            };
            let (old, new) = (lines(&file.old), lines(&file.new));
            let mut seen = vec![false; new.len()];
            let mut added = 0;
            for (number, is_added, text) in shown_lines(&of) {
                prop_assert!(!std::mem::replace(&mut seen[number - 1], true), "shown once");
                prop_assert_eq!(&text, &new[number - 1]);
                added += usize::from(is_added);
            }
            let told: usize = of.iter().map(|section| section.added.len()).sum();
            let removed: usize = of.iter().map(|section| removed(section)).sum();
            prop_assert_eq!(told, added);
            prop_assert_eq!(new.len() + removed, old.len() + added);
            for (line, seen) in new.iter().zip(&seen) {
                prop_assert!(*seen || old.contains(line), "a new line is not shown: {line}");
            }
        }
    }

    #[test]
    fn pairing_loses_no_file(files in change()) {
        let paired = paired(files.clone());
        for file in &files {
            let now = paired.iter().filter(|one| one.path == file.path).count();
            let moved = paired.iter().filter(|one| {
                matches!(&one.became, Became::Renamed { from } if *from == file.path)
            });
            let moved = moved.count();
            let is_gone = file.became == Became::Deleted;
            prop_assert!(now + moved == 1 && (moved == 0 || is_gone), "{}: {now}, {moved}", file.path);
        }
        for one in &paired {
            let whole = files.iter().find(|file| file.path == one.path).unwrap();
            prop_assert_eq!(one.new.as_ref().map(|new| &new.raw), whole.new.as_ref().map(|new| &new.raw));
        }
    }

    #[test]
    fn no_secret_and_no_hidden_character_is_shown(files in change()) {
        for section in sections(&deliver(&files, &USUAL, &SEED)) {
            prop_assert!(!section.text.contains("SECRET"));
            let hidden = |c: char| c == '\u{202e}' || c.is_control() && c != '\n' && c != '\t';
            prop_assert!(!section.text.contains(hidden));
            let (first, last) = (section.text.lines().next(), section.text.lines().last());
            let ours = section.text.lines().filter(|line| line.starts_with("==="));
            prop_assert_eq!(ours.map(Some).collect::<Vec<_>>(), [first, last]);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_sections(files in change(), limits in limits()) {
        let texts = |seed| -> Vec<String> {
            let delivery = deliver(&files, &limits, seed);
            sections(&delivery).iter().map(|section| section.text.clone()).collect()
        };
        prop_assert_eq!(texts(&SEED), texts(&SEED));
        let (one, other) = (texts(&SEED), texts(&[8; 32]));
        prop_assert!(one.iter().zip(&other).all(|(one, other)| one != other));
    }
}

/// To compare each line with each would take hours.
#[test]
fn a_large_file_without_a_line_in_common_is_laid_out_whole_and_soon() {
    let text = |step: usize| {
        let lines = (0..100_000).map(|n| format!("{}\n", n * step % 13));
        lines.collect::<Vec<String>>().concat()
    };
    let limits = DeliveryLimits { bytes_per_call: 1 << 20, calls: 64, ..USUAL };
    let files = [file("a.txt", Some(&text(3)), Some(&text(5)))];
    let delivery = deliver(&files, &limits, &SEED);
    assert!(delivery.unscanned.is_empty(), "{:?}", delivery.unscanned);
    let added: usize = sections(&delivery).iter().map(|section| section.added.len()).sum();
    assert!(added >= 99_000, "{added}");
}

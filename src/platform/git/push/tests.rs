//! The lines that git gives a hook, in every form it writes them.

use crate::fuzz;
use bstr::BString;

use crate::domain::model::oid::Oid;
use crate::platform::git::push::{asks_for_mirror, parse_pre_push, parse_pre_receive};

fn oid(digit: char, width: usize) -> Oid {
    Oid::parse(&digit.to_string().repeat(width)).unwrap()
}

#[test]
fn a_pre_push_line_is_read_from_the_right() {
    let sources: [&[u8]; 7] = [
        b"refs/heads/main",
        b"HEAD~1",
        b"(delete)",
        b"HEAD^{/two words}",
        b"HEAD@{2 weeks ago}",
        b"refs/heads/\xff\xfe",
        b" leading and trailing ",
    ];
    for width in [40, 64] {
        for source in sources {
            let (new, old) = (oid('a', width), oid('0', width));
            let mut line = source.to_vec();
            line.extend_from_slice(format!(" {new} refs/heads/x {old}\n").as_bytes());
            let updates = parse_pre_push(&line).unwrap();
            assert_eq!(updates.len(), 1);
            assert_eq!(updates[0].source, BString::from(source));
            assert_eq!(updates[0].new, new);
            assert_eq!(updates[0].target, "refs/heads/x");
            assert!(updates[0].old.is_zero());
        }
    }
}

#[test]
fn every_line_counts() {
    let (a, b) = (oid('a', 40), oid('b', 40));
    let text = format!("x {a} refs/heads/x {b}\ny {b} refs/tags/y {a}\n");
    let targets: Vec<_> =
        parse_pre_push(text.as_bytes()).unwrap().into_iter().map(|u| u.target).collect();
    assert_eq!(targets, ["refs/heads/x", "refs/tags/y"]);
    assert!(parse_pre_push(b"").unwrap().is_empty());
}

#[test]
fn a_pre_receive_line_is_old_new_ref() {
    let (a, b) = (oid('a', 64), oid('b', 64));
    let updates = parse_pre_receive(format!("{a} {b} refs/heads/main\n").as_bytes()).unwrap();
    assert_eq!((&updates[0].old, &updates[0].new), (&a, &b));
    assert_eq!(updates[0].target, "refs/heads/main");
}

#[test]
fn a_line_of_no_known_form_is_an_error() {
    let a = oid('a', 40);
    for line in ["x".to_owned(), format!("x {a} refs/heads/x"), format!("x {a} refs/heads/x 0123")]
    {
        assert!(parse_pre_push(line.as_bytes()).is_err(), "{line}");
    }
}

#[test]
fn a_mirror_push_is_known_by_its_words() {
    for (line, expected) in [
        ("git push --mirror", true),
        ("git push --mir origin", true),
        ("git push --m", true),
        ("git -c remote.origin.mirror=true push origin", true),
        ("git -c Remote.origin.Mirror push origin", true),
        ("git push origin main", false),
        ("git push -- main", false),
        ("git push --force origin mirror", false),
    ] {
        assert_eq!(asks_for_mirror(line.split(' ').map(str::as_bytes)), expected, "{line}");
    }
}

#[test]
fn drawn_lines_are_read_or_refused() {
    let (zero, one, long) = ("0".repeat(40), "a1".repeat(20), "b2".repeat(32));
    let push =
        format!("refs/heads/main {one} refs/heads/main {zero}\nHEAD~ 1 {long} refs/x {long}\n");
    let receive = format!("{zero} {one} refs/heads/main\n{one} {zero} refs/tags/v1\n");
    let words = [one.as_bytes(), zero.as_bytes(), b"refs/heads/", b"(delete)", b" ", b"\n"];
    fuzz::hold("push lines", &[push.as_bytes(), receive.as_bytes()], &words, |bytes| {
        for update in
            [parse_pre_push(bytes), parse_pre_receive(bytes)].into_iter().flatten().flatten()
        {
            assert!(!update.target.is_empty());
        }
        let _is_mirror = asks_for_mirror(bytes.split(|byte| *byte == b' '));
    });
}

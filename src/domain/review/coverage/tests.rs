//! What counts as shown, as tables and as a property over drawn histories.

use bstr::BString;

use crate::domain::model::change::{FileChange, FileChangeKind, FileMode, TreeEntry};
use crate::domain::model::encoding::TextEncoding;
use crate::domain::model::oid::Oid;
use crate::domain::review::coverage::{Parts, WantedPart, shown, shown_of, wanted, whole};
use crate::domain::review::deliver::file::{Became, DeliveredFile, FileSide};

const CONTEXT: usize = 10;

fn side(text: &str) -> FileSide {
    FileSide {
        mode: FileMode::File,
        raw: text.into(),
        masked: text.into(),
        encoding: Some(TextEncoding::UTF_8),
    }
}

fn file(old: Option<&str>, new: Option<&str>) -> DeliveredFile {
    let became = match (old, new) {
        (None, _) => Became::Added,
        (_, None) => Became::Deleted,
        _ => Became::Modified,
    };
    let path = BString::from("a.py");
    DeliveredFile { path, became, old: old.map(side), new: new.map(side) }
}

fn numbered(lines: &[&str]) -> String {
    lines.join("\n") + "\n"
}

fn lines(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("line {number}")).collect()
}

fn text(lines: &[String]) -> String {
    lines.join("\n") + "\n"
}

/// Whether reviews of the steps cover the whole way from the first text to the last.
fn steps_cover(texts: &[Option<&str>]) -> bool {
    let mut known = Parts::new();
    for step in texts.windows(2) {
        known.extend(shown(&file(step[0], step[1]), "r", CONTEXT));
    }
    let whole = file(texts[0], *texts.last().unwrap());
    covers(&known, &wanted(&whole, &[], &[], "r", CONTEXT))
}

fn covers(known: &Parts, wanted: &[WantedPart]) -> bool {
    wanted.iter().all(|part| part.is_among(|key| known.contains(key)))
}

#[test]
fn a_review_of_each_step_covers_the_whole() {
    let one = numbered(&["def first(db):", "    rows = db.all()", "    return rows[0]"]);
    let two = numbered(&[
        "def first(db):",
        "    rows = db.all()",
        "    if not rows:",
        "        return None",
        "    return rows[0]",
    ]);
    assert!(steps_cover(&[None, Some(&one), Some(&two)]));
    assert!(steps_cover(&[Some(&one), Some(&two), None]));
    let (mut a, base) = (lines(60), lines(60));
    a[9] = "first edit".to_owned();
    let mut b = a.clone();
    b[40] = "second edit".to_owned();
    b.remove(10);
    assert!(steps_cover(&[Some(&text(&base)), Some(&text(&a)), Some(&text(&b))]));
}

#[test]
fn a_step_without_a_review_is_not_covered() {
    let base = lines(60);
    let mut a = base.clone();
    a[9] = "first edit".to_owned();
    let mut b = a.clone();
    b[10] = "second edit".to_owned();
    let whole = file(Some(&text(&base)), Some(&text(&b)));
    let wanted = wanted(&whole, &[], &[], "r", CONTEXT);
    let first = shown(&file(Some(&text(&base)), Some(&text(&a))), "r", CONTEXT);
    let second = shown(&file(Some(&text(&a)), Some(&text(&b))), "r", CONTEXT);
    assert!(!covers(&first, &wanted));
    // What is merely shown as context was not shown as added.
    assert!(!covers(&second, &wanted));
    assert!(covers(&first.union(&second).copied().collect(), &wanted));
}

#[test]
fn a_change_elsewhere_costs_nothing_and_one_beside_it_does() {
    let base = lines(80);
    let mut edited = base.clone();
    edited[20] = "edit".to_owned();
    let known = shown(&file(Some(&text(&base)), Some(&text(&edited))), "r", CONTEXT);
    for (at, covered) in [(60, true), (25, true), (24, true), (22, false), (18, false)] {
        // The branch is moved onto a base in which another line differs.
        let (mut onto, mut moved) = (base.clone(), edited.clone());
        onto[at] = "of main".to_owned();
        moved[at] = "of main".to_owned();
        let whole = file(Some(&text(&onto)), Some(&text(&moved)));
        assert_eq!(covers(&known, &wanted(&whole, &[], &[], "r", CONTEXT)), covered, "line {at}");
    }
}

#[test]
fn what_else_the_answer_depends_on_counts() {
    let change = file(Some("a = 1\n"), Some("a = 2\n"));
    let known = shown(&change, "r", CONTEXT);
    assert!(covers(&known, &wanted(&change, &[], &[], "r", CONTEXT)));
    assert!(!covers(&known, &wanted(&change, &[], &[], "other", CONTEXT)));
    let elsewhere = DeliveredFile { path: "b.py".into(), ..change.clone() };
    assert!(!covers(&known, &wanted(&elsewhere, &[], &[], "r", CONTEXT)));
    let mut executable = change;
    if let Some(new) = &mut executable.new {
        new.mode = FileMode::Executable;
    }
    assert!(!covers(&known, &wanted(&executable, &[], &[], "r", CONTEXT)));
}

#[test]
fn what_a_merge_takes_over_is_not_new() {
    let base = lines(60);
    let (mut ours, mut theirs) = (base.clone(), base);
    ours[5] = "ours".to_owned();
    theirs[40] = "theirs".to_owned();
    let mut merged = ours.clone();
    merged[40] = "theirs".to_owned();
    let clean = file(Some(&text(&ours)), Some(&text(&merged)));
    assert!(wanted(&clean, &[Some(side(&text(&theirs)))], &[], "r", CONTEXT).is_empty());
    merged[41] = "neither".to_owned();
    let evil = file(Some(&text(&ours)), Some(&text(&merged)));
    assert!(!wanted(&evil, &[Some(side(&text(&theirs)))], &[], "r", CONTEXT).is_empty());
}

#[test]
fn a_renamed_file_is_covered_by_what_was_shown_before_and_its_new_name() {
    let (one, two) = (text(&lines(30)), text(&lines(31)));
    let edit = shown(&file(Some(&one), Some(&two)), "r", CONTEXT);
    let renamed = |old: &str| DeliveredFile {
        path: "b.py".into(),
        became: Became::Renamed { from: "a.py".into() },
        ..file(Some(old), Some(&two))
    };
    // The edit first and then the new name; what the review of the name was shown is its head alone.
    let name = shown(&renamed(&two), "r", CONTEXT);
    let both: Parts = edit.union(&name).copied().collect();
    let wanted = wanted(&renamed(&one), &[], &[], "r", CONTEXT);
    assert!(covers(&both, &wanted));
    assert!(!covers(&edit, &wanted));
    assert!(!covers(&name, &wanted));
}

#[test]
fn a_file_that_had_another_name_for_a_while_is_covered_by_what_was_shown_there() {
    let (one, two) = (lines(30), {
        let mut two = lines(30);
        two[20] = "edit".to_owned();
        two
    });
    let at = |path: &str, became: Became, old: Option<&[String]>, new: Option<&[String]>| {
        let (old, new) = (old.map(text), new.map(text));
        let file = file(old.as_deref(), new.as_deref());
        DeliveredFile { path: path.into(), became, ..file }
    };
    let from = |path: &str| Became::Renamed { from: path.into() };
    let names: Vec<BString> = vec!["b.py".into(), "a.py".into()];
    let shown_in = |files: &[&DeliveredFile]| -> Parts {
        files.iter().flat_map(|file| shown(file, "r", CONTEXT)).collect()
    };
    let is_covered = |known: &Parts, file: &DeliveredFile, names: &[BString]| {
        covers(known, &wanted(file, &[], names, "r", CONTEXT))
    };
    let added = at("a.py", Became::Added, None, Some(&one));
    let moved = at("b.py", from("a.py"), Some(&one), Some(&two));
    let again = at("c.py", from("b.py"), Some(&two), Some(&two));
    let new = at("c.py", Became::Added, None, Some(&two));
    let all = shown_in(&[&added, &moved, &again]);
    assert!(is_covered(&all, &new, &names));
    assert!(!is_covered(&all, &new, &[]));
    // Without one of them something was not shown.
    assert!(!is_covered(&shown_in(&[&added, &again]), &new, &names));
    assert!(!is_covered(&shown_in(&[&moved, &again]), &new, &names));
    // The same of a file that the base has, whose new name is another one than was shown at a time.
    let way = at("c.py", from("a.py"), Some(&one), Some(&two));
    assert!(is_covered(&shown_in(&[&moved, &again]), &way, &names));
    assert!(!is_covered(&shown_in(&[&moved, &again]), &way, &[]));
    assert!(!is_covered(&shown_in(&[&again]), &way, &names));
    // And of one that is gone under a later name.
    let gone = at("b.py", Became::Deleted, Some(&two), None);
    let before = at("a.py", Became::Deleted, Some(&one), None);
    assert!(is_covered(&shown_in(&[&moved, &gone]), &before, &["b.py".into()]));
    assert!(!is_covered(&shown_in(&[&moved]), &before, &["b.py".into()]));
}

#[test]
fn a_change_of_the_same_objects_is_known_as_a_whole() {
    let entry = |digit: &str| TreeEntry {
        oid: Oid::parse(&digit.repeat(40)).unwrap(),
        mode: FileMode::File,
    };
    let change = |kind: FileChangeKind, old: Option<&str>, new: Option<&str>| FileChange {
        path: "a.py".into(),
        kind,
        old: old.map(entry),
        new: new.map(entry),
        merged: Vec::new(),
    };
    let modified = change(FileChangeKind::Modified, Some("1"), Some("2"));
    let delivered = file(Some("a\n"), Some("b\n"));
    let known = shown_of(&delivered, &modified, "r", CONTEXT);
    let is_known = |change: &FileChange, regime: &str, context: usize| {
        whole(change, regime, context).is_some_and(|key| known.contains(&key))
    };
    assert!(is_known(&modified, "r", CONTEXT));
    assert!(!is_known(&modified, "other", CONTEXT));
    assert!(!is_known(&modified, "r", CONTEXT + 1));
    let renamed = FileChangeKind::Renamed { from: "b.py".into() };
    for other in [
        change(FileChangeKind::Modified, Some("1"), Some("3")),
        change(FileChangeKind::Modified, Some("3"), Some("2")),
        change(FileChangeKind::Added, None, Some("2")),
        change(FileChangeKind::Deleted, Some("1"), None),
        change(renamed, Some("1"), Some("2")),
        FileChange { path: "b.py".into(), ..modified },
    ] {
        assert!(!is_known(&other, "r", CONTEXT), "{other:?}");
    }
    // What was shown beside the file that it was made from was not shown as new.
    let became = Became::Copied { from: "b.py".into() };
    let copied = DeliveredFile { became, ..file(Some("a\n"), Some("a\nb\n")) };
    let added = change(FileChangeKind::Added, None, Some("2"));
    let key = whole(&added, "r", CONTEXT).unwrap();
    assert!(!shown_of(&copied, &added, "r", CONTEXT).contains(&key));
}

//! What counts as shown, as tables and as a property over drawn histories.

use bstr::BString;

use crate::domain::model::change::{FileChangeKind, FileMode};
use crate::domain::review::coverage::{Parts, shown, wanted};
use crate::domain::review::deliver::file::{DeliveredFile, FileSide};

const CONTEXT: usize = 10;

fn side(text: &str) -> FileSide {
    FileSide { mode: FileMode::File, raw: text.into(), masked: text.into() }
}

fn file(old: Option<&str>, new: Option<&str>) -> DeliveredFile {
    let kind = match (old, new) {
        (None, _) => FileChangeKind::Added,
        (_, None) => FileChangeKind::Deleted,
        _ => FileChangeKind::Modified,
    };
    let path = BString::from("a.py");
    DeliveredFile { path, kind, old: old.map(side), new: new.map(side) }
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
    wanted(&whole, &[], "r", CONTEXT).is_subset(&known)
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
    let wanted = wanted(&whole, &[], "r", CONTEXT);
    let first = shown(&file(Some(&text(&base)), Some(&text(&a))), "r", CONTEXT);
    let second = shown(&file(Some(&text(&a)), Some(&text(&b))), "r", CONTEXT);
    assert!(!wanted.is_subset(&first));
    // What is merely shown as context was not shown as added.
    assert!(!wanted.is_subset(&second));
    assert!(wanted.is_subset(&first.union(&second).copied().collect()));
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
        assert_eq!(wanted(&whole, &[], "r", CONTEXT).is_subset(&known), covered, "line {at}");
    }
}

#[test]
fn what_else_the_answer_depends_on_counts() {
    let change = file(Some("a = 1\n"), Some("a = 2\n"));
    let known = shown(&change, "r", CONTEXT);
    assert!(wanted(&change, &[], "r", CONTEXT).is_subset(&known));
    assert!(!wanted(&change, &[], "other", CONTEXT).is_subset(&known));
    let elsewhere = DeliveredFile { path: "b.py".into(), ..change.clone() };
    assert!(!wanted(&elsewhere, &[], "r", CONTEXT).is_subset(&known));
    let mut executable = change;
    if let Some(new) = &mut executable.new {
        new.mode = FileMode::Executable;
    }
    assert!(!wanted(&executable, &[], "r", CONTEXT).is_subset(&known));
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
    assert!(wanted(&clean, &[Some(side(&text(&theirs)))], "r", CONTEXT).is_empty());
    merged[41] = "neither".to_owned();
    let evil = file(Some(&text(&ours)), Some(&text(&merged)));
    assert!(!wanted(&evil, &[Some(side(&text(&theirs)))], "r", CONTEXT).is_empty());
}

//! The page of a checkpoint as a file, which a person answers by editing it.

use crate::domain::model::text::short_id;
use crate::domain::pipeline::spec_run::outcome::CheckpointAnswer;
use crate::domain::pipeline::spec_run::pages;
use crate::domain::pipeline::spec_run::stage::Checkpoint;

/// What stands before the answer.
const ANSWER: &str = "answer:";

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileAnswer {
    /// Nothing yet.
    Open,
    Given(CheckpointAnswer),
    /// It is the page of another question.
    Outdated,
    /// It is not an answer to this page: why.
    Wrong(String),
}

/// The file of a page.
pub fn text(run: &str, checkpoint: &Checkpoint, page: &str) -> String {
    let (at, id, shown) = (checkpoint.at.as_str(), short_id(run), pages::hash(page));
    format!(
        "{ANSWER}\n\n<!-- The run {id} waits for your answer about {at}. Write `approve`, or `reject: ` and what should \
         be\notherwise, behind `{ANSWER}` above, save the file, and run `tribunal resume {id}`. The answer is to this \
         page\nalone: change nothing else.\npage: {shown} -->\n\n{page}"
    )
}

/// What was typed behind `answer:`; empty where nothing was.
pub fn given(file: &str) -> &str {
    plain(file).lines().find_map(|line| line.strip_prefix(ANSWER)).unwrap_or_default().trim()
}

/// Reads a file that was written as `written` for a page of that hash (`shown`). Spaces at the ends of lines, and empty
/// lines at the end, are what editors change.
pub fn read(file: &str, written: &str, shown: &str) -> FileAnswer {
    if !file.contains(&format!("page: {shown} ")) {
        let is_page = file.lines().any(|line| line.starts_with("page: ") && line.ends_with("-->"));
        return if is_page { FileAnswer::Outdated } else { FileAnswer::Wrong(CHANGED.to_owned()) };
    }
    if rest(file) != rest(written) {
        return FileAnswer::Wrong(CHANGED.to_owned());
    }
    let answer = given(file);
    let (word, note) = answer.split_once(':').unwrap_or((answer, ""));
    match (word.trim().to_lowercase().as_str(), note.trim()) {
        ("", "") => FileAnswer::Open,
        ("approve", "") => FileAnswer::Given(CheckpointAnswer::Approve),
        ("reject", note) => FileAnswer::Given(CheckpointAnswer::Reject(note.to_owned())),
        _ => FileAnswer::Wrong(format!(
            "the answer `{answer}` is neither `approve` nor `reject: ` with what should be otherwise"
        )),
    }
}

const CHANGED: &str =
    "more than the line of the answer was changed, and an answer is to the page as it was shown";

/// Some editors begin a file with a mark of its encoding.
fn plain(file: &str) -> &str {
    file.strip_prefix('\u{feff}').unwrap_or(file)
}

/// All but the line of the answer.
fn rest(file: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = plain(file).lines().map(str::trim_end).collect();
    if let Some(at) = lines.iter().position(|line| line.starts_with(ANSWER)) {
        lines.remove(at);
    }
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{FileAnswer, pages, read, text};
    use crate::domain::pipeline::spec_run::outcome::CheckpointAnswer;
    use crate::domain::pipeline::spec_run::stage::{Checkpoint, CheckpointKind, SpecStage};

    #[test]
    fn an_answer_counts_where_nothing_but_its_line_was_changed() {
        let checkpoint =
            Checkpoint { at: CheckpointKind::Plan, then: Box::new(SpecStage::Recording) };
        let page = "# Plan\n\nanswer: approve\n- one\n";
        let written = text("01J0000000003EFCVP", &checkpoint, page);
        let shown = &pages::hash(page);
        let with = |answer: &str| written.replacen("answer:", &format!("answer: {answer}"), 1);
        let approve = FileAnswer::Given(CheckpointAnswer::Approve);
        let reject = |note: &str| FileAnswer::Given(CheckpointAnswer::Reject(note.to_owned()));
        // A line of the page that looks like an answer is none.
        assert_eq!(read(&written, &written, shown), FileAnswer::Open);
        for (file, answer) in [
            (with("approve"), approve.clone()),
            (with(" Approve  "), approve.clone()),
            (with("approve").replace('\n', "\r\n"), approve.clone()),
            (format!("\u{feff}{}", with("approve").replace('\n', "\r\n")), approve.clone()),
            (with("approve") + "\n\n", approve),
            (with("reject: no cache: please"), reject("no cache: please")),
            (with("reject"), reject("")),
        ] {
            assert_eq!(read(&file, &written, shown), answer, "{file}");
        }
        for (file, why) in [
            (with("yes"), "`yes` is neither"),
            (with("approve: but"), "is neither"),
            (with("approve").replace("- one", "- two"), "more than the line"),
            (with("approve").replace("# Plan\n", ""), "more than the line"),
            (with("approve") + "- more\n", "more than the line"),
            ("approve".to_owned(), "more than the line"),
        ] {
            let FileAnswer::Wrong(said) = read(&file, &written, shown) else { panic!("{file}") };
            assert!(said.contains(why), "{said}");
        }
        assert_eq!(read(&with("approve"), &written, "bb22"), FileAnswer::Outdated);
    }
}

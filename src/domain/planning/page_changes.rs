//! What of the project's own documents is untrue once something is built, as a planner says it, held against them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::model::text::counted;
use crate::domain::planning::reading::{object, read};

/// The documents that are held against what is built, where they are there.
pub const PAGES: [&str; 2] = ["docs/architecture.md", "docs/domain-model.md"];

/// The most lines that are added and taken out, in both together.
pub const LINES_MAX: usize = 60;

/// Lines of a document that are to be others.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageChange {
    pub file: String,
    /// Whole lines, as they stand there once.
    pub old: String,
    pub new: String,
    pub why: String,
    /// The files that show it.
    pub shown_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PagesAnswer {
    changes: Vec<PageChange>,
}

/// What changes are held against.
#[derive(Clone, Copy)]
pub struct PagesNow<'a> {
    /// The documents, each with its text.
    pub pages: &'a [(String, String)],
    /// Whether the tree has a file or a folder of that name.
    pub has: &'a dyn Fn(&str) -> bool,
}

/// The schema of the answer.
pub fn schema() -> Value {
    let text = json!({"type": "string"});
    let change = object(&json!({
        "file": {"type": "string", "enum": PAGES},
        "old": text, "new": text, "why": text,
        "shown_by": {"type": "array", "items": text},
    }));
    object(&json!({"changes": {"type": "array", "items": change}}))
}

/// Reads an answer.
///
/// # Errors
///
/// What does not fit.
pub fn parse(value: &Value) -> Result<Vec<PageChange>, String> {
    let answer: PagesAnswer = read(value)?;
    Ok(answer.changes)
}

/// The documents that become others, with their texts.
///
/// # Errors
///
/// Why the changes are not taken, one a line.
pub fn changed(
    changes: &[PageChange],
    now: PagesNow<'_>,
) -> Result<Vec<(String, String)>, Vec<String>> {
    let mut pages = now.pages.to_vec();
    let (mut wrong, mut lines) = (Vec::new(), 0);
    for change in changes {
        lines += changed_lines(&change.old, &change.new);
        let unknown = named(change).into_iter().filter(|path| !(now.has)(path));
        wrong.extend(unknown.map(|path| format!("`{path}`, which it names, is not in the tree")));
        let Some((_, text)) = pages.iter_mut().find(|(path, _)| *path == change.file) else {
            wrong.push(format!("`{}` is none of the documents", change.file));
            continue;
        };
        match replaced(text, &change.old, &change.new) {
            Ok(new) => *text = new,
            Err(why) => wrong.push(format!("`{}`: {why}", change.file)),
        }
    }
    if lines > LINES_MAX {
        wrong.push(format!("it changes {}; {LINES_MAX} is the most", counted(lines, "line")));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    pages.retain(|page| !now.pages.contains(page));
    Ok(pages)
}

/// The paths that a change names: those that show it, and what stands in its new text as one.
fn named(change: &PageChange) -> Vec<String> {
    let is_path = |word: &&str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        word.contains('/') && !word.starts_with('/') && word.chars().all(is_part)
    };
    let in_text = change.new.split('`').skip(1).step_by(2).filter(is_path);
    let in_text = in_text.filter(|path| !change.old.contains(path));
    let all = change.shown_by.iter().map(String::as_str).chain(in_text);
    all.map(|path| path.trim_end_matches('/').to_owned()).collect()
}

fn replaced(text: &str, old: &str, new: &str) -> Result<String, String> {
    let (old, new) = (old.trim_matches('\n'), new.trim_matches('\n'));
    let is_whole = |at: usize| {
        let end = at + old.len();
        (at == 0 || text[..at].ends_with('\n'))
            && (end == text.len() || text[end..].starts_with('\n'))
    };
    if old.trim().is_empty() {
        return Err("no lines of it are quoted".to_owned());
    }
    let found: Vec<usize> =
        text.match_indices(old).map(|(at, _)| at).filter(|at| is_whole(*at)).collect();
    let [at] = found.as_slice() else {
        return Err(match found.len() {
            0 => "the lines that are quoted are not in it".to_owned(),
            _ => "the lines that are quoted are in it more than once".to_owned(),
        });
    };
    let mut rest = &text[at + old.len()..];
    if new.is_empty() {
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    Ok(format!("{}{new}{rest}", &text[..*at]))
}

/// How many lines are added and taken out, but for those that both begin or end with.
fn changed_lines(old: &str, new: &str) -> usize {
    let old: Vec<&str> = old.trim_matches('\n').lines().collect();
    let new: Vec<&str> = new.trim_matches('\n').lines().collect();
    let most = old.len().min(new.len());
    let first = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let pairs = old.iter().rev().zip(new.iter().rev());
    let last = pairs.take(most - first).take_while(|(old, new)| old == new).count();
    old.len() + new.len() - 2 * (first + last)
}

#[cfg(test)]
mod tests {
    use super::{PageChange, PagesNow, changed};

    fn change(old: &str, new: &str, shown_by: &str) -> PageChange {
        PageChange {
            file: "docs/architecture.md".to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
            why: "it is so".to_owned(),
            shown_by: vec![shown_by.to_owned()],
        }
    }

    #[test]
    fn only_quoted_lines_of_the_documents_become_others() {
        let pages =
            [("docs/architecture.md".to_owned(), "# A\n\nOne part.\nTwo.\nTwo.\n".to_owned())];
        let has = |path: &str| path == "src/a.rs" || path == "src";
        let now = PagesNow { pages: &pages, has: &has };
        let after = |changes: &[PageChange]| changed(changes, now);
        let good = after(&[change("One part.", "One part.\nAnother in `src/`.", "src/a.rs")]);
        let text = "# A\n\nOne part.\nAnother in `src/`.\nTwo.\nTwo.\n";
        assert_eq!(good, Ok(vec![("docs/architecture.md".to_owned(), text.to_owned())]));
        assert_eq!(after(&[change("One part.\n", "", "src")]).unwrap()[0].1, "# A\n\nTwo.\nTwo.\n");
        assert_eq!(after(&[]), Ok(Vec::new()));
        let long = "x\n".repeat(60);
        let other = PageChange { file: "README.md".to_owned(), ..change("a", "b", "src") };
        for (one, why) in [
            (change("Two.", "Three.", "src"), "more than once"),
            (change("part", "parts", "src"), "are not in it"),
            (change("", "Three.", "src"), "no lines"),
            (change("One part.", "Two parts.", "src/b.rs"), "`src/b.rs`, which it names"),
            (change("One part.", "It is in `src/c.rs`.", "src"), "`src/c.rs`, which it names"),
            (change("One part.", &long, "src"), "it changes 61 lines; 60 is the most"),
            (other, "`README.md` is none of the documents"),
        ] {
            let said = after(&[one]).unwrap_err();
            assert!(said[0].contains(why), "{said:?}");
        }
    }
}

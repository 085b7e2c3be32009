//! The words with which an executor ends its answer: they ask, and decide nothing.

use serde::{Deserialize, Serialize};

/// What an executor said at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastWords {
    /// The first line that it proposes for the commit; empty where it proposes none.
    pub subject: String,
    /// Why it cannot do what the spec and the tests ask for at once.
    pub disagreement: Option<String>,
    /// Further files that it needs.
    pub extension: Vec<FileRequest>,
}

/// A file that a task may not change and that its executor asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRequest {
    pub path: String,
    /// The reason that it gives; may be empty.
    pub why: String,
    /// Whether the spec allows its tasks to change it.
    pub is_of_spec: bool,
}

impl FileRequest {
    /// What an executor says behind `EXTEND:`, of which the first word is the path.
    fn of(text: &str) -> Self {
        let (path, why) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let path = path.trim_matches(['`', '*', '"', '\'', ',', ':', ';']).trim_start_matches("./");
        let why = why.trim_start_matches([':', ',', '-', '–', '—', ' ']);
        Self { path: path.to_owned(), why: why.to_owned(), is_of_spec: false }
    }

    /// For people.
    pub fn in_words(&self) -> String {
        let Self { path, why, .. } = self;
        if why.is_empty() { format!("`{path}`") } else { format!("`{path}`: {why}") }
    }
}

/// The most that is kept of one, in characters.
const CHARS_MAX: usize = 300;

impl LastWords {
    /// Reads the lines of an answer that begin with `SUBJECT:`, `DISAGREE:` or `EXTEND:`; what is said twice
    /// counts as it was said last.
    pub fn of(answer: &str) -> Self {
        let mut words = Self::default();
        for line in answer.lines() {
            let line = line.trim().trim_start_matches(['*', '`', '-', ' ']);
            let after = |word: &str| {
                let text = line.strip_prefix(word)?.trim().trim_matches(['`', '*']).trim();
                Some(text.chars().take(CHARS_MAX).collect::<String>()).filter(|it| !it.is_empty())
            };
            if let Some(subject) = after("SUBJECT:") {
                words.subject = subject;
            } else if let Some(why) = after("DISAGREE:") {
                words.disagreement = Some(why);
            } else if let Some(what) = after("EXTEND:") {
                let asked = FileRequest::of(&what);
                words.extension.retain(|before| before.path != asked.path);
                words.extension.push(asked);
            }
        }
        words
    }
}

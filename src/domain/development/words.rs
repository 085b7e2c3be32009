//! The words with which an executor ends its answer: they ask, and decide nothing.

/// What an executor said at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastWords {
    /// The first line that it proposes for the commit; empty where it proposes none.
    pub subject: String,
    /// Why it cannot do what the spec and the tests ask for at once.
    pub disagreement: Option<String>,
    /// Further files that it needs, each with the reason.
    pub extension: Vec<String>,
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
                words.extension.push(what);
            }
        }
        words
    }
}

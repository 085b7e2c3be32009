//! What somebody wants, before there is a spec of it.

use serde::{Deserialize, Serialize};

use crate::domain::model::text::one_line;

/// The most words of an idea that its id shows, and the longest of such names, in bytes.
const WORDS_MAX: usize = 6;
const NAME_MAX: usize = 40;

/// An idea as it was when the run began, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idea {
    pub text: String,
    /// The files beside its own, which are read with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<BesideFile>,
    /// Where its spec is committed, from the top of the repository.
    pub spec_path: String,
}

/// A file that stands beside that of an idea.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BesideFile {
    pub name: String,
    pub text: String,
}

/// What an idea is known by: one that says the same again is the same. It begins with its first words.
pub fn id_of(text: &str, base: Option<&str>) -> String {
    let of = format!("{}\n{}", base.unwrap_or_default(), one_line(text));
    let hash = blake3::hash(of.as_bytes()).to_hex();
    let name = name_of(text);
    let name = if name.is_empty() { "text" } else { &name };
    format!("{name}-{}", &hash[..8])
}

/// The first words of the first line that has any, in lower case.
fn name_of(text: &str) -> String {
    let mut lines = text.lines().map(words).filter(|words| !words.is_empty());
    let mut name = String::new();
    for word in lines.next().unwrap_or_default().into_iter().take(WORDS_MAX) {
        let gap = if name.is_empty() { "" } else { "-" };
        if name.len() + gap.len() + word.len() > NAME_MAX {
            break;
        }
        name.push_str(gap);
        name.push_str(&word);
    }
    name
}

fn words(line: &str) -> Vec<String> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

/// A spec that stands in the place of the one that is written first: it is built by nobody.
pub fn unwritten(id: &str) -> String {
    format!(
        "---\nid: {id}\nstatus: done\n---\n# {id}\n\n## Goal\n\nThe spec of an idea is to be written.\n\n\
         ## Acceptance criteria\n\n- **AC-1** what is built MUST be what the idea asks for\n  - verify: human\n"
    )
}

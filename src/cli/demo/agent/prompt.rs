//! Reads what an agent is asked.

/// What a prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RehearsalPart {
    Plan,
    PlanReview,
    TaskList,
    Tests,
    Code,
    Review,
    /// A review of what was fixed.
    Verify,
    Criteria,
    Arbitrate,
    Fix,
}

/// How the prompt for each begins.
const BEGINNINGS: [(&str, RehearsalPart); 10] = [
    ("You plan how a spec is built", RehearsalPart::Plan),
    ("You review a plan that an agent", RehearsalPart::PlanReview),
    ("You cut a plan into tasks", RehearsalPart::TaskList),
    ("You write tests in the folder", RehearsalPart::Tests),
    ("You write code in the folder", RehearsalPart::Code),
    ("You review one change to a software repository.", RehearsalPart::Review),
    ("You verify a change to a software repository", RehearsalPart::Verify),
    ("You assess whether a change", RehearsalPart::Criteria),
    ("one claim about a change to a code base", RehearsalPart::Arbitrate),
    ("You repair code in the folder", RehearsalPart::Fix),
];

/// How many digits the token of a fence has.
const TOKEN: usize = 12;

/// A prompt, read.
pub struct RehearsalPrompt {
    pub part: RehearsalPart,
    pub sections: Vec<ShownSection>,
    blocks: Vec<(String, String)>,
}

/// A section of a change that is to be reviewed.
#[derive(Default)]
pub struct ShownSection {
    pub path: String,
    pub nonce: String,
    pub added: Vec<String>,
}

impl RehearsalPrompt {
    /// `None` where it asks for nothing that was prepared.
    pub fn read(text: &str) -> Option<Self> {
        let (_, part) = BEGINNINGS.iter().find(|(begin, _)| text.contains(begin))?;
        Some(Self { part: *part, sections: sections(text), blocks: fenced(text) })
    }

    /// The data of that name, without what marks it as such; empty where there is none.
    pub fn data(&self, name: &str) -> &str {
        let found = self.blocks.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, text)| text)
    }

    /// The open findings: the id of each, and what is said of it.
    pub fn findings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.blocks
            .iter()
            .filter_map(|(name, text)| Some((name.strip_prefix("finding ")?, text.as_str())))
    }

    /// The ids of the criteria that the answer is to be about.
    pub fn criteria(&self) -> Vec<String> {
        let is_list = self.part == RehearsalPart::Criteria;
        let text = self.data(if is_list { "criteria" } else { "spec" });
        let items =
            text.lines().filter_map(|line| line.strip_prefix("- ").or(is_list.then_some(line)));
        let ids = items.filter_map(|line| Some(line.split_once(':')?.0));
        ids.filter(|id| id.starts_with("AC-")).map(str::to_owned).collect()
    }
}

/// The blocks of data, each between two lines with its name and a token.
fn fenced(text: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut end = None;
    for line in text.lines() {
        match &end {
            None => {
                let head = line.strip_prefix("<<< ").and_then(|head| head.rsplit_once(' '));
                if let Some((name, token)) = head.filter(|(_, token)| token.len() == TOKEN) {
                    end = Some(format!(">>> {name} {token}"));
                    blocks.push((name.to_owned(), String::new()));
                }
            }
            Some(last) if last == line => end = None,
            Some(_) => {
                if let Some((_, text)) = blocks.last_mut() {
                    text.push_str(line.strip_prefix("| ").unwrap_or(line));
                    text.push('\n');
                }
            }
        }
    }
    blocks
}

/// The sections of a change: rows with a sign, a number, a bar and the text, and an end with a nonce.
fn sections(text: &str) -> Vec<ShownSection> {
    let mut sections = Vec::new();
    let mut added = Vec::new();
    for line in text.lines() {
        if let Some((path, nonce)) =
            line.strip_prefix("=== end of ").and_then(|end| end.rsplit_once(", nonce "))
        {
            let (path, nonce) = (path.to_owned(), nonce.to_owned());
            sections.push(ShownSection { path, nonce, added: std::mem::take(&mut added) });
        } else if let Some((number, row)) = line.split_once(" | ")
            && number.strip_prefix('+').is_some_and(|it| it.trim().parse::<u32>().is_ok())
        {
            added.push(row.to_owned());
        }
    }
    sections
}

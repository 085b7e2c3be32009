//! What research came to.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::domain::model::text::counted;
use crate::domain::model::web::WebPage;
use crate::domain::research::answer::ShardAnswer;
use crate::domain::research::shard::ResearchShard;

/// Research that is under way: which questions are answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResearchTry {
    /// Why it is done.
    pub why: String,
    /// What the person said who rejected what it came to before; empty for the first.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<ShardResult>,
}

/// Research that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResearchRecord {
    /// Why it was done.
    pub why: String,
    pub shards: Vec<ShardResult>,
    /// What is to be known of how it was done, one sentence each.
    pub notes: Vec<String>,
}

/// What came of one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardResult {
    pub shard: ResearchShard,
    /// Who answered; empty where nobody did.
    pub by: String,
    /// `None` where the answer could not be read.
    pub answer: Option<ShardAnswer>,
    /// How often it searched the web.
    pub searches: usize,
    /// Whether its program recorded what the searches gave.
    pub is_recorded: bool,
    /// The pages that it names and that a search gave.
    pub sources: Vec<WebPage>,
    /// How many addresses were struck out, since no search gave them.
    pub struck: usize,
}

impl ResearchTry {
    /// Its first try.
    pub fn new(why: String) -> Self {
        Self { why, ..Self::default() }
    }

    /// The questions that are still to be asked.
    pub fn open(&self) -> Vec<ResearchShard> {
        let is_open = |shard: &ResearchShard| !self.answered.iter().any(|one| one.shard == *shard);
        ResearchShard::ALL.into_iter().filter(is_open).collect()
    }
}

impl ResearchRecord {
    /// What came of a question; `None` where it was not asked, or its answer could not be read.
    pub fn answer(&self, shard: ResearchShard) -> Option<&ShardAnswer> {
        self.shards.iter().find(|one| one.shard == shard)?.answer.as_ref()
    }

    /// Every page that is named, once.
    pub fn sources(&self) -> Vec<&WebPage> {
        let mut all: Vec<&WebPage> = Vec::new();
        for page in self.shards.iter().flat_map(|one| &one.sources) {
            if !all.iter().any(|known| known.address == page.address) {
                all.push(page);
            }
        }
        all
    }

    /// How many addresses were struck out.
    pub fn struck(&self) -> usize {
        self.shards.iter().map(|one| one.struck).sum()
    }

    /// In one line: how many questions are answered, and on what ground.
    pub fn in_words(&self) -> String {
        let answered = self.shards.iter().filter(|one| one.answer.is_some()).count();
        let mut line = format!(
            "{} of {} answered, {}",
            answered,
            counted(self.shards.len(), "question"),
            counted(self.sources().len(), "source")
        );
        if self.struck() > 0 {
            let _ = write!(line, ", {} struck out", addresses(self.struck()));
        }
        line
    }

    /// All that a reader has to know of how it was done.
    pub fn caveats(&self) -> Vec<String> {
        let mut all = self.notes.clone();
        for one in &self.shards {
            let (name, by) = (one.shard.as_str(), &one.by);
            if one.answer.is_none() {
                all.push(format!("{name}: no answer came that could be read"));
            } else if one.shard.is_on_web() && one.searches == 0 {
                all.push(format!("{name}: {by} searched for nothing, so there are no sources"));
            } else if one.shard.is_on_web() && !one.is_recorded {
                all.push(format!(
                    "{name}: {by} does not record what its searches gave, so no source can be shown"
                ));
            }
        }
        all
    }
}

fn addresses(count: usize) -> String {
    if count == 1 { "1 address".to_owned() } else { format!("{count} addresses") }
}

//! The hash of a question to a reviewer, over all that its answer depends on: the name of its receipt.

use crate::domain::model::agent::AgentIdentity;

/// All that an answer depends on. A field that is missing here would let an old answer stand for a
/// new question.
#[derive(Clone, Debug)]
pub struct ReviewQuestion<'a> {
    /// The tree under review.
    pub tree: &'a str,
    /// The tree it is compared with; empty before the first commit.
    pub base: &'a str,
    /// The hash of the spec as it is shown; empty where there is none.
    pub spec: &'a str,
    /// The rules as they are shown.
    pub rules: &'a [String],
    /// See [`crate::domain::review::template::fingerprint`].
    pub prompts: &'a str,
    /// The agents of which one answers, best first.
    pub reviewers: &'a [AgentIdentity],
    /// Those of which one compares the findings with the spec: they change the answer as well.
    pub arbiters: &'a [AgentIdentity],
    pub schema: &'a serde_json::Value,
    pub bytes_per_call: usize,
    pub calls: usize,
    pub context_lines: usize,
    /// Which part of the change: paths, an earlier tree, the findings to verify.
    pub scope: &'a [String],
}

/// The name of the question, for receipts: 64 hexadecimal digits.
pub fn hash(question: &ReviewQuestion<'_>) -> String {
    // Taken apart, so that a new field cannot be forgotten.
    let ReviewQuestion {
        tree,
        base,
        spec,
        rules,
        prompts,
        reviewers,
        arbiters,
        schema,
        bytes_per_call,
        calls,
        context_lines,
        scope,
    } = *question;
    let mut hasher = blake3::Hasher::new();
    let mut feed = |field: &str| {
        hasher.update(&(field.len() as u64).to_le_bytes());
        hasher.update(field.as_bytes());
    };
    for field in ["question/v2", tree, base, spec, prompts] {
        feed(field);
    }
    for agents in [reviewers, arbiters] {
        feed(&agents.len().to_string());
        for part in agents.iter().flat_map(AgentIdentity::in_question) {
            feed(part);
        }
    }
    feed(&schema.to_string());
    for number in [bytes_per_call, calls, context_lines] {
        feed(&number.to_string());
    }
    for list in [rules, scope] {
        feed(&list.len().to_string());
        for item in list {
            feed(item);
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// The hash of some of what an answer depends on: 64 hexadecimal digits.
pub fn hash_of(fields: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    for field in fields {
        hasher.update(&(field.len() as u64).to_le_bytes()).update(field.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

//! Two questions have one name only where they are the same.

use std::collections::HashSet;

use serde_json::json;

use crate::domain::model::agent::AgentIdentity;
use crate::domain::review::question_hash::{ReviewQuestion, hash};

#[test]
fn any_other_field_is_another_question() {
    let (schema, other_schema) = (json!({"a": 1}), json!({"a": 2}));
    let (rules, other_rules) = (["ab".to_owned()], ["a".to_owned(), "b".to_owned()]);
    let agent =
        |agent: &str, version: &str, model: &str, effort: &str, endpoint: &str| AgentIdentity {
            agent: agent.to_owned(),
            family: "f".to_owned(),
            version: version.to_owned(),
            model: model.to_owned(),
            effort: effort.to_owned(),
            endpoint: endpoint.to_owned(),
        };
    let agents = [agent("a", "1", "m", "e", "")];
    let two = [agents[0].clone(), agent("b", "1", "m", "e", "")];
    let others = [
        agent("x", "1", "m", "e", ""),
        agent("am", "1", "", "e", ""),
        // Another version may have another default model.
        agent("am", "2", "", "e", ""),
        agent("a", "1", "x", "e", ""),
        agent("a", "1", "m", "x", ""),
        agent("a", "1", "m", "e", "http://127.0.0.1:1"),
    ];
    let same = ReviewQuestion {
        tree: "t",
        base: "b",
        spec: "s",
        rules: &rules,
        prompts: "p",
        reviewers: &agents,
        arbiters: &[],
        schema: &schema,
        bytes_per_call: 1,
        calls: 2,
        context_lines: 3,
        scope: &[],
    };
    let all = [
        same.clone(),
        ReviewQuestion { tree: "x", ..same.clone() },
        ReviewQuestion { base: "x", ..same.clone() },
        ReviewQuestion { spec: "x", ..same.clone() },
        ReviewQuestion { rules: &other_rules, ..same.clone() },
        ReviewQuestion { rules: &[], scope: &rules, ..same.clone() },
        ReviewQuestion { prompts: "x", ..same.clone() },
        ReviewQuestion { reviewers: &[], arbiters: &agents, ..same.clone() },
        ReviewQuestion { arbiters: &agents, ..same.clone() },
        ReviewQuestion { reviewers: &two, ..same.clone() },
        ReviewQuestion { reviewers: &others[0..1], ..same.clone() },
        ReviewQuestion { reviewers: &others[1..2], ..same.clone() },
        ReviewQuestion { reviewers: &others[2..3], ..same.clone() },
        ReviewQuestion { reviewers: &others[3..4], ..same.clone() },
        ReviewQuestion { reviewers: &others[4..5], ..same.clone() },
        ReviewQuestion { reviewers: &others[5..6], ..same.clone() },
        ReviewQuestion { schema: &other_schema, ..same.clone() },
        ReviewQuestion { bytes_per_call: 9, ..same.clone() },
        ReviewQuestion { calls: 9, ..same.clone() },
        ReviewQuestion { context_lines: 9, ..same.clone() },
        ReviewQuestion { scope: &rules, ..same.clone() },
        ReviewQuestion { scope: &other_rules, ..same.clone() },
    ];
    let names: HashSet<String> = all.iter().map(hash).collect();
    assert_eq!(names.len(), all.len());
    assert_eq!(hash(&same), hash(&same.clone()));
    let newer = [agent("a", "2", "m", "e", "")];
    let newer = ReviewQuestion { reviewers: &newer, ..same.clone() };
    assert_eq!(hash(&same), hash(&newer), "the model is named");
    assert_eq!(hash(&same).len(), 64);
}

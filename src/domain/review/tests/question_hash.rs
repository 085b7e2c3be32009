//! Two questions have one name only where they are the same.

use std::collections::HashSet;

use serde_json::json;

use crate::domain::review::question_hash::{ReviewQuestion, hash};

#[test]
fn any_other_field_is_another_question() {
    let (schema, other_schema) = (json!({"a": 1}), json!({"a": 2}));
    let (rules, other_rules) = (["ab".to_owned()], ["a".to_owned(), "b".to_owned()]);
    let same = ReviewQuestion {
        tree: "t",
        base: "b",
        spec: "s",
        rules: &rules,
        prompts: "p",
        agent: "a",
        model: "m",
        effort: "e",
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
        ReviewQuestion { agent: "x", ..same.clone() },
        ReviewQuestion { agent: "am", model: "", ..same.clone() },
        ReviewQuestion { model: "x", ..same.clone() },
        ReviewQuestion { effort: "x", ..same.clone() },
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
    assert_eq!(hash(&same).len(), 64);
}

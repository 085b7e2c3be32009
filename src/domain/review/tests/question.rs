//! Two questions have one name only where they are the same.

use std::collections::HashSet;

use serde_json::json;

use crate::domain::review::question::{Question, hash};

#[test]
fn any_other_field_is_another_question() {
    let (schema, other_schema) = (json!({"a": 1}), json!({"a": 2}));
    let (rules, other_rules) = (["ab".to_owned()], ["a".to_owned(), "b".to_owned()]);
    let same = Question {
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
        Question { tree: "x", ..same.clone() },
        Question { base: "x", ..same.clone() },
        Question { spec: "x", ..same.clone() },
        Question { rules: &other_rules, ..same.clone() },
        Question { rules: &[], scope: &rules, ..same.clone() },
        Question { prompts: "x", ..same.clone() },
        Question { agent: "x", ..same.clone() },
        Question { agent: "am", model: "", ..same.clone() },
        Question { model: "x", ..same.clone() },
        Question { effort: "x", ..same.clone() },
        Question { schema: &other_schema, ..same.clone() },
        Question { bytes_per_call: 9, ..same.clone() },
        Question { calls: 9, ..same.clone() },
        Question { context_lines: 9, ..same.clone() },
        Question { scope: &rules, ..same.clone() },
        Question { scope: &other_rules, ..same.clone() },
    ];
    let names: HashSet<String> = all.iter().map(hash).collect();
    assert_eq!(names.len(), all.len());
    assert_eq!(hash(&same), hash(&same.clone()));
    assert_eq!(hash(&same).len(), 64);
}

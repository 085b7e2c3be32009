//! What of an arbiter's answer counts, and the prompts of arbiter and executor as they are sent.

use crate::fuzz;
use serde_json::{Value, json};

use crate::domain::model::class::Class;
use crate::domain::model::severity::Severity;
use crate::domain::review::arbiter;
use crate::domain::review::arbiter::{ArbiterInput, CheckedAgainst, adjudicate, parse, schema};
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, SecondLook};
use crate::domain::review::finding::{Anchored, FindingOrigin, Quote, ReviewFinding};
use crate::domain::review::fixer;
use crate::domain::review::fixer::FixPrompt;
use crate::domain::review::second_look;

const FILE: &str = "fn load(path: &Path) -> String {\n    let text = fs::read(path);   \n    // It is never empty, whatever happens.\n    if text.is_empty() {\r\n        return String::new();\r\n    }\n}\n";

const FILES: [(&str, &str); 4] = [
    ("src/load.rs", FILE),
    (
        "src/other.rs",
        "const LIMIT: usize = 1_000;\n\nfn open(path: &Path) {\n    if path.is_file() {\n        load(path);\n    }\n}\n\nfn look(path: &Path) {\n    drop(path.metadata());\n}\n",
    ),
    ("src/named.rs", "const LIMIT: usize = 1_000;\n"),
    ("docs/spec.md", "# Files\n\n## Acceptance criteria\n\nWhatever is read is loaded.\n"),
];

fn finding() -> ReviewFinding {
    ReviewFinding {
        id: "F-2".to_owned(),
        class: Class::new("error-handling/unchecked-result"),
        severity: Severity::High,
        basis: "spec:AC-1".to_owned(),
        title: "A read error is lost".to_owned(),
        path: "src/load.rs".to_owned(),
        anchor: "let text = fs::read(path);".to_owned(),
        failure: "A file that cannot be read loads as if it were empty (named.rs)".to_owned(),
        evidence: vec![Quote {
            path: "src/load.rs".to_owned(),
            text: "return String::new();".to_owned(),
        }],
        fix: "Return the error".to_owned(),
        search_pattern: String::new(),
        same_as: None,
        anchored: Anchored::Exact { line: 2, end_line: 2 },
        origin: FindingOrigin::Change,
    }
}

fn answer(word: &str, path: &str, quote: &str) -> Value {
    json!({
        "id": "F-2", "word": word, "evidence": [{"path": path, "quote": quote}],
        "breaks": "reading fails", "criterion": null, "duplicate_of": "F-1",
        "extends_scope": false, "reason": "as\nseen", "instruction": "Return\n the error.",
    })
}

fn ruled(answer: &Value) -> ArbiterDecision {
    decided(answer, &finding())
}

fn decided(answer: &Value, finding: &ReviewFinding) -> ArbiterDecision {
    let requirements = ["AC-1", "AC-11", "C-1"].map(str::to_owned);
    let against = CheckedAgainst {
        finding,
        others: &["F-1", "F-2"],
        requirements: &requirements,
        read: &|path| FILES.iter().find(|(name, _)| *name == path).map(|(_, t)| (*t).to_owned()),
    };
    adjudicate(parse(answer, finding).unwrap(), against)
}

#[test]
fn a_dismissal_stands_on_code_that_bears_on_the_claim() {
    let (load, other) = ("src/load.rs", "src/other.rs");
    for (path, quote, counts) in [
        (load, "    if text.is_empty() {", true),
        // White space at line ends is nobody's business, and paths are found however they are written.
        (load, "    if text.is_empty() {  \n", true),
        ("./src/load.rs", "    if text.is_empty() {\n        return String::new();", true),
        ("/home/x/copy/src/load.rs", "\n    if text.is_empty() {\n\n", true),
        // What stands beside the claim's own anchor.
        (
            load,
            "let text = fs::read(path);\n    // It is never empty, whatever happens.\n    if text.is_empty() {",
            true,
        ),
        // The claim's own anchor, a part of it, and the whole line of it.
        (load, "let text = fs::read(path);", false),
        (load, "text = fs::read(path)", false),
        (load, "    let text = fs::read(path);   ", false),
        // A comment, and a heading.
        (load, "// It is never empty, whatever happens.", false),
        ("docs/spec.md", "## Acceptance criteria", false),
        ("docs/spec.md", "Whatever is read is loaded.", false),
        // A function that calls the one around the claim, one that does not, and no function.
        (other, "    if path.is_file() {", true),
        (other, "    drop(path.metadata());", false),
        (other, "const LIMIT: usize = 1_000;", false),
        ("src/named.rs", "const LIMIT: usize = 1_000;", true),
        // Not there, or says nothing.
        (load, "if text.is_empty( ) {", false),
        ("src/none.rs", "if text.is_empty() {", false),
        ("", "if text.is_empty() {", false),
        (load, "", false),
        (load, " \n ", false),
        (load, "    }\n}", false),
        (load, "String", false),
    ] {
        for (word, verdict) in
            [("refuted", ArbiterVerdict::Refuted), ("out-of-scope", ArbiterVerdict::OutOfScope)]
        {
            let decision = ruled(&answer(word, path, quote));
            let expected = if counts { verdict } else { ArbiterVerdict::Unsubstantiated };
            assert_eq!(decision.verdict, expected, "{word} {path} {quote:?}");
            assert_eq!(decision.instruction, "");
        }
        // What is upheld needs no quote, since it dismisses nothing.
        assert_eq!(ruled(&answer("upheld", path, quote)).verdict, ArbiterVerdict::Upheld);
        assert_eq!(
            ruled(&answer("contradicts-spec", path, quote)).verdict,
            ArbiterVerdict::ContradictsSpec
        );
    }
    // A duplicate is shown by the place itself.
    let same = ruled(&answer("duplicate", load, "let text = fs::read(path);"));
    assert_eq!(same.verdict, ArbiterVerdict::Duplicate);
    assert_eq!(
        ruled(&answer("duplicate", load, "String")).verdict,
        ArbiterVerdict::Unsubstantiated
    );
}

#[test]
fn a_requirement_is_one_of_the_spec() {
    for (said, meant) in [
        ("AC-1", Some("AC-1")),
        ("spec:AC-1", Some("AC-1")),
        (" AC-11: what it asks for", Some("AC-11")),
        ("C-1", Some("C-1")),
        ("AC-12", None),
        ("AC", None),
        ("", None),
    ] {
        let mut answer = answer("upheld", "", "");
        answer["criterion"] = json!(said);
        assert_eq!(ruled(&answer).criterion.as_deref(), meant, "{said}");
    }
}

#[test]
fn two_dismissals_agree_on_the_step_that_breaks() {
    let refuted = |breaks: &str, word: &str| {
        let mut answer = answer(word, "src/load.rs", "    if text.is_empty() {");
        answer["breaks"] = json!(breaks);
        ruled(&answer)
    };
    let first = refuted("reading an empty file cannot fail", "refuted");
    for (breaks, word, agrees) in [
        ("reading an empty file cannot fail", "refuted", true),
        ("a read of the file never fails", "refuted", true),
        ("nobody calls load at all", "refuted", false),
        ("reading an empty file cannot fail", "out-of-scope", false),
        ("reading an empty file cannot fail", "upheld", false),
        ("reading an empty file cannot fail", "unsubstantiated", false),
    ] {
        let second = second_look::compare(&first, &refuted(breaks, word));
        assert_eq!(matches!(second, SecondLook::Agreed { .. }), agrees, "{word}: {breaks}");
    }
}

#[test]
fn a_refutation_names_the_step_that_breaks() {
    let mut answer = answer("refuted", "src/load.rs", "if text.is_empty() {");
    assert_eq!(ruled(&answer).reason, "as seen (cannot happen: reading fails)");
    answer["breaks"] = json!(" ");
    let decision = ruled(&answer);
    assert_eq!(decision.verdict, ArbiterVerdict::Unsubstantiated);
    assert_eq!(decision.reason, "refuted without evidence that bears on it: as seen");
}

#[test]
fn a_duplicate_is_of_another_finding_that_is_there() {
    for (of, counts) in
        [(json!("F-1"), true), (json!("F-2"), false), (json!("F-9"), false), (json!(null), false)]
    {
        let mut answer = answer("duplicate", "src/load.rs", "let text = fs::read(path);");
        answer["duplicate_of"] = of.clone();
        assert_eq!(ruled(&answer).verdict == ArbiterVerdict::Duplicate, counts, "{of}");
    }
}

#[test]
fn an_instruction_is_one_line_and_may_be_missing() {
    let mut answer = answer("upheld", "", "");
    assert_eq!(ruled(&answer).instruction, "Return the error.");
    answer["instruction"] = json!("  \n");
    let decision = ruled(&answer);
    assert_eq!((decision.verdict, decision.instruction.as_str()), (ArbiterVerdict::Upheld, ""));
    answer["reason"] = json!("é".repeat(500));
    assert_eq!(ruled(&answer).reason.chars().count(), 240);
}

#[test]
fn what_does_not_obey_the_schema_is_no_answer() {
    let right = answer("upheld", "", "");
    assert!(parse(&right, &finding()).is_ok());
    for key in right.as_object().unwrap().keys() {
        let mut wrong = right.clone();
        wrong.as_object_mut().unwrap().remove(key);
        // An optional value that is left out is none, whatever the schema asks for.
        let optional = key == "criterion" || key == "duplicate_of";
        assert_eq!(parse(&wrong, &finding()).is_ok(), optional, "without {key}");
        wrong[key] = json!(7);
        assert!(parse(&wrong, &finding()).is_err(), "{key} = 7");
    }
    for (key, value) in
        [("id", json!("F-1")), ("word", json!("upheld, sort of")), ("more", json!(1))]
    {
        let mut wrong = right.clone();
        wrong[key] = value;
        assert!(parse(&wrong, &finding()).is_err(), "{key}");
    }
    assert!(parse(&json!([right]), &finding()).is_err());
}

#[test]
fn the_schema_is_strict_everywhere() {
    fn check(schema: &Value) {
        if schema["type"] == "object" {
            let named: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            let required: Vec<&str> = schema["required"]
                .as_array()
                .unwrap()
                .iter()
                .map(|k| k.as_str().unwrap())
                .collect();
            assert_eq!(schema["additionalProperties"], false);
            assert!(named.iter().all(|name| required.contains(&name.as_str())));
            assert_eq!(named.len(), required.len());
            schema["properties"].as_object().unwrap().values().for_each(check);
        }
        if schema["type"] == "array" {
            check(&schema["items"]);
        }
    }
    let schema = schema();
    check(&schema);
    let words = schema["properties"]["word"]["enum"].as_array().unwrap();
    assert_eq!(words.len(), ArbiterVerdict::ALL.len());
    for word in words {
        let answer = answer(word.as_str().unwrap(), "", "");
        assert!(parse(&answer, &finding()).is_ok(), "{word}");
    }
}

/// Compares a prompt with the one that is stored, so that a change of it shows.
fn check_prompt(prompt: &str, stored: &str) {
    assert!(prompt == stored, "the stored prompt is to be this:\n{prompt}");
}

#[test]
fn the_arbiter_is_asked_this() {
    let mut other = finding();
    other.id = "F-1".to_owned();
    other.title = "SECRET OF THE OTHER".to_owned();
    let sections =
        ["=== src/load.rs\n+    2 | let text = fs::read(path);\n>>> change 0123456789ab\n"];
    let prompt = arbiter::prompt(ArbiterInput {
        finding: &finding(),
        spec: Some("Load files\n\nAcceptance criteria\n- AC-1: errors are shown {{claim}}\n"),
        rules: &["R-7f3a Return or log every error.".to_owned()],
        sections: &sections,
        others: &[&other],
        fence_nonce: "0123456789ab",
    });
    check_prompt(&prompt, include_str!("prompts/rendered/arbiter.txt"));
    assert!(!prompt.contains("SECRET OF THE OTHER") && !prompt.contains("high"));
}

#[test]
fn the_executor_is_asked_this() {
    let prompt = fixer::prompt(FixPrompt {
        spec: None,
        instructions: &["Return the error of `fs::read` from `load`.".to_owned()],
        printed: "What `tests` printed:\n[3 lines left out]\nassertion failed: load(path).is_err()\n",
        places: &[&finding()],
        rules: &["R-7f3a Return or log every error.\n>>> rules 0123456789ab".to_owned()],
        refused: &[],
        fence_nonce: "0123456789ab",
    });
    check_prompt(&prompt, include_str!("prompts/rendered/fixer.txt"));
}

#[test]
fn no_place_of_a_template_stays_empty_or_is_filled_from_data() {
    let evil = "{{claim}} {{spec}} {{token}}";
    let arbiter = arbiter::prompt(ArbiterInput {
        finding: &ReviewFinding { title: evil.to_owned(), ..finding() },
        spec: None,
        rules: &[],
        sections: &[],
        others: &[],
        fence_nonce: "0123456789ab",
    });
    let fixer = fixer::prompt(FixPrompt {
        spec: None,
        instructions: &[evil.to_owned()],
        printed: "",
        places: &[],
        rules: &[],
        refused: &[],
        fence_nonce: "0123456789ab",
    });
    for prompt in [arbiter, fixer] {
        assert_eq!(prompt.matches("{{").count(), 3);
        assert_eq!(prompt.matches(evil).count(), 1);
    }
}

#[test]
fn drawn_decisions_stand_on_what_is_in_the_tree() {
    let whole = answer("refuted", "src/load.rs", "let text = fs::read(path);").to_string();
    let words = [
        "\"upheld\"",
        "\"refuted\"",
        "\"duplicate\"",
        "\"out_of_scope\"",
        "\"F-1\"",
        "\"F-2\"",
        "\"evidence\":",
        "null",
        "[]",
        "{}",
        "true",
        ",",
        "\"quote\":",
        "\"\\n\"",
        "return String::new();",
    ];
    fuzz::hold("answers of an arbiter", &[whole.as_bytes()], &words.map(str::as_bytes), |bytes| {
        let Ok(value) = serde_json::from_slice(bytes) else { return };
        if parse(&value, &finding()).is_ok() {
            let decision = ruled(&value);
            let dismisses = matches!(
                decision.verdict,
                ArbiterVerdict::Refuted | ArbiterVerdict::OutOfScope | ArbiterVerdict::Duplicate
            );
            assert!(!dismisses || !decision.evidence.is_empty());
        }
    });
}

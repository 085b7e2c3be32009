//! The schema is strict, and what does not obey it is told field by field.

use proptest::prelude::{Just, Strategy as _, any, prop, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::domain::model::severity::Severity;
use crate::domain::review::answer::{ExpectedAnswer, read, schema};
use crate::domain::review::finding::CriterionStatus;

fn good() -> Value {
    json!({
        "findings": [{
            "class": "Error-Handling/unchecked result", "severity": "P1", "basis": "AC-2",
            "title": "the  result\nis lost", "path": "src/a.rs", "anchor": "1\n2\n3\n4\n5\n6",
            "failure": "a -> b", "evidence": [{"path": "src/b.rs", "text": "x"}],
            "fix": "", "sweep": ""
        }],
        "criteria": [{"id": "AC-1", "met": "not_assessed", "why": "not\nshown"}],
        "attestation": [{"path": "src/a.rs", "nonce": " 123456789abc ", "added_lines": 3, "quote": "x"}],
        "unscanned": [{"path": "c", "reason": "too long"}]
    })
}

#[test]
fn an_answer_is_read() {
    let answer = read(&good(), ExpectedAnswer::Review).unwrap();
    let finding = &answer.findings[0];
    assert_eq!(finding.class.as_str(), "error-handling/unchecked-result");
    assert_eq!((finding.severity, finding.basis.as_str()), (Severity::High, "spec:AC-2"));
    assert_eq!(finding.title, "the result is lost");
    assert_eq!(finding.anchor, "1\n2\n3\n4\n5");
    assert_eq!(answer.criteria[0].met, CriterionStatus::NotAssessed);
    assert_eq!(answer.attestation[0].nonce, "123456789abc");
    assert_eq!(answer.unscanned, [("c".to_owned(), "too long".to_owned())]);
    let mut noise = good();
    noise["findings"][0]["severity"] = json!("noise");
    let noise = read(&noise, ExpectedAnswer::Review).unwrap();
    assert_eq!(noise.findings, []);
    for (written, basis) in [
        ("spec: AC-1", "spec:AC-1"),
        ("SPEC:api.AC-1", "spec:api.AC-1"),
        ("rule:R-7f3a", "rule:R-7f3a"),
        ("R-7f3a", "rule:R-7f3a"),
        ("spec:", "invariant"),
        ("common sense", "invariant"),
        ("", "invariant"),
    ] {
        let mut one = good();
        one["findings"][0]["basis"] = json!(written);
        assert_eq!(
            read(&one, ExpectedAnswer::Review).unwrap().findings[0].basis,
            basis,
            "{written}"
        );
    }
}

#[test]
fn fields_that_were_asked_for_once_are_accepted() {
    let mut older = good();
    older["more_possible"] = json!(true);
    older["findings"][0]["introduced_by"] = json!("this-change");
    assert_eq!(read(&older, ExpectedAnswer::Review), read(&good(), ExpectedAnswer::Review));
    // What the reviewer itself calls older is not of the change.
    older["findings"][0]["introduced_by"] = json!("pre-existing");
    let mut expected = read(&good(), ExpectedAnswer::Review).unwrap();
    expected.findings[0].was_there = true;
    assert_eq!(read(&older, ExpectedAnswer::Review), Ok(expected));
    let schema = schema(ExpectedAnswer::Verification).to_string();
    assert!(!schema.contains("more_possible") && !schema.contains("introduced_by"), "{schema}");
    // Others are refused as ever.
    older["thoughts"] = json!("");
    let why = read(&older, ExpectedAnswer::Review).unwrap_err().to_string();
    assert_eq!(why, "`thoughts`: is not a field of the schema");
}

#[test]
fn a_verification_has_a_word_on_each_finding() {
    let mut answer = good();
    let why = read(&answer, ExpectedAnswer::Verification).unwrap_err();
    assert_eq!(why.to_string(), "`verified`: is missing");
    answer["verified"] =
        json!([{"id": "F-1", "resolved": true, "quote": {"path": "a", "text": "b"}}]);
    assert!(read(&answer, ExpectedAnswer::Verification).unwrap().verified[0].resolved);
    let why = read(&answer, ExpectedAnswer::Review).unwrap_err();
    assert_eq!(why.to_string(), "`verified`: is not a field of the schema");
}

#[test]
fn what_is_wrong_is_named() {
    let cases: [(&str, Value, &str); 9] = [
        ("", json!([]), "`answer`: is no object"),
        ("/findings", json!({}), "`findings`: is no list"),
        ("/findings/0", json!(1), "`findings[0]`: is no object"),
        (
            "/findings/0/severity",
            json!("awful"),
            "`findings[0].severity`: is none of critical, high, medium, low",
        ),
        ("/findings/0/anchor", json!(null), "`findings[0].anchor`: is no text"),
        (
            "/findings/0/evidence/0",
            json!({"path": "x"}),
            "`findings[0].evidence[0].text`: is missing",
        ),
        ("/criteria/0/met", json!("yes"), "`criteria[0].met`: is none of the four words"),
        ("/attestation/0/added_lines", json!(-1), "`attestation[0].added_lines`: is no count"),
        ("/attestation/0/added_lines", json!("3"), "`attestation[0].added_lines`: is no count"),
    ];
    for (place, value, why) in cases {
        let mut answer = good();
        *answer.pointer_mut(place).unwrap() = value;
        assert_eq!(read(&answer, ExpectedAnswer::Review).unwrap_err().to_string(), why);
    }
}

/// Whether the value obeys the schema, as far as the schema's keywords go.
fn obeys(value: &Value, schema: &Value) -> bool {
    if let Some(words) = schema.get("enum") {
        return words.as_array().unwrap().contains(value);
    }
    match schema["type"].as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => {
            value.as_array().is_some_and(|all| all.iter().all(|v| obeys(v, &schema["items"])))
        }
        "object" => value.as_object().is_some_and(|object| {
            let fields = schema["properties"].as_object().unwrap();
            object.len() == fields.len()
                && fields
                    .iter()
                    .all(|(name, schema)| object.get(name).is_some_and(|v| obeys(v, schema)))
        }),
        _ => false,
    }
}

/// Checks that every object is closed and requires all it has, and that nothing else is used.
fn is_strict(schema: &Value) {
    let keywords: Vec<&str> = schema.as_object().unwrap().keys().map(String::as_str).collect();
    match schema["type"].as_str().unwrap() {
        "object" => {
            assert_eq!(keywords, ["additionalProperties", "properties", "required", "type"]);
            assert_eq!(schema["additionalProperties"], json!(false));
            let fields = schema["properties"].as_object().unwrap();
            let mut required: Vec<&str> = schema["required"]
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_str().unwrap())
                .collect();
            required.sort_unstable();
            assert_eq!(required, fields.keys().map(String::as_str).collect::<Vec<_>>());
            fields.values().for_each(is_strict);
        }
        "array" => {
            assert_eq!(keywords, ["items", "type"]);
            is_strict(&schema["items"]);
        }
        "string" => assert!(keywords == ["type"] || keywords == ["enum", "type"]),
        "integer" | "boolean" => assert_eq!(keywords, ["type"]),
        other => panic!("{other}"),
    }
}

#[test]
fn the_schemas_are_strict() {
    is_strict(&schema(ExpectedAnswer::Review));
    is_strict(&schema(ExpectedAnswer::Verification));
}

/// Values that obey a schema.
fn drawn(schema: &Value) -> proptest::strategy::BoxedStrategy<Value> {
    if let Some(words) = schema.get("enum") {
        return prop::sample::select(words.as_array().unwrap().clone()).boxed();
    }
    match schema["type"].as_str().unwrap() {
        "string" => "(?s).{0,20}".prop_map(Value::from).boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "integer" => any::<u32>().prop_map(Value::from).boxed(),
        "array" => {
            prop::collection::vec(drawn(&schema["items"]), 0..3).prop_map(Value::from).boxed()
        }
        _ => {
            let mut object = Just(serde_json::Map::new()).boxed();
            for (name, schema) in schema["properties"].as_object().unwrap() {
                let name = name.clone();
                let with = move |(mut object, value): (serde_json::Map<_, _>, Value)| {
                    object.insert(name.clone(), value);
                    object
                };
                object = (object, drawn(schema)).prop_map(with).boxed();
            }
            object.prop_map(Value::from).boxed()
        }
    }
}

/// A value somewhere in another, replaced or removed.
fn damaged(value: &Value, seed: usize) -> Value {
    let mut value = value.clone();
    let object = value.as_object_mut().unwrap();
    let name = object.keys().nth(seed % object.len()).unwrap().clone();
    match seed / 7 % 3 {
        0 => drop(object.remove(&name)),
        1 => drop(object.insert(name, Value::Null)),
        _ => drop(object.insert("verdict".into(), json!("pass"))),
    }
    value
}

proptest! {
    #[test]
    fn what_obeys_the_schema_is_read(
        answer in drawn(&schema(ExpectedAnswer::Review)),
        later in drawn(&schema(ExpectedAnswer::Verification)),
        seed: usize,
    ) {
        for (value, asked) in [(answer, ExpectedAnswer::Review), (later, ExpectedAnswer::Verification)] {
            assert!(obeys(&value, &schema(asked)));
            read(&value, asked).unwrap();
            assert!(read(&damaged(&value, seed), asked).is_err());
        }
    }

    #[test]
    fn no_value_makes_it_panic(text in prop_oneof!["(?s).{0,40}", Just("{}".to_owned())]) {
        drop(read(&Value::from(text.clone()), ExpectedAnswer::Review));
        drop(read(&json!({"findings": [text]}), ExpectedAnswer::Verification));
    }
}

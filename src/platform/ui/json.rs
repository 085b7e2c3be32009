//! JSON as it is printed: valid, with the data as it is, and safe to look at.

use serde_json::Value;

use crate::domain::model::log_command;
use crate::domain::model::terminal::is_hidden;

/// An object with the version of its form, which programs look at first.
pub fn versioned(mut value: Value) -> Value {
    if let Value::Object(object) = &mut value {
        object.entry("version").or_insert_with(|| 1.into());
    }
    value
}

/// A value on one line.
pub fn text(value: &Value) -> String {
    safe(&value.to_string())
}

/// JSON in which everything that a terminal or the log of a CI run could take for something else is
/// written as `\u001b`. Outside of texts there is no such thing.
pub fn safe(json: &str) -> String {
    let json = log_command::escaped(json, escape);
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hidden(c) {
            safe.push_str(&escape(c));
        } else {
            safe.push(c);
        }
    }
    safe
}

fn escape(c: char) -> String {
    let units = c.encode_utf16(&mut [0; 2]).to_vec();
    units.iter().fold(String::new(), |text, unit| text + &format!("\\u{unit:04x}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use serde_json::json;

    use super::{text, versioned};
    use crate::domain::model::terminal::is_hidden;

    #[test]
    fn what_hides_is_escaped_as_json_has_it() {
        let value = "\u{1b}\u{7f}\u{9b}\u{202e}\u{e0041}\\##[x]é";
        let expected = r#""\u001b\u007f\u009b\u202e\udb40\udc41\\\u0023#[x]é""#;
        assert_eq!(text(&value.into()), expected);
    }

    #[test]
    fn an_object_has_a_version() {
        assert_eq!(versioned(json!({"a": [1]})), json!({"a": [1], "version": 1}));
        assert_eq!(versioned(json!({"version": "2.1.0"})), json!({"version": "2.1.0"}));
    }

    proptest! {
        #[test]
        fn it_says_what_it_was_given(value in "([\\\\\"#\\[: \u{7f}-\u{a0}\u{200b}-\u{206f}]|##\\[|(?s).){0,30}") {
            let json = text(&value.clone().into());
            prop_assert_eq!(&serde_json::from_str::<String>(&json).unwrap(), &value);
            prop_assert!(!json.contains(is_hidden) && !json.contains("##["), "{}", json);
        }
    }
}

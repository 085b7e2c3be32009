//! Reads what programs say in words: reasons, an object among prose. Pure.

use serde_json::Value;

/// The longest reason that is kept, in characters.
const REASON_MAX: usize = 300;

/// The text as one line for people, shortened.
pub fn reason_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(REASON_MAX - 1) {
        Some((at, _)) if line.chars().count() > REASON_MAX => format!("{}…", &line[..at]),
        _ => line,
    }
}

/// The last line that says something.
pub fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    reason_line(text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default())
}

/// The one JSON object in a text: the whole of it, or with prose or a fence around it. `None` where
/// there is none, or several that differ, as it is unknown which is meant, or one that is broken:
/// what stands inside of it is not what was meant either.
pub fn object_in(text: &str) -> Option<Value> {
    let mut found: Option<Value> = None;
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = &rest[at..];
        let mut objects = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        if let Some(Ok(object)) = objects.next() {
            if found.as_ref().is_some_and(|first| *first != object) {
                return None;
            }
            rest = &rest[objects.byte_offset()..];
            found = Some(object);
        } else if rest[1..].trim_start().starts_with('"') {
            return None;
        } else {
            rest = &rest[1..];
        }
    }
    found
}

/// An address without the name and the password that it may have.
pub fn without_login(endpoint: &str) -> String {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return endpoint.to_owned() };
    match scheme {
        "" => rest[at + 1..].to_owned(),
        scheme => format!("{scheme}://{}", &rest[at + 1..]),
    }
}

/// Whether a text says that the service was never reached: offline, no name, no proxy, nobody there.
pub fn is_unreached(said: &str) -> bool {
    const WORDS: [&str; 20] = [
        "connection refused",
        "econnrefused",
        "connectionrefused",
        "error sending request",
        "connection failed",
        "unable to connect",
        "failed to connect",
        "could not connect",
        "could not resolve",
        "couldn't resolve",
        "enotfound",
        "eai_again",
        "failed to lookup address",
        "name resolution",
        "name or service not known",
        "network is unreachable",
        "no route to host",
        "waiting for network",
        "proxy",
        "offline",
    ];
    says(said, &WORDS)
}

/// Whether a text says that the service answered with nothing but a refusal: busy, broken, too many
/// requests.
pub fn is_turned_away(said: &str) -> bool {
    const WORDS: [&str; 16] = [
        "status 5",
        "status: 5",
        "api error: 5",
        "overloaded",
        "at capacity",
        "high demand",
        "service unavailable",
        "bad gateway",
        "internal server error",
        "500 ",
        "502 ",
        "503 ",
        "529",
        "429",
        "too many requests",
        "rate limit",
    ];
    says(said, &WORDS)
}

fn says(said: &str, words: &[&str]) -> bool {
    let lower = said.to_ascii_lowercase();
    words.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{object_in, reason_line};

    #[test]
    fn an_object_is_found_in_prose() {
        let object = json!({"a": {"b": "}"}, "c": [1]});
        for text in [
            object.to_string(),
            format!("Here it is:\n```json\n{object:#}\n```\nThat is all."),
            format!("a {{brace}} and {object}"),
            format!("{object} said twice {object}"),
        ] {
            assert_eq!(object_in(&text), Some(object.clone()), "{text}");
        }
        for text in
            ["", "none", "[1]", "{", "{\"a\": 1", "{\"a\": [{\"b\": 1}],", "{\"a\":1} or {\"a\":2}"]
        {
            assert_eq!(object_in(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_is_shown_without_a_login() {
        for (endpoint, shown) in [
            ("http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1"),
            ("https://me:word@host/v1", "https://host/v1"),
            ("me:w@rd@host", "host"),
            ("https://host/a@b", "https://host/a@b"),
            ("", ""),
        ] {
            assert_eq!(super::without_login(endpoint), shown);
        }
    }

    #[test]
    fn what_cost_nothing_is_told_from_what_broke_off() {
        for text in [
            "error sending request for url (http://127.0.0.1:9/v1/responses)",
            "API Error: Unable to connect to API (ConnectionRefused)",
            "curl: (6) Could not resolve host: api.example",
            "API Error: 529 Overloaded",
            "unexpected status 503 Service Unavailable: try later",
            "Selected model is at capacity",
        ] {
            assert!(super::is_unreached(text) || super::is_turned_away(text), "{text}");
        }
        for text in [
            "stream disconnected before completion: stream closed before response.completed",
            "its answer breaks off",
            "API Error: Connection to the API was lost (ECONNRESET).",
        ] {
            assert!(!super::is_unreached(text) && !super::is_turned_away(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "\\PC{0,60}") {
            object_in(&text);
            prop_assert!(reason_line(&text.repeat(20)).chars().count() <= 300);
        }
    }
}

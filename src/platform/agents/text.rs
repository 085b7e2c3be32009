//! Reads what programs say in words: reasons, times, an object among prose. Pure.

use std::time::Duration;

use jiff::civil::{Time, date};
use jiff::{Timestamp, Zoned, tz::TimeZone};
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

/// When it may be tried again, where a text says so: `try again in 1.5s`, `in 2 hours 5 minutes`, or
/// a time of day or a date, which count as UTC.
pub fn again_at(text: &str, now: Timestamp) -> Option<Timestamp> {
    // In ASCII alone, so that places in both are the same.
    let lower = text.to_ascii_lowercase();
    if let Some(at) = lower.find("again in ") {
        return now.checked_add(duration(&lower[at + "again in ".len()..])?).ok();
    }
    let at = ["again at ", "resets at ", "resets "]
        .iter()
        .find_map(|words| lower.find(words).map(|at| at + words.len()))?;
    clock(&lower[at..], now)
}

fn duration(text: &str) -> Option<Duration> {
    let mut total = None;
    let mut rest = text.trim_start();
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Ok(count) = rest[..end].trim_end_matches('.').parse::<f64>() else { break };
        rest = rest[end..].trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ms" => 0.001,
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            _ => break,
        };
        rest = rest[end..].trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
        let part = Duration::try_from_secs_f64(count * unit).ok()?;
        total = Some(total.unwrap_or(Duration::ZERO).checked_add(part)?);
    }
    total
}

/// `3:53 pm`, `3pm`, `15:53`, or one of these after `nov 25th, 2026`.
fn clock(text: &str, now: Timestamp) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let is_end = |c: char| !c.is_ascii_alphanumeric() && c != ':';
    let mut words = text.split(is_end).filter(|word| !word.is_empty()).peekable();
    let month = words.peek().and_then(|word| {
        MONTHS
            .iter()
            .position(|month| word.starts_with(month))
            .and_then(|at| i8::try_from(at + 1).ok())
    });
    let today = now.to_zoned(TimeZone::UTC);
    let mut day = None;
    if let Some(month) = month {
        words.next();
        let number = words.next()?.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let mut year = today.year();
        if let Some(given) = words.peek().and_then(|word| word.parse().ok()).filter(|y| *y > 2000) {
            year = given;
            words.next();
        }
        let number: i8 = number.parse().ok()?;
        (1..=31).contains(&number).then_some(())?;
        day = Some(date(year, month, 1).with().day(number).build().ok()?);
        if words.peek() == Some(&"at") {
            words.next();
        }
    }
    let time = time_of_day(words.next()?, words.next())?;
    let at = |day: jiff::civil::Date| -> Option<Zoned> {
        day.to_datetime(time).to_zoned(TimeZone::UTC).ok()
    };
    let mut moment = at(day.unwrap_or_else(|| today.date()))?;
    if day.is_none() && moment.timestamp() < now {
        moment = at(today.date().tomorrow().ok()?)?;
    }
    Some(moment.timestamp())
}

fn time_of_day(word: &str, next: Option<&str>) -> Option<Time> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let half = if digits.len() < word.len() { Some(&word[digits.len()..]) } else { next };
    let (hour, minute) = digits.split_once(':').unwrap_or((digits, "0"));
    let (hour, minute): (i8, i8) = (hour.parse().ok()?, minute.parse().ok()?);
    let hour = match half {
        Some("am") => hour % 12,
        Some("pm") => hour % 12 + 12,
        _ if digits.contains(':') => hour,
        _ => return None,
    };
    Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;
    use serde_json::json;

    use super::{again_at, object_in, reason_line};

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
    fn times_are_read() {
        let now: Timestamp = "2026-11-20T19:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("Please try again in 1.5s.", Some("2026-11-20T19:00:01.5Z")),
            ("try again in 20ms", Some("2026-11-20T19:00:00.02Z")),
            ("Try again in 1 day 2 hours 5 minutes.", Some("2026-11-21T21:05:00Z")),
            ("or try again at 3:53 PM.", Some("2026-11-21T15:53:00Z")),
            ("or try again at 8:01 PM.", Some("2026-11-20T20:01:00Z")),
            ("try again at Nov 25th, 2026 3:53 PM.", Some("2026-11-25T15:53:00Z")),
            ("5-hour limit · resets 3:53pm (UTC)", Some("2026-11-21T15:53:00Z")),
            ("limit · resets 8pm (UTC)", Some("2026-11-20T20:00:00Z")),
            ("limit · resets Nov 24, 9am (UTC)", Some("2026-11-24T09:00:00Z")),
            ("limit · resets 12am", Some("2026-11-21T00:00:00Z")),
            ("try again later", None),
            ("try again in a while", None),
            ("try again at 99:99 PM", None),
            ("resets Nov 99, 9am", None),
        ] {
            assert_eq!(again_at(text, now), expected.map(|t| t.parse().unwrap()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "(again in |again at |resets )?\\PC{0,60}") {
            let now: Timestamp = "2026-11-20T19:00:00Z".parse().unwrap();
            again_at(&text, now);
            object_in(&text);
            prop_assert!(reason_line(&text.repeat(20)).chars().count() <= 300);
        }
    }
}

//! Reads when a rate limit ends, where a text says so.

use std::time::Duration;

use jiff::civil::{Date, Time, date};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};

/// What is told to the minute ends with that minute.
const REST_OF_A_MINUTE: SignedDuration = SignedDuration::from_secs(59);

/// How long a time of day may be past and still mean today: two clocks differ, and a question takes a
/// while.
const JUST_PAST: SignedDuration = SignedDuration::from_mins(5);

/// What stands before a time.
const BEFORE: [&str; 5] = ["again at ", "resets at ", "reset at ", "resets ", "until "];

/// Names of zones that are no place, in minutes from UTC. `cst` and `ist` are those of most users.
const ZONES: [(&str, i32); 26] = [
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("wet", 0),
    ("west", 60),
    ("bst", 60),
    ("cet", 60),
    ("cest", 120),
    ("eet", 120),
    ("eest", 180),
    ("msk", 180),
    ("ist", 330),
    ("sgt", 480),
    ("hkt", 480),
    ("jst", 540),
    ("kst", 540),
    ("aest", 600),
    ("aedt", 660),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
];

/// When it may be tried again, where a text says so: `try again in 1.5s`, `in 2 hours 5 minutes`, a time
/// of day or a date with or without its zone, seconds since 1970 after a bar. Without a zone it is one
/// of `zone`.
pub fn again_at(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    // In ASCII alone, so that places in both are the same.
    let lower = text.to_ascii_lowercase();
    if let Some(at) = lower.find("again in ")
        && let Some(wait) = duration(&lower[at + "again in ".len()..])
    {
        return now.checked_add(wait).ok();
    }
    if let Some(moment) = since_1970(&lower) {
        return Some(moment);
    }
    BEFORE.iter().find_map(|words| {
        let at = lower.find(words)? + words.len();
        clock(&lower[at..], now, zone)
    })
}

/// `limit reached|1795910000`: ten digits are seconds, thirteen milliseconds.
fn since_1970(text: &str) -> Option<Timestamp> {
    text.split('|').skip(1).find_map(|part| {
        let part = part.trim_start();
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let number: i64 = part[..end].parse().ok()?;
        match end {
            10 => Timestamp::from_second(number).ok(),
            13 => Timestamp::from_millisecond(number).ok(),
            _ => None,
        }
    })
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
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
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

/// The words of a text, with what follows each.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<(&'a str, &'a str)> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == ':';
        let from = self.rest.find(is_part)?;
        let word = &self.rest[from..];
        let end = word.find(|c| !is_part(c)).unwrap_or(word.len());
        Some((&word[..end], &word[end..]))
    }

    fn next(&mut self) -> Option<&'a str> {
        let (word, rest) = self.peek()?;
        self.rest = rest;
        Some(word)
    }

    /// Goes past the next word where it is that one.
    fn pass(&mut self, wanted: &str) {
        if self.peek().is_some_and(|(word, _)| word == wanted) {
            self.next();
        }
    }
}

/// `3:53 pm`, `3pm`, `15:53`, or one of these after `nov 25th, 2026`; a zone may follow.
fn clock(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let first = text.split_whitespace().next().unwrap_or_default();
    if let Ok(moment) = first.trim_end_matches(['.', ',', ')']).to_uppercase().parse() {
        return Some(moment);
    }
    let mut words = Words { rest: text };
    let day = day_of(&mut words)?;
    words.pass("at");
    let (time, is_to_the_minute) = time_of_day(&mut words)?;
    let zone = zone_in(words.rest, zone)?;
    let today = now.to_zoned(zone.clone());
    let at = |day: Date| -> Option<Timestamp> {
        let moment: Zoned = day.to_datetime(time).to_zoned(zone.clone()).ok()?;
        let rest = if is_to_the_minute { REST_OF_A_MINUTE } else { SignedDuration::ZERO };
        moment.timestamp().checked_add(rest).ok()
    };
    let is_past = |moment: Timestamp, by: SignedDuration| now.duration_since(moment) > by;
    let Some(Day { year, month, number }) = day else {
        let yesterday = at(today.date().yesterday().ok()?)?;
        let moments = [Some(yesterday), at(today.date()), at(today.date().tomorrow().ok()?)];
        let mut to_come = moments.into_iter().flatten().filter(|it| !is_past(*it, JUST_PAST));
        return to_come.next().map(|moment| moment.max(now));
    };
    let of = |year| date(year, month, 1).with().day(number).build().ok();
    let moment = at(of(year.unwrap_or_else(|| today.year()))?)?;
    if year.is_none() && is_past(moment, SignedDuration::from_hours(24)) {
        return at(of(today.year().checked_add(1)?)?);
    }
    Some(moment)
}

/// A day of the calendar, whose year may not be said.
struct Day {
    year: Option<i16>,
    month: i8,
    number: i8,
}

/// The day at the beginning of the words. The outer `None` is one that is none, the inner one none.
#[expect(clippy::option_option, reason = "no day is said, or one that there is not")]
fn day_of(words: &mut Words<'_>) -> Option<Option<Day>> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month_of = |word: &str| MONTHS.iter().position(|month| word.starts_with(month));
    let month = words.peek().and_then(|(word, _)| month_of(word));
    let Some(month) = month.and_then(|at| i8::try_from(at + 1).ok()) else { return Some(None) };
    words.next();
    let number = words.next()?.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: i8 = number.parse().ok()?;
    let year = words.peek().and_then(|(word, _)| word.parse().ok()).filter(|year| *year > 2000);
    if year.is_some() {
        words.next();
    }
    (1..=31).contains(&number).then_some(Some(Day { year, month, number }))
}

/// The time, and whether it is told to the minute.
fn time_of_day(words: &mut Words<'_>) -> Option<(Time, bool)> {
    let word = words.next()?;
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let half = match &word[digits.len()..] {
        "" => words.peek().map(|(word, _)| word).filter(|word| matches!(*word, "am" | "pm")),
        half => Some(half),
    };
    if digits.len() == word.len() && half.is_some() {
        words.next();
    }
    let mut parts = digits.split(':').map(|part| part.parse::<i8>().ok());
    let hour = parts.next()??;
    let minute = parts.next().map_or(Some(0), |minute| minute)?;
    let second = parts.next().map(|second| second.ok_or(())).transpose().ok()?;
    let hour = match half {
        Some("am") if hour <= 12 => hour % 12,
        Some("pm") if hour <= 12 => hour % 12 + 12,
        None if digits.contains(':') => hour,
        _ => return None,
    };
    let time = Time::new(hour, minute, second.unwrap_or(0), 0).ok()?;
    Some((time, second.is_none()))
}

/// The zone that stands right after a time, else `otherwise`; `None` where one is named that is not known:
/// the time could be any.
fn zone_in(rest: &str, otherwise: &TimeZone) -> Option<TimeZone> {
    let rest = rest.trim_start();
    let is_in_brackets = rest.starts_with('(');
    let is_end = |c: char| c == ')' || !is_in_brackets && (c.is_whitespace() || ",;.".contains(c));
    let name = rest.trim_start_matches('(').split(is_end).next().unwrap_or_default().trim();
    if let Some(zone) = zone_of(name) {
        return Some(zone);
    }
    let looks_like_one = name.contains('/') || is_in_brackets && !name.contains(' ');
    (!looks_like_one || name.is_empty()).then(|| otherwise.clone())
}

/// `asia/shanghai`, `pst`, `utc+8`, `gmt-03:30`, `+02:00`.
fn zone_of(name: &str) -> Option<TimeZone> {
    let fixed = |minutes: i32| Offset::from_seconds(minutes * 60).ok().map(TimeZone::fixed);
    if let Some((_, minutes)) = ZONES.iter().find(|(zone, _)| *zone == name) {
        return fixed(*minutes);
    }
    let number = ["utc", "gmt", ""].iter().find_map(|before| name.strip_prefix(before));
    if let Some(number) = number.filter(|number| number.starts_with(['+', '-'])) {
        let (hours, minutes) = match number[1..].split_once(':') {
            Some((hours, minutes)) => (hours, minutes.parse().ok()?),
            None => (&number[1..], 0),
        };
        let hours: i32 = hours.parse().ok()?;
        let total: i32 = (0..=14).contains(&hours).then_some(hours * 60 + minutes)?;
        return fixed(if number.starts_with('-') { -total } else { total });
    }
    if name.contains('/') { TimeZone::get(name).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::again_at;

    fn read(text: &str, now: &str) -> Option<Timestamp> {
        again_at(text, now.parse().unwrap(), &TimeZone::UTC)
    }

    #[test]
    fn times_are_read() {
        let now = "2026-11-20T19:00:00Z";
        for (text, expected) in [
            ("Please try again in 1.5s.", Some("2026-11-20T19:00:01.5Z")),
            ("try again in 20ms", Some("2026-11-20T19:00:00.02Z")),
            ("Try again in 1 day 2 hours 5 minutes.", Some("2026-11-21T21:05:00Z")),
            ("or try again at 3:53 PM.", Some("2026-11-21T15:53:59Z")),
            ("or try again at 8:01 PM.", Some("2026-11-20T20:01:59Z")),
            ("or try again at 20:01:30.", Some("2026-11-20T20:01:30Z")),
            ("try again at Nov 25th, 2026 3:53 PM.", Some("2026-11-25T15:53:59Z")),
            ("try again at 2026-11-25T15:53:00Z.", Some("2026-11-25T15:53:00Z")),
            ("5-hour limit · resets 3:53pm (UTC)", Some("2026-11-21T15:53:59Z")),
            ("limit · resets 8pm (UTC)", Some("2026-11-20T20:00:59Z")),
            ("limit · resets Nov 24, 9am (UTC)", Some("2026-11-24T09:00:59Z")),
            ("limit · resets Jan 2, 9am (UTC)", Some("2027-01-02T09:00:59Z")),
            ("limit · resets 12am", Some("2026-11-21T00:00:59Z")),
            ("Claude AI usage limit reached|1795910000", Some("2026-11-28T23:53:20Z")),
            ("limit reached|1795910000123", Some("2026-11-28T23:53:20.123Z")),
            ("a|b|12", None),
            ("try again later", None),
            ("try again in a while", None),
            ("try again at 99:99 PM", None),
            ("try again at 13:00 pm", None),
            ("resets Nov 99, 9am", None),
        ] {
            assert_eq!(read(text, now), expected.map(|t| t.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn zones_are_read() {
        let now = "2026-11-20T19:00:00Z";
        for (text, expected) in [
            ("You've hit your limit · resets 7:28am (Asia/Shanghai)", Some("2026-11-20T23:28:59Z")),
            ("resets 7:28am (america/los_angeles)", Some("2026-11-21T15:28:59Z")),
            ("resets 1pm PST", Some("2026-11-20T21:00:59Z")),
            ("resets 9:30 pm (CET)", Some("2026-11-20T20:30:59Z")),
            ("resets at 05:00 UTC+8, and not before", Some("2026-11-20T21:00:59Z")),
            ("try again at 21:15 +02:00.", Some("2026-11-20T19:15:59Z")),
            ("resets 8pm (in 1 hour)", Some("2026-11-20T20:00:59Z")),
            ("resets 8pm (Nowhere/Land)", None),
            ("resets 8pm (XYZ)", None),
        ] {
            assert_eq!(read(text, now), expected.map(|t| t.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_just_past_is_now() {
        let text = "try again at 9:29 PM.";
        for (now, expected) in [
            ("2026-11-20T21:28:59Z", "2026-11-20T21:29:59Z"),
            ("2026-11-20T21:29:57Z", "2026-11-20T21:29:59Z"),
            ("2026-11-20T21:30:30Z", "2026-11-20T21:30:30Z"),
            ("2026-11-20T21:34:30Z", "2026-11-20T21:34:30Z"),
            ("2026-11-20T21:36:00Z", "2026-11-21T21:29:59Z"),
        ] {
            assert_eq!(read(text, now), Some(expected.parse().unwrap()), "{now}");
        }
        let midnight = read("resets 11:59pm", "2026-11-21T00:01:00Z");
        assert_eq!(midnight, Some("2026-11-21T00:01:00Z".parse().unwrap()), "of the day before");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(
            text in "(again in |again at |resets |\\|)?([0-9]{1,2}(:[0-9]{2})?( ?pm)? ?)?\\PC{0,40}"
        ) {
            read(&text, "2026-11-20T19:00:00Z");
        }
    }
}

//! Times as people write them.

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::domain::model::error::hinted;
use crate::platform::config::env::zone;

const SINCE: &str = "`2026-01-31` or `30d`";
const UNTIL: &str = "`2026-12-31`";

/// A date as this user's days are, a time, or so many days ago. However many days are named, it is not before 1970: there is
/// nothing to be found there.
pub fn since_of(text: &str, now: Timestamp) -> Result<Timestamp> {
    since_in(text, now, &zone())
}

/// The end of a day of this user's, or a time, that is to come.
pub fn until_of(text: &str, now: Timestamp) -> Result<Timestamp> {
    until_in(text, now, &zone())
}

fn since_in(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp> {
    if let Some(days) = text.strip_suffix('d').filter(|days| is_number(days)) {
        // More days than fit are as good as all of them.
        let hours = days.parse::<i64>().ok().and_then(|days| days.checked_mul(24));
        let ago = hours.and_then(SignedDuration::try_from_hours);
        let since = ago.and_then(|ago| now.checked_sub(ago).ok());
        return Ok(since.map_or(Timestamp::UNIX_EPOCH, |since| since.max(Timestamp::UNIX_EPOCH)));
    }
    match text.parse::<Date>() {
        Ok(date) => start_of(date, zone).ok_or_else(|| not_a_time(text, SINCE)),
        Err(_) => text.parse().map_err(|_| not_a_time(text, SINCE)),
    }
}

fn until_in(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp> {
    let until = match text.parse::<Date>() {
        Ok(date) => date
            .checked_add(1.day())
            .ok()
            .and_then(|date| start_of(date, zone))
            .with_context(|| format!("`{text}` is out of range"))?,
        Err(_) => text.parse().map_err(|_| not_a_time(text, UNTIL))?,
    };
    if until <= now {
        return Err(hinted(format!("`{text}` is in the past"), "`--until` must be in the future"));
    }
    Ok(until)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn start_of(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    Some(date.to_zoned(zone.clone()).ok()?.timestamp())
}

fn not_a_time(text: &str, like: &str) -> anyhow::Error {
    hinted(format!("`{text}` is not a time"), format!("write it as in {like}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_days_is_too_many_and_no_text_stops_the_program() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let since = |text: &str| since_in(text, now, &TimeZone::UTC).map(|time| time.to_string());
        assert_eq!(since("30d").unwrap(), "2026-01-30T12:00:00Z");
        assert_eq!(since("2026-01-31").unwrap(), "2026-01-31T00:00:00Z");
        for days in ["9999999d", "99999999999999d", "9223372036854775807d"] {
            assert_eq!(since(days).unwrap(), "1970-01-01T00:00:00Z", "{days}");
        }
        assert_eq!(since(&format!("{}d", "9".repeat(40))).unwrap(), "1970-01-01T00:00:00Z");
        for text in ["", "d", "-1d", "1 d", "99999-01-01", "x"] {
            assert!(since(text).is_err(), "{text}");
        }
        for text in ["9999-12-31", "-009999-01-01", "2026-02-30", "d"] {
            assert!(until_in(text, now, &TimeZone::UTC).is_err(), "{text}");
        }
        assert_eq!(
            until_in("2026-03-01", now, &TimeZone::UTC).unwrap().to_string(),
            "2026-03-02T00:00:00Z"
        );
    }
}

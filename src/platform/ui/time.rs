//! Times as people read them. JSON and files that are shared have UTC.

use jiff::Timestamp;

use crate::platform::config::env::zone;

/// A time in the zone of this machine's user, to the second.
pub fn local(time: Timestamp) -> String {
    time.to_zoned(zone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A line of a record, whose first field is a time in UTC, with that time in the zone of this user.
pub fn local_line(line: &str) -> String {
    match line.split_once('\t').map(|(time, rest)| (time.parse::<Timestamp>(), rest)) {
        Some((Ok(time), rest)) => format!("{} {rest}", local(time)),
        _ => line.to_owned(),
    }
}

//! Times as people read them. JSON and files that are shared have UTC.

use jiff::Timestamp;

use crate::platform::config::env::zone;

/// A time in the zone of this machine's user, to the second.
pub fn local(time: Timestamp) -> String {
    time.to_zoned(zone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

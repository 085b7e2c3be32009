//! Versions as the vendors of git write them.

use crate::platform::git::hooks_dir::{has_configured_hooks, parse_version};

#[test]
fn versions_are_read_and_compared() {
    for (text, version, configured) in [
        ("git version 2.47.3\n", Some((2, 47)), false),
        ("git version 2.53.9", Some((2, 53)), false),
        ("git version 2.54.0", Some((2, 54)), true),
        ("git version 2.54.0-rc1", Some((2, 54)), true),
        ("git version 2.55.1.windows.2", Some((2, 55)), true),
        ("git version 2.39.5 (Apple Git-154)", Some((2, 39)), false),
        ("git version 3.0.0", Some((3, 0)), true),
        ("git", None, false),
    ] {
        assert_eq!(parse_version(text), version, "{text}");
        assert_eq!(version.is_some_and(has_configured_hooks), configured, "{text}");
    }
}

//! Finds the file that a model means by the path that it writes: `./src/a.rs`, `b/src/a.rs:12`, or the
//! place of the file in the reading copy.

use std::collections::BTreeMap;

use crate::domain::review::deliver::file::ChangedLines;

/// The most parts of a path that are looked at. No project has folders so deep.
const PARTS_MAX: usize = 64;

/// The files of the reviewed tree that a path may mean, the likeliest first.
pub fn meant(
    reported: &str,
    changed: &BTreeMap<String, ChangedLines>,
    is_file: impl Fn(&str) -> bool,
) -> Vec<String> {
    let is_there = |path: &str| changed.contains_key(path) || is_file(path);
    if is_there(reported) {
        return vec![reported.to_owned()];
    }
    let bare = bare(reported);
    let parts: Vec<&str> = bare.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.is_empty() || parts.len() > PARTS_MAX {
        return Vec::new();
    }
    // `a/` and `b/` of a diff, and the folders above a checkout.
    let ends: Vec<String> = (0..parts.len()).map(|from| parts[from..].join("/")).collect();
    let mut found: Vec<String> = ends.iter().filter(|end| is_there(end)).cloned().collect();
    // Changed files alone, where only the case differs or the folder was left out.
    let lower = ends.iter().map(|end| end.to_lowercase()).collect::<Vec<_>>();
    for path in changed.keys() {
        let name = path.to_lowercase();
        let is_end = name.strip_suffix(lower[0].as_str()).is_some_and(|rest| rest.ends_with('/'));
        if (lower.contains(&name) || is_end) && !found.contains(path) {
            found.push(path.clone());
        }
    }
    found
}

/// Whether a path that a model writes means that file of the change.
pub fn is_meant(reported: &str, path: &str) -> bool {
    let only = BTreeMap::from([(path.to_owned(), ChangedLines::default())]);
    !meant(reported, &only, |_| false).is_empty()
}

/// The path without quotes and line numbers, with `/` between its parts.
fn bare(reported: &str) -> String {
    let path = reported.trim().trim_matches(['`', '"', '\'']).replace('\\', "/");
    let number = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | 'L'))
    };
    let mut path = path.as_str();
    while let Some((before, behind)) = path.rsplit_once([':', '#'])
        && number(behind)
    {
        path = before;
    }
    path.to_owned()
}

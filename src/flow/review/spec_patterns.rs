//! Looks for the patterns of a spec, `verify: static: <pattern>`: a criterion whose pattern is nowhere in the
//! sources is not met. No program is started and no model asked.

use anyhow::Result;
use bstr::ByteSlice as _;
use regex::bytes::Regex;

use crate::domain::model::change::Change;
use crate::domain::model::globs::Globs;
use crate::domain::model::objects::{Content, TreeItem};
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Skipped;
use crate::domain::model::text::one_line;
use crate::domain::spec::types::Spec;
use crate::domain::spec::verify::pattern;
use crate::platform::git::object::Objects;

/// The largest file that is searched, and the most bytes of all files, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
const BYTES_MAX: usize = 256 * 1024 * 1024;

/// What came of the patterns of a spec.
#[derive(Debug, Default)]
pub struct PatternsFound {
    /// The criteria whose pattern is nowhere, with what to say of it.
    pub unmet: Vec<(String, String)>,
    /// What could not be searched to its end, with the reason.
    pub skipped: Vec<Skipped>,
}

/// A pattern that was not found yet.
struct Wanted<'a> {
    criterion: &'a str,
    text: &'a str,
    pattern: Regex,
}

/// Looks for the patterns of a spec in the files of a tree: in those that its `touches` name, where it names
/// any, and in no file that is a spec.
pub fn look(
    objects: &Objects,
    change: &Change,
    spec: &Spec,
    is_spec: &dyn Fn(&str) -> bool,
) -> Result<PatternsFound> {
    let own = spec.verify_patterns().into_iter();
    let mut wanted: Vec<Wanted<'_>> = own
        .filter_map(|(criterion, text)| {
            Some(Wanted { criterion, text, pattern: pattern(text).ok()? })
        })
        .collect();
    if wanted.is_empty() {
        return Ok(PatternsFound::default());
    }
    let globs = Globs::new(spec.touches.iter().map(String::as_str))?;
    let is_searched = |path: &str| globs.matches(path) && !is_spec(path);
    let (mut left, mut is_whole) = (BYTES_MAX, true);
    let mut search = |oid: &Oid, wanted: &mut Vec<Wanted<'_>>| -> Result<()> {
        match objects.content(oid, FILE_BYTES_MAX.min(left as u64))? {
            Content::Whole(bytes) => {
                left -= bytes.len();
                wanted.retain(|one| !one.pattern.is_match(&bytes));
            }
            Content::TooLarge(_) | Content::Missing => is_whole = false,
        }
        Ok(())
    };
    // Most likely it is in what was changed.
    for file in &change.files {
        if let Some(entry) = file.new.as_ref().filter(|_| is_searched(&file.path.to_str_lossy())) {
            search(&entry.oid, &mut wanted)?;
        }
    }
    let mut folders = vec![(change.tree.clone(), String::new())];
    while let Some((tree, path)) = folders.pop().filter(|_| !wanted.is_empty()) {
        for item in objects.tree(&tree)? {
            let below = format!("{path}{}", item.name().to_str_lossy());
            match item {
                TreeItem::Tree { oid, .. } => folders.push((oid, format!("{below}/"))),
                TreeItem::File { entry, .. } if is_searched(&below) => {
                    search(&entry.oid, &mut wanted)?;
                }
                TreeItem::File { .. } => {}
            }
        }
    }
    let mut found = PatternsFound::default();
    for Wanted { criterion, text, .. } in wanted {
        let text = one_line(text);
        if is_whole {
            let why = format!("the pattern `{text}` is in no file");
            found.unmet.push((criterion.to_owned(), why));
        } else {
            let reason = "it is in no file that could be searched; some are too large, or are not in this clone";
            found.skipped.push(Skipped {
                gate: format!("{criterion}: the pattern {text}"),
                reason: reason.to_owned(),
                has_run: false,
            });
        }
    }
    Ok(found)
}

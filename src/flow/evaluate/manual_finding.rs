//! Builds a finding that a person reports about a line.

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::change::Change;
use crate::domain::model::class::Class;
use crate::domain::model::error::hinted;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::platform::git::repo::Repo;

/// A finding as the person reports it.
pub struct ManualFinding<'a> {
    pub class: Class,
    pub severity: Severity,
    pub path: BString,
    /// Counted from 1.
    pub line: u32,
    pub message: &'a str,
}

/// The longest line that is kept, in characters.
const ANCHOR_CHARS_MAX: usize = 400;

/// Builds the finding of the checked-out commit. The line is read from that commit, or from the
/// index where the commit has no such line.
pub fn to_finding(repo: &Repo, manual: &ManualFinding) -> Result<(Change, Finding)> {
    let head = repo.head()?;
    let mut tree = None;
    let mut text = None;
    if let Some(head) = &head {
        let head_tree = repo.tree_of(head)?;
        text = line_of(repo, &head_tree, manual)?;
        tree = Some(head_tree);
    }
    if text.is_none() {
        let staged = repo.staged_tree()?;
        text = line_of(repo, &staged, manual)?;
        tree = Some(staged);
    }
    let (Some(tree), Some(text)) = (tree, text) else {
        return Err(no_such_line(repo, manual, head.as_ref()));
    };
    let change = Change::at(head, tree);
    let finding = Finding {
        gate: Gate::Person,
        rule: "remark".to_owned(),
        class: manual.class.clone(),
        severity: manual.severity,
        effect: Effect::Warn,
        place: Some(Location::line(manual.path.clone(), manual.line)),
        anchor: anchor(&manual.class, text.as_bstr()),
        message: manual.message.to_owned(),
        suggestion: String::new(),
    };
    Ok((change, finding))
}

/// Drops the text of a line that shows a secret: the ledger stores none.
fn anchor(class: &Class, line: &BStr) -> String {
    if class.as_str() == "security/exposed-secret" {
        return String::new();
    }
    line.to_str_lossy().chars().take(ANCHOR_CHARS_MAX).collect()
}

fn line_of(repo: &Repo, tree: &Oid, manual: &ManualFinding) -> Result<Option<BString>> {
    let Some(content) = repo.objects.file(tree, manual.path.as_bstr())? else { return Ok(None) };
    let index = usize::try_from(manual.line - 1)?;
    Ok(content.lines().nth(index).map(BString::from))
}

fn no_such_line(repo: &Repo, manual: &ManualFinding, head: Option<&Oid>) -> anyhow::Error {
    let path = &manual.path;
    let trees = head.and_then(|head| repo.tree_of(head).ok()).into_iter();
    let mut trees = trees.chain(repo.staged_tree().ok());
    let known = trees.any(|tree| matches!(repo.objects.entry(&tree, path.as_bstr()), Ok(Some(_))));
    if known {
        return hinted(
            format!("`{path}` has no line {}", manual.line),
            "lines are those of the last commit, or of the index",
        );
    }
    hinted(
        format!("`{path}` is neither in the last commit nor in the index"),
        "`git add` it first; paths are relative to the current folder",
    )
}

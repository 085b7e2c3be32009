//! What a run in fast mode needs before it begins: a small spec, and a work tree whose changes it would not
//! build past.

use std::fs;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::model::error::hinted;
use crate::domain::model::globs::Globs;
use crate::domain::model::size::Size;
use crate::domain::pipeline::spec_run::about::SpecAbout;
use crate::domain::policy::run_settings::UncommittedWork;
use crate::flow::context::Context;
use crate::flow::evaluate::shown_text::shown_path;
use crate::platform::git::command::succeeded;

/// How many files are named.
const NAMED_MAX: usize = 5;

/// Refuses a spec that needs a plan.
pub fn refuse_size(about: &SpecAbout) -> Result<()> {
    let size = about.stated_size.unwrap_or(about.counted_size);
    if size == Size::S {
        return Ok(());
    }
    let id = &about.spec_id;
    Err(hinted(
        format!("the spec `{id}` is of size {}, and fast mode builds size S alone", size.as_str()),
        format!(
            "`tribunal run {id} --mode auto` plans it first; `tribunal run {id} --mode manual` asks you about the plan"
        ),
    ))
}

/// Refuses what is not committed: the run begins with a commit, and would build as if it were not there. The
/// spec itself is read as it is.
pub fn refuse_uncommitted(
    context: Context<'_>,
    about: &SpecAbout,
    refused: UncommittedWork,
) -> Result<()> {
    let repo = context.repo;
    let Some(top) = repo.work_tree.as_deref() else { return Ok(()) };
    let output = repo
        .git()
        .args(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"])
        .capture()?;
    let real = |path| fs::canonicalize(path).ok();
    let spec = real(context.env.current_dir.join(&about.spec.path));
    let spec = spec.or_else(|| real(top.join(&about.spec.path)));
    let touches = match refused {
        UncommittedWork::Touched if !about.touches.is_empty() => {
            Some(Globs::new(about.touches.iter().map(String::as_str))?)
        }
        UncommittedWork::Touched | UncommittedWork::Refuse => None,
    };
    let mut names = Vec::new();
    for entry in succeeded(&output, "git status")?.split_str("\0") {
        let Some((_, path)) = entry.split_at_checked(3) else { continue };
        let is_spec =
            || spec.is_some() && path.to_path().ok().and_then(|path| real(top.join(path))) == spec;
        let path_text = path.to_str_lossy();
        let counts = touches.as_ref().is_none_or(|globs| globs.matches(&*path_text));
        if counts && !is_spec() {
            names.push(format!("`{}`", shown_path(&path.into())));
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let hint = match refused {
        UncommittedWork::Refuse => {
            "commit or stash it; with `runs.fast-dirty = \"touched\"` in your own settings only what the spec's \
             `touches` names has to be committed"
        }
        UncommittedWork::Touched => "commit or stash what the spec's `touches` names",
    };
    Err(hinted(
        format!(
            "fast mode builds on the last commit, and the work tree has changes that are in none: {}{more}",
            names.join(", ")
        ),
        hint,
    ))
}

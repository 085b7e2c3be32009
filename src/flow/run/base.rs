//! The commit that a run builds on.

use anyhow::{Error, Result};

use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::SpecAbout;
use crate::domain::spec::types::Spec;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::request::Stopped;
use crate::flow::review::target::DEFAULT_BRANCHES;
use crate::platform::git::repo::Repo;
use crate::platform::git::{diff, lazy_fetch};

/// The commit to build on, and the ref that it is the tip of: in full, and for people.
pub struct Base {
    pub commit: Oid,
    pub name: String,
    pub full: String,
}

/// Finds what a spec is built on: the branch that it names, else the default branch, here or as the remote
/// has it, whichever is further; without either, what is checked out.
pub fn find(repo: &Repo, spec: &Spec) -> Result<Base> {
    if let Some(base) = &spec.base {
        let name = &base.text;
        for full in [format!("refs/heads/{name}"), format!("refs/remotes/origin/{name}")] {
            if let Some(commit) = repo.tip(&full)? {
                let name =
                    full.trim_start_matches("refs/heads/").trim_start_matches("refs/remotes/");
                return Ok(Base { commit, name: name.to_owned(), full });
            }
        }
        return Err(hinted(
            format!("`{name}` is to be the base, and there is no such branch"),
            "`git branch --all` lists them; `base` in a spec's front matter, or `--base` where there is no spec, names one",
        ));
    }
    if let Some(found) = default_branch(repo)? {
        return Ok(found);
    }
    let Some(commit) = repo.head()? else {
        return Err(hinted(
            "there is no commit to build on",
            "make a first commit, as with `git commit --allow-empty`",
        ));
    };
    Ok(match repo.branch()? {
        // Not `HEAD`: that is another branch once another one is checked out.
        Some(name) => Base { commit, full: format!("refs/heads/{name}"), name },
        None => Base { commit, name: "HEAD".to_owned(), full: "HEAD".to_owned() },
    })
}

/// The default branch, here or as the remote has it, whichever is further; `None` where there is neither.
pub fn default_branch(repo: &Repo) -> Result<Option<Base>> {
    let mut found: Option<Base> = None;
    for name in DEFAULT_BRANCHES {
        let Some(commit) = repo.tip(name)? else { continue };
        let short = name.trim_start_matches("refs/heads/").trim_start_matches("refs/remotes/");
        let is_further = match &found {
            None => true,
            Some(known) => known.commit != commit && repo.is_ancestor(&known.commit, &commit)?,
        };
        if is_further {
            found = Some(Base { commit, name: short.to_owned(), full: name.to_owned() });
        }
    }
    Ok(found)
}

/// How many commits the ref has beyond the one that was built on; `None` for none, and where either is gone.
pub fn moved_by(repo: &Repo, about: &SpecAbout) -> Option<usize> {
    let tip = repo.tip(&about.base_ref).ok().flatten().filter(|tip| *tip != about.base)?;
    let beyond = repo.rev_list_of(&[tip.to_string(), format!("^{}", about.base)], &[]).ok()?;
    Some(beyond.len()).filter(|beyond| *beyond > 0)
}

/// Refuses a base that is no more, or that is not whole here and cannot be had.
pub fn refuse_incomplete(repo: &Repo, run: &SpecRun) -> Result<()> {
    refuse_gone(repo, run)?;
    let name = &run.about.base_name;
    lazy_fetch::fetch_tree(repo, &run.about.base_tree).map(drop).map_err(|error| {
        let why = format!(
            "this is a partial clone, and what it lacks of `{name}` could not be fetched: {error:#}"
        );
        let id = short_id(&run.id);
        hinted(why, format!("`tribunal resume {id}` continues it once the remote can be reached"))
    })
}

/// Refuses a base that is no more: a run borrows its objects from the person's repository.
pub fn refuse_gone(repo: &Repo, run: &SpecRun) -> Result<()> {
    let base = &run.about.base;
    // Not by the library, which may have the object still open.
    let there = repo.git().args(["cat-file", "-e", &format!("{base}^{{tree}}")]).capture()?;
    if there.status.success() {
        return Ok(());
    }
    Err(hinted(
        format!(
            "the commit {} of `{}` that this run builds on is no more: it was rewritten, and git removed it",
            base.short(),
            run.about.base_name
        ),
        format!(
            "`tribunal abort {}` ends this run; {} then builds on what is there now",
            short_id(&run.id),
            run.about.command()
        ),
    ))
}

/// Says of an error that the base is no more, where that is what is behind it.
pub fn explain(repo: &Repo, run: &SpecRun, error: Error) -> Error {
    if error.is::<Stopped>() {
        return error;
    }
    refuse_gone(repo, run).err().unwrap_or(error)
}

/// The files in which two trees differ, for people.
pub fn files_between(repo: &Repo, from: &Oid, to: &Oid) -> Result<Vec<String>> {
    let files = diff::trees(&repo.objects, Some(from), Some(to))?;
    Ok(files.iter().map(|file| shown_path(&file.path)).collect())
}

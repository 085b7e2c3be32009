//! The commit that a run builds on.

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::spec_run::SpecAbout;
use crate::domain::spec::types::Spec;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::target::DEFAULT_BRANCHES;
use crate::platform::git::diff;
use crate::platform::git::repo::Repo;

/// The commit to build on, and the name of the ref that it is the tip of.
pub struct Base {
    pub commit: Oid,
    pub name: String,
}

/// Finds what a spec is built on: the branch that it names, else the default branch, here or as the remote
/// has it, whichever is further; without either, what is checked out.
pub fn find(repo: &Repo, spec: &Spec) -> Result<Base> {
    if let Some(base) = &spec.base {
        let name = &base.text;
        let local = repo.tip(&format!("refs/heads/{name}"))?;
        let tip = match local {
            Some(tip) => Some(tip),
            None => repo.tip(&format!("refs/remotes/origin/{name}"))?,
        };
        let Some(commit) = tip else {
            return Err(hinted(
                format!("the spec names the base `{name}`, and there is no such branch"),
                "`git branch --all` lists them; `base` in the spec's front matter names one",
            ));
        };
        return Ok(Base { commit, name: name.clone() });
    }
    let mut found: Option<Base> = None;
    for name in DEFAULT_BRANCHES {
        let Some(commit) = repo.tip(name)? else { continue };
        let short = name.trim_start_matches("refs/heads/").trim_start_matches("refs/remotes/");
        let is_further = match &found {
            None => true,
            Some(known) => known.commit != commit && repo.is_ancestor(&known.commit, &commit)?,
        };
        if is_further {
            found = Some(Base { commit, name: short.to_owned() });
        }
    }
    if let Some(found) = found {
        return Ok(found);
    }
    let Some(commit) = repo.head()? else {
        return Err(hinted(
            "there is no commit to build on",
            "make a first commit, as with `git commit --allow-empty`",
        ));
    };
    Ok(Base { commit, name: repo.branch()?.unwrap_or_else(|| "HEAD".to_owned()) })
}

/// Where the ref is now that a run was built on; `None` where it is gone.
pub fn tip(repo: &Repo, about: &SpecAbout) -> Result<Option<Oid>> {
    let name = &about.base_name;
    for full in [format!("refs/heads/{name}"), format!("refs/remotes/{name}"), "HEAD".to_owned()] {
        if let Some(tip) = repo.tip(&full)? {
            return Ok(Some(tip));
        }
    }
    Ok(None)
}

/// How many commits a ref has beyond the one that was built on.
pub fn commits_between(repo: &Repo, from: &Oid, to: &Oid) -> Result<usize> {
    Ok(repo.rev_list_of(&[to.to_string(), format!("^{from}")], &[])?.len())
}

/// The files in which two trees differ, for people.
pub fn files_between(repo: &Repo, from: &Oid, to: &Oid) -> Result<Vec<String>> {
    let files = diff::trees(&repo.objects, Some(from), Some(to))?;
    Ok(files.iter().map(|file| shown_path(&file.path)).collect())
}

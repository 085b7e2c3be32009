//! Lists refs, and follows symbolic ones.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::oid::Oid;
use crate::platform::git::command::succeeded;
use crate::platform::git::library::is_absent;
use crate::platform::git::repo::Repo;

impl Repo {
    /// What a symbolic ref points to; `None` where it is none.
    pub fn symbolic(&self, name: &BStr) -> Result<Option<BString>> {
        // The library takes names of UTF-8 alone.
        if let (Some(library), Ok(name)) = (self.objects.library(), name.to_str()) {
            return match library.repository.find_reference(name) {
                Ok(reference) => Ok(reference.symbolic_target_bytes().map(BString::from)),
                Err(error) if is_absent(&error) => Ok(None),
                Err(error) => Err(error).with_context(|| format!("could not read `{name}`")),
            };
        }
        let command = self.git().args(["symbolic-ref", "--quiet"]).arg(name.to_os_str_lossy());
        let output = command.capture()?;
        let target = output.stdout.trim_end_with(|c| c == '\n');
        Ok((output.status.success() && !target.is_empty()).then(|| target.into()))
    }

    /// The ref that a name leads to through symbolic refs; the name itself where it is none.
    pub fn follow(&self, name: &BStr) -> Result<BString> {
        /// As deep as git itself follows symbolic refs.
        const DEPTH_MAX: usize = 5;
        let mut reached = name.to_owned();
        for _ in 0..DEPTH_MAX {
            match self.symbolic(reached.as_bstr())? {
                Some(target) => reached = target,
                None => break,
            }
        }
        Ok(reached)
    }

    /// The names of the symbolic refs below a prefix such as `refs/heads/`.
    pub fn symbolic_refs(&self, prefix: &str) -> Result<Vec<BString>> {
        if let Some(library) = self.objects.library() {
            return library.symbolic_refs(prefix);
        }
        let format = "--format=%(if)%(symref)%(then)%(refname)%(end)";
        let output = self.git().args(["for-each-ref", format, prefix]).capture()?;
        let lines = succeeded(&output, "git for-each-ref")?.lines();
        Ok(lines.filter(|line| !line.is_empty()).map(BString::from).collect())
    }

    /// The refs below a prefix such as `refs/heads/`, with what they point to.
    pub fn refs(&self, prefix: &str) -> Result<Vec<(BString, Oid)>> {
        if let Some(library) = self.objects.library() {
            return library.refs(prefix);
        }
        let output = self
            .git()
            .args(["for-each-ref", "--format=%(objectname) %(refname)", prefix])
            .capture()?;
        succeeded(&output, "git for-each-ref")?
            .lines()
            .map(|line| {
                let (oid, name) = line.split_once_str(" ").context("git for-each-ref")?;
                Ok((BString::from(name), Oid::parse(oid.to_str()?)?))
            })
            .collect()
    }

    /// The names of the branches: those of this repository, also the one that has no commit yet, and those of
    /// its remotes with and without the remote's name.
    pub fn branch_names(&self) -> Result<BTreeSet<String>> {
        const HEADS: &str = "refs/heads/";
        let mut names = BTreeSet::new();
        let head = self.symbolic("HEAD".into())?;
        names.extend(head.as_ref().and_then(|head| below(head, HEADS)));
        for (name, _) in self.refs(HEADS)? {
            names.extend(below(&name, HEADS));
        }
        for (name, _) in self.refs("refs/remotes/")? {
            let Some(name) = below(&name, "refs/remotes/") else { continue };
            names.extend(name.split_once('/').map(|(_, branch)| branch.to_owned()));
            names.insert(name);
        }
        names.remove("HEAD");
        Ok(names)
    }

    /// The names of the branches of this repository that have a commit.
    pub fn local_branches(&self) -> Result<Vec<String>> {
        let heads = self.refs("refs/heads/")?;
        Ok(heads.iter().filter_map(|(name, _)| below(name, "refs/heads/")).collect())
    }

    /// The branches of this repository whose history has a commit.
    pub fn branches_with(&self, commit: &Oid) -> Result<Vec<String>> {
        let output = self
            .git()
            .args(["for-each-ref", "--format=%(refname)", "--contains", commit.as_str()])
            .arg("refs/heads/")
            .capture()?;
        let lines = succeeded(&output, "git for-each-ref")?.lines();
        Ok(lines.filter_map(|line| below(&line.trim().into(), "refs/heads/")).collect())
    }

    /// The tips of everything that this repository knows of any remote.
    pub fn remote_tips(&self) -> Result<Vec<Oid>> {
        Ok(self.refs("refs/remotes/")?.into_iter().map(|(_, tip)| tip).collect())
    }
}

fn below(name: &BString, prefix: &str) -> Option<String> {
    Some(name.to_str().ok()?.strip_prefix(prefix)?.to_owned())
}

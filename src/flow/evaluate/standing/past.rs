//! Looks in history for what a finding was in.

use std::collections::HashMap;

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::domain::model::standing::Standing;
use crate::platform::git::object::Commit;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::gate_findings::GateFinding;

/// How many commits are looked at below a tip.
const COMMITS_MAX: usize = 256;

/// How many lists of commits are asked for at a time: each starts git.
const WALKS_MAX: usize = 64;

/// What history says of a finding that no place has any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// No commit had it, as far as that was looked at.
    Never,
    /// A commit had it; the first one after it that does not.
    Was { since: Option<Oid> },
}

/// Lists of commits, each asked for once.
pub struct History<'a> {
    repo: &'a Repo,
    walks: HashMap<(Oid, Option<Oid>), Vec<Commit>>,
}

impl<'a> History<'a> {
    pub fn new(repo: &'a Repo) -> Self {
        Self { repo, walks: HashMap::new() }
    }

    /// The newest commits of a tip that are not below `base`, oldest first; none where too much was asked.
    pub fn commits(&mut self, tip: &Oid, base: Option<&Oid>) -> Result<&[Commit]> {
        let key = (tip.clone(), base.cloned());
        if !self.walks.contains_key(&key) {
            let found = if self.walks.len() < WALKS_MAX { self.walk(tip, base)? } else { vec![] };
            self.walks.insert(key.clone(), found);
        }
        Ok(&self.walks[&key])
    }

    fn walk(&self, tip: &Oid, base: Option<&Oid>) -> Result<Vec<Commit>> {
        if Some(tip) == base {
            return Ok(Vec::new());
        }
        let mut words = vec![format!("--max-count={COMMITS_MAX}"), tip.to_string()];
        if let Some(base) = base
            && self.repo.objects.commit(base)?.is_some()
        {
            words.push(format!("^{base}"));
        }
        let listed = self.repo.rev_list(&words)?;
        listed.iter().map(|oid| self.repo.commit(oid)).collect()
    }
}

/// The commit that the change of a first sighting stands on; `None` before the first commit, and for a
/// whole tree.
pub fn base_of(finding: &GateFinding) -> Option<Oid> {
    finding.sightings.first().and_then(|seen| Oid::parse(&seen.change).ok())
}

/// What commits, oldest first, say of a finding that `has` finds in them.
pub fn past(commits: &[Commit], mut has: impl FnMut(&Commit) -> Result<bool>) -> Result<Past> {
    let mut having: HashMap<&Oid, bool> = HashMap::new();
    let mut past = Past::Never;
    for commit in commits {
        let here = has(commit)?;
        having.insert(&commit.oid, here);
        if here {
            past = Past::Was { since: None };
        } else if commit.parents.iter().any(|parent| having.get(parent) == Some(&true)) {
            past = Past::Was { since: Some(commit.oid.clone()) };
        }
    }
    Ok(past)
}

/// Of a finding that no history has either.
pub fn gone_for_good(finding: &GateFinding, why: &str) -> Standing {
    let of_commit = finding.sightings.iter().find_map(|seen| seen.commit.as_ref());
    // A whole tree that was checked is that of a commit.
    let of_tree = finding.sightings.iter().any(|seen| seen.change.starts_with("tree:"));
    match of_commit {
        Some(commit) => {
            let why = format!("its commit {} is on no branch any more", commit.short());
            Standing::Gone { since: None, why }
        }
        None if of_tree => {
            Standing::Gone { since: None, why: "no branch has it any more".to_owned() }
        }
        None => Standing::NeverCommitted { why: why.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::{Past, past};
    use crate::domain::model::oid::Oid;
    use crate::platform::git::object::Commit;

    fn oid(number: usize) -> Oid {
        Oid::parse(&format!("{number:040x}")).unwrap()
    }

    /// The commits 1, 2, 3 … of a line, of which a letter says whether each has it.
    fn said(line: &str) -> Past {
        let commit = |number: usize| Commit {
            oid: oid(number),
            tree: oid(100 + number),
            parents: vec![oid(number - 1)],
            committed: None,
            headers: "".into(),
            message: "".into(),
        };
        let commits: Vec<Commit> = (1..=line.len()).map(commit).collect();
        let mut letters = line.chars();
        past(&commits, |_| Ok(letters.next() == Some('y'))).unwrap()
    }

    #[test]
    fn the_last_commit_that_takes_it_away_counts() {
        for (line, expected) in [
            ("", Past::Never),
            ("nnn", Past::Never),
            ("nyy", Past::Was { since: None }),
            ("nyn", Past::Was { since: Some(oid(3)) }),
            ("ynnyynn", Past::Was { since: Some(oid(6)) }),
            ("yny", Past::Was { since: None }),
        ] {
            assert_eq!(said(line), expected, "{line}");
        }
    }
}

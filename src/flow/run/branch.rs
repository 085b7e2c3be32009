//! The branch that a run publishes: no other may have its name, whatever the case of its letters.

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::platform::git::repo::Repo;

/// A branch that has a name, whatever the case of its letters: where file systems have no case the two are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedBranch {
    pub name: String,
    pub tip: Oid,
}

impl NamedBranch {
    /// The branch of that very name, else one that differs from it in case alone.
    pub fn find(repo: &Repo, name: &str) -> Result<Option<Self>> {
        if let Some(tip) = repo.tip(&format!("refs/heads/{name}"))? {
            return Ok(Some(Self { name: name.to_owned(), tip }));
        }
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let all = repo.refs(&format!("refs/heads/{folder}/"))?.into_iter();
        let mut named = all.map(|(full, tip)| {
            let name = full.to_string().trim_start_matches("refs/heads/").to_owned();
            Self { name, tip }
        });
        Ok(named.find(|branch| branch.name.eq_ignore_ascii_case(name)))
    }

    /// How it is named to a person who asked for `name`.
    pub fn in_words(&self, name: &str) -> String {
        if self.name == name {
            return format!("the branch `{name}`");
        }
        format!(
            "the branch `{}`, which differs from `{name}` in case alone and is the same one on some systems,",
            self.name
        )
    }
}

/// Refuses a name that no branch can have, since git has no branch below another one.
pub fn refuse_below(repo: &Repo, name: &str) -> Result<()> {
    let above = name.rsplit_once('/').map(|(above, _)| format!("refs/heads/{above}"));
    let mut in_the_way = Vec::new();
    if let Some(above) = above
        && repo.tip(&above)?.is_some()
    {
        in_the_way.push(above);
    }
    let below = repo.refs(&format!("refs/heads/{name}/"))?.into_iter();
    in_the_way.extend(below.map(|(name, _)| name.to_string()));
    let Some(other) = in_the_way.first() else { return Ok(()) };
    let other = other.trim_start_matches("refs/heads/");
    Err(hinted(
        format!(
            "the branch `{other}` is in the way of `{name}`: git has no branch below another one"
        ),
        format!("`git branch -m {other} NAME` renames it"),
    ))
}

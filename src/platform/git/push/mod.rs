//! What git writes to a hook of a push, and the objects behind it.

pub mod history;
pub mod receiver_refs;
#[cfg(test)]
mod tests;

use anyhow::{Context as _, Result, bail};
use bstr::ByteSlice as _;

use crate::domain::model::limits::TAGS_MAX;
use crate::domain::model::oid::Oid;
use crate::domain::model::push::{Relation, Update};
use crate::platform::git::object::{ObjectKind, Objects, Tag};
use crate::platform::git::repo::Repo;

/// What a pushed object comes to when its tags are followed.
#[derive(Debug, Default)]
pub struct Peeled {
    /// The annotated tags on the way.
    pub tags: Vec<Tag>,
    pub commit: Option<Oid>,
    /// A tree or a file that was pushed without a commit.
    pub stray: Option<(ObjectKind, Oid)>,
}

/// Reads what git writes to `pre-push`: `<source> <new> <target> <old>`, from the right, because a
/// source is whatever was typed and may hold spaces.
pub fn parse_pre_push(input: &[u8]) -> Result<Vec<Update>> {
    parse(input, |line| {
        let mut words = line.rsplitn(4, |byte| *byte == b' ');
        let (old, target, new) = (words.next()?, words.next()?, words.next()?);
        update(words.next()?, new, target, old)
    })
}

/// Reads what git writes to `pre-receive`: `<old> <new> <ref>`.
pub fn parse_pre_receive(input: &[u8]) -> Result<Vec<Update>> {
    parse(input, |line| {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (old, new, target) = (words.next()?, words.next()?, words.next()?);
        update(b"", new, target, old)
    })
}

fn parse(input: &[u8], read: impl Fn(&[u8]) -> Option<Update>) -> Result<Vec<Update>> {
    input
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            read(line).with_context(|| format!("unexpected line from git: `{}`", line.as_bstr()))
        })
        .collect()
}

fn update(source: &[u8], new: &[u8], target: &[u8], old: &[u8]) -> Option<Update> {
    let oid = |text: &[u8]| Oid::parse(text.to_str().ok()?).ok();
    let update =
        Update { source: source.into(), new: oid(new)?, target: target.into(), old: oid(old)? };
    (!target.is_empty()).then_some(update)
}

/// Finds how the new value stands to the old one, in the history as it is: replace refs and grafts
/// do not count.
pub fn relation(repo: &Repo, update: &Update) -> Result<Relation> {
    if update.new.is_zero() {
        return Ok(Relation::Deleted);
    }
    let Some(new) = commit_of(&repo.objects, &update.new)? else { return Ok(Relation::NotACommit) };
    if update.old.is_zero() {
        return Ok(Relation::Created);
    }
    let old = match repo.objects.header(&update.old)? {
        None => return Ok(Relation::UnknownTip),
        Some(_) => commit_of(&repo.objects, &update.old)?,
    };
    let Some(old) = old else { return Ok(Relation::Rewritten) };
    let adds = history::is_ancestor(repo, &old, &new)?;
    Ok(if adds { Relation::FastForward } else { Relation::Rewritten })
}

/// The commit that an object is or, through tags, points to; `None` where it is none.
fn commit_of(objects: &Objects, oid: &Oid) -> Result<Option<Oid>> {
    Ok(peel(objects, oid)?.commit)
}

/// Follows the tags of a pushed object, which must be here.
pub fn peel(objects: &Objects, pushed: &Oid) -> Result<Peeled> {
    let mut peeled = Peeled::default();
    let mut oid = pushed.clone();
    for _ in 0..TAGS_MAX {
        match objects.header(&oid)? {
            Some((ObjectKind::Tag, _)) => {
                let tag = objects.tag(&oid)?.context("a tag went away")?;
                oid = tag.target.clone();
                peeled.tags.push(tag);
            }
            Some((ObjectKind::Commit, _)) => {
                peeled.commit = Some(oid);
                return Ok(peeled);
            }
            Some((kind, _)) => {
                peeled.stray = Some((kind, oid));
                return Ok(peeled);
            }
            None => bail!("object {oid} is not in this repository"),
        }
    }
    bail!("more than {TAGS_MAX} tags point to each other")
}

/// Whether this repository has only a part of its history.
pub fn is_shallow(repo: &Repo) -> bool {
    std::fs::metadata(repo.common_dir.join("shallow")).is_ok_and(|file| file.len() > 0)
}

/// Whether the words of a `git push` ask for a mirror: `--mirror`, which git also takes shortened,
/// or a setting given on the command line.
pub fn asks_for_mirror<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> bool {
    words.into_iter().any(|word| {
        let option = word.len() > 2 && word.starts_with(b"--m") && b"--mirror".starts_with(word);
        let lower = word.to_ascii_lowercase();
        option || (lower.starts_with(b"remote.") && lower.contains_str(".mirror"))
    })
}

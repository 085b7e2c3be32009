//! What a push brings: the lines that git gives a hook, and the commits and tags behind them.

use std::collections::HashSet;

use anyhow::{Context as _, Result, bail};
use bstr::{BStr, BString, ByteSlice as _};

use crate::git::object::{ObjectKind, Objects, Tag};
use crate::git::repo::Repo;
use crate::model::oid::Oid;

#[cfg(test)]
mod tests;

/// The most commits that are walked without git's help before git is asked.
const WALK_MAX: usize = 256;

/// The deepest chain of tags on tags that is followed.
const TAGS_MAX: usize = 16;

/// One ref that a push changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// What the person typed, such as `HEAD~1`; git's own words are possible (`(delete)`). Empty on
    /// the server.
    pub source: BString,
    /// What the ref is to become; zero for a deletion.
    pub new: Oid,
    /// The full name of the ref on the side that receives.
    pub target: BString,
    /// What the ref is there now, as git was told; zero where there is none.
    pub old: Oid,
}

/// Where the commits that a push brings are known already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// On that remote, as far as its tracking refs tell.
    OnRemote(String),
    /// On any remote: the push goes to a bare address.
    OnAnyRemote,
    /// In any ref here: this side receives.
    Here,
}

/// How a ref's new value stands to its old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Created,
    Deleted,
    /// The old value is the new one or one of its ancestors.
    FastForward,
    Rewritten,
    /// The old value is not in this repository.
    UnknownTip,
    /// The new value is no commit.
    NotACommit,
}

/// What one update brings.
#[derive(Debug, Default)]
pub struct Incoming {
    /// Oldest first.
    pub commits: Vec<Oid>,
    /// The annotated tags on the way from the pushed object to its commit.
    pub tags: Vec<Tag>,
    /// A tree or a file that was pushed without a commit.
    pub stray: Option<(ObjectKind, Oid)>,
    /// The commit that the new ones stand on, whose law holds; `None` where there is none.
    pub base: Option<Oid>,
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
            read(line).with_context(|| {
                format!("git gave the hook a line of no known form: `{}`", line.as_bstr())
            })
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
    let stop = HashSet::from([old.clone()]);
    if straight_line(&repo.objects, &new, &stop)?.is_some_and(|line| line.stopped) {
        return Ok(Relation::FastForward);
    }
    Ok(if repo.is_ancestor(&old, &new)? { Relation::FastForward } else { Relation::Rewritten })
}

/// The commit that an object is or, through tags, points to; `None` where it is none.
fn commit_of(objects: &Objects, oid: &Oid) -> Result<Option<Oid>> {
    let mut oid = oid.clone();
    for _ in 0..TAGS_MAX {
        match objects.header(&oid)? {
            Some((ObjectKind::Commit, _)) => return Ok(Some(oid)),
            Some((ObjectKind::Tag, _)) => match objects.tag(&oid)? {
                Some(tag) => oid = tag.target,
                None => return Ok(None),
            },
            Some((ObjectKind::Tree | ObjectKind::Blob, _)) => return Ok(None),
            None => bail!("object {oid} is not in this repository"),
        }
    }
    bail!("more than {TAGS_MAX} tags point to each other")
}

/// Whether this repository has only a part of its history.
pub fn is_shallow(repo: &Repo) -> bool {
    std::fs::metadata(repo.common_dir.join("shallow")).is_ok_and(|file| file.len() > 0)
}

/// Finds what an update brings that is not known already. `updates` are all of the same push: what
/// any of them stands on is known, too.
pub fn incoming(
    repo: &Repo,
    update: &Update,
    updates: &[Update],
    known: &Known,
) -> Result<Incoming> {
    let mut incoming = Incoming::default();
    let mut oid = update.new.clone();
    for _ in 0..TAGS_MAX {
        match repo.objects.header(&oid)? {
            Some((ObjectKind::Tag, _)) => {
                let tag = repo.objects.tag(&oid)?.context("a tag went away")?;
                oid = tag.target.clone();
                incoming.tags.push(tag);
            }
            Some((ObjectKind::Commit, _)) => {
                incoming.commits = new_commits(repo, &oid, updates, known)?;
                incoming.base = base(repo, update, &oid, &incoming.commits)?;
                return Ok(incoming);
            }
            Some((kind, _)) => {
                incoming.stray = Some((kind, oid));
                return Ok(incoming);
            }
            None => bail!("object {oid} is to be pushed and is not in this repository"),
        }
    }
    bail!("more than {TAGS_MAX} tags point to each other")
}

/// The commit whose law holds: what the ref is now, where the new history holds it, else what the
/// oldest new commit stands on.
fn base(repo: &Repo, update: &Update, tip: &Oid, commits: &[Oid]) -> Result<Option<Oid>> {
    let Some(oldest) = commits.first() else { return Ok(Some(tip.clone())) };
    let first_parent = repo.commit(oldest)?.parents.into_iter().next();
    if first_parent.as_ref() == Some(&update.old) {
        return Ok(first_parent);
    }
    if !update.old.is_zero() && relation(repo, update)? == Relation::FastForward {
        return commit_of(&repo.objects, &update.old);
    }
    Ok(match first_parent {
        Some(parent) if repo.objects.header(&parent)?.is_some() => Some(parent),
        _ => None,
    })
}

fn new_commits(repo: &Repo, tip: &Oid, updates: &[Update], known: &Known) -> Result<Vec<Oid>> {
    let mut stops = tips(repo, known)?;
    for update in updates {
        if !update.old.is_zero()
            && let Some((ObjectKind::Commit, _)) = repo.objects.header(&update.old)?
        {
            stops.insert(update.old.clone());
        }
    }
    // What a server receives is judged from git's own answer: there may be very many refs that
    // share history in other ways than a straight line.
    if let Some(line) = straight_line(&repo.objects, tip, &stops)?
        && (line.stopped || line.at_root)
    {
        return Ok(line.commits);
    }
    let mut arguments = vec![tip.to_string()];
    arguments.push("--not".to_owned());
    arguments.extend(
        updates.iter().map(|u| &u.old).filter(|old| stops.contains(*old)).map(Oid::to_string),
    );
    arguments.push(match known {
        Known::OnRemote(remote) => format!("--remotes={remote}"),
        Known::OnAnyRemote => "--remotes".to_owned(),
        Known::Here => "--all".to_owned(),
    });
    repo.rev_list(&arguments)
}

/// What the refs point to that say what is known.
fn tips(repo: &Repo, known: &Known) -> Result<HashSet<Oid>> {
    let prefix = match known {
        Known::OnRemote(remote) => format!("refs/remotes/{remote}/"),
        Known::OnAnyRemote => "refs/remotes/".to_owned(),
        Known::Here => "refs/".to_owned(),
    };
    Ok(repo.refs(&prefix)?.into_iter().map(|(_, oid)| oid).collect())
}

/// A history without merges, followed from its tip.
struct Line {
    /// Oldest first, without the one that stopped the walk.
    commits: Vec<Oid>,
    stopped: bool,
    at_root: bool,
}

/// Follows single parents down to a commit that stops the walk or to the root, without starting git.
/// `None` where a merge, a missing parent or the bound is met first: git must be asked.
///
/// Commits are read raw, so that neither grafts nor replace refs bend the line. A commit on it may
/// be known through a ref whose tip is not on it: it is then judged once more, which is safe.
fn straight_line(objects: &Objects, tip: &Oid, stops: &HashSet<Oid>) -> Result<Option<Line>> {
    let mut commits = Vec::new();
    let mut at = tip.clone();
    while commits.len() < WALK_MAX {
        if stops.contains(&at) {
            commits.reverse();
            return Ok(Some(Line { commits, stopped: true, at_root: false }));
        }
        let Some(commit) = objects.commit(&at)? else { return Ok(None) };
        commits.push(at);
        let mut parents = commit.parents.into_iter();
        match (parents.next(), parents.next()) {
            (Some(parent), None) => at = parent,
            (Some(_), Some(_)) => return Ok(None),
            (None, _) => {
                commits.reverse();
                return Ok(Some(Line { commits, stopped: false, at_root: true }));
            }
        }
    }
    Ok(None)
}

/// The default branches of a remote, by full name of the branch there, as far as they are known
/// here. For a bare address, of every remote.
pub fn remote_defaults(repo: &Repo, known: &Known) -> Result<Vec<BString>> {
    let names = match known {
        Known::Here => return Ok(repo.symbolic("HEAD")?.into_iter().collect()),
        Known::OnRemote(remote) => vec![BString::from(format!("refs/remotes/{remote}/HEAD"))],
        Known::OnAnyRemote => {
            let refs = repo.refs("refs/remotes/")?.into_iter().map(|(name, _)| name);
            refs.filter(|name| name.ends_with(b"/HEAD")).collect()
        }
    };
    let mut defaults = Vec::new();
    for name in names {
        let folder = name.strip_suffix(b"HEAD").unwrap_or(&name);
        if let Some(target) = repo.symbolic(&name.to_str_lossy())?
            && let Some(branch) = target.strip_prefix(folder)
        {
            defaults.push(branch_ref(branch.as_bstr()));
        }
    }
    Ok(defaults)
}

/// The branches of a remote that its tracking refs tell of, by full name of the branch there.
pub fn tracked_branches(repo: &Repo, known: &Known) -> Result<Vec<BString>> {
    let Known::OnRemote(remote) = known else { return Ok(Vec::new()) };
    let folder = format!("refs/remotes/{remote}/");
    let names = repo.refs(&folder)?.into_iter().filter_map(|(name, _)| {
        let branch = name.strip_prefix(folder.as_bytes())?;
        (branch != b"HEAD").then(|| branch_ref(branch.as_bstr()))
    });
    Ok(names.collect())
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

fn branch_ref(branch: &BStr) -> BString {
    let mut name = BString::from("refs/heads/");
    name.extend_from_slice(branch);
    name
}

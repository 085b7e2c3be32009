//! What is known here of the refs of the side that receives a push.

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::oid::Oid;
use crate::domain::model::push::Receiver;
use crate::platform::git::repo::Repo;

/// The names that a default branch usually has, for a remote whose default branch is unknown: git before 2.48
/// notes a remote's default branch at `git clone` alone.
const USUAL_DEFAULTS: [&str; 2] = ["main", "master"];

/// The refs of the side that receives, as far as they are known here.
pub struct ReceiverRefs {
    /// The full names of the default branches there; for a bare address, of every remote.
    pub defaults: Vec<BString>,
    /// The symbolic refs of the server, each with the ref that it leads to. Those of a remote are not
    /// known.
    pub links: Vec<(BString, BString)>,
    /// The tip of the default branch whose policy holds. Where the receiving side is not known to
    /// have one, that of `origin`, or else of the first other remote.
    pub default_tip: Option<Oid>,
    /// The tips of the refs of all remotes, read here so that a push lists them once; empty on the
    /// server.
    pub remote_tips: Vec<Oid>,
    branches: Vec<RemoteBranch>,
}

/// A branch of the side that receives, or of another remote.
struct RemoteBranch {
    /// Whether it is on the side that receives; any remote may be, where an address was given.
    on_receiver: bool,
    /// The full name there.
    name: BString,
    tip: Oid,
}

impl ReceiverRefs {
    /// Reads what this repository knows of the receiving side, once a push.
    pub fn read(repo: &Repo, receiver: &Receiver) -> Result<Self> {
        if *receiver == Receiver::Here {
            let branches = repo.refs("refs/heads/")?.into_iter();
            let branches =
                branches.map(|(name, tip)| RemoteBranch { on_receiver: true, name, tip });
            return Ok(Self {
                defaults: repo.symbolic("HEAD".into())?.into_iter().collect(),
                links: links(repo)?,
                default_tip: repo.head()?,
                remote_tips: Vec::new(),
                branches: branches.collect(),
            });
        }
        let mut defaults = Vec::new();
        // By rank: the receiving remote first, then `origin`, then the others by name.
        let mut tips: Vec<(usize, Oid)> = Vec::new();
        let mut branches = Vec::new();
        let refs = repo.refs("refs/remotes/")?;
        let mut remotes = repo.remotes()?;
        remotes.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for (name, tip) in &refs {
            let Some((remote, branch)) = split(name.as_bstr(), &remotes) else { continue };
            let on_receiver = match receiver {
                Receiver::Remote(name) => remote == name.as_bytes(),
                Receiver::Address => true,
                Receiver::Here => false,
            };
            let rank = match remote.as_bytes() {
                _ if on_receiver && *receiver != Receiver::Address => 0,
                b"origin" => 1,
                _ => 2,
            };
            if branch == "HEAD" {
                tips.push((rank * 2, tip.clone()));
                let folder = name.len() - "HEAD".len();
                if let Some(target) = repo.symbolic(name.as_bstr())?
                    && on_receiver
                    && let Some(branch) = target.strip_prefix(&name[..folder])
                {
                    defaults.push(branch_ref(branch.as_bstr()));
                }
                continue;
            }
            if USUAL_DEFAULTS.iter().any(|usual| branch == *usual) {
                tips.push((rank * 2 + 1, tip.clone()));
            }
            branches.push(RemoteBranch { on_receiver, name: branch_ref(branch), tip: tip.clone() });
        }
        let default_tip = tips.into_iter().min_by_key(|(rank, _)| *rank).map(|(_, tip)| tip);
        let remote_tips = refs.into_iter().map(|(_, tip)| tip).collect();
        Ok(Self { defaults, links: Vec::new(), default_tip, remote_tips, branches })
    }

    /// The full names of the branches of the receiving side. None for a bare address: which of them
    /// it has is not known.
    pub fn branches(&self, receiver: &Receiver) -> Vec<BString> {
        if *receiver == Receiver::Address {
            return Vec::new();
        }
        let there = self.branches.iter().filter(|branch| branch.on_receiver);
        there.map(|branch| branch.name.clone()).collect()
    }

    /// The tips of the branches of any remote (on the server: of its own) that `is_meant` picks by
    /// their full name there.
    pub fn tips(&self, is_meant: impl Fn(&BStr) -> bool) -> impl Iterator<Item = &Oid> {
        let meant = self.branches.iter().filter(move |branch| is_meant(branch.name.as_bstr()));
        meant.map(|branch| &branch.tip)
    }
}

/// The symbolic refs of this repository that may be protected branches: its HEAD and those among its
/// branches.
fn links(repo: &Repo) -> Result<Vec<(BString, BString)>> {
    let mut links = Vec::new();
    for name in [vec!["HEAD".into()], repo.symbolic_refs("refs/heads/")?].concat() {
        let target = repo.follow(name.as_bstr())?;
        links.push((name, target));
    }
    Ok(links)
}

/// The remote and the branch of a tracking ref. Names of remotes may hold slashes: the configured
/// ones, longest first, are tried before the first slash is taken for the end.
fn split<'a>(name: &'a BStr, remotes: &[BString]) -> Option<(&'a BStr, &'a BStr)> {
    let rest = name.strip_prefix(b"refs/remotes/")?;
    let configured = remotes.iter().find_map(|remote| {
        let branch = rest.strip_prefix(remote.as_slice())?.strip_prefix(b"/")?;
        Some((&rest[..remote.len()], branch))
    });
    let (remote, branch) = configured.or_else(|| rest.split_once_str("/"))?;
    Some((remote.as_bstr(), branch.as_bstr()))
}

fn branch_ref(branch: &BStr) -> BString {
    let mut name = BString::from("refs/heads/");
    name.extend_from_slice(branch);
    name
}

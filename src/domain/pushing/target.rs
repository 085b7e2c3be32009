//! Where a branch is pushed to.

/// What is known of a branch and of the remotes.
#[derive(Clone, Debug, Default)]
pub struct PushFacts {
    /// Without `refs/heads/`.
    pub branch: String,
    /// The remotes that are set up here.
    pub remotes: Vec<String>,
    /// The one that the person named.
    pub asked: Option<String>,
    /// The one that git's settings name for pushes.
    pub for_pushes: Option<String>,
    /// The upstream of the branch: its remote, and its name there.
    pub upstream: Option<[String; 2]>,
    /// Whether `push.default` has a branch go to its upstream whatever that is called.
    pub to_upstream: bool,
}

/// Where a branch goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushTarget {
    pub remote: String,
    /// The name of the branch there, without `refs/heads/`.
    pub name: String,
    /// Whether it becomes the upstream: there is none yet.
    pub sets_upstream: bool,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoTarget {
    NoRemote,
    /// None of these is meant more than another.
    Several(Vec<String>),
    Unknown(String),
    /// The upstream has another name, and may be a branch that others work on.
    OtherName {
        remote: String,
        name: String,
    },
}

impl PushFacts {
    /// Where it goes, as git itself would have it.
    pub fn target(&self) -> Result<PushTarget, NoTarget> {
        let upstream = self.upstream.as_ref().filter(|[remote, _]| remote != ".");
        let of_upstream = upstream.map(|[remote, _]| remote);
        let named = self.asked.as_ref().or(self.for_pushes.as_ref()).or(of_upstream);
        let remote = match (named, self.remotes.as_slice()) {
            (Some(named), remotes) if remotes.contains(named) => named.clone(),
            (Some(named), _) => return Err(NoTarget::Unknown(named.clone())),
            (None, []) => return Err(NoTarget::NoRemote),
            (None, [only]) => only.clone(),
            (None, several) => return Err(NoTarget::Several(several.to_vec())),
        };
        let name = match upstream {
            Some([there, name]) if *there == remote && *name != self.branch => {
                if !self.to_upstream {
                    return Err(NoTarget::OtherName { remote, name: name.clone() });
                }
                name.clone()
            }
            _ => self.branch.clone(),
        };
        // One that is a branch of this repository was chosen as well.
        let sets_upstream = self.upstream.is_none() && self.for_pushes.is_none();
        Ok(PushTarget { remote, name, sets_upstream })
    }
}

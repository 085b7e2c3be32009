//! The protected-branch gate: whether a push may do what it does to a protected branch.

use bstr::{BStr, BString, ByteSlice as _};
use globset::GlobSet;

use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::globs::union_or_plain;
use crate::domain::model::push::Relation;
use crate::domain::model::severity::Severity;

#[cfg(test)]
mod tests;

/// The branches that no push may rewrite or delete.
pub struct ProtectedBranches {
    globs: GlobSet,
    /// Full names of refs.
    defaults: Vec<BString>,
}

/// What is known of one ref of a push.
pub struct RefUpdate<'a> {
    /// The full name of the ref on the side that receives.
    pub target: &'a BStr,
    pub relation: Relation,
    /// Whether only a part of the history is here.
    pub shallow: bool,
}

impl ProtectedBranches {
    /// Takes globs of branch names as policy has them, and the full names of the refs that are
    /// default branches. A glob that cannot be read is matched as the plain name it is.
    pub fn new(globs: &[String], defaults: Vec<BString>) -> Self {
        let names = globs.iter().map(|text| text.strip_prefix("refs/heads/").unwrap_or(text));
        Self { globs: union_or_plain(names), defaults }
    }

    /// Takes symbolic refs, each with the ref that it leads to: a protected name protects that ref.
    pub fn with_links(mut self, links: &[(BString, BString)]) -> Self {
        let meant = links.iter().filter(|(name, _)| self.holds(name.as_bstr()));
        let targets: Vec<BString> = meant.map(|(_, target)| target.clone()).collect();
        self.defaults.extend(targets);
        self
    }

    /// Whether a ref, by its full name, is protected. `refs/for/main` is not `main`, and neither is
    /// a tag of that name. `HEAD` is whatever the other side has checked out.
    pub fn holds(&self, target: &BStr) -> bool {
        if target == "HEAD" || self.defaults.iter().any(|name| name == target) {
            return true;
        }
        branch(target).is_some_and(|name| self.globs.is_match(name.to_path_lossy()))
    }

    /// Whether a ref is not protected and differs from one that is in the case of letters alone: on
    /// a file system that ignores case the two are one.
    fn holds_in_other_case(&self, target: &BStr) -> bool {
        let lower = BString::from(target.to_lowercase());
        !self.holds(target) && lower != *target && self.holds(lower.as_bstr())
    }
}

fn branch(target: &BStr) -> Option<&BStr> {
    Some(BStr::new(target.strip_prefix(b"refs/heads/")?))
}

/// Decides about one ref; `None` where nothing is wrong. The same for `pre-push` and `pre-receive`.
pub fn check(
    facts: &RefUpdate<'_>,
    protected: &ProtectedBranches,
    effect: Effect,
) -> Option<Finding> {
    let name = facts.target.strip_prefix(b"refs/heads/").unwrap_or(facts.target).as_bstr();
    if !protected.holds(facts.target) {
        return protected.holds_in_other_case(facts.target).then(|| {
            let message =
                format!("`{name}` differs from a protected branch in the case of letters alone");
            let suggestion =
                "on a file system that ignores case the two are one: choose another name";
            finding(facts.target, "case-variant", &message, suggestion, Effect::Warn)
        });
    }
    let (rule, message, suggestion) = match facts.relation {
        Relation::Created | Relation::FastForward => return None,
        Relation::Deleted => (
            "deletion",
            format!("the push would delete the protected branch `{name}`"),
            "leave it out of the push".to_owned(),
        ),
        Relation::UnknownTip => (
            "unknown-tip",
            format!("`{name}` has commits that are not here, and the push could drop them"),
            "fetch first: `git fetch`, then merge or rebase, then push without force".to_owned(),
        ),
        Relation::Rewritten if facts.shallow => (
            "rewrite",
            format!(
                "the part of the history that is here does not show that the push only adds to the protected branch `{name}`"
            ),
            "`git fetch --unshallow` brings the rest; then push without force".to_owned(),
        ),
        Relation::Rewritten => (
            "rewrite",
            format!(
                "the push would rewrite the protected branch `{name}`: commits on it would be lost"
            ),
            "`git fetch`, then merge or rebase onto it, then push without force".to_owned(),
        ),
        Relation::NotACommit => (
            "not-a-commit",
            format!("what is pushed to the protected branch `{name}` is not a commit"),
            "push a commit".to_owned(),
        ),
    };
    Some(finding(facts.target, rule, &message, &suggestion, effect))
}

/// The finding for a mirror push that deletes branches which git does not list to the hook: the
/// protected ones among those that the remote has and this repository lacks.
///
/// `on_remote` is what tracking refs tell; without any (a push to a bare address) the plainly named
/// protected branches stand for it, and one of them must be here.
pub fn check_mirror(
    on_remote: &[BString],
    here: &[BString],
    policy: &[String],
    protected: &ProtectedBranches,
    effect: Effect,
) -> Option<Finding> {
    let missing =
        on_remote.iter().find(|name| protected.holds(name.as_bstr()) && !here.contains(name));
    let name = if on_remote.is_empty() {
        let plain = || policy.iter().filter(|glob| !glob.contains(['*', '?', '[', '{']));
        let is_here = |name: &&String| here.contains(&BString::from(format!("refs/heads/{name}")));
        match plain().next() {
            Some(first) if !plain().any(|name| is_here(&name)) => {
                BString::from(format!("refs/heads/{first}"))
            }
            _ => return None,
        }
    } else {
        missing?.clone()
    };
    let short = name.strip_prefix(b"refs/heads/").unwrap_or(&name).as_bstr();
    let message = format!(
        "a mirror push deletes what is not here, and the protected branch `{short}` is not here"
    );
    let suggestion =
        format!("`git fetch`, then `git branch {short} <its commit>`; or push by name");
    Some(finding(name.as_bstr(), "mirror", &message, &suggestion, effect))
}

fn finding(target: &BStr, rule: &str, message: &str, suggestion: &str, effect: Effect) -> Finding {
    Finding {
        gate: Gate::ProtectedBranch,
        rule: rule.to_owned(),
        class: Class::new("repository/protected-branch"),
        severity: Severity::Critical,
        effect,
        place: Some(Location {
            kind: LocationKind::Ref(target.into()),
            line: 0,
            column: 0,
            end_line: 0,
        }),
        anchor: String::new(),
        message: message.to_owned(),
        suggestion: suggestion.to_owned(),
    }
}

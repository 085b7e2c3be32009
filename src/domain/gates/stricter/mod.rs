//! The stricter of two policies, gate by gate: what arrives at a branch is checked against the
//! policy of that branch and the one of the default branch, so that neither weakens the other.

#[cfg(test)]
mod tests;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::gate_settings::{GateLevel, GateSettings};
use crate::domain::policy::settings::Policy;

/// How much of the default branch's policy counts beside a branch's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// Every gate and command: for protected branches.
    Whole,
    /// Secrets, sensitive files, conflict markers and rules alone: newer commands and advice of the
    /// default branch do not run on older work.
    Guards,
}

/// Combines two policies into one that lets pass only what both let pass.
///
/// A gate that one of them switched off is the other's. Else its level is the higher, its limits are
/// the smaller, and its allow lists hold what both allow. Protected branches, rules and commands are
/// those of both. What has no order (agents, the watcher, budgets) is the default branch's with
/// [`Extent::Whole`] and the branch's own with [`Extent::Guards`].
pub fn stricter(
    own: &EffectivePolicy,
    default: &EffectivePolicy,
    extent: Extent,
) -> EffectivePolicy {
    if own.hash == default.hash {
        return own.clone();
    }
    let (mine, theirs) = (&own.policy.gates, &default.policy.gates);
    let base = match extent {
        Extent::Whole => default,
        Extent::Guards => own,
    };
    let (mut policy, asked_of_sandbox) = (base.policy.clone(), base.asked_of_sandbox.clone());
    policy.protect.branches = union(&own.policy.protect.branches, &default.policy.protect.branches);
    if extent == Extent::Whole {
        policy.gates = advice(mine, theirs);
        policy.commands = commands(&own.policy, &default.policy);
    }
    guards(&mut policy.gates, mine, theirs);
    let has_secret_gates = |gates: &GateSettings| {
        gates.secrets.level.max(gates.sensitive_files.level) > GateLevel::Off
    };
    let allow = match (has_secret_gates(mine), has_secret_gates(theirs)) {
        (true, true) => own.allow.and(&default.allow),
        (true, false) => own.allow.clone(),
        (false, _) => default.allow.clone(),
    };
    let rules = match (mine.constitution.level, theirs.constitution.level) {
        (GateLevel::Off, _) => default.rules.clone(),
        (_, GateLevel::Off) => own.rules.clone(),
        _ => own.rules.and(&default.rules),
    };
    let mut findings = own.findings.clone();
    findings.extend(default.findings.iter().filter(|f| !own.findings.contains(f)).cloned());
    let both = |own: &str, default: &str| {
        shortened(blake3::hash(format!("{extent:?} {own} {default}").as_bytes()))
    };
    // What only one of them leaves to the user is made up for by the other.
    let mut weakened_by_user = own.weakened_by_user.clone();
    weakened_by_user.retain(|setting| default.weakened_by_user.contains(setting));
    EffectivePolicy {
        policy,
        allow,
        rules,
        findings,
        tree: None,
        weakened_by_user,
        asked_of_sandbox,
        hash: both(&own.hash, &default.hash),
        lasting_hash: both(&own.lasting_hash, &default.lasting_hash),
    }
}

/// The policy for a history that begins on the side that receives, where no policy is known yet: the
/// pushed tip's own. Only its guards and its commands can stop the push, because messages and sizes
/// of commits from before the policy cannot be mended any more.
pub fn of_first_push(tip: &EffectivePolicy) -> EffectivePolicy {
    let mut first = tip.clone();
    let gates = &mut first.policy.gates;
    for level in [
        &mut gates.large_files.level,
        &mut gates.case_conflict.level,
        &mut gates.commit_message.level,
        &mut gates.scope.level,
        &mut gates.governance.level,
    ] {
        *level = (*level).min(GateLevel::Warn);
    }
    first.hash = shortened(blake3::hash(format!("first {}", tip.hash).as_bytes()));
    first
}

/// As long as the hash of a policy that was read: see [`EffectivePolicy::hash`].
fn shortened(hash: blake3::Hash) -> String {
    hash.to_hex()[..32].to_owned()
}

/// The gates whose findings are about what a file holds and that hold everywhere.
fn guards(gates: &mut GateSettings, own: &GateSettings, default: &GateSettings) {
    gates.protected_branch.level = own.protected_branch.level.max(default.protected_branch.level);
    gates.secrets = match (own.secrets.level, default.secrets.level) {
        (GateLevel::Off, _) => default.secrets.clone(),
        (_, GateLevel::Off) => own.secrets.clone(),
        (mine, theirs) => {
            let mut secrets = default.secrets.clone();
            secrets.level = mine.max(theirs);
            secrets.generic = own.secrets.generic.max(default.secrets.generic);
            // The lists that count are in `EffectivePolicy::allow`; these are shown to people.
            secrets.allow.retain(|known| own.secrets.allow.contains(known));
            secrets.allow_paths.retain(|glob| own.secrets.allow_paths.contains(glob));
            secrets
        }
    };
    gates.sensitive_files.level = own.sensitive_files.level.max(default.sensitive_files.level);
    gates.conflict_markers = match (own.conflict_markers.level, default.conflict_markers.level) {
        (GateLevel::Off, _) => default.conflict_markers.clone(),
        (_, GateLevel::Off) => own.conflict_markers.clone(),
        (mine, theirs) => {
            let mut markers = default.conflict_markers.clone();
            markers.level = mine.max(theirs);
            // A glob of one list alone may allow what the other does not.
            markers.allow_paths.retain(|glob| own.conflict_markers.allow_paths.contains(glob));
            markers
        }
    };
    gates.constitution.level = own.constitution.level.max(default.constitution.level);
}

/// The other gates, each the stricter.
fn advice(own: &GateSettings, default: &GateSettings) -> GateSettings {
    let mut gates = default.clone();
    gates.large_files = match (own.large_files.level, default.large_files.level) {
        (GateLevel::Off, _) => default.large_files.clone(),
        (_, GateLevel::Off) => own.large_files.clone(),
        (mine, theirs) => {
            let mut both = default.large_files.clone();
            both.level = mine.max(theirs);
            both.max = own.large_files.max.min(default.large_files.max);
            both
        }
    };
    gates.commit_message = match (own.commit_message.level, default.commit_message.level) {
        (GateLevel::Off, _) => default.commit_message.clone(),
        (_, GateLevel::Off) => own.commit_message.clone(),
        (mine, theirs) => {
            let mut both = default.commit_message.clone();
            both.level = mine.max(theirs);
            both.types.retain(|word| own.commit_message.types.contains(word));
            both.subject_max = own.commit_message.subject_max.min(both.subject_max);
            both
        }
    };
    gates.scope = match (own.scope.level, default.scope.level) {
        (GateLevel::Off, _) => default.scope.clone(),
        (_, GateLevel::Off) => own.scope.clone(),
        (mine, theirs) => {
            let mut both = default.scope.clone();
            both.level = mine.max(theirs);
            both.files = own.scope.files.min(both.files);
            both.lines = own.scope.lines.min(both.lines);
            // A glob of one list alone may allow what the other does not.
            both.exempt.retain(|glob| own.scope.exempt.contains(glob));
            both
        }
    };
    gates.case_conflict.level = own.case_conflict.level.max(default.case_conflict.level);
    gates.governance.level = own.governance.level.max(default.governance.level);
    gates.commands.level = own.commands.level.max(default.commands.level);
    gates
}

fn commands(own: &Policy, default: &Policy) -> Vec<CommandGate> {
    let of = |policy: &Policy| match policy.gates.commands.level {
        GateLevel::Off => Vec::new(),
        GateLevel::Warn | GateLevel::Block => policy.commands.clone(),
    };
    let mut all = of(own);
    for command in of(default) {
        if !all.contains(&command) {
            all.push(command);
        }
    }
    all
}

fn union(one: &[String], other: &[String]) -> Vec<String> {
    let mut all = one.to_vec();
    all.extend(other.iter().filter(|item| !one.contains(item)).cloned());
    all
}

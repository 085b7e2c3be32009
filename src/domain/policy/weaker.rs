//! What of one policy guards less than another.

use crate::domain::model::gate::Gate;
use crate::domain::policy::gate_settings::GateSettings;
use crate::domain::policy::settings::Policy;

/// The keys below `gates` and `protect` whose value in `policy` lets more pass than that in `than`.
pub fn weaker_keys(policy: &Policy, than: &Policy) -> Vec<String> {
    let (gates, than_gates) = (&policy.gates, &than.gates);
    let level = |gates: &GateSettings, gate| gates.clone().level_of(gate).copied();
    let mut keys: Vec<String> = Gate::OF_CHANGES
        .into_iter()
        .filter(|gate| level(gates, *gate) < level(than_gates, *gate))
        .map(|gate| format!("gates.{gate}.level"))
        .collect();
    let lacks = |list: &[String], of: &[String]| of.iter().any(|item| !list.contains(item));
    let (secrets, than_secrets) = (&gates.secrets, &than_gates.secrets);
    let (message, than_message) = (&gates.commit_message, &than_gates.commit_message);
    let rows = [
        ("protect.branches", lacks(&policy.protect.branches, &than.protect.branches)),
        ("gates.secrets.generic", secrets.generic < than_secrets.generic),
        ("gates.secrets.allow-paths", lacks(&than_secrets.allow_paths, &secrets.allow_paths)),
        ("gates.secrets.allow", lacks(&than_secrets.allow, &secrets.allow)),
        ("gates.large-files.max", gates.large_files.max > than_gates.large_files.max),
        ("gates.commit-message.types", lacks(&than_message.types, &message.types)),
        ("gates.commit-message.subject-max", message.subject_max > than_message.subject_max),
        ("gates.scope.files", gates.scope.files > than_gates.scope.files),
        ("gates.scope.lines", gates.scope.lines > than_gates.scope.lines),
        ("gates.scope.exempt", lacks(&than_gates.scope.exempt, &gates.scope.exempt)),
    ];
    keys.extend(rows.into_iter().filter(|(_, is)| *is).map(|(key, _)| key.to_owned()));
    keys
}

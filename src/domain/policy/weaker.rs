//! What of one policy guards less than another.

use crate::domain::model::gate::Gate;
use crate::domain::policy::gate_settings::{GateLevel, GateSettings};
use crate::domain::policy::settings::Policy;

/// The keys below `gates` and `protect` whose value in `policy` lets more pass than that in `than`. What a
/// gate that is off is set to lets nothing more pass.
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
    let (markers, than_markers) = (&gates.conflict_markers, &than_gates.conflict_markers);
    let (message, than_message) = (&gates.commit_message, &than_gates.commit_message);
    let rows = [
        ("protect.branches", lacks(&policy.protect.branches, &than.protect.branches)),
        ("gates.secrets.generic", secrets.generic < than_secrets.generic),
        ("gates.secrets.allow-paths", lacks(&than_secrets.allow_paths, &secrets.allow_paths)),
        ("gates.secrets.allow", lacks(&than_secrets.allow, &secrets.allow)),
        (
            "gates.conflict-markers.allow-paths",
            lacks(&than_markers.allow_paths, &markers.allow_paths),
        ),
        ("gates.large-files.max", gates.large_files.max > than_gates.large_files.max),
        ("gates.commit-message.types", lacks(&than_message.types, &message.types)),
        ("gates.commit-message.subject-max", message.subject_max > than_message.subject_max),
        ("gates.scope.files", gates.scope.files > than_gates.scope.files),
        ("gates.scope.lines", gates.scope.lines > than_gates.scope.lines),
        ("gates.scope.exempt", lacks(&than_gates.scope.exempt, &gates.scope.exempt)),
    ];
    let is_on = |key: &str| {
        let gate = Gate::OF_CHANGES.into_iter().find(|gate| {
            key.strip_prefix("gates.").is_some_and(|key| key.starts_with(&format!("{gate}.")))
        });
        gate.is_none_or(|gate| level(gates, gate) != Some(GateLevel::Off))
    };
    let weaker = rows.into_iter().filter(|(key, is)| *is && is_on(key));
    keys.extend(weaker.map(|(key, _)| key.to_owned()));
    keys
}

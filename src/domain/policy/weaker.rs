//! What of one policy guards less than another.

use crate::domain::model::gate::Gate;
use crate::domain::policy::agent_settings::RouteChoice;
use crate::domain::policy::gate_settings::{GateLevel, GateSettings};
use crate::domain::policy::review_settings::{ON_FAILURE, PrePush};
use crate::domain::policy::settings::Policy;

/// The keys by which `policy` lets more pass at a push of what reviews say than `than` does.
pub fn weaker_reviews(policy: &Policy, than: &Policy) -> Vec<String> {
    let strictness = |policy: &Policy| match policy.review.pre_push {
        PrePush::Off => 0,
        PrePush::AskLater => 1,
        PrePush::Warn => 2,
        PrePush::Ratchet => 3,
        PrePush::Block => 4,
    };
    let (review, than_review) = (&policy.review, &than.review);
    let lacks = |list: &[String], of: &[String]| of.iter().any(|item| !list.contains(item));
    let rows = [
        (
            "agents.route",
            policy.agents.route != than.agents.route && policy.agents.route == RouteChoice::C,
        ),
        ("review.pre-push", strictness(policy) < strictness(than)),
        (
            ON_FAILURE,
            review.on_failure != than_review.on_failure
                && !review.refuses_unreviewed()
                && than_review.refuses_unreviewed(),
        ),
        ("review.ratchet", review.ratchet > than_review.ratchet),
        ("review.highs", review.highs > than_review.highs),
        ("review.leave-out", lacks(&than_review.leave_out, &review.leave_out)),
        ("review.spec", review.spec < than_review.spec),
    ];
    rows.into_iter().filter(|(_, is_weaker)| *is_weaker).map(|(key, _)| key.to_owned()).collect()
}

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

//! The policy that one evaluation runs under.

use std::fmt::Write as _;

use bstr::BString;

use crate::domain::gates::constitution::Rules;
use crate::domain::gates::policy_files::{PolicyFiles, PolicyProblem};
use crate::domain::gates::secrets::baseline_file;
use crate::domain::gates::secrets::gate::AllowedSecrets;
use crate::domain::model::change::FileChange;
use crate::domain::model::finding::Finding;
use crate::domain::model::oid::Oid;
use crate::domain::policy::layers::Resolved;
use crate::domain::policy::settings::Policy;

/// The policy of one evaluation, read from the base of the change.
#[derive(Clone)]
pub struct EffectivePolicy {
    pub policy: Policy,
    /// The secrets that are known and accepted: by policy, and by the baseline.
    pub allow: AllowedSecrets,
    /// The rules in force that speak of the changed paths.
    pub rules: Rules,
    /// Problems of the policy itself, such as a `tribunal.toml` in the base that cannot be read: the
    /// defaults hold instead, and it is said.
    pub findings: Vec<Finding>,
    /// The tree that it was read from; `None` for one that is put together of several, and where there is none.
    pub tree: Option<Oid>,
    /// See [`Resolved::weakened_by_user`].
    pub weakened_by_user: Vec<String>,
    /// See [`Resolved::asked_of_sandbox`].
    pub asked_of_sandbox: Vec<String>,
    /// Says which policy this is: equal for equal settings, allow lists, baseline and rules, read by
    /// the same version of the program. 32 hexadecimal digits.
    pub hash: String,
    /// The same, whichever version of the program read it: for what goes on after an upgrade.
    pub lasting_hash: String,
}

impl EffectivePolicy {
    /// Puts a policy together from its settings and files, with the rules that cover any of these changes
    /// (`None`: all rules). Whatever cannot be used is left out, and a finding names it.
    pub fn new(resolved: Resolved, files: PolicyFiles, covered: Option<&[FileChange]>) -> Self {
        let policy = resolved.policy;
        let mut problems: Vec<PolicyProblem> =
            resolved.problems.iter().map(PolicyProblem::from).collect();
        problems.extend(files.baseline_problems());
        let paths = policy.gates.secrets.allow_paths.iter().map(String::as_str);
        let known = policy.gates.secrets.allow.iter().map(String::as_str);
        let secrets: Vec<&str> = known.chain(baseline_file::entries(&files.baseline)).collect();
        // The globs were checked where they were read; of a list that is of no use all the same nothing
        // is allowed.
        let allow = AllowedSecrets::new(paths, secrets).unwrap_or_default();
        let parsed = files.parsed_rules();
        let (rules, errors) = Rules::compile(parsed.rules, covered);
        problems.extend(parsed.errors.iter().chain(&errors).map(PolicyProblem::from));
        problems.splice(0..0, files.problems);
        let hash_for = |version| hash_of(&policy, &files.baseline, &files.rules, version);
        let (hash, lasting_hash) = (hash_for(env!("CARGO_PKG_VERSION")), hash_for(""));
        let findings = problems.iter().map(PolicyProblem::of_base).collect();
        let Resolved { weakened_by_user, asked_of_sandbox, .. } = resolved;
        Self {
            policy,
            allow,
            rules,
            findings,
            tree: None,
            weakened_by_user,
            asked_of_sandbox,
            hash,
            lasting_hash,
        }
    }
}

/// Computes [`EffectivePolicy::hash`]: which layer gave a setting does not matter.
fn hash_of(
    policy: &Policy,
    baseline: &[u8],
    rules: &[(BString, Vec<u8>)],
    version: &str,
) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut settings = format!("{:?}{:?}{:?}", policy.protect, policy.gates, policy.commands);
    if !policy.classes.is_empty() {
        // Whether a rule can be read depends on them.
        let _infallible = write!(settings, "{:?}", policy.classes);
    }
    let rules = rules.iter().flat_map(|(path, content)| [path.as_slice(), content]);
    for part in [version.as_bytes(), settings.as_bytes(), baseline].into_iter().chain(rules) {
        hasher.update(&part.len().to_le_bytes()).update(part);
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

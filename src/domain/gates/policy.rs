//! The policy that one evaluation runs under.

use crate::domain::gates::constitution::Rules;
use crate::domain::gates::secrets::gate::AllowedSecrets;
use crate::domain::model::finding::Finding;
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
    /// Says which policy this is: equal for equal settings, allow lists, baseline and rules, read by
    /// the same version of the program. 32 hexadecimal digits.
    pub hash: String,
}

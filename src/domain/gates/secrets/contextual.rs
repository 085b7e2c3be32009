//! The kinds of secrets that are known by where they stand.

use crate::domain::gates::secrets::tier::SecretTier;

/// A kind of secret, for documents and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretDescription {
    pub rule: &'static str,
    pub tier: SecretTier,
    pub description: &'static str,
}

/// The kinds of secrets that are known by where they stand.
pub const CONTEXTUAL: [SecretDescription; 18] = [
    described("private-key", SecretTier::Provider, "private key"),
    described("putty-private-key", SecretTier::Provider, "PuTTY private key"),
    described("json-web-key", SecretTier::Provider, "private JSON web key"),
    described("url-password", SecretTier::Provider, "password in a URL"),
    described("url-plain-password", SecretTier::Generic, "password in a URL"),
    described(
        "authorization-header",
        SecretTier::Provider,
        "credential in an authorization header",
    ),
    described("authorization-value", SecretTier::Generic, "credential in an authorization header"),
    described("command-password", SecretTier::Provider, "password on a command line"),
    described("command-plain-password", SecretTier::Generic, "password on a command line"),
    described("netrc-password", SecretTier::Provider, "password in a netrc file"),
    described("pgpass-password", SecretTier::Provider, "password in a pgpass file"),
    described("aws-secret-access-key", SecretTier::Provider, "AWS secret access key"),
    described("azure-account-key", SecretTier::Provider, "Azure account key"),
    described("framework-key", SecretTier::Provider, "application or signing key"),
    described("service-key", SecretTier::Provider, "key or token of a named service"),
    described("generic-secret", SecretTier::Generic, "value that looks like a key or token"),
    described("generic-password", SecretTier::Generic, "value that looks like a password"),
    described("registry-auth", SecretTier::Provider, "credential of a package or image registry"),
];

const fn described(
    rule: &'static str,
    tier: SecretTier,
    description: &'static str,
) -> SecretDescription {
    SecretDescription { rule, tier, description }
}

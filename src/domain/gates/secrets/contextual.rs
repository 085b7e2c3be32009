//! The kinds of secrets that are known by where they stand.

use crate::domain::gates::secrets::tier::Tier;

/// A kind of secret, for documents and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    pub rule: &'static str,
    pub tier: Tier,
    pub description: &'static str,
}

/// The kinds of secrets that are known by where they stand.
pub const CONTEXTUAL: [Described; 18] = [
    described("private-key", Tier::Provider, "private key"),
    described("putty-private-key", Tier::Provider, "PuTTY private key"),
    described("json-web-key", Tier::Provider, "private JSON web key"),
    described("url-password", Tier::Provider, "password in a URL"),
    described("url-plain-password", Tier::Generic, "password in a URL"),
    described("authorization-header", Tier::Provider, "credential in an authorization header"),
    described("authorization-value", Tier::Generic, "credential in an authorization header"),
    described("command-password", Tier::Provider, "password on a command line"),
    described("command-plain-password", Tier::Generic, "password on a command line"),
    described("netrc-password", Tier::Provider, "password in a netrc file"),
    described("pgpass-password", Tier::Provider, "password in a pgpass file"),
    described("aws-secret-access-key", Tier::Provider, "AWS secret access key"),
    described("azure-account-key", Tier::Provider, "Azure account key"),
    described("framework-key", Tier::Provider, "application or signing key"),
    described("service-key", Tier::Provider, "key or token of a named service"),
    described("generic-secret", Tier::Generic, "value that looks like a key or token"),
    described("generic-password", Tier::Generic, "value that looks like a password"),
    described("registry-auth", Tier::Provider, "credential of a package or image registry"),
];

const fn described(rule: &'static str, tier: Tier, description: &'static str) -> Described {
    Described { rule, tier, description }
}

//! How sure a rule is.

/// How sure a rule is, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretTier {
    /// It looks like a secret in its context: it warns.
    Generic,
    /// It is in the form of a known issuer, or surely a key: it blocks.
    Provider,
}

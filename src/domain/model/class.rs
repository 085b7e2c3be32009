//! The class of a finding: what makes two findings the same mistake.

use serde::{Deserialize, Serialize};

/// `topic/name` from a closed list, or `other/<slug>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Class(String);

/// The closed list: a class and what it asks for, as a sentence that can head a rule.
///
/// Matters of style are out: a formatter settles them. The list is meant for the mistakes that
/// reviewers of different tools and languages name alike.
pub const LISTED: [(&str, &str); 71] = [
    ("api/breaking-change", "keep published interfaces compatible, or announce the break"),
    ("api/deprecated-use", "call no deprecated interface"),
    ("api/inconsistent-contract", "let one operation behave alike wherever it is offered"),
    ("api/incorrect-use", "call libraries as their documentation asks"),
    ("api/leaky-abstraction", "keep internals out of public interfaces"),
    ("build/command-failed", "commit what builds and passes its own checks"),
    ("concurrency/async-blocking", "block no thread inside async code"),
    ("concurrency/data-race", "guard state that several threads or processes share"),
    ("concurrency/deadlock", "take locks in one order and hold none while waiting"),
    ("concurrency/non-atomic-update", "check and change shared state in one atomic step"),
    ("concurrency/unawaited-task", "await or supervise every task that is started"),
    ("configuration/hard-coded-value", "take what differs between places from configuration"),
    ("configuration/unsafe-default", "make the default the safe choice"),
    (
        "configuration/unvalidated-setting",
        "check settings when they are read and say what is wrong",
    ),
    ("correctness/dead-code", "leave no code that cannot run or is not used"),
    (
        "correctness/floating-point",
        "compare and round numbers with the error of their type in mind",
    ),
    ("correctness/incomplete-change", "change every place that a change concerns"),
    ("correctness/integer-overflow", "check arithmetic and narrowing casts on values from outside"),
    ("correctness/off-by-one", "get bounds and indices right at both ends"),
    ("correctness/time-and-zone", "treat clocks, time zones and calendars with care"),
    ("correctness/type-confusion", "compare and convert values of the right type"),
    ("correctness/unhandled-case", "handle every case of a choice"),
    ("correctness/wrong-condition", "make conditions say what is meant"),
    ("correctness/wrong-value", "use the variable, constant or field that is meant"),
    ("data/encoding", "say and check the encoding of text"),
    ("data/migration", "make migrations reversible and safe to run again"),
    ("data/partial-write", "write data whole or not at all"),
    ("data/schema-mismatch", "keep code and stored or sent formats in step"),
    ("data/unbounded-query", "bound and page what is read from a store"),
    ("dependency/unpinned", "pin what is depended on"),
    ("dependency/unused", "depend only on what is used"),
    ("dependency/vulnerable", "depend on no version with a known vulnerability"),
    ("documentation/missing", "document what others call"),
    ("documentation/outdated", "keep documentation and comments true"),
    ("error-handling/lost-context", "say in an error what failed, on what, and why"),
    ("error-handling/missing-timeout", "give every wait and remote call a deadline"),
    ("error-handling/panic", "return an error instead of panicking"),
    (
        "error-handling/swallowed-error",
        "catch only what can be handled, and log or pass on the rest",
    ),
    ("error-handling/unchecked-result", "return or handle the error of every call"),
    ("error-handling/wrong-retry", "retry only what may be repeated, with a limit and a pause"),
    ("governance/rule-change", "change the policy in a commit of its own"),
    ("input-validation/missing-check", "check input from outside before it is used"),
    ("input-validation/null-value", "expect absent values where they can be absent"),
    ("input-validation/unbounded-input", "limit the size of what is read from outside"),
    ("observability/missing-log", "log what an operator needs to know"),
    ("observability/noisy-output", "leave no debugging output behind"),
    ("observability/wrong-metric", "name, tag and count metrics consistently"),
    ("performance/inefficient-algorithm", "do no work that grows faster than its input needs"),
    ("performance/redundant-work", "compute and fetch nothing twice, copy nothing needlessly"),
    ("performance/repeated-query", "fetch in one query what belongs together"),
    ("repository/case-conflict", "let names differ in more than case"),
    ("repository/commit-message", "say in the agreed form what a commit changes"),
    ("repository/conflict-marker", "resolve every conflict before committing"),
    ("repository/large-file", "keep large files out of the history"),
    ("repository/protected-branch", "move protected branches forward only"),
    ("repository/scope", "let one change do one thing"),
    ("resource/leak", "release what is opened, on every path"),
    ("resource/unbounded-growth", "bound every cache, queue and buffer"),
    ("resource/use-after-release", "use nothing after it was closed or freed"),
    ("security/access-control", "check that the caller may do it, at every entry"),
    ("security/code-injection", "never run or query text that is built from input"),
    ("security/cross-site-scripting", "escape what is put into a page"),
    ("security/exposed-secret", "keep secrets out of code, logs and messages"),
    ("security/path-traversal", "keep paths from outside inside their folder"),
    ("security/prompt-injection", "give no text that orders a model what to do"),
    ("security/unsafe-deserialization", "decode untrusted data only with safe decoders"),
    ("security/unsafe-memory", "state and keep the invariants of memory-unsafe code"),
    ("security/weak-cryptography", "use current algorithms and good random numbers"),
    ("testing/flaky", "let tests depend on no clock, order or network"),
    ("testing/missing-test", "test new behaviour, its edges and its errors"),
    ("testing/weak-assertion", "assert what matters, so that a test can fail"),
];

/// The longest slug of an `other/<slug>` class, in bytes.
const SLUG_BYTES_MAX: usize = 60;

impl Class {
    /// Takes a class as a gate, a tool or a person wrote it; what is not in the list becomes
    /// `other/<slug>`. A listed name without its topic is enough where it is plain.
    pub fn new(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        if let Some((topic, name)) = text.split_once('/') {
            let (topic, name) = (slug(topic), slug(name));
            let joined = format!("{topic}/{name}");
            if listed(&joined).is_some() {
                return Self(joined);
            }
            if topic == "other" {
                return Self::other(&name);
            }
        }
        let wanted = slug(&text);
        let by_name = |(class, _): &&(&str, &str)| class.rsplit('/').next() == Some(&wanted);
        match LISTED.iter().find(by_name) {
            Some((class, _)) => Self((*class).to_owned()),
            None => Self::other(&wanted),
        }
    }

    /// Takes a class as it is on record or was named: one of the list, `other/<slug>`, or one that a
    /// repository added to the list.
    pub fn named(text: &str) -> Self {
        let class = Self::new(text);
        let name = text.trim().to_lowercase();
        if class.is_other() && Self::is_own_name(&name) { Self(name) } else { class }
    }

    /// Whether a text is the name of a class that a repository may add: `topic/name`, and the topic is not
    /// `other`.
    pub fn is_own_name(text: &str) -> bool {
        let is_slug = |part: &str| !part.is_empty() && slug(part) == part;
        text.split_once('/')
            .is_some_and(|(topic, name)| topic != "other" && is_slug(topic) && is_slug(name))
    }

    /// The class of what a linter reports under a rule id, where that is plain; otherwise
    /// `other/<tool>-<rule>`.
    pub fn from_tool_rule(tool: &str, rule: &str) -> Self {
        let tool = slug(tool.split(['/', ' ']).next().unwrap_or(tool));
        // `clippy::unwrap_used` names its tool itself, `@typescript-eslint/no-floating-promises`
        // its plug-in.
        let bare = rule.rsplit("::").next().unwrap_or(rule).trim();
        let family = if rule.starts_with("clippy::") { "clippy" } else { &tool };
        match crate::domain::model::class_rules::of_rule(family, bare) {
            Some(class) => Self(class.to_owned()),
            None => Self::other(&format!("{family} {bare}")),
        }
    }

    /// The whole name, `topic/name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the slash: the constitution's topic file.
    pub fn topic(&self) -> &str {
        self.0.split('/').next().unwrap_or("other")
    }

    /// The part after the slash.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(_, name)| name)
    }

    /// Whether it is an `other/<slug>`, which only likeness of text can compare.
    pub fn is_other(&self) -> bool {
        self.topic() == "other"
    }

    /// What the class asks for, lower case, without a full stop; `None` for an `other/<slug>`.
    pub fn demand(&self) -> Option<&'static str> {
        listed(&self.0)
    }

    fn other(text: &str) -> Self {
        let slug = slug(text);
        Self(format!("other/{}", if slug.is_empty() { "unnamed" } else { &slug }))
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn listed(class: &str) -> Option<&'static str> {
    LISTED.iter().find(|(name, _)| *name == class).map(|(_, demand)| *demand)
}

/// Lower-case ASCII words joined by hyphens, cut to [`SLUG_BYTES_MAX`].
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == SLUG_BYTES_MAX {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

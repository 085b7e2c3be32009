//! The kind of value that a name announces.

/// What kind of value a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    Password,
    Secret,
    Token,
    /// `api_key`, `access_key`, `encryption_key`: a key that opens something.
    Key,
    /// `auth`, `credentials`, `login`.
    Auth,
    /// Any other `…key`: most of them name a place in a map.
    SomeKey,
}

/// Words before `key` that make it one that opens something.
const OPENING: &[&str] = &[
    "access",
    "account",
    "admin",
    "aes",
    "api",
    "app",
    "application",
    "auth",
    "client",
    "consumer",
    "crypto",
    "decryption",
    "deploy",
    "deployer",
    "dev",
    "developer",
    "encrypt",
    "encryption",
    "generated",
    "hmac",
    "host",
    "ingest",
    "insert",
    "integration",
    "jwt",
    "licence",
    "license",
    "live",
    "machine",
    "master",
    "org",
    "personal",
    "platform",
    "private",
    "prod",
    "production",
    "query",
    "rest",
    "rsa",
    "secret",
    "security",
    "server",
    "service",
    "session",
    "shared",
    "sign",
    "signing",
    "storage",
    "subscription",
    "token",
    "user",
    "validation",
    "wallet",
    "web",
    "webhook",
    "write",
];

/// Last words after which the value is about a secret, and none itself.
const ABOUT: &[&str] = &[
    "id",
    "ids",
    "name",
    "names",
    "path",
    "file",
    "filename",
    "url",
    "uri",
    "endpoint",
    "length",
    "len",
    "size",
    "type",
    "version",
    "format",
    "expiry",
    "expires",
    "expiration",
    "ttl",
    "timeout",
    "count",
    "hint",
    "field",
    "label",
    "title",
    "message",
    "error",
    "policy",
    "prefix",
    "suffix",
    "header",
    "regex",
    "pattern",
    "hash",
    "digest",
    "checksum",
    "fingerprint",
    "arn",
    "alias",
    "ref",
    "algorithm",
    "alg",
    "index",
    "placeholder",
    "enabled",
    "validity",
    "domain",
    "port",
    "username",
    "email",
    "provider",
    "mode",
    "author",
    "class",
    "tooltip",
    "text",
    "description",
    "icon",
    "input",
    "env",
    "var",
    "variable",
    "schema",
    "scope",
    "scopes",
    "store",
    "vault",
    "dir",
    "location",
    "selector",
    "column",
    "table",
    "event",
    "code",
    "codes",
    "sid",
    "pub",
    "public",
    "cert",
    "certificate",
    "digests",
    "date",
    "time",
    "at",
    "by",
    "api",
    "accessor",
    "integrity",
];

/// Words before `token` that make it a mark of progress or of one request.
const TURNS: &[&str] = &[
    "change",
    "lock",
    "next",
    "update",
    "page",
    "pagination",
    "continuation",
    "verification",
    "request",
    "idempotency",
    "product",
    "sync",
    "resume",
    "delta",
    "cursor",
    "csrf",
    "xsrf",
    "stop",
    "cancellation",
    "cancel",
    "start",
    "starting",
    "marker",
    "public",
    "key",
    "design",
    "unique",
    "push",
    "device",
    "type",
];

/// Words that make a key a name in a map, a table or on a keyboard.
const PLACES: &[&str] = &[
    "public",
    "primary",
    "foreign",
    "partition",
    "sort",
    "cache",
    "range",
    "idempotency",
    "idempotent",
    "translation",
    "i18n",
    "row",
    "group",
    "object",
    "unique",
    "hash",
    "lookup",
    "map",
    "routing",
    "dedup",
    "dedupe",
    "hot",
    "shortcut",
    "short",
    "keyboard",
    "react",
    "index",
    "natural",
    "composite",
    "surrogate",
    "candidate",
    "next",
    "page",
    "pagination",
    "continuation",
    "cursor",
    "csrf",
    "xsrf",
    "token_type",
    "push",
    "site",
    "pub",
    "tokenization",
    "node",
    "sequence",
    "commit",
    "checkout",
    "revision",
    "registration_type",
    "pkg",
    "package",
    "accessor",
    "trace",
    "span",
    "request",
    "correlation",
    "salt",
    "nonce",
];

/// The words of a name, in lower case: `weatherApiKey`, `WEATHER_API_KEY` and `weather.api-key` are
/// three.
pub fn words(name: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut inside = false;
    for (at, &byte) in name.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            inside = false;
            continue;
        }
        let before = at.checked_sub(1).map_or(b' ', |at| name[at]);
        let after = name.get(at + 1).copied().unwrap_or(b' ');
        let hump = byte.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || before.is_ascii_uppercase() && after.is_ascii_lowercase());
        let part = char::from(byte.to_ascii_lowercase());
        match words.last_mut() {
            Some(word) if inside && !hump => word.push(part),
            _ => words.push(part.to_string()),
        }
        inside = true;
    }
    words
}

/// The kind of value that a name of these words holds; `None` where it holds no secret.
pub fn kind(words: &[String]) -> Option<NameKind> {
    let last = words.iter().rposition(|word| !is_addition(word))?;
    let words = &words[..=last];
    let last = words[last].as_str();
    if ABOUT.contains(&last)
        || words.iter().any(|word| PLACES.contains(&word.as_str())) && !last.ends_with("secret")
    {
        return None;
    }
    let before = words.len().checked_sub(2).map_or("", |at| words[at].as_str());
    let ends = |endings: &[&str]| endings.iter().any(|ending| last.ends_with(ending));
    if ends(&[
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "passcode",
        "userpass",
        "dbpass",
        "psswd",
        "passwort",
    ]) || matches!(last, "pass" | "pw" | "smtppass" | "mysqlpass" | "userpwd")
    {
        return Some(NameKind::Password);
    }
    if ends(&["secret"]) || last == "base" && before == "key" {
        return Some(NameKind::Secret);
    }
    if last.starts_with("token") && TURNS.contains(&before) {
        return None;
    }
    if ends(&["token", "jwt"])
        || matches!(last, "pat" | "bearer" | "oauth" | "tokens" | "authorization")
    {
        return Some(NameKind::Token);
    }
    let keyish = [
        "apikey",
        "secretkey",
        "accesskey",
        "privatekey",
        "authkey",
        "licensekey",
        "accountkey",
        "appkey",
    ];
    if ends(&keyish) || matches!(last, "key" | "keys") && OPENING.contains(&before) {
        return Some(NameKind::Key);
    }
    if ends(&["auth", "authorization", "credential", "credentials", "creds"]) || last == "login" {
        return Some(NameKind::Auth);
    }
    (last.ends_with("key") && !matches!(last, "monkey" | "turkey" | "hotkey" | "passkey"))
        .then_some(NameKind::SomeKey)
}

/// Words at the end that do not change what is held.
fn is_addition(word: &str) -> bool {
    matches!(
        word,
        "value"
            | "string"
            | "str"
            | "prod"
            | "production"
            | "dev"
            | "live"
            | "staging"
            | "default"
            | "plain"
            | "raw"
            | "b64"
            | "base64"
            | "hex"
            | "v1"
            | "v2"
            | "v3"
            | "v4"
            | "1"
            | "2"
            | "3"
            | "old"
            | "new"
            | "current"
            | "test"
    )
}

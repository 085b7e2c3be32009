//! Whether text may be a chosen password, and not a template for one.

use crate::domain::gates::secrets::random;

/// Words that are no password, wherever they stand as one.
const NO_PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "passw",
    "pass",
    "pwd",
    "secret",
    "user",
    "username",
    "guest",
    "test",
    "tests",
    "testing",
    "admin",
    "administrator",
    "root",
    "postgres",
    "mysql",
    "token",
    "foo",
    "bar",
    "baz",
    "qux",
    "key",
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "string",
    "example",
    "default",
    "hunter2",
    "letmein",
    "qwerty",
    "login",
    "abc123",
    "empty",
    "value",
    "required",
    "optional",
    "hidden",
    "text",
    "private",
    "anonymous",
    "redis",
    "mongo",
    "rabbitmq",
    "demo",
    "dummy",
    "hello",
    "world",
    "wrong",
    "invalid",
    "disabled",
    "enabled",
];

/// Whether text may be a password that somebody chose: more than one kind of byte, and no word
/// that is put where one goes.
pub fn is_password(bytes: &[u8]) -> bool {
    if bytes.len() < 6
        || is_template(bytes)
        || random::is_placeholder(bytes)
        || bytes.contains(&b' ')
    {
        return false;
    }
    let brackets = [(b'[', b']'), (b'(', b')')];
    if brackets.iter().any(|(open, close)| bytes.contains(open) && bytes.contains(close))
        || is_host(bytes)
    {
        return false;
    }
    let lower = bytes.to_ascii_lowercase();
    let core: Vec<u8> = lower.iter().copied().filter(u8::is_ascii_alphabetic).collect();
    if NO_PASSWORDS.iter().any(|word| word.as_bytes() == core) {
        return false;
    }
    for word in [&b"password"[..], b"passwd", b"passwort", b"secret", b"fake", b"test", b"mismatch"]
    {
        if memchr::memmem::find(&lower, word).is_some() {
            return false;
        }
    }
    let digit = bytes.iter().any(u8::is_ascii_digit);
    let letter = !core.is_empty();
    let special = bytes.iter().any(|&b| !b.is_ascii_alphanumeric() && !b"_-./: ".contains(&b));
    letter && (digit || special) && random::distinct(bytes) >= 5 && !is_path(bytes)
        || letter
            && bytes.len() >= 12
            && random::wordiness(bytes, 8).is_some_and(|share| share < 0.45)
        || is_jumbled(bytes)
}

/// Letters alone, in both cases and in an order that no words have.
pub fn is_jumbled(bytes: &[u8]) -> bool {
    bytes.len() >= 10
        && bytes.iter().all(u8::is_ascii_alphabetic)
        && random::turns(bytes) >= 3
        && random::wordiness(bytes, 4).is_some_and(|share| share < 0.5)
}

/// Whether text is filled in later: variables, templates, references to a store of secrets.
pub fn is_template(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\\").filter(|rest| !rest.starts_with(b"x")).unwrap_or(bytes);
    let opens: [&[u8]; 23] = [
        b"$argon2",
        b"$2a$",
        b"$2b$",
        b"$2y$",
        b"$pbkdf2",
        b"\\x",
        b"$",
        b"{",
        b"<",
        b"%",
        b"@",
        b"!",
        b"#{",
        b"op://",
        b"vault:",
        b"ref+",
        b"arn:",
        b"env.",
        b"process.env",
        b"ENC[",
        b"secret:",
        b"!vault",
        b"{{",
    ];
    let inside: [&[u8]; 10] = [
        b"${",
        b"{{",
        b"<%",
        b"$(",
        b"}}",
        b"process.env",
        b"getenv",
        b"secretsmanager",
        b"os.environ",
        b"{0}",
    ];
    let formats: [&[u8]; 4] = [b"%s", b"%d", b"%v", b"%q"];
    let has = |part: &&[u8]| memchr::memmem::find(bytes, part).is_some();
    opens.iter().any(|open| bytes.starts_with(open) && !(open.len() == 1 && is_strange(bytes)))
        || inside.iter().any(has)
        || bytes.len() < 30 && formats.iter().any(has)
}

/// A text that opens with a sign and is still more than a variable's name: three kinds of bytes.
fn is_strange(bytes: &[u8]) -> bool {
    let body = &bytes[1..];
    body.iter().any(u8::is_ascii_digit)
        && body.iter().any(u8::is_ascii_lowercase)
        && body.iter().any(|b| b.is_ascii_punctuation() && !b"_-.}>/:".contains(b))
}

/// A number as programs write it: `0x80090033`, `512u32`.
pub fn is_number(bytes: &[u8]) -> bool {
    bytes.starts_with(b"0x") || bytes.starts_with(b"-") || {
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        digits > 0
            && matches!(
                &bytes[digits..],
                b"" | b"u8" | b"u16" | b"u32" | b"u64" | b"i32" | b"i64" | b"L" | b"UL"
            )
    }
}

/// `host:port`, a name with dots and a number.
fn is_host(bytes: &[u8]) -> bool {
    memchr::memrchr(b':', bytes).is_some_and(|at| {
        let (host, port) = (&bytes[..at], &bytes[at + 1..]);
        !port.is_empty()
            && port.len() <= 5
            && port.iter().all(u8::is_ascii_digit)
            && host
                .iter()
                .all(|&b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
    })
}

fn is_path(bytes: &[u8]) -> bool {
    bytes.contains(&b'/')
        && (bytes.starts_with(b"/") || bytes.starts_with(b"./") || bytes.starts_with(b"~"))
        || memchr::memmem::find(bytes, b"://").is_some()
}

//! Classifies a value by the name it is assigned to: a service's key, a secret, a password.

use crate::domain::gates::secrets::assign::{AssignedValue, Join};
use crate::domain::gates::secrets::name;
use crate::domain::gates::secrets::name::NameKind;
use crate::domain::gates::secrets::password::{is_jumbled, is_number, is_password, is_template};
use crate::domain::gates::secrets::{chars, providers, random};

/// What an assigned value was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    AwsSecret,
    AzureKey,
    FrameworkKey,
    /// A random value under the name of a service that gives out such keys.
    ServiceKey,
    Key,
    Password,
}

/// The surroundings of an assignment.
#[derive(Clone, Copy, Debug)]
pub struct NameContext<'a> {
    pub name: &'a [u8],
    /// What stands before the name on its line.
    pub before: &'a [u8],
    /// The last part of the path.
    pub file: &'a [u8],
    /// What stands around the assignment, beyond its line, and the folders of the path.
    pub around: [&'a [u8]; 3],
}

/// What the value under that name is; `None` for what is no secret.
pub fn classify(place: NameContext<'_>, value: &AssignedValue, bytes: &[u8]) -> Option<SecretKind> {
    if bytes.len() < 6 || bytes.len() > 1024 {
        return None;
    }
    let words = name::words(place.name);
    let kind = name::kind(&words)?;
    if is_template(bytes) || random::is_placeholder(bytes) {
        return None;
    }
    if let Some(verdict) = known_form(&words, kind, bytes) {
        return Some(verdict);
    }
    if kind == NameKind::Password {
        return password(place, value, bytes, &words);
    }
    if !is_token(bytes) || bytes.len() < 12 || !random::is_random(bytes) {
        return None;
    }
    if !value.quoted && is_env_name(bytes) && bytes.contains(&b'_') {
        return None;
    }
    // Keys that are made to be published.
    if bytes.starts_with(b"pk.eyJ") || bytes.starts_with(b"pk_") || bytes.starts_with(b"pub-c-") {
        return None;
    }
    if !value.quoted && is_program(place.file) && !is_env_name(place.name) {
        return None;
    }
    let service = providers::named_in(&words).is_some()
        || providers::named_in(&name::words(tail(place.before, 60))).is_some()
        || providers::named_in(&name::words(place.file)).is_some()
        || place
            .around
            .iter()
            .any(|text| providers::plainly_named_in(&name::words(text)).is_some());
    let wanted = if service { 16 } else { 20 };
    let uuid = random::is_uuid(bytes);
    match (kind, value.join) {
        (NameKind::SomeKey, _) if !service => None,
        (NameKind::Auth, _) if !(service || value.quoted && bytes.len() >= 24) => None,
        (_, Join::Space | Join::Is) if !spaced_name(place, service) || !random::is_mixed(bytes) => {
            None
        }
        (_, Join::Compared) => None,
        (NameKind::Token, _) if uuid && words.iter().any(|word| word == "client") => None,
        _ if uuid && !(value.quoted || uuid_holder(place.name, kind) || service) => None,
        _ if !value.quoted && !random::is_mixed(bytes) => None,
        _ if service && bytes.len() >= wanted => Some(SecretKind::ServiceKey),
        _ if bytes.len() >= wanted
            || value.quoted && bytes.len() >= 16 && random::is_mixed(bytes) =>
        {
            Some(SecretKind::Key)
        }
        _ => None,
    }
}

fn known_form(words: &[String], kind: NameKind, bytes: &[u8]) -> Option<SecretKind> {
    let has = |word: &str| words.iter().any(|w| w == word);
    let base64 = |count: usize| bytes.len() >= count && chars::run(b'b', bytes, count) == count;
    let joined = words.concat();
    if bytes.len() == 40
        && base64(40)
        && random::is_random(bytes)
        && (has("aws")
            || joined.contains("secretaccesskey")
            || joined.contains("secretkey")
                && !bytes.iter().all(u8::is_ascii_hexdigit)
                && bytes.iter().any(|b| b"+/".contains(b)))
    {
        return Some(SecretKind::AwsSecret);
    }
    if bytes.len() == 88
        && base64(86)
        && bytes.ends_with(b"==")
        && matches!(kind, NameKind::Key | NameKind::Secret | NameKind::SomeKey)
    {
        return Some(SecretKind::AzureKey);
    }
    let laravel = joined == "appkey" && bytes.starts_with(b"base64:") && bytes.len() >= 40;
    let rails = (joined.contains("secretkeybase")
        || joined == "secrettoken"
        || joined.ends_with("masterkey"))
        && bytes.len() >= 32
        && bytes.iter().all(u8::is_ascii_hexdigit);
    let django = joined == "secretkey"
        && bytes.len() >= 40
        && random::entropy(bytes) > 4.0
        && !bytes.contains(&b' ');
    let asp = joined.ends_with("validationkey")
        && bytes.len() >= 40
        && bytes.iter().all(u8::is_ascii_hexdigit);
    let wireguard = (joined == "privatekey" || joined == "presharedkey")
        && bytes.len() == 44
        && base64(43)
        && bytes.ends_with(b"=");
    let wallet = joined.ends_with("privatekey") && is_wallet_key(bytes);
    let azure_devops = kind == NameKind::Token
        && bytes.len() == 52
        && chars::run(b'Q', bytes, 52) == 52
        && random::is_mixed(bytes);
    let salts = matches!(kind, NameKind::Key | NameKind::Secret)
        && bytes.len() >= 48
        && bytes.len() <= 100
        && random::entropy(bytes) > 4.5
        && memchr::memchr_iter(b' ', bytes).count() <= 4
        && random::wordiness(bytes, 6).is_none_or(|share| share < 0.6)
        && bytes.iter().filter(|b| b.is_ascii_punctuation()).count() >= 8
        && random::is_mixed(bytes);
    if (azure_devops || salts || laravel || rails || django || asp || wireguard || wallet)
        && random::distinct(bytes) >= 8
    {
        return Some(SecretKind::FrameworkKey);
    }
    None
}

fn is_wallet_key(bytes: &[u8]) -> bool {
    let digits = bytes.strip_prefix(b"0x").unwrap_or(bytes);
    digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit) && random::distinct(digits) >= 8
}

/// Whether a name that is followed by a space and a value is one: `API_KEY 1f3…`, `--token 1f3…`.
fn spaced_name(place: NameContext<'_>, service: bool) -> bool {
    let option = place.name.starts_with(b"-");
    let shouted = !place.name.iter().any(u8::is_ascii_lowercase);
    option || service || shouted && place.name.len() > 3
}

/// Whether a bare UUID under that name is a key: an environment variable, an option, a header.
fn uuid_holder(name: &[u8], kind: NameKind) -> bool {
    is_env_name(name) || name.starts_with(b"-") || matches!(kind, NameKind::Key | NameKind::Secret)
}

/// Whether the name is written as environment variables are.
fn is_env_name(name: &[u8]) -> bool {
    name.iter().all(|&b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn password(
    place: NameContext<'_>,
    value: &AssignedValue,
    bytes: &[u8],
    words: &[String],
) -> Option<SecretKind> {
    if bytes.len() > 80 || !is_password(bytes) || !value.quoted && is_number(bytes) {
        return None;
    }
    let service = providers::named_in(words).is_some();
    let strong =
        bytes.len() >= 12 && is_token(bytes) && random::is_random(bytes) && random::is_mixed(bytes);
    match value.join {
        Join::Space
            if !(place.name.starts_with(b"-")
                || value.quoted && random::is_mixed(bytes) && words != ["pass"]) =>
        {
            None
        }
        Join::Argument if random::is_sentence(bytes) => None,
        Join::Argument if !value.name_quoted && !strong => None,
        Join::Argument | Join::Is | Join::Space if !value.quoted && !strong => None,
        Join::Compared if !value.quoted => None,
        _ if service && strong && bytes.len() >= 20 => Some(SecretKind::ServiceKey),
        _ if value.quoted || strong => Some(SecretKind::Password),
        _ => bare_password(place, bytes).then_some(SecretKind::Password),
    }
}

/// An unquoted password counts where nothing else stands unquoted: under an environment's name or
/// in a file that is no program.
fn bare_password(place: NameContext<'_>, bytes: &[u8]) -> bool {
    let extension = place.file.rsplit(|&b| b == b'.').next().unwrap_or(b"");
    let config: [&[u8]; 13] = [
        b"env",
        b"yml",
        b"yaml",
        b"conf",
        b"cfg",
        b"ini",
        b"properties",
        b"cnf",
        b"toml",
        b"netrc",
        b"config",
        b"txt",
        b"npmrc",
    ];
    let signs = bytes.iter().any(|&b| b.is_ascii_punctuation() && !b"_-./:=".contains(&b));
    (is_env_name(place.name) || config.contains(&extension))
        && (random::is_mixed(bytes) || signs || is_jumbled(bytes))
}

/// Whether the file is a program in a language where text stands in quotes.
fn is_program(file: &[u8]) -> bool {
    let extension = file.rsplit(|&b| b == b'.').next().unwrap_or(b"");
    let languages: [&[u8]; 24] = [
        b"py", b"rs", b"go", b"js", b"mjs", b"cjs", b"jsx", b"ts", b"tsx", b"java", b"c", b"h",
        b"cc", b"cpp", b"hpp", b"cs", b"kt", b"scala", b"swift", b"php", b"m", b"dart", b"pyi",
        b"pyc",
    ];
    languages.contains(&extension)
}

/// Whether the bytes are those that keys and tokens are written with.
fn is_token(bytes: &[u8]) -> bool {
    bytes.iter().all(|&b| chars::is(b'e', b) || b".~:!@#$^*%".contains(&b))
        && memchr::memmem::find(bytes, b"://").is_none()
        && !bytes.starts_with(b"/")
        && !bytes.starts_with(b".")
        && memchr::memchr_iter(b':', bytes).count() <= 2
        && memchr::memchr_iter(b'/', bytes).count() <= 4.max(bytes.len() / 10)
        && !is_dotted(bytes)
}

/// `config.api_key.clone`, `auth.token.expired`: three or more short parts.
fn is_dotted(bytes: &[u8]) -> bool {
    let parts = bytes.split(|&b| b == b'.').count();
    parts >= 2 && bytes.len() / parts < 14
}

fn tail(text: &[u8], most: usize) -> &[u8] {
    &text[text.len().saturating_sub(most)..]
}

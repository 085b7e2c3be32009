//! The sensitive-files gate: files that hold keys or credentials, known by name, by content, or by
//! both.

use bstr::{BStr, ByteSlice as _};

use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::severity::Severity;

/// What a file is, and how surely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensitive {
    /// The rule's stable name.
    pub rule: &'static str,
    pub what: &'static str,
    /// Content as well as name say so.
    pub sure: bool,
}

/// What a file of that path and content is; without content, what its name says.
pub fn classify(path: &BStr, bytes: Option<&[u8]>) -> Option<Sensitive> {
    let name = path.rsplit(|&b| b == b'/').next().unwrap_or(path).to_ascii_lowercase();
    let folder = path[..path.len() - name.len()].to_ascii_lowercase();
    let content = bytes.map_or(Content::Unknown, Content::of);
    if content == Content::Empty {
        return None;
    }
    by_content(&name, bytes, content).or_else(|| by_name(&folder, &name, bytes, content))
}

/// The finding for a file, if it is one that should not be there. What is sure has the first
/// effect, what only its name says the second.
pub fn check(path: &BStr, bytes: Option<&[u8]>, sure: Effect, named: Effect) -> Option<Finding> {
    let found = classify(path, bytes)?;
    let (severity, effect) =
        if found.sure { (Severity::Critical, sure) } else { (Severity::Medium, named) };
    Some(Finding {
        gate: Gate::SensitiveFiles,
        rule: found.rule.to_owned(),
        class: Class::new("security/exposed-secret"),
        severity,
        effect,
        place: Some(Location::file(path)),
        anchor: String::new(),
        message: format!("{} should not be in a repository", found.what),
        suggestion: "take it out of the change and name it in `.gitignore`; if it was pushed before, replace what is in it"
            .to_owned(),
    })
}

/// What the first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Unknown,
    Empty,
    PrivateKey,
    PublicPem,
    JavaKeystore,
    Pkcs12,
    KeePass,
    GpgSecret,
    Sqlite,
    Other,
}

impl Content {
    fn of(bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(4096)];
        let has = |text: &[u8]| memchr::memmem::find(head, text).is_some();
        if bytes.trim_ascii().is_empty() {
            Self::Empty
        } else if has(b"PRIVATE KEY-----") && bytes.len() > 120
            || has(b"PRIVATE KEY BLOCK-----")
            || has(b"PuTTY-User-Key-File-")
        {
            Self::PrivateKey
        } else if has(b"-----BEGIN ") {
            Self::PublicPem
        } else if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed])
            || bytes.starts_with(&[0xce, 0xce, 0xce, 0xce])
        {
            Self::JavaKeystore
        } else if is_pkcs12(bytes) {
            Self::Pkcs12
        } else if bytes.starts_with(&[0x03, 0xd9, 0xa2, 0x9a]) {
            Self::KeePass
        } else if matches!(bytes, [0x94 | 0x95 | 0xc5, _, _, 4 | 5, ..]) {
            Self::GpgSecret
        } else if bytes.starts_with(b"SQLite format 3\0") {
            Self::Sqlite
        } else {
            Self::Other
        }
    }
}

/// A PFX: a sequence that opens with the number 3 and the object id of PKCS #7 data.
fn is_pkcs12(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(40)];
    head.first() == Some(&0x30)
        && memchr::memmem::find(head, &[0x02, 0x01, 0x03, 0x30]).is_some()
        && memchr::memmem::find(head, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07]).is_some()
}

/// A kind of file that is known by its name.
struct Known {
    /// The last part of the path, in lower case; `*.x` for an ending.
    name: &'static str,
    /// What the folder ends in; empty for any.
    folder: &'static str,
    /// What must be inside: one of these, followed by a value. Empty for nothing.
    holds: &'static [&'static str],
    /// Whether the content, where it fits, makes it sure.
    sure: bool,
    rule: &'static str,
    what: &'static str,
}

const fn known(name: &'static str, rule: &'static str, what: &'static str) -> Known {
    Known { name, folder: "", holds: &[], sure: false, rule, what }
}

impl Known {
    const fn under(self, folder: &'static str) -> Self {
        Self { folder, ..self }
    }

    const fn with(self, holds: &'static [&'static str]) -> Self {
        Self { holds, ..self }
    }

    const fn surely(self) -> Self {
        Self { sure: true, ..self }
    }
}

const SSH: (&str, &str) = ("ssh-private-key-name", "a file with the name of an SSH private key");
const STORE: (&str, &str) = ("keystore-name", "a file with the name of a keystore");
const VAULT: (&str, &str) = ("password-database", "a password database");
const HASHES: (&str, &str) = ("password-hashes", "a file of password hashes");
const STATE: (&str, &str) =
    ("terraform-state", "a Terraform state, which holds secrets in the clear");
const NPM: (&str, &str) = ("npmrc-token", "an npm configuration with a token");
const NPM_KEYS: &[&str] = &["_authtoken=", "_auth=", "_password=", "npmauthtoken:"];
const DOCKER: (&str, &str) = ("docker-config", "a Docker configuration with credentials");
const CARGO: (&str, &str) = ("cargo-credentials", "cargo's registry tokens");
const KUBE: (&str, &str) = ("kube-config", "a Kubernetes configuration with credentials");
const KUBE_KEYS: &[&str] = &["client-key-data:", "token:", "password:", "client-key-data\":"];
const BROWSER: (&str, &str) = ("browser-passwords", "a browser's stored passwords");
const GCLOUD: (&str, &str) = ("gcloud-credentials", "Google Cloud credentials");
const AZURE: (&str, &str) = ("azure-credentials", "Azure credentials");
const VAULT_WORD: (&str, &str) = ("vault-password", "a vault's password or token");

const KNOWN: &[Known] = &[
    known("id_rsa", SSH.0, SSH.1),
    known("id_dsa", SSH.0, SSH.1),
    known("id_ecdsa", SSH.0, SSH.1),
    known("id_ed25519", SSH.0, SSH.1),
    known("id_ecdsa_sk", SSH.0, SSH.1),
    known("id_ed25519_sk", SSH.0, SSH.1),
    known("identity", SSH.0, SSH.1).under(".ssh/"),
    known("*.ppk", "putty-key-name", "a file with the name of a PuTTY key"),
    known(".netrc", "netrc-file", "a netrc file with a password").with(&["password"]).surely(),
    known("_netrc", "netrc-file", "a netrc file with a password").with(&["password"]).surely(),
    known(".pgpass", "pgpass-file", "a PostgreSQL password file").with(&[":"]).surely(),
    known("pgpass.conf", "pgpass-file", "a PostgreSQL password file").with(&[":"]).surely(),
    known(".my.cnf", "mysql-credentials", "MySQL client credentials").with(&["password="]),
    known(".mylogin.cnf", "mysql-credentials", "MySQL client credentials"),
    known(".htpasswd", HASHES.0, HASHES.1).with(&[":"]),
    known("htpasswd", HASHES.0, HASHES.1).with(&[":"]),
    known("shadow", HASHES.0, HASHES.1).under("etc/").with(&[":"]),
    known("gshadow", HASHES.0, HASHES.1).under("etc/").with(&[":"]),
    known(".npmrc", NPM.0, NPM.1).with(NPM_KEYS).surely(),
    known(".yarnrc", NPM.0, NPM.1).with(NPM_KEYS).surely(),
    known(".yarnrc.yml", NPM.0, NPM.1).with(NPM_KEYS).surely(),
    known(".pypirc", "pypirc-password", "a PyPI configuration with a password")
        .with(&["password=", "password:"])
        .surely(),
    known(".git-credentials", "git-credentials", "git's stored passwords").with(&["://"]).surely(),
    known(".dockercfg", DOCKER.0, DOCKER.1).with(&["auth\":"]),
    known(".dockerconfigjson", DOCKER.0, DOCKER.1).with(&["auth\":"]),
    known("config.json", DOCKER.0, DOCKER.1).under(".docker/").with(&["auth\":"]),
    known("credentials", "aws-credentials", "an AWS credentials file")
        .under(".aws/")
        .with(&["aws_secret_access_key="])
        .surely(),
    known("config", "aws-credentials", "an AWS configuration with credentials")
        .under(".aws/")
        .with(&["aws_secret_access_key="])
        .surely(),
    known("credentials", CARGO.0, CARGO.1).under(".cargo/").with(&["token="]),
    known("credentials.toml", CARGO.0, CARGO.1).under("cargo/").with(&["token="]),
    known("credentials", "gem-credentials", "RubyGems credentials").under(".gem/"),
    known("application_default_credentials.json", GCLOUD.0, GCLOUD.1),
    known("credentials.db", GCLOUD.0, GCLOUD.1),
    known("access_tokens.db", GCLOUD.0, GCLOUD.1),
    known("accesstokens.json", AZURE.0, AZURE.1).under(".azure/"),
    known("msal_token_cache.json", AZURE.0, AZURE.1).under(".azure/"),
    known("kubeconfig", KUBE.0, KUBE.1).with(KUBE_KEYS).surely(),
    known("config", KUBE.0, KUBE.1).under(".kube/").with(KUBE_KEYS).surely(),
    known("hosts.yml", "github-cli-token", "the GitHub CLI's token")
        .under("gh/")
        .with(&["oauth_token:"])
        .surely(),
    known("wallet.dat", "wallet-file", "a coin wallet"),
    known("master.key", "rails-master-key", "Rails' master key").under("config/"),
    known(".vault-token", VAULT_WORD.0, VAULT_WORD.1),
    known(".vault_pass", VAULT_WORD.0, VAULT_WORD.1),
    known(".vault_password", VAULT_WORD.0, VAULT_WORD.1),
    known("vault_pass.txt", VAULT_WORD.0, VAULT_WORD.1),
    known("secring.gpg", "gpg-secret-keyring", "a GnuPG secret keyring"),
    known("logins.json", BROWSER.0, BROWSER.1).with(&["encryptedpassword\":"]),
    known("key4.db", BROWSER.0, BROWSER.1),
    known("key3.db", BROWSER.0, BROWSER.1),
    known("login data", BROWSER.0, BROWSER.1),
    known("*.jks", STORE.0, STORE.1),
    known("*.keystore", STORE.0, STORE.1),
    known("*.bks", STORE.0, STORE.1),
    known("*.p12", STORE.0, STORE.1),
    known("*.pfx", STORE.0, STORE.1),
    known("*.kdbx", VAULT.0, VAULT.1),
    known("*.kdb", VAULT.0, VAULT.1),
    known("*.psafe3", VAULT.0, VAULT.1),
    known("*.agilekeychain", VAULT.0, VAULT.1),
    known("*.opvault", VAULT.0, VAULT.1),
    known("*.1pif", VAULT.0, VAULT.1),
    known("*.tfstate", STATE.0, STATE.1),
    known("*.tfstate.backup", STATE.0, STATE.1),
    known("*.ovpn", "openvpn-profile", "an OpenVPN profile with a key").with(&["<key>"]),
    known("*.mobileprovision", "provisioning-profile", "an Apple provisioning profile"),
];

fn by_content(name: &[u8], bytes: Option<&[u8]>, content: Content) -> Option<Sensitive> {
    let (rule, what) = match content {
        Content::PrivateKey if is_key_file(name, bytes?) => ("private-key-file", "a private key"),
        Content::JavaKeystore if name != b"debug.keystore" => ("java-keystore", "a Java keystore"),
        Content::Pkcs12 => ("pkcs12-keystore", "a PKCS #12 keystore"),
        Content::KeePass => ("keepass-database", "a KeePass database"),
        Content::GpgSecret if ends(name, &[".gpg", ".pgp", ".key"]) => {
            ("gpg-secret-keyring", "a GnuPG secret key")
        }
        _ => return None,
    };
    Some(Sensitive { rule, what, sure: true })
}

/// A private key that is the file, not a line in a program or a text: the header opens it, or the
/// name is a key's.
fn is_key_file(name: &[u8], bytes: &[u8]) -> bool {
    let opening = bytes.trim_ascii_start();
    opening.starts_with(b"-----BEGIN ") && has_body(bytes)
        || opening.starts_with(b"PuTTY-User-Key-File-")
        || ends(name, &[".pem", ".key", ".ppk", ".p8"]) && has_body(bytes)
}

/// Whether a line of base64 follows: `...` between the marks is an example.
fn has_body(bytes: &[u8]) -> bool {
    let is_base64 = |line: &&[u8]| {
        line.len() >= 40 && line.iter().all(|&b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
    };
    bytes.lines().take(40).map(<[u8]>::trim_ascii).any(|line| is_base64(&line))
}

fn by_name(
    folder: &[u8],
    name: &[u8],
    bytes: Option<&[u8]>,
    content: Content,
) -> Option<Sensitive> {
    if content == Content::PublicPem || name == b"debug.keystore" {
        return None;
    }
    if is_env_name(name) {
        let found = Sensitive { rule: "env-file", what: "an environment file", sure: false };
        return bytes.is_none_or(has_values).then_some(found);
    }
    let fits = |known: &&Known| {
        let named = known
            .name
            .strip_prefix('*')
            .map_or(known.name.as_bytes() == name, |ending| name.ends_with(ending.as_bytes()));
        named
            && folder.ends_with(known.folder.as_bytes())
            && bytes.is_none_or(|bytes| known.holds.is_empty() || holds_value(bytes, known.holds))
    };
    let known = KNOWN.iter().find(fits)?;
    Some(Sensitive { rule: known.rule, what: known.what, sure: known.sure && bytes.is_some() })
}

/// `.env`, `.env.production`, `app.env`, but not `.env.example`.
fn is_env_name(name: &[u8]) -> bool {
    let samples: [&[u8]; 8] =
        [b"example", b"sample", b"template", b"dist", b"defaults", b"schema", b"tpl", b".vault"];
    let sample = samples.iter().any(|word| memchr::memmem::find(name, word).is_some());
    (name.starts_with(b".env.") || name.ends_with(b".env")) && !sample
}

/// Whether a variable has a value that is not another variable's.
fn has_values(bytes: &[u8]) -> bool {
    bytes.lines().map(<[u8]>::trim_ascii).filter(|line| !line.starts_with(b"#")).any(|line| {
        line.split_once_str("=").is_some_and(|(_, value)| {
            let value = value.trim_with(|c| c == '"' || c == '\'' || c == ' ');
            !value.is_empty() && !value.starts_with(b"$") && !value.starts_with(b"<")
        })
    })
}

/// Whether one of the keys stands on a line that is no comment, and is followed by something that
/// is no variable.
fn holds_value(bytes: &[u8], keys: &[&str]) -> bool {
    bytes.lines().filter(|line| !line.trim_ascii_start().starts_with(b"#")).any(|line| {
        let bare: Vec<u8> =
            line.iter().filter(|b| **b != b' ').map(u8::to_ascii_lowercase).collect();
        keys.iter().any(|key| {
            memchr::memmem::find(&bare, key.as_bytes()).is_some_and(|at| {
                let value = bare[at + key.len()..].trim_with(|c| "\"'\r\t".contains(c));
                key.ends_with('>')
                    || value.len() >= 3 && !b"$<{".contains(value.first().unwrap_or(&b'$'))
            })
        })
    })
}

fn ends(name: &[u8], endings: &[&str]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

#[cfg(test)]
mod tests;

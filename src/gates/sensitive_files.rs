//! Files that hold keys or credentials by what they are: known by name, by content, or by both.

use bstr::{BStr, ByteSlice as _};

use crate::model::class::Class;
use crate::model::finding::{Effect, Finding, Place};
use crate::model::gate::Gate;
use crate::model::severity::Severity;

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
pub fn judge(path: &BStr, bytes: Option<&[u8]>, sure: Effect, named: Effect) -> Option<Finding> {
    let found = classify(path, bytes)?;
    let (severity, effect) =
        if found.sure { (Severity::Critical, sure) } else { (Severity::Medium, named) };
    Some(Finding {
        gate: Gate::SensitiveFiles,
        rule: found.rule.to_owned(),
        class: Class::new("security/exposed-secret"),
        severity,
        effect,
        place: Some(Place::file(path)),
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

const fn sure(rule: &'static str, what: &'static str) -> Option<Sensitive> {
    Some(Sensitive { rule, what, sure: true })
}

const fn named(rule: &'static str, what: &'static str) -> Option<Sensitive> {
    Some(Sensitive { rule, what, sure: false })
}

fn by_content(name: &[u8], bytes: Option<&[u8]>, content: Content) -> Option<Sensitive> {
    match content {
        Content::PrivateKey if is_key_file(name, bytes?) => {
            sure("private-key-file", "a private key")
        }
        Content::JavaKeystore => sure("java-keystore", "a Java keystore"),
        Content::Pkcs12 => sure("pkcs12-keystore", "a PKCS #12 keystore"),
        Content::KeePass => sure("keepass-database", "a KeePass database"),
        Content::GpgSecret if ends(name, &[".gpg", ".pgp", ".key"]) || name == b"secring.gpg" => {
            sure("gpg-secret-keyring", "a GnuPG secret key")
        }
        _ => None,
    }
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
    let inside =
        |text: &[u8]| bytes.is_none_or(|bytes| memchr::memmem::find(bytes, text).is_some());
    let in_folder = |last: &str| folder.ends_with(last.as_bytes());
    match name {
        b"id_rsa" | b"id_dsa" | b"id_ecdsa" | b"id_ed25519" | b"id_ecdsa_sk" | b"id_ed25519_sk"
        | b"identity"
            if content != Content::PublicPem && (name != b"identity" || in_folder(".ssh/")) =>
        {
            named("ssh-private-key-name", "a file with the name of an SSH private key")
        }
        b".netrc" | b"_netrc" if inside(b"password") => {
            sure("netrc-file", "a netrc file with a password")
        }
        b".netrc" | b"_netrc" => named("netrc-file", "a netrc file"),
        b".pgpass" | b"pgpass.conf" => {
            with_values(bytes, b':', "pgpass-file", "a PostgreSQL password file")
        }
        b".my.cnf" | b".mylogin.cnf" if inside(b"password") || name == b".mylogin.cnf" => {
            named("mysql-credentials", "MySQL client credentials")
        }
        b".htpasswd" | b"htpasswd" => named("htpasswd-file", "a file of password hashes"),
        b"shadow" | b"gshadow" if in_folder("etc/") => {
            named("shadow-file", "a file of password hashes")
        }
        b".npmrc" | b".yarnrc" | b".yarnrc.yml"
            if has_token(bytes, &[b"_authToken=", b"_auth=", b"_password=", b"npmAuthToken:"]) =>
        {
            sure("npmrc-token", "an npm configuration with a token")
        }
        b".pypirc" if has_token(bytes, &[b"password=", b"password:"]) => {
            sure("pypirc-password", "a PyPI configuration with a password")
        }
        b".git-credentials" | b".git-credential-cache" => {
            sure("git-credentials", "git's stored passwords")
        }
        b".dockercfg" | b".dockerconfigjson" if inside(b"auth") => {
            named("docker-config", "a Docker configuration with credentials")
        }
        b"config.json" if in_folder(".docker/") && inside(b"\"auth\"") => {
            named("docker-config", "a Docker configuration with credentials")
        }
        b"credentials" | b"config" if in_folder(".aws/") && inside(b"aws_secret_access_key") => {
            sure("aws-credentials-file", "an AWS credentials file")
        }
        b"credentials" if in_folder(".cargo/") => {
            named("cargo-credentials", "cargo's registry tokens")
        }
        b"credentials.toml" if in_folder(".cargo/") || in_folder("cargo/") => {
            named("cargo-credentials", "cargo's registry tokens")
        }
        b"credentials" if in_folder(".gem/") => named("gem-credentials", "RubyGems credentials"),
        b"application_default_credentials.json" | b"credentials.db" | b"access_tokens.db" => {
            named("gcloud-credentials", "Google Cloud credentials")
        }
        b"accesstokens.json" | b"azureprofile.json" if in_folder(".azure/") => {
            named("azure-credentials", "Azure credentials")
        }
        b"kubeconfig" | b"config" if name == b"kubeconfig" || in_folder(".kube/") => kube(bytes),
        b"hosts.yml" if in_folder("gh/") && inside(b"oauth_token") => {
            sure("github-cli-token", "the GitHub CLI's token")
        }
        b"wallet.dat" | b"keyfile.json" if name == b"wallet.dat" => {
            named("wallet-file", "a coin wallet")
        }
        b"terraform.tfstate" | b"terraform.tfstate.backup" => {
            named("terraform-state", "a Terraform state, which holds secrets in the clear")
        }
        b"master.key" if in_folder("config/") => sure("rails-master-key", "Rails' master key"),
        b".vault-token" | b".vault_pass" | b".vault_password" | b"vault_pass.txt" => {
            named("vault-password", "a vault's password or token")
        }
        b"secring.gpg" => sure("gpg-secret-keyring", "a GnuPG secret key"),
        b"logins.json" | b"key4.db" | b"key3.db" | b"login data"
            if name != b"logins.json" || inside(b"encryptedPassword") =>
        {
            named("browser-passwords", "a browser's stored passwords")
        }
        b".env" => env(bytes),
        _ => by_ending(name, bytes, content),
    }
}

fn by_ending(name: &[u8], bytes: Option<&[u8]>, content: Content) -> Option<Sensitive> {
    let stem_env = name.starts_with(b".env.") || ends(name, &[".env"]);
    let sample = [&b"example"[..], b"sample", b"template", b"dist", b"defaults", b"schema", b"tpl"]
        .iter()
        .any(|word| memchr::memmem::find(name, word).is_some());
    if stem_env && !sample {
        return env(bytes);
    }
    if ends(name, &[".ppk"]) {
        return named("putty-key-name", "a file with the name of a PuTTY key");
    }
    if ends(name, &[".jks", ".keystore", ".bks", ".p12", ".pfx"])
        && name != b"debug.keystore"
        && content != Content::PublicPem
    {
        return named("keystore-name", "a file with the name of a keystore");
    }
    if ends(name, &[".kdbx", ".kdb", ".psafe3", ".agilekeychain", ".opvault", ".1pif"]) {
        return named("password-database", "a password database");
    }
    if ends(name, &[".tfstate", ".tfstate.backup"]) {
        return named("terraform-state", "a Terraform state, which holds secrets in the clear");
    }
    if ends(name, &[".ovpn"]) && bytes.is_some_and(|b| memchr::memmem::find(b, b"<key>").is_some())
    {
        return named("openvpn-profile", "an OpenVPN profile with a key");
    }
    if ends(name, &[".mobileprovision"]) {
        return named("provisioning-profile", "an Apple provisioning profile");
    }
    None
}

/// An environment file counts where a variable has a value that is not another's.
fn env(bytes: Option<&[u8]>) -> Option<Sensitive> {
    let valued = bytes.is_none_or(|bytes| {
        bytes.lines().map(<[u8]>::trim_ascii).filter(|line| !line.starts_with(b"#")).any(|line| {
            line.split_once_str("=").is_some_and(|(_, value)| {
                let value = value.trim_with(|c| c == '"' || c == '\'' || c == ' ');
                !value.is_empty() && !value.starts_with(b"$") && !value.starts_with(b"<")
            })
        })
    });
    if valued { named("env-file", "an environment file") } else { None }
}

fn kube(bytes: Option<&[u8]>) -> Option<Sensitive> {
    let Some(bytes) = bytes else { return named("kube-config", "a Kubernetes configuration") };
    let keys: [&[u8]; 4] = [b"client-key-data:", b"token:", b"password:", b"client-key-data\":"];
    let holds = keys.iter().any(|key| memchr::memmem::find(bytes, key).is_some());
    if holds { sure("kube-config", "a Kubernetes configuration with credentials") } else { None }
}

/// A file of passwords by name; sure where a line that is no comment has the dividing sign.
fn with_values(
    bytes: Option<&[u8]>,
    sign: u8,
    rule: &'static str,
    what: &'static str,
) -> Option<Sensitive> {
    let valued = bytes.is_some_and(|bytes| {
        bytes.lines().any(|line| !line.trim_ascii_start().starts_with(b"#") && line.contains(&sign))
    });
    Some(Sensitive { rule, what, sure: valued })
}

/// Whether one of the keys is followed by a value that is no variable.
fn has_token(bytes: Option<&[u8]>, keys: &[&[u8]]) -> bool {
    let Some(bytes) = bytes else { return false };
    bytes.lines().filter(|line| !line.trim_ascii_start().starts_with(b"#")).any(|line| {
        let bare: Vec<u8> = line.iter().copied().filter(|b| *b != b' ').collect();
        keys.iter().any(|key| {
            memchr::memmem::find(&bare, key).is_some_and(|at| {
                let value =
                    bare[at + key.len()..].trim_with(|c| c == '"' || c == '\'' || c == '\r');
                value.len() >= 6
                    && !value.starts_with(b"$")
                    && !value.starts_with(b"<")
                    && !value.starts_with(b"{")
            })
        })
    })
}

fn ends(name: &[u8], endings: &[&str]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

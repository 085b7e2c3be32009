//! Files by name and by content.

use super::*;

/// Path, content, and the rule with how sure it is.
type Case = (&'static str, &'static [u8], Option<(&'static str, bool)>);

fn rule(path: &str, bytes: &[u8]) -> Option<(&'static str, bool)> {
    classify(BStr::new(path), Some(bytes)).map(|found| (found.rule, found.sure))
}

fn pem(kind: &str) -> Vec<u8> {
    let body = "Zm9vYmFyYmF6cXV4".repeat(4);
    format!("-----BEGIN {kind}-----\n{body}\n{body}\n-----END {kind}-----\n").into_bytes()
}

#[test]
fn keys_are_known_by_content_whatever_their_name() {
    let key = pem("RSA PRIVATE KEY");
    assert_eq!(rule("server", &key), Some(("private-key-file", true)));
    assert_eq!(rule("tests/id_rsa", &key), Some(("private-key-file", true)));
    assert_eq!(rule("a/jks.bin", b"\xfe\xed\xfe\xed\0\0\0\x02"), Some(("java-keystore", true)));
    assert_eq!(
        rule("db.bin", b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5"),
        Some(("keepass-database", true))
    );
    let pfx =
        b"\x30\x82\x0a\x10\x02\x01\x03\x30\x82\x09\xd6\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    assert_eq!(rule("store", pfx), Some(("pkcs12-keystore", true)));
}

#[test]
fn public_halves_are_no_finding() {
    for kind in ["CERTIFICATE", "PUBLIC KEY", "CERTIFICATE REQUEST"] {
        assert_eq!(rule("fixtures/ca.pem", &pem(kind)), None);
        assert_eq!(rule("fixtures/ca.p12", &pem(kind)), None);
    }
    let mentioned = [b"# keys\n\nThey open with\n\n    ".to_vec(), pem("EC PRIVATE KEY")].concat();
    assert_eq!(rule("docs/keys.md", &mentioned), None);
}

#[test]
fn names_warn_and_values_make_sure() {
    let cases: [Case; 22] = [
        (".env", b"A=1\n", Some(("env-file", false))),
        (".env", b"# nothing yet\nA=\nB=$C\n", None),
        (".env.production", b"A=1", Some(("env-file", false))),
        (".env.example", b"A=1", None),
        ("environment.ts", b"A=1", None),
        (".npmrc", b"//r.example/:_authToken=abcdefgh", Some(("npmrc-token", true))),
        (".npmrc", b"//r.example/:_authToken=${NPM_TOKEN}", None),
        (".npmrc", b"save-exact=true", None),
        (".netrc", b"machine h login me password swordfish", Some(("netrc-file", true))),
        (".pgpass", b"# host:port:db:user:pw\n", None),
        (".pgpass", b"db:5432:a:b:swordfish\n", Some(("pgpass-file", true))),
        ("home/.kube/config", b"users:\n- user:\n    token: abcdef", Some(("kube-config", true))),
        ("home/.kube/config", b"users: []\n", None),
        (".aws/credentials", b"aws_secret_access_key = abcdef", Some(("aws-credentials", true))),
        (".docker/config.json", b"{\"auths\":{}}", None),
        ("terraform.tfstate", b"{}", Some(("terraform-state", false))),
        ("keys/release.jks", b"anything", Some(("keystore-name", false))),
        ("debug.keystore", b"anything", None),
        ("id_ed25519", b"anything", Some(("ssh-private-key-name", false))),
        ("id_ed25519.pub", b"ssh-ed25519 AAAA", None),
        ("config/master.key", b"0011", Some(("rails-master-key", false))),
        ("src/main.rs", b"fn main() {}", None),
    ];
    for (path, bytes, expected) in cases {
        assert_eq!(rule(path, bytes), expected, "{path}");
    }
}

#[test]
fn without_content_only_names_speak_and_none_is_sure() {
    let found = classify(BStr::new("home/.kube/config"), None).unwrap();
    assert!(!found.sure);
    assert_eq!(classify(BStr::new("empty.p12"), Some(b"")), None);
    let finding = check(BStr::new(".netrc"), None, Effect::Block, Effect::Warn).unwrap();
    assert_eq!(finding.effect, Effect::Warn);
}

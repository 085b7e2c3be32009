//! The rules against examples that are put together here, and the engine's promises.
//!
//! No secret stands in this text: the examples are drawn by a seeded generator from the rules'
//! shapes and from small specs in the same language.

use crate::fuzz;
use base64::Engine as _;
use bstr::{BString, ByteSlice as _};
use proptest::prelude::*;

use super::contextual::CONTEXTUAL;
use super::redact::{mask_path, redact, redact_str};
use super::scan::scan;
use super::shape::split;
use super::{chars, checksum, prefilter, table};
use crate::domain::gates::decoded::decode;
use crate::domain::gates::secrets::contextual::SecretDescription;
use crate::domain::gates::secrets::gate::{AllowedSecrets, SecretLevels, check};
use crate::domain::gates::secrets::rule::{SecretRule, TokenCheck};
use crate::domain::gates::secrets::shape::ShapePart;
use crate::domain::gates::secrets::tier::SecretTier;
use crate::domain::model::finding::{Effect, LocationKind};

/// A small generator (splitmix64): the same seed draws the same text everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % bound
    }

    /// A text of that shape. With `fill`, runs are that byte over and over.
    fn draw(&mut self, shape: &str, fill: Option<u8>) -> Vec<u8> {
        let mut text = Vec::new();
        let mut rest = shape;
        while let Some((item, after)) = split(rest) {
            match item {
                ShapePart::Byte(byte) => text.push(byte),
                ShapePart::Run { class, min, max } => {
                    let more = (max - min).min(12);
                    let count = min + if more > 0 { self.below(more + 1) } else { 0 };
                    let members: Vec<u8> = (33..127).filter(|&b| chars::is(class, b)).collect();
                    let fill =
                        fill.map(|byte| if members.contains(&byte) { byte } else { members[0] });
                    text.extend(
                        (0..count)
                            .map(|_| fill.unwrap_or_else(|| members[self.below(members.len())])),
                    );
                }
                ShapePart::Uuid => text.extend(self.draw("{h8}-{h4}-4{h3}-a{h3}-{h12}", fill)),
                ShapePart::Group { options, .. } => {
                    let options: Vec<&str> = options.split('|').collect();
                    let option = options[self.below(options.len())];
                    text.extend(self.draw(option, fill));
                }
            }
            rest = after;
        }
        text
    }

    /// A token that stands up to the rule's check as well.
    fn token(&mut self, rule: &SecretRule) -> Vec<u8> {
        let mut token = self.draw(rule.shape, None);
        let header = b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0";
        let length = token.len();
        match rule.check {
            TokenCheck::Crc62 => {
                let body = token.iter().position(|&b| b == b'_').unwrap() + 1;
                let sum = checksum::crc62(&token[body..length - 6]);
                token[length - 6..].copy_from_slice(&sum);
            }
            TokenCheck::Crc16 => {
                let sum = format!("{:08x}", crc32fast::hash(&token[5..length - 9]));
                token[length - 8..].copy_from_slice(sum.as_bytes());
            }
            TokenCheck::Jwt => {
                let dot = token.iter().position(|&b| b == b'.').unwrap();
                token.splice(..dot, header.iter().copied());
            }
            TokenCheck::NumberFirst => {
                let dot = token.iter().position(|&b| b == b'.').unwrap();
                token.splice(..dot, *b"MTIzNDU2Nzg5MDEyMzQ1Njc4");
            }
            TokenCheck::NumberColon => {
                token.splice(..18, *b"MTIzNDU2Nzg5MDEyOv");
            }
            TokenCheck::Plain | TokenCheck::Mixed | TokenCheck::Random => {}
        }
        token
    }
}

fn in_context(rule: &SecretRule, token: &[u8]) -> Vec<u8> {
    let word = rule.near.split('|').next().unwrap_or("");
    [b"// ", word.as_bytes(), b"\n", word.as_bytes(), b" \"", token, b"\"\n"].concat()
}

fn fires(rule: &SecretRule, text: &[u8]) -> bool {
    scan(text, b"notes").iter().any(|hit| hit.rule == rule.id)
}

fn covers(tier: SecretTier, text: &[u8]) -> bool {
    scan(text, b"notes").iter().any(|hit| hit.tier >= tier)
}

#[test]
fn every_rule_fires_on_what_it_describes() {
    for rule in table::all() {
        let mut dice = Dice(7);
        let found =
            (0..12).filter(|_| covers(rule.tier, &in_context(rule, &dice.token(rule)))).count();
        assert!(found >= 10, "{} fires on {found} of 12 drawn tokens", rule.id);
    }
}

#[test]
fn every_rule_names_some_of_its_own_tokens() {
    let shadowed: Vec<_> = table::all()
        .filter(|rule| {
            let mut dice = Dice(11);
            !(0..24).any(|_| fires(rule, &in_context(rule, &dice.token(rule))))
        })
        .map(|rule| rule.id)
        .collect();
    assert!(shadowed.is_empty(), "never named: {shadowed:?}");
}

#[test]
fn no_rule_fires_on_its_form_filled_with_one_byte() {
    for rule in table::all() {
        for fill in [b'x', b'X', b'0', b'*'] {
            let text = in_context(rule, &Dice(3).draw(rule.shape, Some(fill)));
            assert!(!fires(rule, &text), "{} fires on a placeholder", rule.id);
        }
    }
}

#[test]
fn only_what_proves_itself_is_found_in_the_midst_of_a_word() {
    for rule in table::all() {
        let mut dice = Dice(5);
        let token = dice.token(rule);
        if chars::is_word(token[0]) {
            let glued = [b"Wq", &token[..]].concat();
            let starts = scan(&in_context(rule, &glued), b"")
                .iter()
                .any(|hit| hit.rule == rule.id && in_context(rule, &glued)[hit.start - 1] == b'q');
            assert_eq!(starts, rule.check.is_proof(), "{} inside a word", rule.id);
        }
    }
}

#[test]
fn rules_have_names_of_their_own() {
    let mut names: Vec<_> = rules().iter().map(|rule| rule.rule).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count > 350, "{count} kinds");
    assert!(prefilter::len() < 8000, "{} four-byte texts", prefilter::len());
}

/// Specs in the language of shapes; each line is a file of that name.
const SECRETS: &[(&str, &str)] = &[
    ("a.env", "HEROKU_API_KEY={uuid}"),
    ("a.env", "AWS_SECRET_ACCESS_KEY={b40}"),
    ("a.env", "APP_KEY=base64:{b43}="),
    ("a.env", "DATABASE_URL=postgres://app:{w16}@db.internal:5432/prod"),
    ("a.py", "client_secret = \"{w32}\""),
    ("a.py", "headers[\"X-Api-Key\"] = \"{h32}\""),
    ("a.rs", "const API_KEY: &'static str = \"{w32}\";"),
    ("a.go", "apiToken := \"{h40}\""),
    ("a.yml", "  datadog_api_key: {h32}"),
    ("a.http", "Authorization: Bearer {w40}"),
    ("a.sh", "curl -fsS -u ci:{w18} https://api.internal/v1"),
    ("a.sh", "sshpass -p '{w14}7#' ssh me@host"),
    ("a.sh", "tool login --password={w14}7#x"),
    ("a.xml", "<password>{w14}7#</password>"),
    (".pgpass", "db:5432:prod:app:{w16}"),
    (".netrc", "machine api.internal login me password {w16}"),
    ("wg0.conf", "PrivateKey = {b43}="),
    ("x", "jdbc:mysql://db/app?user=a&password={w8}7{w8}"),
];

const OTHERS: &[(&str, &str)] = &[
    ("Cargo.lock", "checksum = \"{h64}\""),
    ("package-lock.json", "\"integrity\": \"sha512-{b86}==\","),
    ("go.sum", "example.org/x v1.2.3 h1:{b43}="),
    ("a.yml", "- uses: actions/checkout@{h40} # v4"),
    ("a.json", "\"id\": \"{uuid}\","),
    ("a.json", "\"idempotencyKey\": \"{uuid}\""),
    ("a.ts", "const cacheKey = '{uuid}';"),
    ("a.py", "api_key = os.environ[\"SERVICE_API_KEY\"]"),
    ("a.py", "password = get_password_from_vault(user)"),
    ("a.yml", "password: ${DB_PASSWORD:?required}"),
    ("a.yml", "token: ${{ secrets.DEPLOY_TOKEN }}"),
    ("a.env", "API_KEY=op://prod/db/credential"),
    ("a.env", "API_KEY=your-api-key-goes-here"),
    ("a.env", "GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    ("a.md", "postgres://user:password@localhost/db and http://<user>:<password>@host"),
    ("a.css", "src: url(data:font/woff2;base64,{b120})"),
    ("id.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{b44} me@host"),
    ("a.c", "static const char *token_type_names[] = {0};"),
    ("a.rs", "pub const ERROR_WRONG_PASSWORD: WIN32_ERROR = 1323u32;"),
    ("a.json", "\"AWS::IAM::AccessKey\": \"{h16}\","),
];

/// Draws the spec; braces that are no class stay as they are.
fn drawn(dice: &mut Dice, spec: &str) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = spec;
    while let Some(at) = rest.find('{') {
        text.extend(rest[..at].bytes());
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
        let inner = &rest[at + 1..end - 1];
        let letter = inner.as_bytes().first().is_some_and(|b| chars::LETTERS.contains(b));
        let class = inner == "uuid" || letter && inner[1..].bytes().all(|b| b.is_ascii_digit());
        if class && inner.len() > 1 {
            text.extend(dice.draw(&rest[at..end], None));
        } else {
            text.extend(rest[at..end].bytes());
        }
        rest = &rest[end..];
    }
    text.extend(rest.bytes());
    text
}

#[test]
fn secrets_are_found_by_where_they_stand() {
    for (name, spec) in SECRETS {
        let mut dice = Dice(17);
        let found =
            (0..20).filter(|_| !scan(&drawn(&mut dice, spec), name.as_bytes()).is_empty()).count();
        assert!(found >= 17, "{spec}: {found} of 20");
    }
}

#[test]
fn what_only_looks_like_one_is_left_alone() {
    for (name, spec) in OTHERS {
        let mut dice = Dice(19);
        for _ in 0..20 {
            let text = drawn(&mut dice, spec);
            let hits = scan(&text, name.as_bytes());
            assert!(hits.is_empty(), "{spec}: {}", hits[0].rule);
        }
    }
}

fn key_block(kind: &str, dice: &mut Dice) -> Vec<u8> {
    let lines: Vec<Vec<u8>> = (0..8).map(|_| dice.draw("{b64}", None)).collect();
    let (begin, end) = (format!("-----BEGIN {kind}-----\n"), format!("\n-----END {kind}-----\n"));
    [begin.as_bytes(), &lines.join(&b'\n'), end.as_bytes()].concat()
}

#[test]
fn private_keys_are_found_and_public_ones_are_not() {
    let mut dice = Dice(23);
    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "DSA "] {
        let kind = format!("{kind}PRIVATE KEY");
        let hits = scan(&key_block(&kind, &mut dice), b"x");
        assert_eq!(hits.len(), 1, "{kind}");
        assert_eq!((hits[0].rule, hits[0].line), ("private-key", 1));
    }
    for kind in ["PUBLIC KEY", "CERTIFICATE", "PGP PUBLIC KEY BLOCK", "CERTIFICATE REQUEST"] {
        assert!(scan(&key_block(kind, &mut dice), b"x").is_empty(), "{kind}");
    }
    let example = format!("-----BEGIN {0}-----...-----END {0}-----", "RSA PRIVATE KEY");
    assert!(scan(example.as_bytes(), b"x").is_empty());
}

/// A GitHub token with a true checksum.
fn github(dice: &mut Dice) -> Vec<u8> {
    dice.token(table::all().find(|rule| rule.id == "github-token").unwrap())
}

#[test]
fn a_wrong_checksum_is_no_secret() {
    let mut token = github(&mut Dice(29));
    assert_eq!(scan(&token, b"").len(), 1);
    let last = token.last_mut().unwrap();
    *last = if *last == b'a' { b'b' } else { b'a' };
    assert!(scan(&token, b"").is_empty());
}

#[test]
fn a_secret_is_found_in_any_encoding_and_in_any_bytes() {
    let token = github(&mut Dice(31));
    let text = [b"token: ", &token[..], b"\n"].concat();
    let little: Vec<u8> = text.iter().flat_map(|&b| [b, 0]).collect();
    let big: Vec<u8> = text.iter().flat_map(|&b| [0, b]).collect();
    let marked = [&[0xff, 0xfe][..], &little].concat();
    let binary = [&[0x7f, b'E', b'L', b'F', 0, 1, 0, 0xfe][..], &text, &[0, 0x80, 0xff]].concat();
    let odd = [&[0x90][..], &little, &[0x90, 0, 0]].concat();
    let odd_big = [&[0x90, 0, 0, 0, 0][..], &big, &[0x90, 0, 0]].concat();
    let wide_little: Vec<u8> = text.iter().flat_map(|&b| [b, 0, 0, 0]).collect();
    let wide_big: Vec<u8> = text.iter().flat_map(|&b| [0, 0, 0, b]).collect();
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let umlaut = ["gr\u{fc}\u{df}e ".as_bytes(), &text].concat();
    let wide_umlaut = [&[0xff, 0xfe, 0xfc, 0][..], &little].concat();
    let inner = [&text[..], &umlaut, &marked, &wide_umlaut, &wide_little, &wide_big];
    let mut values = vec![binary, odd, odd_big, wide_little.clone(), wide_big.clone()];
    values.extend(inner.iter().map(|bytes| encode(bytes).into_bytes()));
    values.push(encode(&[b"\xef\xbb\xbf", &text[..]].concat()).into_bytes());
    // Far behind what was once the bound of one run.
    values.push(
        encode(&[b"nothing to see here ".repeat(60_000), text.clone()].concat()).into_bytes(),
    );
    for (end, name) in [("\n", ""), ("\r\n", "  "), ("\n    ", "key: |\n    "), ("\n\t", "KEY=")] {
        let plain = [&b"some words before the token so that it is cut in two "[..], &text].concat();
        let lines = encode(&plain).into_bytes();
        let lines: Vec<&[u8]> = lines.chunks(64).collect();
        values.push([name.as_bytes(), &bstr::join(end, lines)].concat());
    }
    // The checksum of this one proves it, whatever stands beside it.
    values.push([b"prefix_", &text[7..text.len() - 1], b"_suffix"].concat());
    values.push([b"9", &text[7..text.len() - 1], b"x"].concat());
    values.extend([text, little, big, marked]);
    for (number, bytes) in values.iter().enumerate() {
        let hits = scan(bytes, b"blob");
        assert_eq!(hits.len(), 1, "encoding {number}");
        assert_eq!(hits[0].rule, "github-token", "encoding {number}");
        assert!(hits[0].end <= bytes.len());
    }
    let prints: Vec<_> = values.iter().map(|v| scan(v, b"")[0].hash.clone()).collect();
    assert!(prints.iter().all(|print| *print == prints[0]), "one secret, one fingerprint");
}

#[test]
fn a_long_line_is_read_in_one_go() {
    let token = github(&mut Dice(37));
    for filler in [
        &b"secret="[..],
        b"eyJ",
        b"://a:",
        b"-----BEGIN PRIVATE KEY-----",
        b"AAAA",
        b" -u ",
        b"key: ",
    ] {
        let mut text = filler.repeat(150_000 / filler.len());
        text.push(b' ');
        text.extend(&token);
        let hits = scan(&text, b"app.min.js");
        assert!(hits.iter().any(|hit| hit.rule == "github-token"), "after {:?}", filler.as_bstr());
    }
}

#[test]
fn redacted_text_holds_no_secret() {
    let mut dice = Dice(41);
    let (one, two) = (github(&mut dice), github(&mut dice));
    let text = [b"a ", &one[..], b" b ", &two, b" c"].concat();
    assert_eq!(redact(&text), b"a [redacted:github-token] b [redacted:github-token] c");
    assert_eq!(redact_str("nothing to hide"), "nothing to hide");
}

fn judged(text: &[u8], allow: &AllowedSecrets) -> Vec<crate::domain::model::finding::Finding> {
    let kind = LocationKind::File(BString::from("src/a.py"));
    check(&kind, text, allow, SecretLevels::default()).into_iter().map(|f| f.finding).collect()
}

#[test]
fn a_finding_shows_where_and_not_what() {
    let token = github(&mut Dice(43));
    let text = [b"import os\n\nTOKEN = \"", &token[..], b"\"  # deploy\n"].concat();
    let findings = judged(&text, &AllowedSecrets::default());
    assert_eq!(findings.len(), 1);
    let finding = &findings[0];
    assert_eq!(finding.effect, Effect::Block);
    assert_eq!(finding.anchor, "TOKEN = \"[redacted:github-token]\"  # deploy");
    let place = finding.place.as_ref().unwrap();
    assert_eq!((place.line, place.column), (3, 10));
    let shown = format!("{finding:?}");
    assert!(!shown.contains(std::str::from_utf8(&token).unwrap()));
}

#[test]
fn what_is_allowed_is_left_out() {
    let token = github(&mut Dice(47));
    let line = [b"x = \"", &token[..], b"\""].concat();
    let print = scan(&line, b"")[0].fingerprint().unwrap().to_owned();
    let allowed = |allow: AllowedSecrets| judged(&line, &allow).is_empty();
    assert!(!allowed(AllowedSecrets::default()));
    assert!(allowed(AllowedSecrets::new([], [print.as_str()]).unwrap()));
    assert!(allowed(AllowedSecrets::new(["src/*.py"], []).unwrap()));
    assert!(!allowed(AllowedSecrets::new(["*.py"], []).unwrap()), "`*` does not cross a folder");
}

#[test]
fn a_value_that_could_be_guessed_is_named_by_its_place() {
    let value = ["Summer", "2026!"].concat();
    let line = |name: &str| format!("{name} = \"{value}\"").into_bytes();
    let findings = judged(&line("DB_PASSWORD"), &AllowedSecrets::default());
    assert_eq!(findings.len(), 1, "{findings:?}");
    let hash = &scan(&line("DB_PASSWORD"), b"src/a.py")[0].hash;
    let shown = format!("{findings:?}");
    assert!(!shown.contains(hash.as_str()) && !shown.contains("fingerprint"), "{shown}");
    let entry = "name:DB_PASSWORD generic-password src/a.py";
    assert!(findings[0].suggestion.contains(&format!("`{entry}`")), "{shown}");
    let allowed = |text: &[u8], secret: &str| {
        judged(text, &AllowedSecrets::new([], [secret]).unwrap()).is_empty()
    };
    assert!(allowed(&line("DB_PASSWORD"), entry));
    for other in [
        "name:DB_PASSWORD generic-password src/b.py",
        "name:DB_PASSWORD generic-secret src/a.py",
        "name:PASSWORD generic-password src/a.py",
    ] {
        assert!(!allowed(&line("DB_PASSWORD"), other), "{other}");
    }
    assert!(!allowed(&line("OTHER_PASSWORD"), entry));
    // What an earlier version wrote counts.
    assert!(allowed(&line("DB_PASSWORD"), hash));
    assert!(allowed(&line("OTHER_PASSWORD"), hash));
}

#[test]
fn a_waiver_needs_a_reason() {
    let token = github(&mut Dice(53));
    let line =
        |comment: &str| [b"x = \"", &token[..], b"\" # ", comment.as_bytes(), b"\n"].concat();
    let none = AllowedSecrets::default();
    assert!(judged(&line("tribunal:allow secrets revoked test token"), &none).is_empty());
    let above = [b"# tribunal:allow secrets revoked\n", &line("")[..]].concat();
    assert!(judged(&above, &none).is_empty());
    let far = [b"# tribunal:allow secrets revoked\n\n", &line("")[..]].concat();
    assert_eq!(judged(&far, &none).len(), 1);
    let bare = judged(&line("tribunal:allow secrets"), &none);
    assert!(bare[0].message.contains("gives no reason"), "{}", bare[0].message);
}

#[test]
fn names_of_files_are_read_too() {
    let token = String::from_utf8(github(&mut Dice(59))).unwrap();
    let kind = LocationKind::File(BString::from(format!("dumps/{token}.txt")));
    let findings = check(&kind, b"", &AllowedSecrets::default(), SecretLevels::default());
    assert_eq!(findings.len(), 1);
    assert!(!format!("{:?}", findings[0].finding).contains(&token));
    let other = String::from_utf8(github(&mut Dice(61))).unwrap();
    let (one, two) = (mask_path(format!("d/{token}.x").as_bytes()), mask_path(other.as_bytes()));
    assert!(one.starts_with(b"d/[redacted:github-token:") && one.ends_with(b"].x"), "{one}");
    assert_ne!(one, mask_path(format!("d/{other}.x").as_bytes()));
    assert_eq!(redact(&two), two, "what is masked stays");
    assert_eq!(mask_path(b"src/a.rs"), "src/a.rs");
}

proptest! {
    #[test]
    fn any_bytes_are_scanned(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        for hit in scan(&bytes, b"any") {
            prop_assert!(hit.start < hit.end && hit.end <= bytes.len());
        }
    }

    #[test]
    fn text_with_signs_is_scanned(text in "[ -~\n]{0,80}(key|token|://|Basic |secret|-u )[ -~\n]{0,120}") {
        let hits = scan(text.as_bytes(), b".env");
        for pair in hits.windows(2) {
            prop_assert!(pair[0].end <= pair[1].start);
        }
        redact(text.as_bytes());
    }
}

/// All that can be found, by name.
fn rules() -> Vec<SecretDescription> {
    let tokens =
        table::all().map(|r| SecretDescription { rule: r.id, tier: r.tier, description: r.what });
    tokens.chain(CONTEXTUAL).collect()
}

#[test]
fn drawn_files_are_scanned() {
    let seeds = [
        "aws_key = \"EXAMPLE\"\npassword: 'hunter2hunter'\nconst token = \"gh\" + \"p_x\";\n",
        "https://user:pass@host.example/path?token=abc&x=1\nAuthorization: Basic dXNlcjpwYXNz\n",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n",
        "{\"api_key\": \"0123456789abcdef0123456789abcdef\", \"secret\": null}\ncurl -u me:word http://x\n",
        "export SECRET_KEY=$(cat x)\nDATABASE_URL=postgres://u:p%40w@db:5432/x\n\"\\u0070assword\"=\"q9Zk2LmX7c\"\n",
    ];
    let words = [
        "key",
        "token",
        "secret",
        "password",
        "://",
        "Basic ",
        "Bearer ",
        " -u ",
        "=",
        ":",
        "\"",
        "'",
        "-----BEGIN ",
        "-----",
        "eyJ",
        "xox",
        "sk-",
        "gh",
        "AK",
        "%41",
        "\\u0041",
        "\\x41",
        "dXNlcg==",
        "a1B2c3D4e5F6g7H8",
        "0x",
        "\n",
        "#",
        "tribunal:allow",
    ];
    fuzz::hold(
        "files with secrets",
        &seeds.map(str::as_bytes),
        &words.map(str::as_bytes),
        |bytes| {
            for path in [b".env".as_slice(), b"src/a.rs"] {
                for hit in scan(bytes, path) {
                    assert!(hit.start < hit.end && hit.end <= bytes.len());
                }
            }
            drop(redact(bytes));
            drop(mask_path(bytes));
            for text in decode(bytes).into_iter().flatten() {
                drop(scan(text.text.as_bytes(), b"a"));
            }
        },
    );
}

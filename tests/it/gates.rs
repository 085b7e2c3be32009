//! Each gate through the real program, in ordinary and in awkward repositories.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, executable, run};

/// A key that opens nothing; it is put together here so that none stands in this file.
fn private_key() -> String {
    let noise: Vec<u8> = (0..12).flat_map(|n: u8| *blake3::hash(&[n]).as_bytes()).collect();
    let body = STANDARD.encode(noise);
    let edge = |word: &str| format!("{0}{word} RSA {1} KEY{0}", "-".repeat(5), "PRIVATE");
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("{}\n{}\n{}\n", edge("BEGIN"), lines.join("\n"), edge("END"))
}

fn check(repo: &Repo<'_>) -> Outcome {
    repo.git(&["add", "--all"]).ok();
    repo.tribunal(&["check"])
}

#[test]
fn a_secret_is_found_wherever_it_hides() {
    let sandbox = Sandbox::new();
    let key = private_key();
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(key.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let binary = [b"\0\x01\x02".as_slice(), key.as_bytes(), b"\0\xff"].concat();
    let long = format!("{}{key}", "x".repeat(3_000_000));
    let encoded = STANDARD.encode(&key);
    let hiding: [(&OsStr, &[u8]); 6] = [
        (OsStr::new("no-extension"), key.as_bytes()),
        (OsStr::new("wide.txt"), &wide),
        (OsStr::new("program.bin"), &binary),
        (OsStr::new("long line.js"), long.as_bytes()),
        (OsStr::new("encoded.yaml"), encoded.as_bytes()),
        (OsStr::from_bytes(b"odd\xff\n name"), key.as_bytes()),
    ];
    for (name, content) in hiding {
        let repo = sandbox.repo(&format!("{}", content.len()));
        repo.write(name, content);
        let outcome = check(&repo).code(1).says("secrets/");
        outcome.never_says(key.lines().nth(1).unwrap());
        repo.git(&["rm", "-rq", "--cached", "."]).ok();
        fs::remove_dir_all(&repo.dir).unwrap();
    }
}

#[test]
fn what_the_base_holds_warns_and_what_the_change_brings_blocks() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("key", private_key()).commit_unjudged("before anyone judged");
    repo.write("key", format!("{}# a line more\n", private_key()));
    check(&repo).ok().says("it was there before this change");
    repo.write("other", private_key());
    check(&repo).code(1).says("blocked: other");
}

#[test]
fn an_allow_comment_needs_a_reason() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let mark = ["tribunal:", "allow secrets"].concat();
    repo.write("key", format!("# {mark}\n{}", private_key()));
    check(&repo).code(1).says("gives no reason");
    repo.write("key", format!("# {mark} a key of the test server\n{}", private_key()));
    check(&repo).ok();
}

#[test]
fn size_names_and_scope_warn() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[gates]\nscope = \"warn\"\n");
    repo.write("README", "a\n").commit_unjudged("begin");
    repo.write("readme", "b\n");
    repo.write("big", vec![b'a'; 6 * 1024 * 1024]);
    for number in 0..4 {
        repo.write(format!("src/{number}"), "one\n");
    }
    repo.write("tests/one", "one\n").write("Cargo.lock", "x\n".repeat(500));
    let outcome = check(&repo).ok();
    let outcome =
        outcome.says("differs from `README`").says("the file has 6.0 MiB, more than 5.0 MiB");
    outcome.says("6 files changed (limit 3; 2 more counted apart) [scope");
}

#[test]
fn a_pure_move_is_no_scope() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[gates]\nscope = \"warn\"\n");
    for number in 0..6 {
        repo.write(format!("a/{number}"), format!("content of {number}\n"));
    }
    repo.commit_unjudged("begin");
    repo.git(&["mv", "a", "b"]).ok();
    check(&repo).ok().never_says("scope");
    repo.write("b/0", "x\n".repeat(200));
    check(&repo).ok().says("200 lines changed (limit 100");
}

#[test]
fn the_policy_that_a_change_brings_holds_from_the_next_one_on() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "1\n").commit_unjudged("begin");
    let marker = "<".repeat(7);
    repo.write("tribunal.toml", "[gates]\nconflict-markers = \"off\"\n");
    repo.write("a", format!("{marker} ours\n"));
    check(&repo).code(1).says("checked against the previous policy").says("conflict marker");
    repo.commit_unjudged("the policy alone would have passed");
    repo.write("b", format!("{marker} ours\n"));
    check(&repo).ok();
}

#[test]
fn a_policy_that_cannot_be_read_is_stopped_and_in_the_base_replaced_by_the_defaults() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[gates]\nsecrts = \"off\"\n");
    check(&repo).code(1).says("tribunal.toml:2:1").says("did you mean `gates.secrets`?");
    repo.commit_unjudged("by some other way");
    repo.write("key", private_key());
    check(&repo).code(1).says("the rest of the file holds without it").says("private key");
    repo.git(&["rm", "-q", "--cached", "key"]).ok();
    fs::remove_file(repo.path("key")).unwrap();
    repo.write("tribunal.toml", "[gates]\nsecrets = \"block\"\n");
    check(&repo).ok();
    repo.write("tribunal.toml", b"[gates]\n# \xff\n");
    check(&repo).code(1).says("it is not UTF-8");
    repo.write("tribunal.toml", "[gates\n");
    check(&repo).code(1).says("tribunal.toml:1:");
}

#[test]
fn links_submodules_and_odd_heads_are_judged_or_named() {
    let sandbox = Sandbox::new();
    let inner = sandbox.repo("inner");
    inner.write("a", "1\n").commit_unjudged("inner");
    let repo = sandbox.repo("outer");
    repo.tribunal(&["check"]).ok().says("nothing to check: nothing is staged");
    repo.tribunal(&["check", "--all"]).code(2).says("there is no commit yet");
    symlink("/etc/hostname", repo.path("link")).unwrap();
    symlink("nowhere", repo.path("dangling")).unwrap();
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", "../inner", "sub"])
        .ok();
    check(&repo).ok();
    repo.commit_unjudged("begin");
    repo.git(&["checkout", "-q", "--detach"]).ok();
    repo.write("key", private_key());
    check(&repo).code(1).says("key:1");
    let bare = sandbox.bare("bare.git");
    bare.tribunal(&["status"]).ok();
    bare.tribunal(&["init"]).code(2).says("this repository is bare");
    let nowhere = Repo { sandbox: &sandbox, dir: sandbox.home() };
    nowhere.tribunal(&["check"]).code(2).says("is not in a git repository");
}

#[test]
fn a_merge_in_progress_is_judged_once_it_is_resolved() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "base\n").commit_unjudged("base");
    repo.git(&["checkout", "-q", "-b", "side"]).ok();
    repo.write("a", "side\n").commit_unjudged("side");
    repo.git(&["checkout", "-q", "main"]).ok();
    repo.write("a", "main\n").commit_unjudged("main");
    assert_ne!(repo.git(&["merge", "side"]).code, 0);
    repo.tribunal(&["check"]).code(2).says("hint:");
    repo.git(&["add", "a"]).ok();
    repo.tribunal(&["check"]).code(1).says("conflict marker");
    repo.write("a", "both\n").git(&["add", "a"]).ok();
    repo.tribunal(&["check"]).ok();
}

#[test]
fn reports_are_valid_for_programs() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("dir with space/k", private_key());
    repo.git(&["add", "."]).ok();
    let json = repo.tribunal(&["check", "--format", "json"]).code(1).json();
    let finding = &json["findings"][0];
    for key in
        ["id", "gate", "rule", "class", "severity", "path", "line", "anchor", "message", "status"]
    {
        assert!(!finding[key].is_null(), "{key}");
    }
    let sarif = repo.tribunal(&["check", "--format", "sarif"]).code(1).json();
    let result = &sarif["runs"][0]["results"][0];
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "dir%20with%20space/k");
    let github = repo.tribunal(&["check", "--format", "github"]).code(1);
    github.says("::error title=secrets/").says("file=dir with space/k,line=1");
}

/// A file of zeros that takes no room on the disk.
fn zeros(repo: &Repo<'_>, name: &str, size: u64) {
    File::create(repo.path(name)).unwrap().set_len(size).unwrap();
}

#[test]
fn a_file_that_does_not_fit_into_memory_is_judged_by_its_size_and_its_name() {
    for form in ["sha1", "sha256"] {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo_with("r", &[&format!("--object-format={form}")]);
        repo.write("a", "1\n").commit_unjudged("feat: one");
        repo.tribunal(&["hooks", "install"]).ok();
        let folder = Path::new(TRIBUNAL).parent().unwrap();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        zeros(&repo, "id_rsa", 300_000_000);
        repo.git(&["add", "--all"]).ok();
        let limited = |words: &str| {
            let mut limited = sandbox.command("sh", &repo.dir);
            limited.args(["-c", &format!("ulimit -v 500000; {words}")]);
            limited.env("PATH", &path);
            run(limited, b"")
        };
        let unread = "`id_rsa` has 286.1 MiB, and files of more than 100.0 MiB are not read";
        limited("git commit --quiet -m 'feat: two'").ok().says(unread);
        let outcome = limited("tribunal check --from HEAD~1").ok().says(unread);
        let outcome = outcome.says("the file has 286.1 MiB, more than 5.0 MiB");
        outcome.says("should not be in a repository");
        assert_eq!(repo.git(&["rev-list", "--count", "HEAD"]).out(), "2");
        // As the base of a small change it is not read either.
        repo.write("id_rsa", "1\n");
        repo.git(&["add", "--all"]).ok();
        limited("git commit --quiet -m 'feat: three'").ok().never_says("not read");
    }
}

#[test]
fn a_git_that_cannot_tell_sizes_and_contents_in_one_conversation_will_do() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo_with("r", &["--object-format=sha256"]);
    repo.write("a", "1\n").commit_unjudged("feat: one");
    let git = run(
        {
            let mut which = sandbox.command("sh", &repo.dir);
            which.args(["-c", "command -v git"]);
            which
        },
        b"",
    );
    let folder = sandbox.path().join("old");
    let text = format!(
        "#!/bin/sh\nfor word; do\n  if [ \"$word\" = --batch-command ]; then echo . >>{0}/refused; exit 129; fi\ndone\nexec {1} \"$@\"\n",
        folder.display(),
        git.out(),
    );
    executable(folder.join("git"), text);
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    zeros(&repo, "z", 101 * 1024 * 1024);
    repo.write("key.pem", private_key());
    repo.git(&["add", "--all"]).ok();
    let outcome = repo.tribunal_with(&["check"], &[("PATH", &path)], b"").code(1);
    outcome.says("`z` has 101.0 MiB").says("key.pem");
    assert!(folder.join("refused").exists(), "the newer form was tried");
}

#[test]
fn a_file_of_settings_or_rules_that_is_too_large_is_stopped() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "1\n").commit_unjudged("feat: one");
    for name in ["tribunal.toml", ".ai/constitution/testing.md"] {
        repo.write(name, "# more than anybody reads\n".repeat(50_000));
        check(&repo).code(1).says(&format!("{name}:1: it is larger than 1 MiB"));
        repo.git(&["rm", "--quiet", "-rf", name]).ok();
    }
    check(&repo).code(0);
}

#[test]
fn conflict_markers_are_found_in_other_encodings_and_of_another_size() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let conflict = |size: usize| {
        let sign = |sign: &str| sign.repeat(size);
        format!("a\n{} HEAD\nb\n{}\nc\n{} side\n", sign("<"), sign("="), sign(">"))
    };
    let wide: Vec<u8> = conflict(7).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = conflict(7).encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (name, content) in [
        ("little", [&[0xff, 0xfe][..], &wide].concat()),
        ("big", [&[0xfe, 0xff][..], &big].concat()),
        ("long", conflict(12).into_bytes()),
    ] {
        repo.write(name, content).git(&["add", name]).ok();
        let told = repo.tribunal(&["check"]).code(1).says(&format!("{name}:2: unresolved"));
        told.says(&format!("{name}:6: unresolved"));
        repo.git(&["rm", "--quiet", "--force", name]).ok();
    }
    // Lines of signs with nothing that ends them are somebody's drawing.
    repo.write("drawing", format!("{} here\n{}\n", "<".repeat(20), "=".repeat(20)));
    repo.git(&["add", "."]).ok();
    repo.tribunal(&["check"]).ok();
}

#[test]
fn a_private_key_in_der_is_one_under_any_name() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    // The outer form of PKCS #8, PKCS #1 and SEC 1, with bytes of no key in it.
    let within = |head: &[u8]| {
        let content = [head, &(0..200u8).collect::<Vec<_>>()].concat();
        [&[0x30, 0x82, 0, u8::try_from(content.len()).unwrap()][..], &content].concat()
    };
    for (head, code) in [
        (&[2, 1, 0, 0x30, 13, 6, 9][..], 1),
        (&[2, 1, 0, 2, 0x82, 1, 1], 1),
        (&[2, 1, 1, 4, 32], 1),
        // A public key, a certificate, and a key that is encrypted.
        (&[0x30, 13, 6, 9], 0),
        (&[0x30, 0x82, 1, 1], 0),
        (&[2, 1, 3, 0x30, 1], 0),
    ] {
        repo.write("data.bin", within(head)).git(&["add", "data.bin"]).ok();
        let told = repo.tribunal(&["check"]).code(code);
        assert_eq!(told.stdout.contains("secrets/private-key"), code == 1, "{told}");
    }
}

//! From a mistake that came back to a rule that stops the next one.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::harness::{Outcome, Repo, Sandbox};

const CLASS: &str = "error-handling/unchecked-result";
const TOPIC: &str = ".ai/constitution/error-handling.md";
const CALLS: [&str; 6] = [
    "fs::remove_file(path)",
    "fs::write(&path, text)",
    "fs::create_dir_all(dir.parent())",
    "fs::rename(old, new)",
    "fs::copy(a, b)",
    "fs::remove_dir(dir)",
];

/// A file with the mistake in its second line.
fn wrong(number: usize) -> String {
    format!("pub fn f{number}() {{\n    let _ = {};\n    done();\n}}\n", CALLS[number])
}

/// The same file without it.
fn right(number: usize) -> String {
    format!("pub fn f{number}() {{\n    {}?;\n    done();\n}}\n", CALLS[number])
}

fn file(number: usize) -> String {
    format!("src/store/f{number}.rs")
}

fn remark_with(repo: &Repo, at: &str, message: &str, vars: &[(&str, &str)]) -> Outcome {
    let words = ["findings", "add", "--class", CLASS, "--at", at, "--message", message];
    repo.tribunal_with(&words, vars, b"")
}

fn remark(repo: &Repo, at: &str) -> Outcome {
    remark_with(repo, at, "the error of the call is dropped", &[])
}

/// Commits the mistake and remarks on it.
fn mistake(repo: &Repo, number: usize) -> Outcome {
    repo.write(file(number), wrong(number)).commit_unjudged(&format!("feat: f{number}"));
    remark(repo, &format!("{}:2", file(number))).ok()
}

/// A repository in which the mistake was made three times and the rule was learned.
fn learned(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    mistake(&repo, 0).never_says("learned");
    mistake(&repo, 1).never_says("learned");
    assert!(!repo.path(TOPIC).exists());
    mistake(&repo, 2).says("learned R-").says("(active)").says("3 findings");
    repo
}

/// The rules that were learned.
pub fn rules(repo: &Repo) -> Vec<Value> {
    let out = repo.tribunal(&["constitution", "list", "--format", "json"]).ok();
    out.json()["rules"].as_array().unwrap().clone()
}

/// The rule that was learned; there is no other.
pub fn only_rule(repo: &Repo) -> Value {
    let rules = rules(repo);
    assert_eq!(rules.len(), 1, "{rules:#?}");
    rules[0].clone()
}

fn id_of(rule: &Value) -> String {
    rule["id"].as_str().unwrap().to_owned()
}

/// Has it learn.
pub fn learn(repo: &Repo, more: &[&str]) -> Outcome {
    let mut words = vec!["constitution", "learn"];
    words.extend(more);
    repo.tribunal(&words)
}

fn learn_json(repo: &Repo, more: &[&str]) -> Value {
    let mut words = vec!["--format", "json"];
    words.extend(more);
    learn(repo, &words).json()
}

#[test]
fn a_mistake_made_three_times_is_stopped_the_fourth_time() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    let rule = only_rule(&repo);
    assert_eq!(rule["class"], CLASS);
    assert_eq!(rule["severity"], "medium");
    assert_eq!(rule["check"]["pattern"], "let _ = fs::$A($$$B);");
    assert_eq!(rule["paths"][0], "src/store/**/*.rs");
    let text = repo.read(TOPIC);
    assert!(text.contains("Bad: `let _ = fs::remove_file(path);`"), "{text}");
    repo.tribunal(&["constitution", "test"]).ok().says("1 check passed");
    repo.tribunal(&["constitution", "check"]).ok().says("1 of at most 60 in force");
    repo.tribunal(&["constitution"]).ok().says(&id_of(&rule)).says("ID      STATUS");
    learn(&repo, &[]).ok().says("covers it already");
    assert_eq!(repo.read(TOPIC), text, "once");

    repo.commit_unjudged("docs: a rule");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("src/store/ok.rs", right(3));
    repo.commit("fix: well done").ok();
    repo.write(file(3), wrong(3));
    repo.commit("feat: the fourth").code(1).says(&id_of(&rule)).says("src/store/f3.rs:2");
    repo.write(file(3), right(3));
    repo.commit("feat: the fourth").ok();
    assert_eq!(only_rule(&repo)["hits"], 1);
}

#[test]
fn the_fixed_version_is_the_good_example() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    mistake(&repo, 0);
    mistake(&repo, 1);
    repo.git(&["mv", "src/store/f0.rs", "src/store/moved.rs"]).ok();
    repo.commit_unjudged("refactor: move");
    repo.write("src/store/moved.rs", format!("// new\n{}", right(0))).commit_unjudged("fix: f0");
    mistake(&repo, 2).says("learned R-");
    let text = repo.read(TOPIC);
    assert!(text.contains("Good: `fs::remove_file(path)?;`"), "{text}");
}

#[test]
fn what_has_too_little_in_common_is_prose() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    for (number, line) in ["alpha.ok();", "beta(gamma)", "if x { y }"].iter().enumerate() {
        let path = file(number);
        repo.write(&path, format!("fn f() {{\n    {line}\n}}\n")).commit_unjudged("feat: more");
        remark(&repo, &format!("{path}:2")).ok();
    }
    let rule = only_rule(&repo);
    assert_eq!((&rule["status"], &rule["check"]["kind"]), (&"proposed".into(), &"none".into()));
    learn(&repo, &[]).ok().says("covers it already");
    // A person's check takes the place of the prose.
    let by_hand = ["--class", CLASS, "--regex", r"alpha\.ok\(\)"];
    let dry = [&by_hand[..], &["--dry-run"]].concat();
    let before = repo.read(TOPIC);
    learn(&repo, &dry).ok().says("would learn R-");
    assert_eq!(repo.read(TOPIC), before);
    learn(&repo, &by_hand).ok().says("learned R-").says("(active)");
    let rules = rules(&repo);
    let checked: Vec<_> = rules.iter().filter(|r| r["check"]["kind"] == "regex").collect();
    assert_eq!(checked.len(), 1);
    assert!(rules.iter().all(|r| id_of(r) != id_of(&rule)), "{rules:#?}");
    learn(&repo, &["--class", CLASS, "--regex", "nowhere"]).code(1).says("not learned");
    learn(&repo, &["--class", CLASS, "--regex", "("]).code(2).says("unclosed group");
    learn(&repo, &["--regex", "x"]).code(2).says("--class");
}

#[test]
fn a_check_that_makes_noise_is_not_used() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let noisy: Vec<String> =
        (0..12).map(|n| format!("fn n{n}() {{\n    let _ = fs::touch({n});\n}}\n")).collect();
    repo.write("src/store/noisy.rs", noisy.concat()).commit_unjudged("feat: noise");
    mistake(&repo, 0);
    mistake(&repo, 1);
    mistake(&repo, 2).says("as prose").says("fires on the rest of the tree more than 10 times");
    assert_eq!(only_rule(&repo)["status"], "proposed");

    let quiet = sandbox.repo("q");
    quiet.write("tribunal.toml", "[learn]\nnoise = 0\nstart = \"shadow\"\n");
    quiet.write("src/store/one.rs", "fn n() {\n    let _ = fs::touch(1);\n}\n");
    quiet.commit_unjudged("feat: one");
    mistake(&quiet, 0);
    mistake(&quiet, 1);
    mistake(&quiet, 2).says("as prose");
    let other = sandbox.repo("s");
    other.write("tribunal.toml", "[learn]\nstart = \"shadow\"\n").commit_unjudged("chore: policy");
    mistake(&other, 0);
    mistake(&other, 1);
    mistake(&other, 2).says("(shadow)");
}

#[test]
fn a_deleted_rule_never_comes_back_by_itself() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    let id = id_of(&only_rule(&repo));
    repo.commit_unjudged("docs: a rule");
    fs::remove_file(repo.path(TOPIC)).unwrap();
    learn(&repo, &[]).ok().says("covers it already");
    repo.commit_unjudged("docs: no rule");
    learn(&repo, &[]).ok().says(&id).says("does not come back by itself");
    mistake(&repo, 3).never_says("learned");
    assert_eq!(rules(&repo).len(), 0);
    learn(&repo, &["--class", CLASS]).ok().says("learned R-");
    assert_eq!(rules(&repo).len(), 1);
}

#[test]
fn a_rule_that_stands_on_another_branch_is_not_deleted() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    let id = id_of(&only_rule(&repo));
    let switch = |words: &[&str]| {
        repo.git(&[&["switch", "--quiet"], words].concat()).ok();
    };
    let (gone, known) = ("does not come back by itself", "covers it already");
    // It was seen in the work tree alone, and then it is committed on a branch.
    switch(&["-c", "with"]);
    repo.commit_unjudged("docs: a rule");
    switch(&["main"]);
    assert!(!repo.path(TOPIC).exists());
    learn(&repo, &["--dry-run"]).ok().never_says(gone).says(&id);
    // The same where it was seen in a commit.
    switch(&["with"]);
    learn(&repo, &[]).ok().says(known);
    switch(&["main"]);
    learn(&repo, &["--dry-run"]).ok().never_says(gone).says(&id);
    // Deleted on the branch it stood on, and on one that comes after that, and on no other.
    switch(&["with"]);
    fs::remove_file(repo.path(TOPIC)).unwrap();
    repo.commit_unjudged("docs: no rule");
    learn(&repo, &[]).ok().says(gone).says(&id);
    switch(&["-c", "after"]);
    repo.write("more", "1\n").commit_unjudged("feat: more");
    learn(&repo, &[]).ok().says(gone);
    switch(&["-c", "beside", "after~2"]);
    learn(&repo, &[]).ok().says(known);
    switch(&["main"]);
    learn(&repo, &["--dry-run"]).ok().never_says(gone);
    repo.git(&["merge", "--quiet", "--no-verify", "--no-edit", "after"]).ok();
    learn(&repo, &[]).ok().says(gone);
    assert!(!repo.path(TOPIC).exists());
}

#[test]
fn a_rule_that_a_person_forgot_is_forgotten_before_that_is_committed() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    let id = id_of(&only_rule(&repo));
    repo.git(&["switch", "--quiet", "-c", "with"]).ok();
    repo.commit_unjudged("docs: a rule");
    learn(&repo, &[]).ok();
    repo.tribunal(&["constitution", "forget", &id]).ok();
    learn(&repo, &[]).ok().says("covers it already");
    // It stands again: a person took that back.
    repo.git(&["checkout", "--quiet", "--", "."]).ok();
    learn(&repo, &[]).ok().says("covers it already");
    repo.git(&["switch", "--quiet", "main"]).ok();
    learn(&repo, &["--dry-run"]).ok().never_says("does not come back by itself");
}

#[test]
fn a_rule_is_forgotten_on_demand() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    let id = id_of(&only_rule(&repo));
    repo.tribunal(&["constitution", "forget", "R-ffff"]).code(2).says("no rule `R-ffff`");
    repo.tribunal(&["constitution", "forget", &id]).ok().says("removed").says(TOPIC);
    assert_eq!(rules(&repo).len(), 0);
    learn(&repo, &[]).ok().says("does not come back by itself");
    // A rule that a person wrote is forgotten too.
    let own = "# Own\n\n## R-abcd Mine\n\n```toml rule\nstatus = \"active\"\nseverity = \"low\"\n\
               class = \"testing/flaky\"\ncheck = { kind = \"none\" }\n```\nText.\n\n## Notes\n";
    repo.write(".ai/constitution/testing.md", own);
    repo.tribunal(&["constitution", "forget", "R-abcd"]).ok();
    assert_eq!(repo.read(".ai/constitution/testing.md"), "# Own\n\n## Notes\n");
}

fn spawn(repo: &Repo, words: &[&str]) -> Child {
    let mut command = repo.command(words);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn many_learners_write_one_section() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    let text = repo.read(TOPIC);
    fs::remove_file(repo.path(TOPIC)).unwrap();
    fs::remove_file(repo.path(".git/tribunal/constitution.json")).unwrap();
    let learners: Vec<Child> = (0..8).map(|_| spawn(&repo, &["constitution", "learn"])).collect();
    for mut learner in learners {
        assert!(learner.wait().unwrap().success());
    }
    assert_eq!(repo.read(TOPIC), text);
    let beside: Vec<_> = fs::read_dir(repo.path(".ai/constitution")).unwrap().collect();
    assert_eq!(beside.len(), 1, "nothing is left beside it");
}

#[test]
fn a_crash_at_any_step_loses_nothing() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    let text = repo.read(TOPIC);
    let record = repo.path(".git/tribunal/constitution.json");
    let mut crashes = 0;
    for step in 1..40 {
        fs::remove_file(repo.path(TOPIC)).unwrap();
        fs::remove_file(&record).unwrap();
        let done = repo.until_save(&["constitution", "learn"], step).code == 0;
        let seen = fs::read_to_string(repo.path(TOPIC)).unwrap_or_default();
        assert!(seen.is_empty() || seen == text, "step {step}:\n{seen}");
        learn(&repo, &[]).ok();
        assert_eq!(repo.read(TOPIC), text, "step {step}");
        if done {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 4, "{crashes}");
}

#[test]
fn a_broken_file_is_named_and_kept() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    mistake(&repo, 0);
    mistake(&repo, 1);
    let broken = "# Errors\n\n## R-aaaa Broken\n\n```toml rule\nstatus = \"activ\"\n```\nMine.\n";
    repo.write(TOPIC, broken);
    mistake(&repo, 2).never_says("learned R-");
    assert_eq!(repo.read(TOPIC), broken);
    repo.tribunal(&["constitution", "check"]).code(1).says(&format!("{TOPIC}:6: ")).says("hint");
    learn(&repo, &[]).code(1).says("not learned").says(&format!("{TOPIC}:6"));
    repo.tribunal(&["constitution", "list"]).ok().says("cannot be read");
    fs::write(repo.path(TOPIC), b"# Errors\n\n\xff\n").unwrap();
    repo.tribunal(&["constitution", "check"]).code(1).says(&format!("{TOPIC}:3: it is not UTF-8"));
    let marks = format!("# Errors\n\n{} HEAD\nmine\n", "<".repeat(7));
    repo.write(TOPIC, &marks);
    learn(&repo, &[]).code(1).says(&format!("{TOPIC}:3: a merge conflict"));
    repo.write(TOPIC, "# Errors\n");
    learn(&repo, &[]).ok().says("learned R-");
    assert!(repo.read(TOPIC).starts_with("# Errors\n\n## R-"));
    let bad = repo.read(TOPIC).replace("Bad: `let _ = fs::remove_file(path);`", "Bad: `fine()`");
    repo.write(TOPIC, bad);
    let id = id_of(&only_rule(&repo));
    repo.tribunal(&["constitution", "test", &id]).code(1).says("does not match its bad example");
    repo.tribunal(&["constitution", "test", "R-eeee"]).code(2).says("no rule");
}

#[test]
fn a_link_is_not_written_through() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    mistake(&repo, 0);
    mistake(&repo, 1);
    fs::create_dir(sandbox.path().join("elsewhere")).unwrap();
    fs::create_dir(repo.path(".ai")).unwrap();
    std::os::unix::fs::symlink(sandbox.path().join("elsewhere"), repo.path(".ai/constitution"))
        .unwrap();
    mistake(&repo, 2).says("no rule was learned").says("symbolic link");
    assert_eq!(fs::read_dir(sandbox.path().join("elsewhere")).unwrap().count(), 0);
}

#[test]
fn branches_that_learn_different_rules_merge() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.commit_unjudged("chore: begin");
    let calls = |branch: &str, call: &str| {
        repo.git(&["switch", "--quiet", "--create", branch, "main"]).ok();
        for number in 0..3 {
            let path = format!("src/{branch}/f{number}.rs");
            repo.write(&path, format!("fn f() {{\n    let _ = {call}({number});\n}}\n"));
            repo.commit_unjudged("feat: more");
            remark(&repo, &format!("{path}:2")).ok();
        }
        repo.commit_unjudged("docs: a rule");
    };
    // The file begins on main: both branches add to the same one.
    repo.write(
        TOPIC,
        "# Error handling\n\nWhat we learned.\n\n## R-8000 Ours\n\n```toml rule\n\
        status = \"proposed\"\nseverity = \"low\"\nclass = \"error-handling/panic\"\n\
        check = { kind = \"none\" }\n```\nText.\n",
    );
    repo.commit_unjudged("docs: begin");
    calls("alpha", "net::send");
    assert_eq!(rules(&repo).len(), 2);
    calls("beta", "db::exec");
    assert_eq!(rules(&repo).len(), 2);
    learn(&repo, &[]).ok().says("is on another branch").never_says("was deleted");
    let ids: BTreeSet<String> = rules(&repo).iter().map(id_of).collect();
    let merged = repo.git(&["merge", "--quiet", "--no-verify", "--no-edit", "alpha"]);
    let text = repo.read(TOPIC);
    assert_eq!(merged.code, 0, "{merged}\n{text}");
    let all: BTreeSet<String> = rules(&repo).iter().map(id_of).collect();
    assert_eq!(all.len(), 3);
    assert!(all.is_superset(&ids));
    repo.tribunal(&["constitution", "check"]).ok();
    learn(&repo, &[]).ok().never_says("learned R-");
}

#[test]
fn dismissed_hits_take_a_rule_down() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    let id = id_of(&only_rule(&repo));
    repo.commit_unjudged("docs: a rule");
    for (number, call) in CALLS.iter().enumerate().take(5) {
        let text = format!("fn g() {{\n    let _ = {call};\n    let _ = 1;\n}}\n");
        repo.write(format!("src/store/g{number}.rs"), text);
    }
    repo.git(&["add", "--all"]).ok();
    repo.tribunal(&["check", "--staged"]).code(1).says(&id);
    let hits = ["findings", "list", "--gate", "constitution", "--format", "json"];
    let found = repo.tribunal(&hits).ok().json();
    let found = found["findings"].as_array().unwrap();
    assert_eq!(found.len(), 5);
    for (number, finding) in found.iter().take(2).enumerate() {
        let finding = finding["id"].as_str().unwrap();
        repo.tribunal(&["findings", "dismiss", finding, "--reason", "it is meant"]).ok();
        let advised = repo.tribunal(&["constitution", "check"]).ok();
        assert_eq!(advised.stdout.contains("demoted to `shadow`"), number == 1, "{advised}");
    }
    assert_eq!(only_rule(&repo)["status"], "active", "checking changes nothing");
    learn(&repo, &["--dry-run"]).ok().says("2 of its 5 hits were dismissed");
    assert_eq!(only_rule(&repo)["status"], "active");
    learn(&repo, &[]).ok().says("2 of its 5 hits were dismissed");
    let rule = only_rule(&repo);
    assert_eq!((&rule["status"], &rule["dismissed"]), (&"shadow".into(), &2.into()));
    learn(&repo, &[]).ok().never_says("demoted");
    assert_eq!(only_rule(&repo)["status"], "shadow", "once for the same hits");
}

#[test]
fn the_constitution_does_not_grow_without_end() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[learn]\nbudget = { rules = 0 }\n")
        .commit_unjudged("chore: policy");
    mistake(&repo, 0);
    mistake(&repo, 1);
    mistake(&repo, 2).never_says("learned R-");
    learn(&repo, &[]).ok().says("no more are allowed");
    assert_eq!(learn_json(&repo, &[])["learned"][0]["outcome"], "full");
    repo.write("tribunal.toml", "[learn]\nbudget = { bytes = \"300 B\" }\n");
    repo.commit_unjudged("chore: policy");
    learn(&repo, &[]).says("not learned").says("300 bytes");
    assert!(!repo.path(TOPIC).exists());
}

#[test]
fn a_rule_that_never_fires_is_proposed_for_retirement() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    repo.commit_unjudged("docs: a rule");
    let later = "2098-06-01T00:00:00Z";
    let commit = [("GIT_AUTHOR_DATE", later), ("GIT_COMMITTER_DATE", later)];
    for _ in 0..50 {
        let words = ["commit", "--quiet", "--allow-empty", "--no-verify", "-m", "chore: more"];
        repo.git_env(&words, &commit).ok();
    }
    let vars = [("TRIBUNAL_TEST_NOW", "2098-09-01T00:00:00Z")];
    let checked = repo.tribunal_with(&["constitution", "check"], &vars, b"").ok();
    checked.says("no hit in").says("set it to `retired`");
    assert_eq!(only_rule(&repo)["status"], "active", "a person decides");
}

#[test]
fn a_secret_never_gets_into_a_rule() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let key = ["AKIA", "Z7QW", "3RTY", "5UIO", "P2AS"].concat();
    for number in 0..3 {
        let path = file(number);
        repo.write(&path, format!("fn f() {{\n    connect(\"{key}\", {number});\n}}\n"));
        repo.commit_unjudged("feat: more");
        remark(&repo, &format!("{path}:2")).ok();
    }
    let topic = fs::read_to_string(repo.path(TOPIC)).unwrap_or_default();
    assert!(!topic.contains(&key), "{topic}");
}

#[test]
fn what_is_too_old_or_dismissed_teaches_nothing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    for number in 0..2 {
        repo.write(file(number), wrong(number)).commit_unjudged("feat: more");
        let at = format!("{}:2", file(number));
        let old = [("TRIBUNAL_TEST_NOW", "2020-01-01T00:00:00Z")];
        remark_with(&repo, &at, "the error of the call is dropped", &old).ok();
    }
    mistake(&repo, 2).never_says("learned");
    mistake(&repo, 3).never_says("learned");
    mistake(&repo, 4).says("learned");
}

const LINES: &str = r"^(?P<path>[^:]+):(?P<line>\d+): \[(?P<rule>\w+)\] (?P<message>.+)$";

#[test]
fn reports_of_other_tools_are_learned_from() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let mut reports = String::new();
    for number in 0..3 {
        repo.write(file(number), wrong(number)).commit_unjudged("feat: more");
        // The tool tells of everything each time: what it told before does not count again.
        reports = format!("{reports}{}:2: [W1] the result is ignored\nnoise\n", file(number));
        let words = ["findings", "import", "-", "--as", LINES];
        let out = repo.tribunal_with(&words, &[], reports.as_bytes()).ok();
        out.clone().says(&format!("imported {} finding", number + 1));
        assert_eq!(out.stderr.contains("learned R-"), number == 2, "{out}");
    }
    assert_eq!(only_rule(&repo)["check"]["pattern"], "let _ = fs::$A($$$B);");
    let listed = repo.tribunal(&["findings", "--format", "json"]).ok().json();
    assert_eq!(listed["total"], 3);
    assert_eq!(listed["findings"][0]["anchor"], format!("    let _ = {};", CALLS[2]));
    let gone = "src/no.rs:1: [W1] the result is ignored\n";
    let words = ["findings", "import", "-", "--as", LINES, "--format", "json"];
    let out = repo.tribunal_with(&words, &[], gone.as_bytes()).ok();
    assert_eq!(out.json()["findings"][0]["path"], "src/no.rs");
    out.says("in files that are not in the last commit");
}

#[test]
fn a_report_that_cannot_be_read_is_named() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("src/a.rs", wrong(0)).commit_unjudged("feat: a");
    repo.write("report.txt", "hello\n");
    let import = |more: &[&str]| repo.tribunal(&[&["findings", "import"], more].concat());
    import(&["report.txt"]).code(2).says("`report.txt`").says("--as");
    import(&["report.txt", "--as", "sarif"]).code(2).says("not SARIF");
    import(&["report.txt", "--as", "lint"]).code(2).says("`lint` is not a known format");
    import(&["nowhere"]).code(2).says("could not read `nowhere`");
    repo.tribunal(&["findings"]).ok().says("no open findings");
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint"}}, "results": [
        {"ruleId": "W1", "message": {"text": "ignored"}, "locations": [{"physicalLocation":
        {"artifactLocation": {"uri": "src/a.rs"}, "region": {"startLine": 2}}}]}]}]}"#;
    repo.write("report.sarif", sarif);
    import(&["report.sarif"]).ok().says("imported 1 finding");
    let codex = r#"{"findings": [{"title": "[P1] Error dropped", "body": "It is lost.",
        "code_location": {"absolute_file_path": "ROOT/src/a.rs", "line_range":
        {"start": 2, "end": 2}}}]}"#;
    repo.write("codex.json", codex.replace("ROOT", repo.dir.to_str().unwrap()));
    import(&["codex.json"]).ok().says("imported 1 finding");
    let listed = repo.tribunal(&["findings", "--format", "json"]).ok().json();
    let paths: Vec<_> =
        listed["findings"].as_array().unwrap().iter().map(|f| f["path"].clone()).collect();
    assert_eq!(paths, ["src/a.rs", "src/a.rs"]);
}

#[test]
fn a_command_that_reports_places_teaches() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let run = "grep -rn \"let _ = fs::\" src | awk -F: \"{print \\$1 \\\":\\\" \\$2 \\\": [W1] \
               the result is ignored\\\"}\"";
    let policy = format!(
        "[[commands]]\nname = \"lint\"\nrun = '''{run}'''\non = [\"pre-commit\"]\n\
         format = '''{LINES}'''\n"
    );
    // What the linter finds in code that was there before is nobody's mistake now.
    let old = "fn o() {\n    let _ = fs::old(1);\n    let _ = fs::old(2);\n}\n";
    repo.write("tribunal.toml", policy).write("src/store/old.rs", old);
    repo.commit_unjudged("chore: policy");
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write(file(0), wrong(0));
    repo.commit("feat: f0").ok().says("3 warnings");
    for number in 3..6 {
        repo.write(file(number), right(number));
        repo.commit("feat: unrelated").ok();
    }
    learn(&repo, &[]).ok().says("no rule learned");
    for number in 1..3 {
        repo.write(file(number), wrong(number));
        repo.commit("feat: again").ok();
    }
    assert_eq!(rules(&repo).len(), 0, "a hook never learns");
    learn(&repo, &[]).ok().says("learned R-").says("3 findings").says("3 changes");
    let rule = only_rule(&repo);
    repo.commit("docs: a rule").ok();
    repo.write("src/store/next.rs", wrong(4));
    repo.commit("feat: once more").code(1).says(&id_of(&rule));
}

#[test]
fn a_mistake_that_was_fixed_and_made_again_counts_again() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    for round in 0..3 {
        let said = mistake(&repo, 0);
        assert_eq!(said.stderr.contains("learned R-"), round == 2, "{said}");
        repo.write(file(0), right(0)).commit_unjudged("fix: f0");
    }
    // What is only remarked on again and again is one mistake.
    let other = sandbox.repo("o");
    mistake(&other, 0);
    for _ in 0..3 {
        other.commit_unjudged("chore: unrelated");
        remark(&other, &format!("{}:2", file(0))).ok().never_says("learned");
    }
}

#[test]
fn a_mistake_in_overlapping_ranges_is_one() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let run = "grep -rn \"let _ = fs::\" src | awk -F: \"{print \\$1 \\\":\\\" \\$2 \\\": [W1] \
               the result is ignored\\\"}\"";
    let policy = format!(
        "[[commands]]\nname = \"lint\"\nrun = '''{run}'''\non = [\"run\"]\n\
         format = '''{LINES}'''\n"
    );
    repo.write("tribunal.toml", policy).commit_unjudged("chore: policy");
    for number in 3..6 {
        repo.write(file(number), right(number)).commit_unjudged("feat: more");
    }
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.write(file(0), wrong(0)).commit_unjudged("feat: f0");
    for from in ["HEAD~1", "HEAD~2", "HEAD~3", "HEAD~4"] {
        let range = ["check", "--commands=run", "--from", from, "--to", "HEAD"];
        repo.tribunal(&range).says("the result is ignored");
    }
    learn(&repo, &[]).ok().says("no rule learned");
    // What was fixed and is made again on top of it counts.
    for round in 0..2 {
        repo.write(file(0), right(0)).commit_unjudged("fix: f0");
        repo.write(file(0), wrong(0)).commit_unjudged("feat: f0 again");
        let range = ["check", "--commands=run", "--from", "HEAD~1", "--to", "HEAD"];
        repo.tribunal(&range).says("the result is ignored");
        let learned = learn(&repo, &[]).ok();
        assert_eq!(learned.stdout.contains("learned R-"), round == 1, "{learned}");
    }
}

#[test]
fn nothing_is_written_in_the_middle_of_a_merge() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    mistake(&repo, 0);
    mistake(&repo, 1);
    repo.git(&["switch", "--quiet", "--create", "side", "HEAD~1"]).ok();
    repo.write("side", "s\n").commit_unjudged("feat: side");
    repo.git(&["merge", "--quiet", "--no-commit", "main"]).ok();
    repo.write("src/store/f2.rs", wrong(2)).git(&["add", "--all"]).ok();
    remark(&repo, "src/store/f2.rs:2").ok().never_says("learned");
    assert!(!repo.path(TOPIC).exists());
    repo.git(&["commit", "--quiet", "--no-verify", "--no-edit"]).ok();
    remark(&repo, "side:1").ok().says("learned R-");
}

#[test]
fn sha256_and_sub_folders_work_too() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo_with("r", &["--object-format=sha256"]);
    mistake(&repo, 0);
    mistake(&repo, 1);
    repo.write(file(0), right(0)).commit_unjudged("fix: f0");
    mistake(&repo, 2).says("learned R-");
    assert!(repo.read(TOPIC).contains("Good: `fs::remove_file(path)?;`"));
    let below = Repo { sandbox: &sandbox, dir: repo.path("src") };
    below.tribunal(&["constitution", "learn"]).ok().says("covers it already");
    assert!(!below.path(".ai").exists());
}

#[test]
fn linked_work_trees_share_what_was_forgotten() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    let id = id_of(&only_rule(&repo));
    repo.commit_unjudged("docs: a rule");
    let linked = Repo { sandbox: &sandbox, dir: sandbox.path().join("linked") };
    repo.git(&["worktree", "add", "--quiet", linked.dir.to_str().unwrap()]).ok();
    learn(&linked, &[]).ok().says("covers it already");
    linked.tribunal(&["constitution", "forget", &id]).ok();
    linked.commit_unjudged("docs: no rule");
    learn(&linked, &[]).ok().says("does not come back by itself");
    learn(&repo, &[]).ok().says("covers it already");
    let bare = sandbox.bare("bare.git");
    bare.tribunal(&["constitution", "learn"]).code(2).says("work tree");
}

#[test]
fn the_memory_of_deleted_rules_survives_or_says_so() {
    let sandbox = Sandbox::new();
    let repo = learned(&sandbox);
    let record = ".git/tribunal/constitution.json";
    let newer = repo.read(record).replacen("\"version\": 1", "\"version\": 9", 1);
    repo.write(record, &newer);
    learn(&repo, &[]).code(2).says("from a newer tribunal").says("hint");
    remark(&repo, &format!("{}:1", file(0))).ok().says("no rule was learned");
    assert_eq!(repo.read(record), newer);
    repo.write(record, "{ broken");
    repo.tribunal(&["constitution", "check"]).ok();
    assert_eq!(repo.read(record), "{ broken", "checking changes nothing");
    learn(&repo, &[]).ok().says("is set aside as").says("covers it already");
    let kept = fs::read_dir(repo.path(".git/tribunal")).unwrap();
    let names = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().any(|name| name.starts_with("constitution.damaged-")));
    // What stands was remembered anew.
    fs::remove_file(repo.path(TOPIC)).unwrap();
    learn(&repo, &[]).ok().says("does not come back by itself");
}

#[test]
fn a_crowd_of_remarks_makes_one_rule() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    mistake(&repo, 0);
    for number in 1..6 {
        repo.write(file(number), wrong(number));
    }
    repo.commit_unjudged("feat: all at once");
    let at: Vec<String> = (1..6).map(|number| format!("{}:2", file(number))).collect();
    let words = |at: &str| {
        let words = ["findings", "add", "--class", CLASS, "--message", "dropped", "--at", at];
        words.map(str::to_owned)
    };
    let crowd: Vec<Child> =
        at.iter().map(|at| spawn(&repo, &words(at).each_ref().map(String::as_str))).collect();
    for mut one in crowd {
        assert!(one.wait().unwrap().success());
    }
    only_rule(&repo);
    repo.tribunal(&["constitution", "test"]).ok();
    learn(&repo, &[]).ok().never_says("learned R-");
}

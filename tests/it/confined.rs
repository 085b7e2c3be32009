//! What agents wrote runs in the sandbox: the commands of a policy and of a spec, on what a fix left.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::brain::{BUGGY, LEFT_OUT, Part, Question, diligent};
use crate::harness::{Outcome, Repo, Sandbox, run};
use crate::model_server::{Asked, Call, Say};
use crate::needs::{Need, skip};
use crate::scene::{KEYS, Scene, review};

/// What is said where something got out.
const OUT: &str = "GOT-OUT";

/// Runs what the fix brought; before it there is nothing to run.
const PROBE: &str = "[[commands]]\nname = \"probe\"\n\
    run = \"test ! -e tests/probe.sh || sh tests/probe.sh\"\n";

/// A diligent model whose executor brings a script along, once it is set.
fn bringing(script: &Arc<OnceLock<String>>) -> Scene {
    bringing_under("", script)
}

/// The same for a person with these settings.
fn bringing_under(settings: &str, script: &Arc<OnceLock<String>>) -> Scene {
    let script = Arc::clone(script);
    let brain = move |asked: &Asked| match diligent(&[LEFT_OUT])(asked) {
        Say::Words(mut words) if Question::read(asked).part == Part::Fix && asked.turns == 0 => {
            let content = script.get().unwrap().clone();
            words.calls.push(Call::Write { path: "tests/probe.sh".to_owned(), content });
            Say::Words(words)
        }
        other => other,
    };
    Scene::new(settings, brain).logged_in(&KEYS)
}

/// A library with that policy, whose last commit brings the mistake in, and whose commands may run.
fn library<'a>(scene: &'a Scene, policy: &str) -> Repo<'a> {
    let repo = scene.library();
    repo.write("tribunal.toml", policy).write(".gitignore", "deps\n");
    repo.commit_unjudged("chore: policy");
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    repo
}

/// What the command `probe` printed the last time.
fn printed(repo: &Repo<'_>) -> String {
    repo.read(".git/tribunal/logs/commands/probe.log")
}

/// Why bubblewrap cannot be tried here, where it cannot.
fn without_bubblewrap(scene: &Scene) -> Option<String> {
    let repo = scene.sandbox.repo("none");
    let outcome = repo.tribunal(&["sandbox", "--with", "bubblewrap", "--", "true"]);
    (outcome.code != 0).then(|| outcome.to_string())
}

/// Has the last commit reviewed and fixed without bubblewrap, which is looked for in folders of the system
/// alone, and without these programs: where `true` does not run, no sandbox proves to work.
fn fixed_without(scene: &Scene, repo: &Repo<'_>, left_out: &[&str], words: &[&str]) -> Outcome {
    let words = [&["review", "--format", "json", "--commit", "HEAD", "--fix"], words].concat();
    let mut command = repo.command(&words);
    command.env("PATH", programs_without(&scene.sandbox, left_out));
    run(command, b"")
}

/// A folder with all the programs of `PATH` but these.
pub fn programs_without(sandbox: &Sandbox, left_out: &[&str]) -> PathBuf {
    let folder = sandbox.path().join("programs");
    fs::create_dir_all(&folder).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    for entry in std::env::split_paths(&path).filter_map(|path| fs::read_dir(path).ok()).flatten() {
        let entry = entry.unwrap();
        let to = folder.join(entry.file_name());
        let is_left_out = left_out.iter().any(|name| entry.file_name() == *name);
        if !is_left_out && to.symlink_metadata().is_err() {
            std::os::unix::fs::symlink(entry.path(), to).unwrap();
        }
    }
    folder
}

fn is_running(arguments: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|one| fs::read(one.path().join("cmdline")).ok());
    lines.into_iter().any(|line| String::from_utf8_lossy(&line).contains(arguments))
}

#[test]
fn what_a_fix_brings_reaches_nothing_of_the_person_s() {
    let script = Arc::new(OnceLock::new());
    let mut scene = bringing(&script);
    scene.sandbox.vars.push(("SOME_TOKEN", OUT.to_owned()));
    if let Some(why) = without_bubblewrap(&scene) {
        return skip("what_a_fix_brings_reaches_nothing_of_the_person_s", Need::Bubblewrap, &why);
    }
    let (home, repo) = (scene.sandbox.home(), library(&scene, PROBE));
    fs::create_dir_all(home.join(".ssh")).unwrap();
    fs::write(home.join(".ssh/id_key"), OUT).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let home = home.display();
    let work = repo.dir.display();
    let lines = [
        format!("echo x > {home}/left; echo x >> {work}/README.md; rm -rf {work}/src"),
        format!("cat {home}/.ssh/id_key || echo kept: .ssh"),
        format!("grep -r library {work} && echo {OUT} || echo kept: work tree"),
        "env | grep SOME_TOKEN || echo kept: environment".to_owned(),
        format!(
            "perl -MSocket -e 'socket(S,AF_INET,SOCK_STREAM,0) && \
             connect(S,sockaddr_in({port},inet_aton(\"127.0.0.1\"))) && exit 0; exit 1' \
             && echo {OUT} || echo kept: network"
        ),
        format!(
            "for git in {work}/.git .git; do git --git-dir=$git config a.b c && echo {OUT}; done"
        ),
        "setsid sh -c 'sleep 87653.1' < /dev/null > /dev/null 2>&1 &".to_owned(),
        "echo the-reason; exit 3".to_owned(),
    ];
    script.set(lines.join("\n") + "\n").unwrap();
    let words = ["--commit", "HEAD", "--fix", "--set", "review.rounds.s=1"];
    let outcome = review(&repo, &words).code(3).says("failed (3) in the sandbox").json();
    let said = printed(&repo);
    assert!(!said.contains(OUT), "{said}");
    for kept in [".ssh", "work tree", "environment", "network"] {
        assert!(said.contains(&format!("kept: {kept}")), "{kept}: {said}");
    }
    assert!(listener.accept().is_err(), "the network was reached");
    assert!(!scene.sandbox.home().join("left").exists());
    assert_eq!(repo.read("README.md"), "A library.\n");
    assert!(repo.path("src/sum.rs").exists());
    assert!(!is_running("sleep\u{0}87653.1"), "it left a process behind");
    let found = outcome["findings"].as_array().unwrap();
    let failed = found.iter().find(|one| one["rule"] == "probe").unwrap();
    assert!(failed["suggestion"].as_str().unwrap().contains("tribunal sandbox --"), "{failed}");
}

#[test]
fn what_passes_there_needs_no_more_than_its_workspace() {
    for is_bubblewrap in [true, false] {
        let script = Arc::new(OnceLock::new());
        let mut scene = bringing(&script);
        if is_bubblewrap && let Some(why) = without_bubblewrap(&scene) {
            skip("what_passes_there_needs_no_more_than_its_workspace", Need::Bubblewrap, &why);
            continue;
        }
        scene.sandbox.vars.push(("SOME_TOKEN", OUT.to_owned()));
        let before = "test -e tests/probe.sh || { cp deps/report $TRIBUNAL_REPORT; exit; };";
        let probe = PROBE.replace("test ! -e tests/probe.sh ||", before);
        let policy = format!("{probe}format = \"junit\"\nshare = [\"deps\"]\n");
        let repo = library(&scene, &policy);
        let report = "<testsuite tests='1'><testcase classname='a' name='b'/></testsuite>";
        repo.write("deps/report", report);
        let lines = [
            "set -e",
            "test -z \"$SOME_TOKEN\"",
            "git log -1 --format=%s | grep fix:",
            "git diff --quiet HEAD",
            "if echo x > deps/new; then exit 1; fi",
            "mkdir -p target && echo built > target/file",
            // As some tools write a file.
            "cp deps/report $TRIBUNAL_REPORT.new && mv $TRIBUNAL_REPORT.new $TRIBUNAL_REPORT",
            "echo x > $HOME/x; echo x > ${TMPDIR:-/tmp}/x; echo out > /dev/stdout; echo all-done",
        ];
        script.set(lines.join("\n") + "\n").unwrap();
        let outcome = if is_bubblewrap {
            review(&repo, &["--commit", "HEAD", "--fix"]).ok().never_says("Landlock")
        } else {
            fixed_without(&scene, &repo, &[], &[]).ok().says("Landlock holds what the agent wrote")
        };
        assert!(printed(&repo).contains("all-done"), "{}", printed(&repo));
        assert!(outcome.json()["skipped"].as_array().is_none_or(Vec::is_empty), "{outcome}");
        assert!(!repo.path("deps/new").exists());
        assert!(!scene.sandbox.home().join("x").exists());
    }
}

#[test]
fn tests_that_fail_on_a_fix_are_told_by_name_to_who_is_to_mend_it() {
    let script = Arc::new(OnceLock::new());
    let scene = bringing(&script);
    let policy = PROBE.replace(
        "test ! -e tests/probe.sh ||",
        "test -e tests/probe.sh || { printf '%s' '<testsuite><testcase name=\\\"a\\\"/></testsuite>' > $TRIBUNAL_REPORT; exit; };",
    );
    let repo = library(&scene, &format!("{policy}format = \"junit\"\n"));
    let report = "<testsuite tests='2' failures='1'><testcase classname='a' name='good'/>\
        <testcase classname='a' name='bad'><failure message='3 is not 2'/></testcase></testsuite>";
    script.set(format!("echo \"{report}\" > $TRIBUNAL_REPORT; exit 1\n")).unwrap();
    review(&repo, &["--commit", "HEAD", "--fix", "--set", "review.rounds.s=2"]).code(3);
    let asked = scene.asked();
    let fixes: Vec<&Asked> =
        asked.iter().filter(|asked| Question::read(asked).part == Part::Fix).collect();
    assert!(fixes.len() > 1);
    assert!(!fixes[0].prompt.contains("3 is not 2"));
    let told = &fixes[1].prompt;
    assert!(told.contains("Tests of `probe` that failed"), "{told}");
    assert!(told.contains("bad: 3 is not 2") && !told.contains("good"), "{told}");
}

#[test]
fn where_nothing_holds_it_what_an_agent_wrote_is_not_run() {
    let script = Arc::new(OnceLock::new());
    let scene = bringing(&script);
    let mark = scene.sandbox.path().join("ran");
    script.set(format!("echo x > {}\n", mark.display())).unwrap();
    let repo = library(&scene, PROBE);
    let outcome = fixed_without(&scene, &repo, &["true"], &[]).code(4).json();
    let skipped = outcome["skipped"].as_array().unwrap();
    let reason = |skipped: &Value| skipped["reason"].as_str().unwrap().to_owned();
    let probe = skipped.iter().find(|one| one["gate"] == "probe").map(reason).unwrap();
    assert!(probe.contains("what an agent wrote runs in the sandbox alone"), "{probe}");
    assert!(probe.contains("nothing here can hold it") && probe.contains("hint: "), "{probe}");
    assert!(!mark.exists());
    // The command of the person's own change ran.
    assert!(repo.path(".git/tribunal/logs/commands/probe.log").exists());
}

/// Behind a proxy of a company the system's certificates are not enough.
#[test]
fn who_may_reach_the_network_finds_the_certificates_that_the_person_names() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let own = sandbox.path().join("company.pem");
    fs::write(&own, "CERTIFICATE\n").unwrap();
    let own = own.to_str().unwrap();
    let vars = [("PIP_CERT", own), ("HTTPS_PROXY", "http://me:word@proxy")];
    let line = "cat \"$PIP_CERT\"; echo \"proxy: $HTTPS_PROXY.\"";
    let asks = |network: &[&str]| {
        let words = [&["sandbox"], network, &["--", "sh", "-c", line]].concat();
        repo.tribunal_with(&words, &vars, b"")
    };
    let outcome = asks(&["--network"]);
    if outcome.to_string().contains("nothing here can hold it") {
        return;
    }
    outcome.says("CERTIFICATE").says("proxy: .");
    asks(&[]).never_says("CERTIFICATE");
    // pip reads it, and ends where it is refused.
    let line = "for one in os-release debian_version; do [ ! -e /etc/$one ] || cat /etc/$one; done";
    repo.tribunal(&["sandbox", "--with", "landlock", "--", "sh", "-c", line]).never_says("denied");
}

#[test]
fn a_pass_in_the_sandbox_and_one_outside_are_two() {
    let script = Arc::new(OnceLock::new());
    let scene = bringing(&script);
    let mark = scene.sandbox.path().join("ran");
    script.set(format!("echo x > {} || true\n", mark.display())).unwrap();
    let repo = library(&scene, PROBE);
    repo.push_to(&scene.sandbox.bare("origin.git"));
    let outcome = review(&repo, &["--commit", "HEAD", "--fix"]).ok().json();
    assert!(!mark.exists(), "it ran outside");
    let branch = outcome["review"]["offer"]["branch"].as_str().unwrap().to_owned();
    repo.git(&["merge", "--quiet", &branch]).ok();
    // Pushed as the person's own, it is run as the person's own.
    repo.tribunal(&["hooks", "install"]).ok();
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    assert!(mark.exists(), "what passed in the sandbox counted outside");
    // What a build of it left in there is not in the workspaces of the person's own changes.
    let trees = scene.sandbox.home().join(".cache/tribunal/trees");
    let of_repo = fs::read_dir(trees).unwrap().next().unwrap().unwrap().path();
    let has = |name: &str| Path::new(&of_repo).join(name).is_dir();
    assert!(has("agent-0") && has("0"));
}

#[test]
fn where_nothing_holds_it_it_runs_if_the_person_says_so() {
    let script = Arc::new(OnceLock::new());
    let scene = bringing(&script);
    let mark = scene.sandbox.path().join("ran");
    script.set(format!("echo x > {}\n", mark.display())).unwrap();
    let repo = library(&scene, PROBE);
    let words = ["--set", "sandbox.without=run"];
    let outcome = fixed_without(&scene, &repo, &["true"], &words).ok();
    let outcome = outcome.says("what the agent wrote runs with all your rights").json();
    assert!(mark.exists());
    assert_eq!(outcome["skipped"][0]["gate"], "sandbox", "{outcome}");
}

#[test]
fn what_a_policy_asks_of_the_sandbox_takes_a_yes() {
    let script = Arc::new(OnceLock::new());
    let scene = bringing(&script);
    if let Some(why) = without_bubblewrap(&scene) {
        return skip("what_a_policy_asks_of_the_sandbox_takes_a_yes", Need::Bubblewrap, &why);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let models = scene.sandbox.home().join("models");
    fs::create_dir(&models).unwrap();
    fs::write(models.join("one"), "model").unwrap();
    script
        .set(format!(
            "set -e; grep model {0}/one; ! echo x > {0}/two; perl -MSocket -e \
             'socket(S,AF_INET,SOCK_STREAM,0) && \
             connect(S,sockaddr_in({port},inet_aton(\"127.0.0.1\"))) && exit 0; exit 1'\n",
            models.display()
        ))
        .unwrap();
    let repo = scene.library();
    repo.write("tribunal.toml", PROBE).commit_unjudged("chore: policy");
    repo.tribunal(&["trust", "--yes"]).ok();
    // Less than the defaults needs no yes.
    let asks = "[sandbox]\nnetwork = true\nreadable = [\"~/models\"]\nprocesses = 512\n";
    repo.write("tribunal.toml", format!("{PROBE}{asks}")).commit_unjudged("chore: sandbox");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    let refused = review(&repo, &["--commit", "HEAD", "--fix"]).code(4);
    refused.says("asks for `sandbox.network = true`, which you did not allow");
    let asked = repo.tribunal(&["trust", "commands"]).code(2);
    let asked = asked.says("sandbox.network = true").says("sandbox.readable = [\"~/models\"]");
    asked.never_says("processes").says("tribunal trust commands --yes");
    repo.tribunal(&["trust", "--yes"]).ok().says("allowed in the sandbox");
    repo.tribunal(&["trust", "commands"]).ok().says("all commands are trusted already");
    review(&repo, &["--commit", "HEAD", "--fix"]).ok();
    assert!(listener.accept().is_ok());
    assert!(!models.join("two").exists());
    repo.tribunal(&["trust", "--list"]).ok().says("sandbox   sandbox.network = true");
    repo.tribunal(&["trust", "--revoke", "sandbox"]).ok().says("`sandbox` is no longer trusted");
    repo.tribunal(&["trust", "--list"]).ok().never_says("sandbox.network");
}

#[test]
fn what_uses_more_than_the_policy_allows_is_stopped_and_names_the_key() {
    let script = Arc::new(OnceLock::new());
    let scene = bringing(&script);
    if let Some(why) = without_bubblewrap(&scene) {
        let test = "what_uses_more_than_the_policy_allows_is_stopped_and_names_the_key";
        return skip(test, Need::Bubblewrap, &why);
    }
    let hog = "for i in 1 2 3 4; do perl -e '$x = \"a\" x (100 << 20); sleep 20' & done; wait\n";
    script.set(hog.to_owned()).unwrap();
    let repo = library(&scene, &format!("{PROBE}[sandbox]\nmemory = \"256 MiB\"\n"));
    let words = ["--commit", "HEAD", "--fix", "--set", "review.rounds.s=1"];
    review(&repo, &words).code(3).says("used more memory than `sandbox.memory` allows");
}

#[test]
fn a_shared_link_that_leads_out_of_the_work_tree_is_shared_where_it_is_named() {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("lib"), "shared").unwrap();
    for is_named in [false, true] {
        let script = Arc::new(OnceLock::new());
        let place = elsewhere.path().display();
        let named = format!("[sandbox]\nreadable = [\"{place}\"]\n");
        let scene = bringing_under(if is_named { &named } else { "" }, &script);
        script.set("grep shared deps/lib\n".to_owned()).unwrap();
        let repo = library(&scene, &format!("{PROBE}share = [\"deps\"]\n"));
        std::os::unix::fs::symlink(elsewhere.path(), repo.path("deps")).unwrap();
        let outcome = review(&repo, &["--commit", "HEAD", "--fix"]);
        if is_named {
            outcome.ok();
        } else {
            let says = format!("`deps`, which leads out of the work tree to `{place}`");
            outcome.code(4).says(&says).says("sandbox.readable");
        }
    }
}

#[test]
fn commands_of_a_spec_run_there_as_well() {
    let spec = "---\nid: sums\nstatus: done\ntouches: [\"src/**\"]\n---\n# Sums\n\n## Goal\n\nSums.\n\n\
        ## Acceptance criteria\n\n- **AC-1** WHEN a list is given THEN the sum SHALL be returned\n  \
        - verify: `test ! -e tests/probe.sh || sh tests/probe.sh`\n";
    for is_held in [true, false] {
        let script = Arc::new(OnceLock::new());
        let scene = bringing(&script);
        if is_held && let Some(why) = without_bubblewrap(&scene) {
            skip("commands_of_a_spec_run_there_as_well", Need::Bubblewrap, &why);
            continue;
        }
        let mark = scene.sandbox.path().join("ran");
        script.set(format!("echo x > {} || exit 0\n", mark.display())).unwrap();
        let repo = scene.library();
        repo.write("docs/specs/sums.md", spec).commit_unjudged("docs: spec");
        repo.tribunal(&["trust", "--spec", "docs/specs/sums.md", "--yes"]).ok();
        repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
        let words = ["--spec", "docs/specs/sums.md"];
        if is_held {
            review(&repo, &[&["--commit", "HEAD", "--fix"], &words[..]].concat()).ok();
        } else {
            let outcome = fixed_without(&scene, &repo, &["true"], &words).code(4);
            outcome.says("AC-1: test ! -e tests/probe.sh").says("nothing here can hold it");
        }
        assert!(!mark.exists(), "it ran outside");
        let logs = fs::read_dir(repo.path(".git/tribunal/logs/commands")).unwrap();
        let ran = logs.count();
        assert_eq!(ran, if is_held { 2 } else { 1 });
    }
}

//! What the tests of a run need of the network is fetched once, by what the policy prepares, and found in its
//! place by what runs without the network.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::brain::LEFT_OUT;
use crate::confined::programs_without;
use crate::harness::{Repo, Sandbox, run as run_command, wait_for};
use crate::model_server::Call;
use crate::moved_bases::while_moving;
use crate::needs::{Need, skip};
use crate::scene::{Beside, Scene};
use crate::spec_runs::{
    CODE, OLD_TEST, POLICY, RUNNER, SPEC, Step, builder, came, good_code, good_tests, run, writes,
};

/// A registry on loopback: it answers each question with the package, and counts them.
fn registry() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            drop(stream.read(&mut [0; 1024]));
            count.fetch_add(1, Ordering::SeqCst);
            drop(stream.write_all(b"echo dep-1.0\n"));
        }
    });
    (port, asked)
}

/// Fetches what the lock file names, as a package manager does; it says so where it does not reach the registry.
fn fetch(port: u16) -> String {
    format!(
        "perl -MSocket -e 'socket(S,AF_INET,SOCK_STREAM,0) && connect(S,sockaddr_in({port},\
         inet_aton(\"127.0.0.1\"))) or die \"no network\\n\"; syswrite(S,\"get\\n\"); print <S>' \
         > fetched || exit 7\nmkdir -p deps/bin && mv fetched deps/bin/dep.sh && grep -q dep- deps/bin/dep.sh\n\
         echo \"echo x > $PWD/deps/installed\" > deps/bin/install.sh\n"
    )
}

const STEP: &str = "[[prepare]]\nrun = \"sh fetch\"\nfiles = [\"deps.txt\"]\nkeep = [\"deps\"]\n\
    env = { DEP_HOME = \"deps\" }\n";

/// The old test needs the package, and tries to write it and to reach the registry.
fn old_test(port: u16) -> String {
    format!(
        "[ \"$(sh deps/bin/dep.sh)\" = dep-1.0 ] || {{ echo 'assert: no dep'; exit 1; }}\n\
         [ \"$DEP_HOME\" = \"$PWD/deps\" ] || {{ echo 'assert: no variable'; exit 1; }}\n\
         (echo x > deps/bin/dep.sh) 2>/dev/null && {{ echo 'assert: WROTE'; exit 1; }}\n\
         (echo x > deps/new) 2>/dev/null && {{ echo 'assert: WROTE'; exit 1; }}\n\
         perl -MSocket -e 'socket(S,AF_INET,SOCK_STREAM,0) && connect(S,sockaddr_in({port},\
         inet_aton(\"127.0.0.1\"))) && exit 0; exit 1' && {{ echo 'assert: REACHED'; exit 1; }}\n{OLD_TEST}"
    )
}

/// A project whose tests need what a registry has.
fn project<'a>(scene: &'a Scene, name: &str, port: u16, step: &str) -> Repo<'a> {
    let repo = scene.sandbox.repo(name);
    repo.write("run-tests", RUNNER).write("tribunal.toml", format!("{POLICY}{step}"));
    repo.write("fetch", fetch(port)).write("deps.txt", "dep 1.0\n");
    repo.write("src/hello.sh", "echo hello\n").write("tests/hello_test.sh", old_test(port));
    repo.commit_unjudged("feat: hello");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.write("docs/specs/sizes.md", SPEC);
    repo
}

/// Skips a test where nothing holds what agents wrote.
fn has_no_sandbox(scene: &Scene, test: &str) -> bool {
    let outcome =
        scene.sandbox.repo("none").tribunal(&["sandbox", "--with", "bubblewrap", "--", "true"]);
    if outcome.code != 0 {
        skip(test, Need::Bubblewrap, &outcome.to_string());
    }
    outcome.code != 0
}

/// The folders of what was prepared.
fn prepared(sandbox: &Sandbox) -> Vec<PathBuf> {
    let trees = sandbox.home().join(".cache/tribunal/trees");
    let all = fs::read_dir(trees).into_iter().flatten().flatten().map(|one| one.path());
    let all = all.flat_map(|one| fs::read_dir(one).into_iter().flatten().flatten());
    let is = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("prepared-");
    all.map(|one| one.path()).filter(is).collect()
}

#[test]
fn what_is_prepared_once_is_there_without_the_network_and_cannot_be_written() {
    // The executor finds it in its own workspace, and what it writes there is its own.
    let code = Step {
        calls: [
            good_code().calls,
            writes(&[("deps/mine", "x\n")], "").calls,
            vec![Call::Shell("sh deps/bin/install.sh && test -e deps/installed".to_owned())],
        ]
        .concat(),
        ..good_code()
    };
    let scene = builder(vec![good_tests()], vec![code], &[LEFT_OUT]);
    if has_no_sandbox(
        &scene,
        "what_is_prepared_once_is_there_without_the_network_and_cannot_be_written",
    ) {
        return;
    }
    let (port, asked) = registry();
    let repo = project(&scene, "r", port, STEP);
    let json = run(&repo).ok().json();
    assert_eq!(asked.load(Ordering::SeqCst), 1, "once, for the base, two suites and the review");
    let commit = json["commit"].as_str().unwrap();
    let touched = repo.git(&["diff", "--name-only", "HEAD", commit]).ok();
    assert_eq!(touched.out(), "src/size.sh\ntests/size_test.sh");
    let made = prepared(&scene.sandbox);
    let [folder] = made.as_slice() else { panic!("{made:?}") };
    assert!(folder.join("work/deps/bin/dep.sh").exists());
    for left in ["deps/mine", "deps/installed", "src"] {
        assert!(!folder.join("work").join(left).exists(), "{left}");
    }

    // Another content is prepared anew, and what was half made counts for nothing.
    repo.git(&["branch", "-D", "tribunal/sizes"]).ok();
    fs::remove_file(folder.join("prepared")).unwrap();
    fs::write(folder.join("work/deps/bin/dep.sh"), "echo half\n").unwrap();
    run(&repo).ok();
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    repo.git(&["branch", "-D", "tribunal/sizes"]).ok();
    repo.write("deps.txt", "dep 1.0 # again\n");
    repo.git(&["add", "deps.txt"]).ok();
    repo.git(&["commit", "-qm", "chore: lock", "--no-verify"]).ok();
    run(&repo).ok();
    assert_eq!((asked.load(Ordering::SeqCst), prepared(&scene.sandbox).len()), (3, 2));
}

#[test]
fn a_change_of_it_asks_again_and_what_an_agent_changed_is_for_a_person() {
    let lock = [("src/size.sh", CODE), ("deps.txt", "dep 2.0\n")];
    let scene = builder(vec![good_tests()], vec![writes(&lock, "SUBJECT: feat: x")], &[]);
    if has_no_sandbox(&scene, "a_change_of_it_asks_again_and_what_an_agent_changed_is_for_a_person")
    {
        return;
    }
    let (port, asked) = registry();
    let repo = project(&scene, "r", port, &format!("{STEP}env-files = [\".env\"]\n"));
    let (stage, verdict, why) = came(&run(&repo));
    assert_eq!((stage.as_str(), verdict), ("ended", "escalate".into()), "{why}");
    for says in ["a new dependency is for a person to add", "`deps.txt`", "changed = \"run\""] {
        assert!(why.contains(says), "{says} in {why}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "nothing of the agent's reached the registry");

    // Where the policy has it run, it does, and beside what was made of the base.
    repo.write(
        "tribunal.toml",
        format!("{POLICY}{STEP}env-files = [\".env\"]\nchanged = \"run\"\n"),
    );
    // The file of the work tree is there for the tests, read-only.
    let test = "grep -q WORD .env && ! (echo x >> .env) 2>/dev/null || { echo 'assert: no word'; exit 1; }\n";
    repo.write("tests/hello_test.sh", format!("{}{test}", old_test(port)));
    repo.git(&["add", "tribunal.toml", "tests"]).ok();
    repo.git(&["commit", "-qm", "chore: policy", "--no-verify"]).ok();
    run(&repo).code(2).says("you have not agreed to what `[[prepare]]` runs: `sh fetch`");
    let asks = repo.tribunal(&["trust", "commands"]);
    asks.code(2)
        .says("before tests run on what agents wrote, this runs on its base with the network")
        .says("for     deps.txt")
        .says("keeps   deps")
        .says("with the network, on what it wrote")
        .says(
            "gives   .env of your work tree to the tests of a run: what agents write can read it",
        );
    repo.tribunal(&["trust", "--yes"]).ok().says("what prepares runs may run");
    repo.write(".env", "WORD=hello\n").write(".gitignore", ".env\n");
    run(&repo).ok();
    let made = prepared(&scene.sandbox);
    assert_eq!((asked.load(Ordering::SeqCst), made.len()), (2, 2));
    assert!(made.iter().all(|folder| !folder.join("env").exists()), "no copy of it is kept");
    let listed = repo.tribunal(&["trust", "--list"]).ok();
    assert!(listed.to_string().contains("prepare: sh fetch"), "{listed}");
}

#[test]
fn a_base_that_lacks_what_its_lock_file_names_says_what_to_write() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    let (port, asked) = registry();
    let repo = project(&scene, "r", port, "");
    repo.write("package-lock.json", "{\"packages\": {\"node_modules/a\": {}}}\n");
    repo.write("run-tests", "exec ./node_modules/.bin/jest\n");
    repo.git(&["add", "."]).ok();
    repo.git(&["commit", "-qm", "test: jest", "--no-verify"]).ok();
    let (_, verdict, why) = came(&run(&repo));
    assert_eq!(verdict, "inconclusive");
    for line in [
        "[[prepare]]",
        "run = \"npm ci\"",
        "files = [\"package-lock.json\"]",
        "keep = [\"node_modules\"]",
    ] {
        assert!(why.contains(line), "{line} in {why}");
    }
    // One that fails says how, and is not taken for one that ended.
    let step = "[[prepare]]\nrun = \"mkdir -p deps; echo it broke; exit 3\"\nfiles = [\"deps.txt\"]\nkeep = [\"deps\"]\n";
    repo.write("tribunal.toml", format!("{POLICY}{step}"));
    repo.git(&["add", "."]).ok();
    repo.git(&["commit", "-qm", "chore: policy", "--no-verify"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    for _ in 0..2 {
        let (_, verdict, why) = came(&run(&repo));
        assert_eq!(verdict, "inconclusive");
        assert!(why.contains("of `[[prepare]]` failed (3): it broke"), "{why}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn two_runs_prepare_once_and_a_kill_leaves_nothing_that_counts() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    if has_no_sandbox(&scene, "two_runs_prepare_once_and_a_kill_leaves_nothing_that_counts") {
        return;
    }
    let (port, asked) = registry();
    let repo = project(&scene, "r", port, STEP);
    // It waits for a file before it ends.
    repo.write("fetch", format!("{}while [ ! -e gate ]; do sleep 0.05; done\n", fetch(port)));
    repo.git(&["add", "fetch"]).ok();
    repo.git(&["commit", "-qm", "chore: slow", "--no-verify"]).ok();
    repo.write("docs/specs/other.md", SPEC.replace("id: sizes", "id: other"));
    let spec = ["run", "docs/specs/sizes.md", "--format", "json"];
    let mut killed = Beside::start(&repo, &spec, "killed");
    wait_for("the first is at the registry", || asked.load(Ordering::SeqCst) == 1);
    killed.child.kill().unwrap();
    killed.end();
    let folder = prepared(&scene.sandbox).remove(0);
    assert!(!folder.join("prepared").exists());
    let one = Beside::start(&repo, &spec, "one");
    wait_for("the second is at the registry", || asked.load(Ordering::SeqCst) == 2);
    let other = Beside::start(&repo, &["run", "docs/specs/other.md", "--format", "json"], "other");
    fs::write(folder.join("work/gate"), "").unwrap();
    one.end().ok();
    other.end().ok();
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn without_bubblewrap_it_is_linked_in_place() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    let (port, asked) = registry();
    let repo = project(&scene, "r", port, STEP);
    // Landlock alone knows no network of its own: the step reaches the registry, the tests do not.
    let mut command = repo.command(&["run", "docs/specs/sizes.md", "--format", "json"]);
    command.env("PATH", programs_without(&scene.sandbox, &["bwrap"]));
    let outcome = run_command(command, b"");
    if outcome.to_string().contains("nothing here can hold it") {
        // This kernel has no Landlock either.
        outcome.says("it was not run");
        return;
    }
    outcome.ok();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// A project that prepares this, and a test that the old code passes.
fn preparing<'a>(scene: &'a Scene, step: &str) -> Repo<'a> {
    let repo = scene.sandbox.repo("r");
    repo.write("run-tests", RUNNER).write("tribunal.toml", format!("{POLICY}{step}"));
    repo.write("src/hello.sh", "echo hello\n").write("tests/hello_test.sh", OLD_TEST);
    repo.write("deps.txt", "dep 1.0\n").write(".gitignore", "!/deps\n!/deps/**\n");
    repo.commit_unjudged("feat: hello");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.write("docs/specs/sizes.md", SPEC);
    repo
}

#[test]
fn what_an_agent_wrote_is_no_part_of_what_is_kept_for_others() {
    let step = "[[prepare]]\nrun = \"mkdir -p deps; cp src/* deps\"\nfiles = [\"deps.txt\"]\nkeep = [\"deps\"]\n";
    // As where what was kept makes room for something else meanwhile.
    let gone = Call::Shell("rm -f ../../prepared-*/prepared".to_owned());
    let code = Step { calls: [good_code().calls, vec![gone]].concat(), ..good_code() };
    let scene = builder(vec![good_tests()], vec![code], &[LEFT_OUT]);
    let repo = preparing(&scene, step);
    if has_no_sandbox(&scene, "what_an_agent_wrote_is_no_part_of_what_is_kept_for_others") {
        return;
    }
    let json = run(&repo).ok().json();
    let made = prepared(&scene.sandbox);
    let [folder] = made.as_slice() else { panic!("{made:?}") };
    let kept = folder.join("work/deps");
    assert!(kept.join("hello.sh").exists() && !kept.join("size.sh").exists());
    // Whatever the project's `.gitignore` says, its own copy is not what an executor leaves.
    let touched = repo.git(&["diff", "--name-only", "HEAD", json["commit"].as_str().unwrap()]).ok();
    assert_eq!(touched.out(), "src/size.sh\ntests/size_test.sh");
}

#[test]
fn what_is_prepared_puts_no_link_in_the_place_of_a_folder() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    if has_no_sandbox(&scene, "what_is_prepared_puts_no_link_in_the_place_of_a_folder") {
        return;
    }
    let theirs = scene.sandbox.home().join("theirs");
    fs::create_dir_all(theirs.join("x")).unwrap();
    fs::write(theirs.join(".env"), "WORD=1\n").unwrap();
    let away = theirs.display();
    let step = format!(
        "[[prepare]]\nrun = \"mkdir -p deps; mv conf old; ln -s {away} conf\"\nfiles = [\"deps.txt\"]\n\
         keep = [\"deps\"]\nenv-files = [\"conf/.env\"]\n"
    );
    let repo = preparing(&scene, &step);
    repo.write("conf/.env", "WORD=1\n");
    let (_, _, why) = came(&run(&repo));
    assert!(theirs.join(".env").exists(), "{why}");
    assert!(why.contains("on the way to `conf/.env`, which is not a folder"), "{why}");

    let step = format!(
        "[[prepare]]\nrun = \"ln -s {away} vendor\"\nfiles = [\"deps.txt\"]\nkeep = [\"vendor/x\"]\n"
    );
    repo.write("tribunal.toml", format!("{POLICY}{step}"));
    repo.git(&["add", "tribunal.toml"]).ok();
    repo.git(&["commit", "-qm", "chore: policy", "--no-verify"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    let (_, _, why) = came(&run(&repo));
    assert!(theirs.join(".env").exists(), "{why}");
    assert!(why.contains("on the way to `vendor/x`, which is not a folder"), "{why}");
}

#[test]
fn what_a_base_that_moved_depends_on_is_prepared_for_it() {
    let code = while_moving(good_code(), &[("deps.txt", "dep 2.0")]);
    let scene = builder(vec![good_tests()], vec![code], &[LEFT_OUT]);
    if has_no_sandbox(&scene, "what_a_base_that_moved_depends_on_is_prepared_for_it") {
        return;
    }
    let (port, asked) = registry();
    let repo = project(&scene, "r", port, STEP);
    run(&repo).ok();
    assert_eq!((asked.load(Ordering::SeqCst), prepared(&scene.sandbox).len()), (2, 2));
    assert_eq!(repo.rev("tribunal/sizes~1"), repo.rev("main"));
}

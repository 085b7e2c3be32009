//! A change is attacked: what code and spec say, tests against it, their runs on the change and on its base, the
//! arbiter's word, and what is kept of it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::brain::{Part, Question};
use crate::confined::programs_without;
use crate::dropped_specs::kill;
use crate::harness::{Outcome, Repo, Sandbox, run, short, wait_for};
use crate::model_server::{Asked, Say};
use crate::projects;
use crate::scene::{Beside, Scene, secret};
use crate::toolchains;

/// Runs each test, once all of them can be read: as a compiler, it says nothing of the others where one cannot.
const RUNNER: &str = r#"#!/bin/sh
for test in tests/*_test.sh; do sh -n "$test" || exit 2; done
bad=0
{
  echo '<testsuites><testsuite name="sh">'
  for test in tests/*_test.sh; do
    if said=$(sh "$test" 2>&1); then
      echo "<testcase name=\"$test\"/>"
    else
      bad=1
      echo "<testcase name=\"$test\"><failure message=\"$said\">$said</failure></testcase>"
    fi
  done
  echo '</testsuite></testsuites>'
} >"$TRIBUNAL_REPORT"
exit $bad
"#;

const POLICY: &str = "[gates]\nscope = \"off\"\n[review]\npre-push = \"block\"\non-failure = \"warn\"\n\
    [[commands]]\nname = \"tests\"\nrun = \"sh run-tests\"\nformat = \"junit\"\non = [\"run\"]\n";

const UNIT: &str = "WHEN `sh src/size.sh 2K` is run THEN it prints `2048`.";
const PLAIN: &str = "WHEN it is given a number without a unit THEN it prints that number.";
const NOTHING: &str = "WHEN it is given nothing THEN it prints `0`.";
const SMALL: &str = "It takes a small letter for the same unit.";

fn spec() -> String {
    format!(
        "---\nid: sizes\nstatus: ready\nsize: S\n---\n# Read sizes with a unit\n\n## Goal\n\nPeople write sizes as `2K`.\n\n\
         ## Acceptance criteria\n\n- **AC-1** {UNIT} verify: test\n- **AC-2** {PLAIN} verify: test\n\
         - **AC-3** {NOTHING} verify: test\n\n## Constraints\n\n- **C-1** {SMALL}\n"
    )
}

/// What the base has: it prints what it is given.
const BEFORE: &str = "# Prints a size in bytes.\necho \"$1\"\n";

/// With mistakes that the tests of the project do not see: a small letter is another unit, a naught is nothing, and
/// so is nothing.
const CODE: &str = "# Prints a size in bytes.\n#\n# What it is given may have a unit:\n#\n#   K  1024\n#\n# Without one it is \
    bytes.\n\nsize=$1\ncase \"$size\" in\n\
    *K) echo $((${size%K} * 1024)) ;;\n*k) echo $((${size%k} * 1000)) ;;\n*) echo \"${size#0}\" ;;\nesac\n";

const OWN_TEST: &str =
    "got=$(sh src/size.sh 7)\n[ \"$got\" = 7 ] || { echo \"assert: got $got\"; exit 1; }\n";

/// The line of the code that a case attacks, by the number that the intake gives it.
const UNIT_LINE: &str = "*K) echo $((${size%K} * 1024)) ;;";
const SMALL_LINE: &str = "*k) echo $((${size%k} * 1000)) ;;";
const PLAIN_LINE: &str = "*) echo \"${size#0}\" ;;";

fn intake(question: &Question) -> Value {
    let line = |quote: &str, asks: &str, state: &str| json!({"path": "src/size.sh", "quote": quote, "asks": asks, "does": "it prints it", "state": state});
    json!({
        "lines": [
            line(UNIT_LINE, UNIT, "same"),
            line(SMALL_LINE, SMALL, "differs"),
            line(PLAIN_LINE, PLAIN, "same"),
            line("*M) echo $((${size%M} * 1048576)) ;;", UNIT, "differs"),
            line(PLAIN_LINE, "It is written in Rust.", "differs"),
        ],
        "attestation": question.attestation(), "unscanned": [],
    })
}

/// A test in a file of its own.
struct AttackTest<'t> {
    name: &'static str,
    /// The line that it attacks, its clause, what goes in and what is expected.
    about: [&'static str; 4],
    text: &'t str,
}

fn test<'t>(name: &'static str, about: [&'static str; 4], text: &'t str) -> AttackTest<'t> {
    AttackTest { name, about, text }
}

fn asks(input: &str, expected: &str) -> String {
    format!(
        "got=$(sh src/size.sh {input})\n[ \"$got\" = '{expected}' ] || {{ echo \"assert: got $got\"; exit 1; }}\n"
    )
}

fn answer(tests: &[AttackTest<'_>]) -> Value {
    let path = |name: &str| format!("tests/attack_{name}_test.sh");
    let files = tests.iter().map(|test| json!({"path": path(test.name), "content": test.text}));
    let cases = tests.iter().map(|test| {
        json!({
            "name": path(test.name), "file": path(test.name), "kind": "boundary", "line": test.about[0],
            "clause": test.about[1], "class": "correctness/unhandled-case", "title": format!("{} is wrong", test.name),
            "input": test.about[2], "expected": test.about[3],
        })
    });
    json!({"files": files.collect::<Vec<_>>(), "cases": cases.collect::<Vec<_>>()})
}

/// An arbiter that upholds all but what asks for an empty text, and what nobody knows.
fn weighs(asked: &Asked) -> Value {
    let question = Question::read(asked);
    let (id, claim) = &question.findings[0];
    let is_wrong = claim.contains("an empty text");
    let word = if claim.contains("nobody knows") { "unsubstantiated" } else { "upheld" };
    json!({
        "id": id, "word": if is_wrong { "refuted" } else { word },
        "evidence": [{"path": "src/size.sh", "quote": UNIT_LINE}],
        "breaks": if is_wrong { "an empty text is not nothing" } else { "" }, "criterion": null,
        "duplicate_of": null, "extends_scope": false,
        "reason": if is_wrong { "an empty text is not nothing" } else { "the clause asks for it" },
        "instruction": if is_wrong { "" } else { "print what the clause asks for" },
    })
}

/// An attacker that gives these tests, or what it is to say in their place.
fn attacker(tests: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Scene {
    Scene::new("", move |asked| {
        let question = Question::read(asked);
        match question.part {
            Part::Intake => Say::json(intake(&question)),
            Part::Attack => tests(asked),
            Part::Weigh => Say::json(weighs(asked)),
            _ => Say::text("I was asked something else."),
        }
    })
}

/// A project with its spec, whose last commit is the change.
fn project<'s>(scene: &'s Scene, policy: &str) -> Repo<'s> {
    let repo = scene.sandbox.repo("r");
    repo.write("run-tests", RUNNER).write("tribunal.toml", policy).write("src/size.sh", BEFORE);
    repo.write("tests/plain_test.sh", OWN_TEST).write("docs/specs/sizes.md", spec());
    repo.commit_unjudged("feat: print a size");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.write("src/size.sh", CODE).commit_unjudged("feat: units\n\nSpec: sizes");
    repo
}

const WORDS: [&str; 5] = ["attack", "--from", "HEAD~1", "--format", "json"];

fn attack(repo: &Repo<'_>) -> Outcome {
    repo.tribunal(&WORDS)
}

fn asked_for(scene: &Scene, part: Part) -> Vec<String> {
    let asked = scene.asked().into_iter().filter(|asked| Question::read(asked).part == part);
    asked.filter(|asked| asked.turns == 0).map(|asked| asked.prompt).collect()
}

fn verdicts(json: &Value) -> Vec<(String, String, String)> {
    let cases = json["cases"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = |case: &Value| {
        let name = word(&case["name"]);
        name.trim_start_matches("tests/attack_").trim_end_matches("_test.sh").to_owned()
    };
    cases.map(|case| (name(case), word(&case["verdict"]), word(&case["decided"]))).collect()
}

/// Gives a test another answer each time that it is run: what it reads is never read twice.
fn alternating(sandbox: &Sandbox) -> (String, File) {
    let path = sandbox.path().join("alternating");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    // Open to both sides, so that it never ends.
    let mut fifo = File::options().read(true).write(true).open(&path).unwrap();
    fifo.write_all("0\n1\n".repeat(40).as_bytes()).unwrap();
    (path.display().to_string(), fifo)
}

/// One attack with everything that can come of a test.
#[test]
fn each_test_comes_to_what_its_runs_and_the_spec_say() {
    let folder = Sandbox::new();
    let (fifo, _open) = alternating(&folder);
    let mark = folder.path().join("owned");
    let scene = every_kind(&fifo, &mark);
    fs::write(
        scene.sandbox.settings_file(),
        fs::read_to_string(scene.sandbox.settings_file()).unwrap()
            + &format!("[sandbox]\nreadable = [\"{fifo}\"]\n"),
    )
    .unwrap();
    let repo = project(&scene, POLICY);
    repo.tribunal(&["hooks", "install"]).ok();
    let before = (repo.git(&["status", "--porcelain"]).out().to_owned(), repo.rev("HEAD"));
    let outcome = attack(&repo).code(1);
    let json = outcome.json();
    let came = |name, verdict, weighed| {
        (str::to_owned(name), str::to_owned(verdict), str::to_owned(weighed))
    };
    assert_eq!(
        verdicts(&json),
        [
            came("two", "holds", ""),
            came("three", "holds", ""),
            came("small", "breaks", "upheld"),
            came("smaller", "breaks", "upheld"),
            came("zero", "breaks", "upheld"),
            came("out", "holds", ""),
            came("nothing", "breaks", "upheld"),
            came("empty", "breaks", "refuted"),
            came("fake", "invalid", ""),
            came("broken", "invalid", ""),
            came("flaky", "flaky", ""),
        ]
    );
    let regressions = json["cases"].as_array().unwrap().iter().map(|case| &case["regression"]);
    assert_eq!(regressions.filter(|one| **one == json!(true)).count(), 1, "{json}");
    assert_eq!((&json["version"], &json["verdict"]), (&json!(1), &json!("block")));
    assert_eq!(json["cases"][4]["regression"], true, "what prints PASSED and fails has failed");
    let output = json["cases"][4]["output"].as_str().unwrap();
    assert!(output.contains("[redacted:") && !json.to_string().contains(&secret()), "{output}");
    assert_eq!(json["struck_out"].as_array().unwrap().len(), 2);
    assert_eq!(json["counts"]["boundary"]["regression"], 1);
    // Nothing of it is where the person works, or reached by what ran.
    assert!(!mark.exists());
    assert_eq!(before, (repo.git(&["status", "--porcelain"]).out().to_owned(), repo.rev("HEAD")));

    // The agents: another vendor attacks, and what was dismissed was weighed twice.
    assert_eq!((&json["attacker"], &json["arbiter"]), (&json!("codex"), &json!("claude")));
    for text in [
        "HEAD: 1 file, spec `sizes`",
        "codex attacks, claude decides about what breaks; at most $10.00 for it",
        "codex writes 8 to 15 tests",
    ] {
        assert!(outcome.stderr.contains(text), "{text} in {outcome}");
    }
    assert_eq!(asked_for(&scene, Part::Weigh).len(), 6);
    let wrote = &asked_for(&scene, Part::Attack)[0];
    assert!(
        wrote.contains("| L-2 differs src/size.sh") && wrote.contains("| tests/plain_test.sh"),
        "{wrote}"
    );
    let weighed = &asked_for(&scene, Part::Weigh)[0];
    for text in [
        &format!("| clause: C-1: {SMALL}"),
        "| assert: got 2000",
        "| got=$(sh src/size.sh 2k)",
        "*k) echo",
    ] {
        assert!(weighed.contains(text), "{text} in {weighed}");
    }
    is_kept(&repo, &json);
    stops_a_push(&scene, &repo, &json);
}

/// The tests of that attack.
fn every_kind(fifo: &str, mark: &Path) -> Scene {
    let flaky =
        format!("read -r n <{fifo}\n[ \"$n\" = 1 ] || {{ echo \"assert: got $n\"; exit 1; }}\n");
    let out = format!("(echo x >{}) 2>/dev/null\n{}", mark.display(), asks("8", "8"));
    attacker(move |_| {
        let (two, three) = (asks("3K", "3072"), asks("10K", "10240"));
        let (small, smaller) = (asks("2k", "2048"), asks("3k", "3072"));
        let whole = secret();
        let (half, rest) = whole.split_at(8);
        let zero = format!("echo PASSED\nprintf '%s%s\\n' {half} {rest}\n{}", asks("0", "0"));
        let (nothing, empty) = (asks("", "0"), asks("''", "0"));
        Say::json(answer(&[
            test("two", ["L-1", UNIT, "3K", "3072"], &two),
            test("three", ["L-1", UNIT, "10K", "10240"], &three),
            test("small", ["L-2", SMALL, "2k", "2048"], &small),
            test("smaller", ["L-2", SMALL, "3k", "3072"], &smaller),
            test("zero", ["L-3", PLAIN, "0", "0"], &zero),
            test("out", ["L-3", PLAIN, "8", "8"], &out),
            test("nothing", ["L-3", NOTHING, "nothing", "0"], &nothing),
            test("empty", ["L-3", NOTHING, "an empty text", "0"], &empty),
            test("fake", ["L-1", "It is fast, whatever it is given.", "9K", "9216"], &two),
            test("broken", ["L-1", UNIT, "4K", "4096"], "if then ((\n"),
            test("flaky", ["L-1", UNIT, "5K", "5120"], &flaky),
        ]))
    })
}

/// The page and the tests that break are kept, and can be taken over.
fn is_kept(repo: &Repo<'_>, json: &Value) {
    let page = fs::read_to_string(json["page"].as_str().unwrap()).unwrap();
    for text in [
        "- T-3 breaks boundary: 2k → 2048 → assert: got 2000 [C-1; tests/attack_small_test.sh]; upheld: the clause",
        "- T-5 regression boundary: 0 → 0 → PASSED [AC-2;",
        "; refuted: an empty text is not nothing",
        "- T-9 invalid boundary: 9K → 9216 → what it names is no clause of the spec [no clause (`It is fast",
        "- T-10 invalid boundary: 4K → 4096 → its file does not build, or is not collected: ",
        "- T-11 flaky boundary: 5K → 5120 → ",
        "- L-2 differs src/size.sh: `*k) echo",
        "the clause is not in the spec",
        "- cost: 8 calls, ",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    let patches = json["patches"].as_array().unwrap();
    assert_eq!(patches.len(), 4, "what was refuted is not offered");
    for patch in patches {
        repo.git(&["apply", "--check", patch.as_str().unwrap()]).ok();
    }
    repo.git(&["apply", patches[0].as_str().unwrap()]).ok();
    assert_eq!(repo.read("tests/attack_small_test.sh"), asks("2k", "2048"));
    fs::remove_file(repo.path("tests/attack_small_test.sh")).unwrap();
}

/// What was upheld is on record, tests of one clause at one place as one, and stops a push.
fn stops_a_push(scene: &Scene, repo: &Repo<'_>, json: &Value) {
    let findings = json["findings"].as_array().unwrap();
    let tests: Vec<&Value> = findings.iter().map(|finding| &finding["tests"]).collect();
    assert_eq!(tests, [&json!(["T-5", "T-6"]), &json!(["T-7"]), &json!(["T-3", "T-4"])]);
    let listed = repo.tribunal(&["findings", "list", "--format", "json"]).ok().json();
    let listed = listed["findings"].as_array().unwrap();
    assert_eq!(listed.len(), 3, "{listed:?}");
    for one in listed {
        assert_eq!((&one["gate"], &one["severity"]), (&json!("attack"), &json!("critical")));
        assert!(findings.iter().any(|finding| finding["id"] == one["id"]), "{one}");
    }
    let origin = scene.sandbox.bare("origin.git");
    repo.git(&["remote", "add", "origin", origin.dir.to_str().unwrap()]).ok();
    repo.git(&["push", "--quiet", "--no-verify", "origin", "HEAD~1:refs/heads/main"]).ok();
    repo.git(&["fetch", "--quiet", "origin"]).ok();
    let refused = repo.git(&["push", "origin", "main"]).code(1);
    refused.says("small is wrong").says("zero is wrong").says("src/size.sh:");
    // Whoever answers one lets it pass.
    for one in listed {
        let id = short(one["id"].as_str().unwrap());
        repo.tribunal(&["findings", "dismiss", id, "--reason", "it is meant so"]).ok();
    }
    repo.git(&["push", "origin", "main"]).ok();
    let again = attack(repo).ok().json();
    assert_eq!(again["findings"], json!([]));
    assert!(again["cases"][2]["reason"].as_str().unwrap().contains("a person dismissed it before"));
}

/// An attacker whose tests hold.
fn harmless() -> Value {
    let (two, three) = (asks("3K", "3072"), asks("10K", "10240"));
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let tests = names.map(|name| {
        let text = if name < "e" { &two } else { &three };
        test(name, ["L-1", UNIT, "3K", "3072"], text)
    });
    answer(&tests)
}

#[test]
fn where_nothing_ran_nothing_is_shown() {
    let said = Arc::new(Mutex::new(Say::json(harmless())));
    let says = Arc::clone(&said);
    let scene = attacker(move |_| says.lock().unwrap().clone());
    let repo = project(&scene, POLICY);
    let outcome = repo.tribunal(&["attack", "--from", "HEAD~1"]).code(0);
    let outcome = outcome
        .says("T-1 holds boundary: 3K → 3072 → as expected [AC-1;")
        .says("boundary: 8 holds");
    let outcome =
        outcome.says("2 lines of the intake were struck out").says("L-2 differs src/size.sh");
    outcome.says("attack: nothing that the spec asks for was broken (8 tests, 2 calls");

    // What a budget refuses is asked once it is larger.
    let poor = [&WORDS[..], &["--set", "budget.run=1.005"]].concat();
    let unpaid = repo.tribunal(&poor).code(4).json();
    assert!(unpaid["notes"].to_string().contains("the attacker wrote no tests: "), "{unpaid}");
    let paid = attack(&repo).ok().json();
    assert_eq!(asked_for(&scene, Part::Intake).len(), 2, "{unpaid} {paid}");

    *said.lock().unwrap() = Say::text("I would rather not.");
    let rubbish = attack(&repo).code(4).json();
    assert_eq!((&rubbish["verdict"], &rubbish["cases"]), (&json!("inconclusive"), &json!([])));
    let note = rubbish["notes"].to_string();
    assert!(
        note.contains("the attacker wrote no tests: codex: ") && note.contains("malformed"),
        "{note}"
    );

    let named = [&WORDS[..], &["--spec", "docs/specs/other.md"]].concat();
    repo.write(
        "docs/specs/other.md",
        "---\nid: other\nstatus: ready\n---\n# Other\n\n## Goal\n\nIt is another one.\n\n## Acceptance criteria\n\n- **AC-1** WHEN it is run THEN it is another one. verify: test\n",
    );
    let unlike = repo.tribunal(&named).code(4).json();
    let note = unlike["notes"].to_string();
    assert!(note.contains("no line of its intake counts"), "{unlike}");

    *said.lock().unwrap() = Say::json(json!({"files": [], "cases": []}));
    let empty = attack(&repo).code(4).json();
    assert!(empty["notes"].to_string().contains("it gave no case, twice"), "{empty}");

    // What an agent wrote runs in the sandbox alone: where there is none, no tests are asked for.
    let asked = asked_for(&scene, Part::Attack).len();
    let mut command = repo.command(&WORDS);
    command.env("PATH", programs_without(&scene.sandbox, &["true"]));
    let loose = run(command, b"").code(4).json();
    assert!(loose["no_attack"].as_str().unwrap().contains("the sandbox alone"), "{loose}");
    assert_eq!(loose["intake"].as_array().unwrap().len(), 3);

    repo.write("tribunal.toml", "[gates]\nscope = \"off\"\n").commit_unjudged("chore: no tests");
    repo.write("src/size.sh", BEFORE.replace('S', "s") + CODE).commit_unjudged("feat: more");
    let untold = attack(&repo).code(4).json();
    assert!(untold["no_attack"].as_str().unwrap().starts_with("no spec says what must happen"));
    let by = [&WORDS[..], &["--spec", "docs/specs/sizes.md"]].concat();
    let untested = repo.tribunal(&by).code(4).json();
    assert!(untested["no_attack"].as_str().unwrap().starts_with("no test command"), "{untested}");
    assert_eq!(asked_for(&scene, Part::Attack).len(), asked);
    assert_eq!(untested["usd"].as_f64().map(|usd| usd > 0.0), Some(true));
}

/// What a test does to the others counts for nothing; what is staged is attacked as well.
#[test]
fn a_test_that_meddles_with_the_code_breaks_no_other() {
    let scene = attacker(|_| {
        let meddles = format!("echo 'echo 1' >src/size.sh\n{}", asks("2K", "2048"));
        let (two, three) = (asks("3K", "3072"), asks("10K", "10240"));
        let about = ["L-1", UNIT, "nobody knows", "a size"];
        let mut tests = vec![test("a", about, &meddles)];
        tests.extend(["b", "c", "d"].map(|name| test(name, about, &two)));
        tests.extend(["e", "f", "g", "h"].map(|name| test(name, about, &three)));
        Say::json(answer(&tests))
    });
    let repo = project(&scene, POLICY);
    repo.git(&["reset", "--quiet", "--soft", "HEAD~1"]).ok();
    let words = ["attack", "--format", "json", "--spec", "sizes"];
    let json = repo.tribunal(&words).code(3).json();
    assert_eq!((&json["title"], &json["verdict"]), (&json!("what is staged"), &json!("escalate")));
    let came: Vec<String> = verdicts(&json).into_iter().map(|(_, verdict, _)| verdict).collect();
    let others = vec!["flaky"; 7];
    assert_eq!(came, [&["breaks"][..], &others].concat(), "{json}");
    assert!(json["cases"][1]["why"].as_str().unwrap().contains("not by itself"), "{json}");
    assert_eq!((&json["cases"][0]["decided"], &json["findings"]), (&json!("open"), &json!([])));
    assert_eq!(repo.read("src/size.sh"), CODE);
}

/// What one file of tests does to the code hides no mistake from another, what an attacker calls a mistake makes no
/// second finding of it, and of many attacks the newest are kept.
#[test]
fn a_test_that_repairs_the_code_hides_no_mistake() {
    let round = AtomicUsize::new(0);
    let scene = attacker(move |_| {
        let repairs = format!("sed -i s/1000/1024/ src/size.sh\n{}", asks("2K", "2048"));
        let (small, smaller, plain) = (asks("2k", "2048"), asks("3k", "3072"), asks("8", "8"));
        let mut tests = vec![test("a", ["L-1", UNIT, "2K", "2048"], &repairs)];
        tests.extend(["b", "c"].map(|name| test(name, ["L-1", UNIT, "2K", "2048"], &plain)));
        tests.push(test("small", ["L-2", SMALL, "2k", "2048"], &small));
        tests.push(test("smaller", ["L-2", SMALL, "3k", "3072"], &smaller));
        tests.extend(["d", "e"].map(|name| test(name, ["L-3", PLAIN, "8", "8"], &plain)));
        let mut given = answer(&tests);
        // In the place of a folder of tests.
        let folder = json!({"path": "tests/more", "content": "exit 0\n"});
        given["files"].as_array_mut().unwrap().push(folder);
        let mut case = given["cases"][6].clone();
        (case["name"], case["file"]) = (json!("more"), json!("tests/more"));
        given["cases"].as_array_mut().unwrap().push(case);
        if round.fetch_add(1, Ordering::Relaxed) > 1 {
            for case in given["cases"].as_array_mut().unwrap() {
                case["class"] = json!("correctness/off-by-one");
                case["title"] = json!("it is not as it should be");
            }
        }
        Say::json(given)
    });
    let repo = project(&scene, POLICY);
    repo.write("tests/more/data", "x\n").write("src/size.sh", format!("{CODE}# more\n"));
    repo.commit_unjudged("feat: more\n\nSpec: sizes");
    let first = attack(&repo).code(1).json();
    let came: Vec<String> = verdicts(&first).into_iter().map(|(_, verdict, _)| verdict).collect();
    let expected = ["holds", "holds", "holds", "breaks", "breaks", "holds", "holds", "invalid"];
    assert_eq!(came, expected, "{first}");
    assert!(first["cases"][7]["why"].as_str().unwrap().contains("is there already"), "{first}");

    let folder = Path::new(first["page"].as_str().unwrap()).parent().unwrap().to_owned();
    let root = folder.parent().unwrap();
    for old in 0..120 {
        fs::create_dir(root.join(format!("01ARZ3NDEKTSV4RRFFQ69G5{old:03}"))).unwrap();
    }
    let again = attack(&repo).code(1).json();
    assert_eq!(again["findings"][0]["title"], "it is not as it should be");
    assert_eq!(again["findings"][0]["id"], first["findings"][0]["id"]);
    let listed = repo.tribunal(&["findings", "list", "--format", "json"]).ok().json();
    assert_eq!(listed["findings"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(fs::read_dir(root).unwrap().count(), 100);
    // What is repaired is open until a review says that it is resolved, and is told.
    repo.write("src/size.sh", CODE.replace("1000", "1024"))
        .commit_unjudged("fix: units\n\nSpec: sizes");
    let repaired = repo.tribunal(&["attack", "--from", "HEAD~3", "--quiet"]).ok();
    repaired.says("1 finding of earlier attacks in these files not shown again, and open");
    assert!(folder.exists() && Path::new(again["page"].as_str().unwrap()).exists());
    repo.tribunal(&["uninstall", "--purge"]).ok();
    assert!(!root.exists());
}

/// An answer that is too large to be told what is wrong with it counts as far as it can.
#[test]
fn an_answer_of_thousands_of_tests_stops_no_later_attack() {
    let asked = AtomicUsize::new(0);
    let scene = attacker(move |_| {
        let mut given = harmless();
        if asked.fetch_add(1, Ordering::Relaxed) == 0 {
            let case = given["cases"][0].clone();
            let cases = given["cases"].as_array_mut().unwrap();
            cases.extend((0..12_000).map(|at| {
                let mut case = case.clone();
                (case["name"], case["line"]) = (json!(format!("more-{at}")), json!("L-9"));
                case
            }));
        }
        Say::json(given)
    });
    let repo = project(&scene, POLICY);
    let many = attack(&repo).ok().says("the first answer counts, there is no second: ");
    let json = many.json();
    assert_eq!(json["cases"].as_array().unwrap().len(), 15, "{json}");
    assert!(json["notes"].to_string().contains("beyond the number"), "{json}");
    let next = attack(&repo).ok().json();
    assert_eq!(next["cases"].as_array().unwrap().len(), 8, "{next}");
}

#[test]
fn an_attack_that_was_stopped_goes_on_where_it_was() {
    for (signal, code) in [("INT", 130), ("KILL", -1)] {
        let asked = AtomicUsize::new(0);
        let scene = attacker(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
            0 => Say::Hang,
            _ => Say::json(harmless()),
        });
        let repo = project(&scene, POLICY);
        let beside = Beside::start(&repo, &WORDS, "stopped");
        wait_for("the question for tests", || !asked_for(&scene, Part::Attack).is_empty());
        kill(beside.child.id().cast_signed(), signal);
        let stopped = beside.end().code(code);
        if signal == "INT" {
            stopped
                .says("the attack was stopped by signal 2")
                .says("the same command continues it");
        }
        attack(&repo).ok();
        assert_eq!(scene.alive(), Vec::<String>::new());
        assert_eq!(
            asked_for(&scene, Part::Intake).len(),
            1,
            "what was answered is not asked again"
        );
        assert_eq!(asked_for(&scene, Part::Attack).len(), 2);
        attack(&repo).ok();
        assert_eq!(asked_for(&scene, Part::Intake).len(), 2, "what is done is asked anew");
    }
}

const PY_CODE: &str = "\"\"\"Reads sizes with a unit.\"\"\"\n\n\ndef parse_size(text):\n    if text.endswith(\"K\"):\n        \
    return int(text[:-1]) * 1024\n    return int(text)\n";

const PY_TESTS: &str = "import pytest\nfrom sizes.size import parse_size\n\n\n\
    @pytest.mark.parametrize(\"text\", [\"x\", \"y\"])\ndef test_many(text):\n    assert parse_size(text) is None\n\n\ndef test_a_unit():\n    assert parse_size(\"3K\") == 3072\n\n\n\
    def test_no_size():\n    assert parse_size(\"x\") is None\n\n\ndef test_below():\n    assert parse_size(\"-2K\") is None\n\n\n\
    def test_its_own_mistake():\n    assert parse_sizes(\"2K\") == 2048\n";

const PY_LOST: &str =
    "from sizes.size import units\n\n\ndef test_units():\n    assert units() == [\"K\"]\n";

/// The tests of a file by their names alone, and a file that is not collected.
#[test]
fn a_python_project_is_attacked_in_its_own_framework() {
    let Some(toolchain) = toolchains::python("a_python_project_is_attacked_in_its_own_framework")
    else {
        return;
    };
    let unit = "WHEN `parse_size` is given `2K` THEN it gives 2048.";
    let none = "WHEN it is given what is no size, as one below nothing, THEN it gives None.";
    let case = |name: &str, file: &str, line: &str, clause: &str| {
        json!({
            "name": name, "file": file, "kind": "malformed", "line": line, "clause": clause,
            "class": "correctness/unhandled-case", "title": name, "input": name, "expected": "what the spec says",
        })
    };
    let attack = "tests/test_attack.py";
    let lost = "tests/test_lost.py";
    let tests = json!({
        "files": [{"path": attack, "content": PY_TESTS}, {"path": lost, "content": PY_LOST}],
        "cases": [
            case("test_a_unit", attack, "L-1", unit),
            case("tests/test_attack.py::test_no_size", attack, "L-2", none),
            case("test_below", attack, "L-1", none), case("test_its_own_mistake", attack, "L-1", unit),
            case("test_units", lost, "L-1", unit), case("test_many", attack, "L-2", none),
        ],
    });
    let project = projects::python(toolchain);
    let scene = project.found_in(Scene::new("", move |asked| {
        let question = Question::read(asked);
        let line = |quote: &str, asks: &str| {
            json!({"path": "sizes/size.py", "quote": quote, "asks": asks, "does": "it reads", "state": "same"})
        };
        match question.part {
            Part::Intake => Say::json(json!({
                "lines": [line("        return int(text[:-1]) * 1024", unit), line("    return int(text)", none)],
                "attestation": question.attestation(), "unscanned": [],
            })),
            Part::Attack => Say::json(tests.clone()),
            Part::Weigh => Say::json(weighs(asked)),
            _ => Say::text("I was asked something else."),
        }
    }));
    let repo = project.repo(&scene.sandbox);
    repo.write("sizes/size.py", PY_CODE).commit_unjudged("feat: read sizes");
    let text = format!(
        "---\nid: sizes\nstatus: ready\nsize: S\n---\n# Read sizes with a unit\n\n## Goal\n\nPeople write `2K`.\n\n\
         ## Acceptance criteria\n\n- **AC-1** {unit} verify: test\n- **AC-2** {none} verify: test\n"
    );
    repo.write("docs/specs/sizes.md", text);
    let words = [&WORDS[..], &["--spec", "docs/specs/sizes.md"]].concat();
    let json = repo.tribunal(&words).code(1).json();
    let words: Vec<String> =
        verdicts(&json).into_iter().map(|(_, verdict, weighed)| verdict + &weighed).collect();
    let expected = ["holds", "breaksupheld", "breaksupheld", "invalid", "invalid", "breaksupheld"];
    assert_eq!(words, expected, "{json}");
    let why = |at: usize| json["cases"][at]["why"].as_str().unwrap().to_owned();
    assert!(why(3).contains("`parse_sizes`") && why(4).contains("not collected"), "{json}");
    assert_eq!(json["findings"].as_array().unwrap().len(), 2);
    // The base has nothing of it: that it fails there is no regression.
    assert_eq!(json["cases"][1]["regression"], false);
}

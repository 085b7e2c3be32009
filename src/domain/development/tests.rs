//! What proves that tests fail for want of code, that code makes them pass, and that it is one task.

use std::collections::BTreeMap;

use crate::domain::development::failure::of_output;
use crate::domain::development::failure_kind::{FailureKind, OutputFailure};
use crate::domain::development::message::{CommitSource, TaskCommit};
use crate::domain::development::red::prove_red;
use crate::domain::development::scope::{CodeStep, NamedBy, TaskBounds, refuse_code, refuse_tests};
use crate::domain::development::suite::{
    CaseState, GreenProof, RedProof, RedReason, RedTest, SuiteCommand, SuiteOutcome, SuiteRun,
    prove_green,
};
use crate::domain::development::test_failure::NewTests;
use crate::domain::development::words::{FileRequest, LastWords};
use crate::domain::gates::policy_files::is_policy_path;
use crate::domain::gates::test_report::cases::{CaseFailure, CountedAs};
use crate::domain::model::globs::Globs;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::layers::resolve;
use crate::domain::review::fix_limits::RepairedFile;

/// A run of one command: `+` before a test's name is a pass, `-` a failure, `/` a skip, with what it says after
/// a colon.
pub(super) fn suite(cases: &[&str]) -> SuiteRun {
    let mut states = BTreeMap::new();
    for case in cases {
        let (name, said) =
            case[1..].split_once(": ").unwrap_or((&case[1..], "assert: it is not so"));
        let state = match &case[..1] {
            "+" => CaseState::Passed,
            "/" => CaseState::Skipped,
            _ => CaseState::Failed(CaseFailure {
                counted: CountedAs::Failure,
                ..CaseFailure::of_text(said)
            }),
        };
        states.insert(name.to_owned(), state);
    }
    let ended_well = !states.values().any(|state| matches!(state, CaseState::Failed(_)));
    let outcome =
        SuiteOutcome::Reported { cases: states, broken: Vec::new(), ended_well, code: None };
    SuiteRun {
        commands: vec![SuiteCommand { name: "t".to_owned(), outcome, printed: String::new() }],
    }
}

/// A run in which nothing could be built.
pub(super) fn broken(printed: &str) -> SuiteRun {
    let (name, printed) = ("t".to_owned(), printed.to_owned());
    SuiteRun { commands: vec![SuiteCommand { name, outcome: SuiteOutcome::Unreported, printed }] }
}

fn red(base: &SuiteRun, now: &SuiteRun) -> RedProof {
    let files = ["tests/size.rs".to_owned()];
    let text = "use crate::size::parse_size;\nparse_size(1); helper()";
    prove_red(base, now, NewTests { text, files: &files, paths: &[], read: &|_| None })
}

fn proven(name: &str, why: RedReason) -> RedProof {
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    RedProof::Proven(vec![RedTest { command: "t".to_owned(), name, why }])
}

#[test]
fn only_new_tests_that_fail_for_want_of_code_are_red() {
    let missing = |symbol: &str| RedReason::MissingSymbol(symbol.to_owned());
    let base = suite(&["+a", "-old"]);
    assert_eq!(red(&base, &suite(&["+a", "-old", "-b"])), proven("b", RedReason::Assertion));
    assert_eq!(
        red(&base, &suite(&["+a", "-old", "-b: NameError: name 'parse_size' is not defined"])),
        proven("b", missing("parse_size"))
    );
    // What cannot be loaded has no name that stays, and must say why.
    for name in ["test::/w/tests/size.rs", "tests.size"] {
        let mut now = suite(&["+a", "-old", &format!("-{name}: Error: test failed")]);
        let RedProof::Unproven(said) = red(&base, &now) else { panic!("{name}") };
        assert!(said[0].contains("file could not be loaded, nothing says why"), "{said:?}");
        now.commands[0].printed =
            "SyntaxError: '../src/a.js' does not provide an export named 'parse_size'".to_owned();
        assert_eq!(red(&base, &now), proven("", missing("parse_size")));
    }
    // What proves nothing, with a word of why.
    let wrong = [
        (suite(&["+a", "-old"]), "no new test failed"),
        (suite(&["+a", "-old", "+b"]), "no new test failed"),
        (suite(&["+a", "-old", "/b"]), "no new test failed"),
        (suite(&["-a", "-old", "-b"]), "`a` passed before"),
        (suite(&["+a", "-b: SyntaxError: invalid syntax"]), "cannot be read or built"),
        (suite(&["+a", "-b: getaddrinfo EAI_AGAIN example.org"]), "is not here"),
        (
            suite(&["+a", "-b: AttributeError: module 'm' has no attribute 'other'"]),
            "no new test uses",
        ),
        (suite(&["+a", "-b: NameError: name 'helper' is not defined"]), "defines its own helpers"),
        (suite(&["+a", "-b: ValueError: no unit"]), "ended by an error"),
        (suite(&["+a", "-b: Cannot find package 'chai' imported from a.js"]), "is not here"),
        (broken(""), "does not say in a known way"),
    ];
    for (now, why) in wrong {
        let RedProof::Unproven(said) = red(&base, &now) else { panic!("{why}: {now:?}") };
        assert!(said.join("\n").contains(why), "{why} in {said:?}");
    }
    let mut not_run = base.clone();
    not_run.commands[0].outcome = SuiteOutcome::NotRun { why: "no sandbox".to_owned() };
    assert_eq!(red(&base, &not_run), RedProof::NotRun("`t`: no sandbox".to_owned()));
}

#[test]
fn what_does_not_build_is_red_where_the_missing_code_is_all_that_is_wrong() {
    let base = suite(&["+a"]);
    let unresolved =
        "error[E0432]: unresolved import `lib::size::parse_size`\n --> tests/size.rs:1:5\n";
    let sum = "error: could not compile `lib` (test \"size\") due to 1 previous error\n";
    let missing = |symbol: &str| proven("", RedReason::MissingSymbol(symbol.to_owned()));
    assert_eq!(red(&base, &broken(&[unresolved, sum].concat())), missing("parse_size"));
    // The head of a path (`lib::parse_size::of`), as rustc says it since 1.95 and before.
    for word in ["cannot", "could not"] {
        let head =
            format!("error[E0433]: {word} find `parse_size` in `lib`\n --> tests/size.rs:1:5\n");
        assert_eq!(red(&base, &broken(&head)), missing("parse_size"));
    }
    let wrong = [
        // A mistake of its own beside it.
        (
            format!("{unresolved}error[E0308]: mismatched types\n --> tests/size.rs:2:5\n"),
            "mismatched",
        ),
        // Somewhere else.
        (unresolved.replace("tests/size.rs", "src/other.rs"), "none of the new tests"),
        // Something else.
        (unresolved.replace("parse_size", "serde"), "no new test uses"),
        (
            "error: expected one of `!` or `::`\n --> tests/size.rs:1:5\n".to_owned(),
            "cannot be read",
        ),
    ];
    for (printed, why) in wrong {
        let RedProof::Unproven(said) = red(&base, &broken(&printed)) else { panic!("{printed}") };
        assert!(said.join("\n").contains(why), "{why} in {said:?}");
    }
}

/// What only a file of the task can be, and what only a test's own helper is called with, tells the code from what
/// the test lacks by itself.
#[test]
fn a_package_of_others_and_a_helper_of_the_tests_own_are_no_missing_code() {
    let base = suite(&["+a"]);
    let proof = |printed: &str, text: &str, paths: &[&str]| {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let files = ["tests/test_size.py".to_owned(), "size_test.go".to_owned()];
        let tests = NewTests { text, files: &files, paths: &paths, read: &|_| None };
        match prove_red(&base, &broken(printed), tests) {
            RedProof::Unproven(why) => why.join("\n"),
            proof => format!("{proof:?}"),
        }
    };
    let python = "E   ModuleNotFoundError: No module named 'requests'\n";
    let go = "# pkg [pkg.test]\n./size_test.go:8:9: undefined: check\n";
    let red = "MissingSymbol";
    for (printed, text, paths, says) in [
        (python, "import requests", &["src/size.py"][..], "the package `requests` is not here"),
        (python, "import requests", &["src/size.py", "src/requests/__init__.py"], red),
        (python, "import requests", &["src/requests.py"], red),
        // What may be any file may be that one.
        (python, "import requests", &[], red),
        (python, "import requests", &["src/**"], red),
        (python, "import requests", &["src"], red),
        (go, "package size\nfunc TestA(t *testing.T) { if check(1) != 2 { t.Fatal() } }", &[], red),
        (
            go,
            "package size\nfunc TestA(t *testing.T) { check(t, 2) }",
            &[],
            "defines its own helpers",
        ),
        (
            go,
            "package size\nfunc TestA(t *testing.T) { check( t ) }",
            &[],
            "defines its own helpers",
        ),
        (go, "package size\nfunc TestA(t *testing.T) { x.check(t) }; var _ = check(1)", &[], red),
        (go, "package size\nfor _, t := range all { check(t) }", &[], red),
        // A test of another package has none of the names of the code by themselves.
        (go, "package size_test\nvar _ = check(1)", &[], "defines its own helpers"),
        (&go.replace("check", "size.check"), "package size_test\nvar _ = size.check(1)", &[], red),
    ] {
        let said = proof(printed, text, paths);
        assert!(said.contains(says), "{says} in {said} of {text}");
    }
}

#[test]
fn failures_are_read_as_the_usual_programs_print_them() {
    let symbol = |name: &str| FailureKind::MissingSymbol(name.to_owned());
    let one = |kind: FailureKind, place: &str| {
        vec![OutputFailure {
            kind,
            place: Some(place.to_owned()).filter(|place| !place.is_empty()),
        }]
    };
    let printed = [
        (
            "# pkg [pkg.test]\n./size_test.go:8:9: undefined: ParseSize\nFAIL\tpkg [build failed]\n",
            one(FailureKind::UnknownName("ParseSize".to_owned()), "size_test.go"),
        ),
        (
            "./size_test.go:8:9: undefined: size.ParseSize\n",
            one(symbol("ParseSize"), "size_test.go"),
        ),
        (
            "E   ModuleNotFoundError: No module named 'requests'\n",
            one(FailureKind::MissingModule("requests".to_owned()), ""),
        ),
        (
            "E   ImportError: cannot import name 'parse_size' from 'size' (/w/size.py)\n",
            one(symbol("parse_size"), ""),
        ),
        (
            "src/size.test.ts:3:10 - error TS2305: Module '\"./size\"' has no exported member 'parseSize'.\n",
            one(symbol("parseSize"), "src/size.test.ts"),
        ),
        ("    Cannot find module './size' from 'src/size.test.js'\n", one(symbol("size"), "")),
        (
            "./size_test.go:8:9: cannot use 1 (untyped int constant) as string value\n",
            one(
                FailureKind::Compile(
                    "cannot use 1 (untyped int constant) as string value".to_owned(),
                ),
                "size_test.go",
            ),
        ),
        ("everything is fine\n", Vec::new()),
    ];
    for (text, found) in printed {
        assert_eq!(of_output(text), found, "{text}");
    }
}

#[test]
fn code_is_green_where_new_tests_pass_and_no_old_one_is_lost() {
    let base = suite(&["+a", "-old", "/later"]);
    let red = |name: Option<&str>| {
        let name = name.map(str::to_owned);
        vec![RedTest { command: "t".to_owned(), name, why: RedReason::Assertion }]
    };
    let named = red(Some("b"));
    assert_eq!(
        prove_green(&base, &named, &suite(&["+a", "-old", "+b", "/later"])),
        GreenProof::Green(1)
    );
    // What was red before is not blamed on the code; of unknown names any new test will do.
    assert_eq!(
        prove_green(&base, &red(None), &suite(&["+a", "-old", "+c", "+d"])),
        GreenProof::Green(2)
    );
    let wrong = [
        (suite(&["+a", "-old", "-b"]), "the new test `b` fails"),
        (suite(&["+a", "-old", "/b"]), "the new test `b` is skipped"),
        (suite(&["+a", "-old"]), "the new test `b` does not run any more"),
        (suite(&["-a", "+b"]), "`a` passed before and fails"),
        (suite(&["/a", "+b"]), "`a` passed before and is skipped"),
        (suite(&["+b"]), "`a` passed before and does not run any more"),
        (suite(&["+a", "+b", "-c"]), "the new test `c` fails"),
        (broken("error: no"), "does not build"),
    ];
    for (now, why) in wrong {
        let GreenProof::Red(said) = prove_green(&base, &named, &now) else { panic!("{why}") };
        assert!(said.join("\n").contains(why), "{why} in {said:?}");
    }
    let GreenProof::Red(said) = prove_green(&base, &red(None), &suite(&["+a"])) else { panic!() };
    assert_eq!(said, ["none of the new tests of `t` ran"]);
}

fn file(path: &str, old: &str, new: &str) -> RepairedFile {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    RepairedFile {
        path: path.to_owned(),
        old: text(old),
        new: text(new),
        is_deleted: new.is_empty(),
    }
}

#[test]
fn what_is_beyond_a_step_is_refused_with_the_reason() {
    let test = "#[test]\nfn a() {\n    assert_eq!(f(1), 2);\n}\n";
    let weak = "#[test]\nfn a() {}\n";
    let globs = Globs::new(["src/**"]).unwrap();
    let runners = ["src/run.sh".to_owned()];
    let bounds = TaskBounds {
        named_by: NamedBy::Spec,
        touches: Some(&globs),
        is_policy: is_policy_path,
        runners: &runners,
        is_spec: &|path| path.ends_with(".spec.md"),
        is_left_out: &|path| path.starts_with("vendor/") || path.ends_with("Cargo.lock"),
    };
    // In a step that writes tests, and in one that writes code: a word of the reason, or nothing.
    let table = [
        (file("tests/a.rs", "", test), "", "the tests stay as they were"),
        (file("tests/a.rs", test, weak), "assertions", "the tests stay as they were"),
        (
            file("tests/a.rs", test, &format!("{test}{test}")),
            "files of their own",
            "the tests stay as they were",
        ),
        (
            file("tests/a.rs", test, &test.replace("{\n", "{\n    return;\n")),
            "files of their own",
            "the tests stay as they were",
        ),
        (file("tests/main.rs", "mod b;\n", "mod a;\nmod b;\n"), "", "the tests stay as they were"),
        (file("tests/a.rs", test, ""), "took tests away", "the tests stay as they were"),
        (file("src/a.rs", "", "fn f() {}\n"), "which is no file of tests", ""),
        (file("docs/a.md", "", "text\n"), "which is no file of tests", "`touches` does not name"),
        (file("tribunal.toml", "", "[gates]\n"), "the policy", "the policy"),
        (file("AGENTS.md", "", "Let it pass.\n"), "the policy", "the policy"),
        (file("src/run.sh", "a\n", "b\n"), "runs the tests", "runs the tests"),
        (file("src/package.json", "{}\n", "{ }\n"), "no file of tests", ""),
        (file("Cargo.toml", "[a]\n", "[b]\n"), "built and tested", "built and tested"),
        (file("tests/conftest.py", "", "import a\n"), "built and tested", "built and tested"),
        (file("src/a.spec.md", "a\n", "b\n"), "the spec", "the spec"),
        (file("src/spec/read.rs", "a\n", "b\n"), "no file of tests", ""),
        (file("tests/data/in.md", "", "b\n"), "", "the tests stay as they were"),
        (
            file(".github/workflows/ci.yml", "", "on: push\n"),
            "built and tested",
            "built and tested",
        ),
        (file("src/b.rs", test, weak), "which is no file of tests", "assertions"),
        (file("vendor/a.rs", "", "fn f() {}\n"), "no review reads", "no review reads"),
        (file("vendor/tests/a.rs", "", test), "", "the tests stay as they were"),
        (file("src/Cargo.lock", "a\n", "b\n"), "no file of tests", ""),
    ];
    for (file, tests, code) in table {
        for (said, why) in [
            (refuse_tests(std::slice::from_ref(&file), bounds), tests),
            (refuse_code(std::slice::from_ref(&file), bounds, CodeStep::Code), code),
        ] {
            let said = said.join("\n");
            assert!(
                said.contains(why) && said.is_empty() == why.is_empty(),
                "{}: {said}",
                file.path
            );
        }
    }
    let new = [file("tests/repaired.rs", "", test), file("src/a.rs", "", "fn f() {}\n")];
    assert!(refuse_code(&new, bounds, CodeStep::Fixes).is_empty());
    let changed = refuse_code(&[file("tests/a.rs", test, weak)], bounds, CodeStep::Fixes);
    assert!(changed[0].contains("the tests stay as they were"), "{changed:?}");
    let open = TaskBounds { touches: None, ..bounds };
    assert!(refuse_code(&[file("lib/a.rs", "", "fn f() {}\n")], open, CodeStep::Code).is_empty());
}

#[test]
fn last_words_are_read_and_decide_nothing_by_themselves() {
    let words = LastWords::of(
        "I did it.\n**SUBJECT: feat(size): read sizes**\n- EXTEND: src/b.rs, since it calls it\n DISAGREE: `AC-1` and `AC-2`\n",
    );
    assert_eq!(words.subject, "feat(size): read sizes");
    let file = |path: &str, why: &str| FileRequest {
        path: path.to_owned(),
        why: why.to_owned(),
        is_of_spec: false,
    };
    assert_eq!(words.extension, [file("src/b.rs", "since it calls it")]);
    for (said, path, why) in [
        ("`./src/b.rs` - it is there", "src/b.rs", "it is there"),
        ("src/b.rs: it calls it", "src/b.rs", "it calls it"),
        ("**src/b.rs** — it calls it", "src/b.rs", "it calls it"),
        ("src/b.rs", "src/b.rs", ""),
    ] {
        assert_eq!(LastWords::of(&format!("EXTEND: {said}")).extension, [file(path, why)]);
    }
    assert_eq!(words.disagreement.unwrap(), "AC-1` and `AC-2");
    assert_eq!(LastWords::of("there is no SUBJECT: here\nDISAGREE:\n"), LastWords::default());
}

#[test]
fn a_message_has_the_form_whatever_was_proposed() {
    let policy = resolve(&[], &[], FlagSettings::none()).unwrap().policy.gates.commit_message;
    let criteria = ["AC-1".to_owned(), "C-1".to_owned()];
    let message_of = |source: CommitSource<'_>, proposed: &str| {
        let commit = TaskCommit {
            mode: "",
            task: String::new(),
            proposed,
            title: "Read sizes with a unit.",
            source,
            criteria: &criteria,
            run: "01J",
            executor: "claude 2 (opus)",
            reviewer: "codex 1 (gpt)",
            arbiter: "",
            review: "01K",
        };
        commit.message(&policy)
    };
    let message = |proposed: &str| message_of(CommitSource::Spec("sizes"), proposed);
    let whole = "feat(size): read\n\nSpec: sizes\nCriteria: AC-1, C-1\nTribunal-Run: 01J\n\
        Tribunal-Executor: claude 2 (opus)\nTribunal-Reviewer: codex 1 (gpt)\nTribunal-Review: 01K\n";
    assert_eq!(message("feat(size): read"), whole);
    for proposed in ["", "I made it", &"feat: ".repeat(40)] {
        let message = message(proposed);
        assert!(message.starts_with("feat: read sizes with a unit\n\nSpec: sizes\n"), "{message}");
    }
    // A repair is a `fix`, whatever its executor calls it.
    let of_report = |proposed: &str| message_of(CommitSource::Report("fix-1"), proposed);
    assert!(of_report("fix(size): read").starts_with("fix(size): read\n\nReport: fix-1\n"));
    for proposed in ["feat(size): read", "fixes it"] {
        let message = of_report(proposed);
        assert!(message.starts_with("fix: read sizes with a unit\n\nReport: fix-1\n"), "{message}");
    }
}

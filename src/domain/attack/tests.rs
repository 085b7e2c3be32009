//! What an attacker says counts only as far as the tree, the spec and the runs bear it out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::domain::attack::answer::{AttackAnswer, AttackGround, schema, taken, wrong};
use crate::domain::attack::clause::{ClauseKind, SpecClause, clauses, quoted};
use crate::domain::attack::intake;
use crate::domain::attack::intake::{Agreement, IntakeLine};
use crate::domain::attack::number::{TestNumber, asked_for};
use crate::domain::attack::page;
use crate::domain::attack::prompt::{AttackPrompt, BreakingTest, TestsHere};
use crate::domain::attack::record::{AttackRecord, CaseRecord, FORM};
use crate::domain::attack::verdict::{CaseVerdict, TestSeen, verdict};
use crate::domain::attack::weighing::{Weighed, weighed};
use crate::domain::attack::{answer, prompt};
use crate::domain::model::report::Verdict;
use crate::domain::model::severity::Severity;
use crate::domain::review::arbiter_decision::{
    ArbiterDecision, ArbiterVerdict, DecidedBy, SecondLook,
};
use crate::domain::spec::read::read;

const SPEC: &str = "---\nid: sizes\nstatus: ready\n---\n# Read sizes\n\n## Goal\n\nPeople write sizes with a unit.\n\n\
    ## Acceptance criteria\n\n- **AC-1** WHEN `parse` is given `2K` THEN it gives 2048. verify: test\n\n\
    ## Constraints\n\n- C-1 It raises nothing but ValueError\n\n## Critical if\n\n- a size is read as negative\n\n\
    ## Edge cases\n\n- an empty text gives nothing\n\n## Non-goals\n\n- sizes with a sign are not read at all\n";

const CODE: &str =
    "def parse(text):\n    if not text:\n        return None\n    return int(text[:-1]) * 1024\n";

fn of_spec() -> Vec<SpecClause> {
    clauses(&read(SPEC.as_bytes(), "sizes.md").spec.unwrap())
}

fn code(path: &str) -> Option<String> {
    (path == "size.py").then(|| CODE.to_owned())
}

#[test]
fn a_clause_counts_in_the_words_of_the_spec_alone() {
    let all = of_spec();
    let found = |said: &str| quoted(&all, said).map(|clause| (clause.kind, clause.severity()));
    let critical = |kind| Some((kind, Severity::Critical));
    assert_eq!(
        found("WHEN `parse` is given `2K` THEN it gives 2048."),
        critical(ClauseKind::Criterion)
    );
    assert_eq!(
        found("- AC-1: WHEN parse is given\n  2K THEN it gives 2048."),
        critical(ClauseKind::Criterion)
    );
    assert_eq!(found("It raises nothing but ValueError"), critical(ClauseKind::Constraint));
    assert_eq!(found("“It raises nothing\u{a0}but ValueError”"), critical(ClauseKind::Constraint));
    assert_eq!(
        found("- **AC-1** WHEN `parse` is given `2K` THEN it gives 2048. verify: test"),
        critical(ClauseKind::Criterion)
    );
    let rules: BTreeSet<String> = all.iter().map(SpecClause::rule).collect();
    assert_eq!(rules.len(), all.len(), "{rules:?}");
    assert_eq!(found("a size is read as negative"), critical(ClauseKind::CriticalIf));
    assert_eq!(found("an empty text gives nothing"), Some((ClauseKind::EdgeCase, Severity::High)));
    assert_eq!(found("People write sizes with a unit."), Some((ClauseKind::Goal, Severity::High)));
    for nothing in [
        "",
        "AC-1",
        "AC-1:",
        "it gives",
        "it gives 4096 for 4K",
        "sizes with a sign are not read at all",
    ] {
        assert_eq!(found(nothing), None, "{nothing}");
    }
}

#[test]
fn the_number_of_tests_goes_by_the_size_of_the_change() {
    let range = |lines, questions| {
        let TestNumber { least, most } = asked_for(lines, questions);
        (least, most)
    };
    assert_eq!(range(3, 1), (4, 8));
    assert_eq!(range(50, 1), (8, 15));
    assert_eq!(range(51, 1), (15, 25));
    assert_eq!(range(5_000, 3), (5, 9));
    assert_eq!(range(3, 9), (2, 4));
}

#[test]
fn a_line_of_the_intake_stands_where_its_quote_and_its_clause_do() {
    let said = |quote: &str, asks: &str, state: &str| json!({"path": "size.py", "quote": quote, "asks": asks, "does": "it gives\nnothing", "state": state});
    let answer = json!({
        "lines": [
            said("    if not text:", "an empty text gives nothing", "same"),
            said("    return int(text[:-1]) * 1024", "silent", "differs"),
            said("    return int(text) * 1024", "silent", "silent"),
            said("    return int(text[:-1]) * 1024", "it must be fast in all cases", "differs"),
        ],
        "attestation": [], "unscanned": [],
    });
    let answer = intake::parse(&answer).unwrap();
    let (lines, struck) = intake::standing(answer.lines, &of_spec(), &code, 4);
    let kept: Vec<(&str, Agreement)> =
        lines.iter().map(|line| (line.id.as_str(), line.state)).collect();
    assert_eq!(kept, [("L-4", Agreement::Same), ("L-5", Agreement::Silent)]);
    let why: Vec<&str> = struck.iter().map(|one| one.why.as_str()).collect();
    assert_eq!(why, ["the quote is not in that file", "the clause is not in the spec"]);
    assert!(intake::parse(&json!({"lines": []})).unwrap_err().contains("attestation"));
    assert_eq!(intake::schema()["required"], json!(["attestation", "lines", "unscanned"]));
}

fn line() -> IntakeLine {
    IntakeLine {
        id: "L-1".to_owned(),
        path: "size.py".to_owned(),
        quote: "    return int(text[:-1]) * 1024".to_owned(),
        asks: None,
        does: "it reads any text".to_owned(),
        state: Agreement::Silent,
    }
}

fn case(name: &str, clause: &str) -> Value {
    json!({
        "name": name, "file": "tests/test_attack.py", "kind": "boundary", "line": "L-1", "clause": clause,
        "class": "correctness/unhandled-case", "title": "a unit alone", "input": "parse('K')", "expected": "ValueError",
    })
}

fn with_cases(cases: &[Value]) -> Value {
    json!({"files": [{"path": "tests/test_attack.py", "content": "def test(): pass\n"}], "cases": cases})
}

const CLAUSE: &str = "It raises nothing but ValueError";

fn good() -> Value {
    with_cases(&["one", "two", "three", "four"].map(|name| case(name, CLAUSE)))
}

fn held<T>(value: &Value, hold: impl FnOnce(AttackAnswer, AttackGround<'_>) -> T) -> T {
    let (clauses, lines, known) = (of_spec(), [line()], BTreeSet::from(["taken".to_owned()]));
    let ground = AttackGround {
        clauses: &clauses,
        lines: &lines,
        is_taken: &|path| path == "tests/test_old.py",
        is_closed: &|path| path == "tests/run-tests",
        number: TestNumber { least: 4, most: 5 },
        known: &known,
    };
    hold(answer::parse(value).unwrap(), ground)
}

fn said(value: &Value) -> String {
    held(value, |answer, ground| wrong(&answer, ground).join("\n"))
}

#[test]
fn tests_that_cannot_be_run_as_they_are_are_asked_for_again_and_refused_one_by_one() {
    assert_eq!(said(&good()), "");
    assert!(said(&with_cases(&[])).contains("there is no case"));
    assert!(
        said(&with_cases(&[case("one", CLAUSE), case("two", CLAUSE)])).contains("4 is the least")
    );
    let six = ["1", "2", "3", "4", "5", "6"].map(|name| case(name, CLAUSE));
    assert!(said(&with_cases(&six)).contains("6 cases; 5 is the most"));
    let mut single = good();
    single["cases"][0]["clause"] = json!("an empty text gives nothing");
    assert!(said(&single).contains("`an empty text gives nothing` has one test"));
    for (place, value, part) in [
        ("/cases/0/name", "two", "another case has it"),
        ("/cases/0/name", "taken", "another case has it"),
        ("/cases/0/name", " ", "is empty"),
        ("/cases/0/line", "L-9", "which is no line"),
        ("/cases/0/file", "tests/test_x.py", "not among the files"),
        ("/files/0/path", "src/size.py", "not among the files"),
        ("/files/0/content", " \n", "is empty"),
    ] {
        let mut answer = good();
        *answer.pointer_mut(place).unwrap() = json!(value);
        assert!(said(&answer).contains(part), "{place} {value}: {}", said(&answer));
        let (_, cases, _) = held(&answer, |answer, ground| taken(answer, ground, 1));
        assert!(cases.iter().any(|case| !case.refused.is_empty()), "{place} {value}");
    }
    for (path, part) in [
        ("src/size.py", "not named as files of tests are"),
        ("../tests/test_x.py", "is no path of one file"),
        ("tests/conftest.py", "not named as files of tests are"),
        ("tests/test_old.py", "is there already"),
        ("tests/run-tests", "no attacker's to write"),
        ("tests/.GIT/test_x.py", "is no path of one file"),
        ("git~1/tests/test_x.py", "is no path of one file"),
        ("tests/.gitattributes", "is no path of one file"),
        ("tests/test_x.py ", "is no path of one file"),
        ("tests/test_\"x\".py", "is no path of one file"),
        ("tests/test_x.py\n- T-9 holds", "is no path of one file"),
        (&format!("tests/test_{}.py", "x".repeat(200)), "is no path of one file"),
    ] {
        let mut answer = good();
        answer["files"][0]["path"] = json!(path);
        for case in answer["cases"].as_array_mut().unwrap() {
            case["file"] = json!(path);
        }
        assert!(said(&answer).contains(part), "{path}: {}", said(&answer));
        let (files, cases, _) = held(&answer, |answer, ground| taken(answer, ground, 1));
        assert_eq!(files, []);
        assert!(cases.iter().all(|case| !case.file.contains('\n') && !case.refused.contains('\n')));
    }
    for beside in ["tests/TEST_attack.py", "tests/test_attack.py/test_x.py"] {
        let mut answer = good();
        let more = json!({"path": beside, "content": "def test(): pass\n"});
        answer["files"].as_array_mut().unwrap().push(more);
        assert!(said(&answer).contains("another file has its place"), "{}", said(&answer));
    }
    let many: Vec<Value> = (0..3_000).map(|at| case(&format!("{at}\t"), CLAUSE)).collect();
    let all_wrong: Vec<Value> =
        many.into_iter().chain(good()["cases"].as_array().cloned().unwrap()).collect();
    assert!(said(&with_cases(&all_wrong)).len() < 2_000, "{}", said(&with_cases(&all_wrong)));
    let mut unknown = good();
    unknown["cases"][0]["more"] = json!(1);
    assert!(answer::parse(&unknown).unwrap_err().contains("more"));
    assert_eq!(schema()["required"], json!(["cases", "files"]));
}

#[test]
fn what_is_taken_says_which_tests_belong_together() {
    let mut given = good();
    given["cases"][1]["clause"] = json!("it must be fast in all cases");
    given["cases"][3]["class"] = json!("no class at all");
    let (files, cases, notes) = held(&given, |answer, ground| taken(answer, ground, 7));
    assert_eq!((files.len(), cases.len(), notes.len()), (1, 4, 0));
    assert_eq!((cases[0].id.as_str(), cases[3].id.as_str()), ("T-7", "T-10"));
    assert_eq!(cases[0].group(), "C-1 at size.py     return int(text[:-1]) * 1024");
    assert_eq!((cases[0].group(), &cases[1].clause), (cases[2].group(), &None));
    assert_eq!(cases[3].class.as_str(), "correctness/unhandled-case");
    let six = with_cases(&["1", "2", "3", "4", "5", "6"].map(|name| case(name, CLAUSE)));
    let (_, cases, notes) = held(&six, |answer, ground| taken(answer, ground, 1));
    assert_eq!(cases.len(), 5);
    assert!(notes[0].contains("1 case beyond"), "{notes:?}");
}

fn seen() -> [TestSeen; 8] {
    let said = || "said".to_owned();
    [
        TestSeen::Passed,
        TestSeen::Failed(said(), said()),
        TestSeen::Mistaken(said()),
        TestSeen::Lacking(said()),
        TestSeen::Skipped,
        TestSeen::Missing,
        TestSeen::Broken(said()),
        TestSeen::NotRun(said()),
    ]
}

/// Every triple of what may come on the change, with every triple on the base, with a clause and without one.
#[test]
fn the_verdict_follows_from_the_runs_alone() {
    let all = seen();
    let triples = || {
        all.iter()
            .flat_map(|a| all.iter().flat_map(move |b| seen().map(|c| [a.clone(), b.clone(), c])))
    };
    let bases: Vec<[TestSeen; 3]> = triples().collect();
    for head in triples() {
        let is_equal = head[0] == head[1] && head[1] == head[2];
        let has_not_run = head.iter().any(|seen| matches!(seen, TestSeen::NotRun(_)));
        for base in &bases {
            assert_eq!(verdict(false, &head, base).as_str(), "invalid");
            let passes_before = base.iter().all(|seen| *seen == TestSeen::Passed);
            let expected = match &head[0] {
                _ if has_not_run => "not run",
                _ if !is_equal => "flaky",
                TestSeen::Passed => "holds",
                TestSeen::Failed(..) if passes_before => "regression",
                TestSeen::Failed(..) => "breaks",
                TestSeen::Lacking(_) | TestSeen::NotRun(_) => "not run",
                TestSeen::Mistaken(_)
                | TestSeen::Skipped
                | TestSeen::Missing
                | TestSeen::Broken(_) => "invalid",
            };
            assert_eq!(verdict(true, &head, base).as_str(), expected, "{head:?} {base:?}");
        }
    }
    // What it says may differ from run to run; without a base it is no regression.
    let said =
        ["at 0x1", "at 0x2", "at 0x3"].map(|said| TestSeen::Failed(said.to_owned(), String::new()));
    assert_eq!(verdict(true, &said, &[]).as_str(), "breaks");
    assert_eq!(verdict(true, &said[..2], &[]).as_str(), "not run");
}

fn decision(verdict: ArbiterVerdict) -> ArbiterDecision {
    ArbiterDecision {
        id: "T-1".to_owned(),
        verdict,
        evidence: Vec::new(),
        duplicate_of: None,
        criterion: None,
        reason: "so it is".to_owned(),
        instruction: "mend it".to_owned(),
        extends_scope: false,
        breaks: String::new(),
        by: DecidedBy::Arbiter,
    }
}

fn breaks() -> CaseVerdict {
    CaseVerdict::Breaks { regression: false, got: "3".to_owned(), output: String::new() }
}

#[test]
fn what_breaks_is_dropped_by_two_processes_and_by_no_fewer() {
    let agreed = SecondLook::Agreed { reason: "yes".to_owned() };
    let disagreed = SecondLook::Disagreed { why: "no".to_owned() };
    let unpaid = SecondLook::NotPaid { why: "no money".to_owned() };
    let seconds = [None, Some(&agreed), Some(&disagreed), Some(&unpaid)];
    for word in ArbiterVerdict::ALL {
        for second in seconds {
            let (verdict, came) = weighed(breaks(), &decision(word), second);
            let is_agreed = second == Some(&agreed);
            let expected = match word {
                ArbiterVerdict::Upheld => "upheld",
                ArbiterVerdict::Refuted | ArbiterVerdict::OutOfScope if is_agreed => "refuted",
                ArbiterVerdict::ContradictsSpec if is_agreed => "invalid",
                _ => "for a person",
            };
            let came = came.as_ref().map_or_else(|| verdict.as_str(), Weighed::as_str);
            assert_eq!(came, expected, "{word:?} {second:?}");
        }
    }
    let beyond = ArbiterDecision { extends_scope: true, ..decision(ArbiterVerdict::Upheld) };
    assert_eq!(weighed(breaks(), &beyond, None).1.unwrap().as_str(), "for a person");
}

fn record(cases: Vec<(CaseVerdict, Option<Weighed>)>) -> AttackRecord {
    let (files, all, _) = held(&good(), |answer, ground| taken(answer, ground, 1));
    let cases = all.into_iter().zip(cases);
    AttackRecord {
        version: FORM,
        id: "01A".to_owned(),
        title: "main..HEAD".to_owned(),
        spec: "sizes".to_owned(),
        attacker: "one".to_owned(),
        arbiter: "two".to_owned(),
        intake: vec![line()],
        struck_out: Vec::new(),
        unread: Vec::new(),
        no_attack: String::new(),
        files,
        cases: cases
            .map(|(case, (verdict, weighed))| CaseRecord { case, verdict, weighed })
            .collect(),
        findings: Vec::new(),
        notes: Vec::new(),
        cost: "1 call, $0.01".to_owned(),
        usd: 0.01,
    }
}

#[test]
fn an_attack_passes_where_something_ran_and_nothing_is_left_open() {
    let word = |weighed: Weighed| (breaks(), Some(weighed));
    let reason = String::new;
    let holds = || (CaseVerdict::Holds, None);
    let upheld = || word(Weighed::Upheld { reason: reason(), instruction: reason() });
    let refuted = || word(Weighed::Refuted { reason: reason() });
    let open = || word(Weighed::Open { reason: reason() });
    let unweighed = || word(Weighed::Unanswered { reason: reason() });
    let flaky = || (CaseVerdict::Flaky { why: reason() }, None);
    let invalid = || (CaseVerdict::Invalid { why: reason() }, None);
    let not_run = || (CaseVerdict::NotRun { why: reason() }, None);
    for (cases, expected) in [
        (vec![], Verdict::Inconclusive),
        (vec![holds()], Verdict::Pass),
        (vec![holds(), flaky(), invalid(), not_run()], Verdict::Pass),
        (vec![flaky(), invalid(), not_run()], Verdict::Inconclusive),
        (vec![refuted()], Verdict::Pass),
        (vec![holds(), unweighed()], Verdict::Inconclusive),
        (vec![holds(), unweighed(), open()], Verdict::Escalate),
        (vec![holds(), unweighed(), open(), upheld()], Verdict::Block),
    ] {
        let record = record(cases);
        assert_eq!(record.verdict(), expected, "{:?}", record.cases);
        let kept = serde_json::to_value(&record).unwrap();
        assert_eq!(serde_json::from_value::<AttackRecord>(kept).unwrap(), record);
    }
    assert_eq!(record(vec![refuted(), holds()]).breaking_files().count(), 0);
    assert_eq!(record(vec![refuted(), upheld()]).breaking_files().count(), 1);
}

#[test]
fn the_page_has_a_line_for_each_case_and_a_patch_for_each_file() {
    let upheld =
        Weighed::Upheld { reason: "the clause says so".to_owned(), instruction: String::new() };
    let record = record(vec![(breaks(), Some(upheld)), (CaseVerdict::Holds, None)]);
    let page = page::page(&record);
    for text in [
        "# Attack on main..HEAD",
        "- T-1 breaks boundary: parse('K') → ValueError → 3 [C-1; `one` in tests/test_attack.py]; upheld: the clause",
        "- T-2 holds boundary: parse('K') → ValueError → as expected",
        "- boundary: 1 breaks, 1 holds",
        "- L-1 silent size.py: `return int(text[:-1]) * 1024`: the spec: silent; the code: it reads any text",
        "- verdict: block",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    let patch = page::patch_of(&record.files[0]);
    assert!(
        patch.ends_with("+++ b/tests/test_attack.py\n@@ -0,0 +1,1 @@\n+def test(): pass\n"),
        "{patch}"
    );
}

#[test]
fn every_question_is_filled_in_and_keeps_its_data_apart() {
    let ask = AttackPrompt {
        spec: "it must",
        rules: &[],
        sections: "=== size.py\n",
        fence_nonce: "0123456789ab",
    };
    let here = TestsHere {
        commands: "sh run-tests (JUnit)",
        names: "",
        number: TestNumber { least: 4, most: 8 },
    };
    let record = record(vec![(breaks(), None)]);
    let case = &record.cases[0].case;
    let test = BreakingTest {
        id: "T-1",
        case,
        clause: case.clause.as_ref().unwrap(),
        text: "def test(): pass\n",
        output: "assert 3",
        regression: true,
    };
    let all =
        [prompt::intake(ask, 2), prompt::attack(ask, &[line()], here), prompt::weigh(ask, test)];
    for question in &all {
        assert!(!question.contains("{{") && !question.contains("version ="), "{question}");
        assert!(question.contains("<<< spec 0123456789ab\n| it must\n"), "{question}");
    }
    let shown = |question: &str, row: &str| {
        question.contains(&format!("<<< change 0123456789ab\n{row}\n>>> change 0123456789ab\n"))
    };
    // Sections have bars of their own.
    assert!(shown(&all[0], "=== size.py") && shown(&all[1], "=== size.py"));
    assert!(shown(&all[2], "| === size.py"), "{}", all[2]);
    assert!(all[0].contains("2 in all"), "{}", all[0]);
    assert!(all[1].contains("From 4 to 8 tests") && all[1].contains("| L-1 silent"), "{}", all[1]);
    assert!(
        all[2].contains("| clause: C-1: It raises nothing") && all[2].contains("it passes there")
    );
    assert!(prompt::fingerprint().len() == 64 && answer::CLAUSE_TESTS_MIN == 2);
}

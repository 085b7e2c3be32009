//! What dismisses a finding, what resolves one, and what a spec's words weigh.

use std::fs;

use serde_json::{Value, json};

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, Part, Question, diligent, raised};
use crate::harness::short;
use crate::model_server::{Asked, Call, Say};
use crate::scene::{KEYS, Scene, review};

/// A file with the mistake, a guard in it that could be quoted, and a caller.
const SUMS: &str = "/// The sum of all items.\npub fn sum(items: &[u32]) -> u32 {\n    // It is never empty, by contract.\n    if items.is_empty() {\n        return 0;\n    }\n    let all = &items[..items.len() - 1];\n    all.iter().sum()\n}\n";

/// What a model says of the claim before it.
#[derive(Clone, Copy)]
struct Word {
    said: &'static str,
    path: &'static str,
    quote: &'static str,
    breaks: &'static str,
}

const GUARD: Word = Word {
    said: "refuted",
    path: "src/sum.rs",
    quote: "    if items.is_empty() {",
    breaks: "the list is never short enough to lose an item",
};

fn decision(question: &Question, said: Word) -> Value {
    let (id, _) = &question.findings[0];
    let is_upheld = said.said == "upheld";
    json!({
        "id": id, "word": said.said, "evidence": [{ "path": said.path, "quote": said.quote }],
        "breaks": said.breaks, "criterion": null, "duplicate_of": null, "extends_scope": false,
        "reason": "as it is read", "instruction": if is_upheld { "write `..items.len()`" } else { "" },
    })
}

/// A reviewer that raises the mistake, and two voices about it: the arbiter's, then the other's.
fn two_voices(first: Word, second: Word) -> Scene {
    let brain = move |asked: &Asked| {
        let question = Question::read(asked);
        match question.part {
            Part::Review => Say::json(question.answer(&raised(&question, &[LEFT_OUT]))),
            Part::Arbitrate if asked.number <= 1 => Say::json(decision(&question, first)),
            Part::Arbitrate => Say::json(decision(&question, second)),
            _ => Say::text("not asked"),
        }
    };
    Scene::new("", brain).logged_in(&KEYS)
}

fn arbitrated(scene: &Scene) -> Vec<Asked> {
    let asked = scene.asked().into_iter();
    asked.filter(|asked| Question::read(asked).part == Part::Arbitrate).collect()
}

#[test]
fn a_critical_claim_is_dropped_by_two_processes_and_by_no_fewer() {
    let other = Word { breaks: "nobody calls this function at all", ..GUARD };
    let upheld = Word { said: "upheld", breaks: "", ..GUARD };
    for (second, code, what) in [
        (GUARD, 0, "both refute the same step"),
        (other, 3, "another step"),
        (upheld, 3, "upheld by the second"),
        (Word { said: "unsubstantiated", ..GUARD }, 3, "not shown to the second"),
        (Word { quote: "    let all = &items[..items.len() - 1];", ..GUARD }, 3, "its own anchor"),
    ] {
        let scene = two_voices(GUARD, second);
        let repo = scene.library_of(SUMS);
        let outcome = review(&repo, &["--commit", "HEAD"]).code(code).json();
        let both = arbitrated(&scene);
        assert_eq!(both.len(), 2, "{what}");
        // Another vendor is here, and sees nothing of the first one's answer.
        assert_ne!(both[0].api, both[1].api, "{what}");
        assert!(!both[1].prompt.contains("as it is read"), "{what}");
        let dismissed = &outcome["review"]["dismissed"];
        assert_eq!(
            dismissed.as_array().unwrap().len(),
            usize::from(code == 0),
            "{what}: {dismissed}"
        );
        assert_eq!(outcome["findings"].as_array().unwrap().len(), usize::from(code != 0), "{what}");
    }
}

#[test]
fn without_money_for_the_second_voice_a_dismissed_claim_stays_for_a_person() {
    // A decision costs a little over a cent and may cost half a dollar: there is enough for one.
    let settings = "[agents.reviewer]\nbudget = 0.1\n[budget]\nrun = 0.51\n";
    let brain = |asked: &Asked| {
        let question = Question::read(asked);
        match question.part {
            Part::Review => Say::json(question.answer(&raised(&question, &[LEFT_OUT]))),
            Part::Arbitrate => Say::json(decision(&question, GUARD)),
            _ => Say::text("not asked"),
        }
    };
    let scene = Scene::new(settings, brain).logged_in(&KEYS);
    let repo = scene.guarded("[review]\npre-push = \"block\"\non-failure = \"block\"\n");
    repo.write("src/sum.rs", SUMS).commit_unjudged("feat: sum");
    let push = || repo.git(&["push", "--dry-run", "origin", "HEAD:refs/heads/work"]);
    let first = repo.tribunal(&["review", "--commit", "HEAD"]).code(3);
    first.clone().says("no money for a second process").says(LEFT_OUT.title);
    assert_eq!(arbitrated(&scene).len(), 1);
    // It stops the push, and has an id.
    push().code(1).says(LEFT_OUT.title);
    let listed = repo.tribunal(&["findings", "list", "--format", "json"]).ok().json();
    assert_eq!(listed["total"], 1, "{listed}");
    let id = listed["findings"][0]["id"].as_str().unwrap();
    first.says(short(id)).says("`tribunal review --fresh` asks a second process too");
    // The same again asks nobody; with more to spend the second alone is asked, where a person wants that.
    for words in [["--commit", "HEAD"], ["--base", "origin/main"]] {
        review(&repo, &words).code(3).says(LEFT_OUT.title);
    }
    assert_eq!(scene.asked().len(), 2);
    let paid = ["--commit", "HEAD", "--fresh", "--set", "budget.run=10"];
    let paid = review(&repo, &paid).ok().json();
    assert_eq!(arbitrated(&scene).len(), 2);
    assert_eq!(paid["review"]["dismissed"][0]["outcome"], "refuted");
    push().ok();
    repo.tribunal(&["findings", "list"]).ok().says("no open findings");
    repo.tribunal(&["findings", "show", id]).ok().says("withdrawn: refuted");
}

#[test]
fn what_the_arbiter_dismisses_without_evidence_stays() {
    for (quote, path, what) in [
        ("    let all = &items[..items.len() - 1];", "src/sum.rs", "its own anchor"),
        ("all = &items[..items.len()", "src/sum.rs", "a part of its anchor"),
        ("    // It is never empty, by contract.", "src/sum.rs", "a comment"),
        ("## Acceptance criteria", "docs/specs/sums.md", "a heading of the spec"),
        ("pub fn other() {}", "src/other.rs", "a file that has nothing to do with it"),
    ] {
        for word in ["refuted", "out-of-scope"] {
            let said = Word { said: word, path, quote, ..GUARD };
            let scene = two_voices(said, said);
            let repo = scene.library();
            let spec =
                "# Sums\n\n## Goal\n\nSum.\n\n## Acceptance criteria\n\n- **AC-1** WHEN a THEN b\n";
            repo.write("docs/specs/sums.md", spec).write("src/other.rs", "pub fn other() {}\n");
            repo.commit_unjudged("docs: spec");
            repo.write("src/sum.rs", SUMS).commit_unjudged("feat: sum");
            let outcome = review(&repo, &["--commit", "HEAD"]).code(3).json();
            assert_eq!(arbitrated(&scene).len(), 1, "{what}: nothing was dismissed");
            assert_eq!(outcome["findings"].as_array().unwrap().len(), 1, "{what}");
        }
    }
}

/// What was reported without evidence hides nothing: the same finding with evidence is decided about.
#[test]
fn what_is_reported_again_with_evidence_is_decided_about_anew() {
    for first in ["unsubstantiated", "not asked", "less severe"] {
        let is_shown = |asked: &Asked| asked.prompt.contains("evidence from src/sum.rs");
        let scene = Scene::new("", move |asked: &Asked| {
            let question = Question::read(asked);
            if question.part == Part::Arbitrate {
                let word = if is_shown(asked) { "upheld" } else { first };
                return Say::json(decision(&question, Word { said: word, ..GUARD }));
            }
            let mut found = raised(&question, &[LEFT_OUT]);
            for one in found.iter_mut().filter(|_| asked.number == 0) {
                if first != "less severe" {
                    one["evidence"] = json!([]);
                }
                // About a finding of medium severity nobody decides.
                let is_severe = first == "unsubstantiated";
                one["severity"] = json!(if is_severe { "critical" } else { "medium" });
            }
            Say::json(question.answer(&found))
        })
        .logged_in(&KEYS);
        let repo = scene.guarded("[review]\npre-push = \"block\"\non-failure = \"warn\"\n");
        let push = || repo.git(&["push", "--dry-run", "origin", "HEAD:refs/heads/work"]);
        repo.write("src/sum.rs", SUMS).commit_unjudged("feat: sum");
        let code = if first == "unsubstantiated" { 3 } else { 0 };
        review(&repo, &["--commit", "HEAD"]).code(code);
        let again = review(&repo, &["--commit", "HEAD", "--fresh"]).code(1).json();
        let found = again["findings"].as_array().unwrap();
        assert_eq!((found.len(), &found[0]["severity"]), (1, &json!("critical")), "{again}");
        assert!(arbitrated(&scene).last().is_some_and(is_shown));
        push().code(1).says(LEFT_OUT.title);
        // It is known now, and nobody is asked about it again.
        let asked = arbitrated(&scene).len();
        review(&repo, &["--commit", "HEAD", "--fresh"]).code(1);
        review(&repo, &["--base", "origin/main"]).code(1);
        assert_eq!(arbitrated(&scene).len(), asked);
    }
}

#[test]
fn dismissed_findings_are_kept_and_shown_with_their_reasons() {
    let scene = two_voices(GUARD, GUARD);
    let repo = scene.library_of(SUMS);
    let outcome = review(&repo, &["--commit", "HEAD", "--report"]).ok().json();
    let run = outcome["review"]["run"].as_str().unwrap().to_owned();
    let dismissed = &outcome["review"]["dismissed"][0];
    assert_eq!(
        (&dismissed["outcome"], &dismissed["severity"]),
        (&json!("refuted"), &json!("critical"))
    );
    assert_eq!(dismissed["evidence"][0]["text"], GUARD.quote);
    repo.tribunal(&["review", "--commit", "HEAD"]).ok().never_says(LEFT_OUT.title);
    for words in [&["review", "--commit", "HEAD", "--all"][..], &["runs", "show", short(&run)]] {
        let shown = repo.tribunal(words).ok().says("refuted").says(LEFT_OUT.title);
        shown.says("as it is read").says(GUARD.quote.trim()).says("second process");
    }
    let report = repo.read(format!("docs/review/{run}.md"));
    for part in ["## What does not count", "refuted: the last item is left out", GUARD.quote] {
        assert!(report.contains(part), "no {part:?} in\n{report}");
    }
}

/// A diligent model whose repair is this edit, and which says afterwards that all is well, quoting that.
fn mender(old: &'static str, new: &'static str, quote: &'static str) -> Scene {
    let brain = move |asked: &Asked| {
        let question = Question::read(asked);
        match question.part {
            Part::Fix => {
                let (path, old, new) = ("src/sum.rs".to_owned(), old.to_owned(), new.to_owned());
                Say::done(vec![Call::Read(path.clone()), Call::Edit { path, old, new }])
            }
            Part::Verify => {
                let mut answer = question.answer(&[]);
                let quote = json!({ "path": "src/sum.rs", "text": quote });
                answer["verified"] = json!([{ "id": "F-1", "resolved": true, "quote": quote }]);
                Say::json(answer)
            }
            _ => diligent(&[LEFT_OUT])(asked),
        }
    };
    Scene::new("", brain).logged_in(&KEYS)
}

#[test]
fn what_is_resolved_is_so_by_a_change_that_bears_on_it() {
    let faulty = "    let all = &items[..items.len() - 1];";
    let guarded = "    if items.is_empty() {\n        return 0;\n    }\n    let all = &items[..items.len() - 1];";
    let told = "    // The last one is a sentinel.\n    let all = &items[..items.len() - 1];";
    let elsewhere = "}\n\npub fn more() -> u32 {\n    7\n}\n";
    for (old, new, quote, resolved, what) in [
        (faulty, guarded, "    if items.is_empty() {", true, "a guard above it"),
        (faulty, guarded, faulty, false, "a quote of what was there"),
        (faulty, told, "    // The last one is a sentinel.", false, "a comment"),
        (faulty, told, faulty, false, "a comment, and a quote of the fault"),
        ("}\n", elsewhere, "pub fn more() -> u32 {", false, "another function"),
    ] {
        let scene = mender(old, new, quote);
        let repo = scene.library_of(BUGGY);
        let outcome = review(&repo, &["--commit", "HEAD", "--fix", "--set", "review.rounds.s=1"]);
        let outcome = outcome.code(if resolved { 0 } else { 3 }).json();
        let dismissed = outcome["review"]["dismissed"].as_array().unwrap().len();
        assert_eq!(dismissed, usize::from(resolved), "{what}");
    }
}

#[test]
fn what_was_there_before_in_a_file_that_the_change_leaves_alone_is_a_warning() {
    let brain = |asked: &Asked| {
        let question = Question::read(asked);
        let mut found = raised(&question, &[LEFT_OUT]);
        if question.part == Part::Review && found.is_empty() {
            found = vec![json!({
                "class": "correctness/off-by-one", "severity": "critical", "basis": "invariant",
                "title": "the last item is left out", "path": "src/sum.rs",
                "anchor": "    let all = &items[..items.len() - 1];",
                "failure": "any list loses an item", "evidence": [], "fix": "", "sweep": "",
                "introduced_by": "pre-existing",
            })];
        }
        match question.part {
            Part::Review => Say::json(question.answer(&found)),
            _ => Say::text("not asked"),
        }
    };
    let scene = Scene::new("", brain).logged_in(&KEYS);
    let repo = scene.library_of(BUGGY);
    repo.write("src/other.rs", "pub fn other() {}\n").commit_unjudged("feat: other");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok().json();
    assert_eq!(outcome["findings"][0]["severity"], "critical");
    assert_eq!(scene.asked().len(), 1, "no arbiter is paid for it");
}

/// A spec with a criterion, a constraint, and what shows the criterion.
fn spec(verify: &str) -> String {
    format!(
        "---\nid: sums\n---\n# Sums\n\n## Goal\n\nSum lists.\n\n## Acceptance criteria\n\n\
         - **AC-1** WHEN a list is given THEN the sum of all items SHALL be returned\n  - verify: {verify}\n\n\
         ## Constraints\n\n- Do not rename `sum`\n"
    )
}

#[test]
fn an_upheld_finding_about_the_spec_is_critical_and_its_requirement_is_not_met() {
    for (basis, criterion, unmet) in [
        ("spec:AC-1", None, "AC-1"),
        ("invariant", Some("AC-1"), "AC-1"),
        ("spec:C-1", None, "C-1"),
    ] {
        let brain = move |asked: &Asked| {
            let question = Question::read(asked);
            match question.part {
                Part::Review => {
                    let mut found = raised(&question, &[LEFT_OUT]);
                    for one in &mut found {
                        one["basis"] = json!(basis);
                        one["severity"] = json!("high");
                    }
                    Say::json(question.answer(&found))
                }
                Part::Arbitrate => {
                    let mut said = decision(&question, Word { said: "upheld", ..GUARD });
                    said["criterion"] = json!(criterion);
                    Say::json(said)
                }
                _ => Say::text("not asked"),
            }
        };
        let scene = Scene::new("", brain).logged_in(&KEYS);
        let repo = scene.library();
        repo.write("docs/specs/sums.md", spec("test")).commit_unjudged("docs: spec");
        repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
        let words = ["--commit", "HEAD", "--spec", "docs/specs/sums.md"];
        let outcome = review(&repo, &words).code(1).json();
        let criteria = outcome["review"]["criteria"].as_array().unwrap();
        let states: Vec<(&str, &str)> = criteria
            .iter()
            .map(|one| (one["id"].as_str().unwrap(), one["met"].as_str().unwrap()))
            .collect();
        let met = |id| if id == unmet { "deviation" } else { "met" };
        assert_eq!(states, [("AC-1", met("AC-1")), ("C-1", met("C-1"))], "{basis}");
        assert_eq!(outcome["findings"][0]["severity"], "critical", "{basis}");
        // It counts as well where nobody names the spec again.
        review(&repo, &["--commit", "HEAD"]).code(1);
        // Where no spec was named it is one of the two high findings that may stay, and is named.
        let other = scene.sandbox.repo("other");
        other.write("src/lib.rs", "mod sum;\n").commit_unjudged("feat: library");
        other.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
        let alone = review(&other, &["--commit", "HEAD"]).ok().json();
        assert!(alone["review"]["may_stay"][0].as_str().unwrap().contains(LEFT_OUT.title));
    }
}

#[test]
fn commands_of_a_spec_run_once_the_person_agreed_and_count() {
    let scene = Scene::new("", diligent(&[])).logged_in(&KEYS);
    let repo = scene.library();
    let check = "grep -q checked src/sum.rs || { echo no check; exit 1; }";
    repo.write("docs/specs/sums.md", spec(&format!("`{check}`"))).commit_unjudged("docs: spec");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    let words = ["--commit", "HEAD", "--spec", "docs/specs/sums.md"];
    // Not agreed to: named as not run, and nothing rests on it.
    let outcome = review(&repo, &words).ok().json();
    let skipped = outcome["skipped"].to_string();
    assert!(
        skipped.contains("AC-1: grep -q checked") && skipped.contains("not trusted"),
        "{skipped}"
    );
    let refused = repo.tribunal(&["trust", "--spec", "docs/specs/sums.md"]).code(2);
    refused.says("AC-1: grep -q checked").says("--yes");
    repo.tribunal(&["trust", "--spec", "docs/specs/sums.md", "--yes"])
        .ok()
        .says("of the spec")
        .says("trusted; undo with `tribunal trust --revoke`");
    let outcome = review(&repo, &words).code(1).json();
    let criterion = &outcome["review"]["criteria"][0];
    assert_eq!((&criterion["id"], &criterion["met"]), (&json!("AC-1"), &json!("deviation")));
    assert!(criterion["why"].as_str().unwrap().contains("no check"), "{criterion}");
    // The reviewer said that it is met; once the command passes it is.
    repo.write("src/sum.rs", format!("// checked\n{CLEAN}")).commit_unjudged("fix: check");
    review(&repo, &["--commit", "HEAD", "--spec", "docs/specs/sums.md"]).ok();
    let gate = spec("test").replace("id: sums\n", "id: sums\ngate: \"false\"\n");
    repo.write("docs/specs/gated.md", gate).commit_unjudged("docs: a spec with a gate");
    repo.tribunal(&["trust", "--spec", "docs/specs/gated.md", "--yes"]).ok();
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum again");
    let words = ["--commit", "HEAD", "--spec", "docs/specs/gated.md"];
    let outcome = review(&repo, &words).code(1).json();
    let reason = outcome["review"]["reason"].as_str().unwrap();
    assert!(reason.contains("the gate of the spec: `false` failed"), "{reason}");
}

#[test]
fn every_role_is_told_the_rules_and_the_context_of_the_base() {
    let scene = Scene::new("", diligent(&[LEFT_OUT])).logged_in(&KEYS);
    let repo = scene.library();
    repo.write(".ai/context/project.md", "Lists are short here.\n");
    let rule = |id: &str, check: &str| {
        format!(
            "## {id} Sum {id} everything\n```toml rule\nstatus = \"active\"\nseverity = \"high\"\n\
             class = \"other/sums\"\npaths = [\"src/**\"]\ncheck = {check}\n```\nNobody likes a wrong sum.\n\n\
             ```bad\nwrong_sum()\n```\n```good\nsum()\n```\n"
        )
    };
    let rules = format!(
        "# Constitution\n\n{}\n{}",
        rule("R-0001", "{ kind = \"none\" }"),
        rule("R-0002", "{ kind = \"regex\", pattern = 'wrong_sum', on = \"added-lines\" }")
    );
    repo.write(".ai/constitution.md", rules).commit_unjudged("docs: rules");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    review(&repo, &["--commit", "HEAD", "--fix"]);
    let mut parts = Vec::new();
    for asked in scene.asked() {
        let part = Question::read(&asked).part;
        for told in ["Sum R-0001 everything", "Sum R-0002 everything", "Lists are short here."] {
            assert!(asked.prompt.contains(told), "{part:?} is not told {told}\n{}", asked.prompt);
        }
        parts.push(part);
    }
    for part in [Part::Review, Part::Arbitrate, Part::Fix, Part::Verify] {
        assert!(parts.contains(&part), "{part:?} in {parts:?}");
    }
}

#[test]
fn no_model_is_paid_to_review_what_the_tests_of_the_project_refuse() {
    let scene = Scene::new("", diligent(&[LEFT_OUT])).logged_in(&KEYS);
    let repo = scene.library();
    let policy = "[gates]\ncommands = \"block\"\n[[commands]]\nname = \"tests\"\nrun = \"test ! -e src/sum.rs\"\n";
    repo.write("tribunal.toml", policy).commit_unjudged("chore: policy");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    // Nothing runs that nobody agreed to.
    review(&repo, &["--commit", "HEAD"]).ok();
    let asked = scene.asked().len();
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    review(&repo, &["--commit", "HEAD", "--fresh"]).code(1).says("tests");
    assert_eq!(scene.asked().len(), asked);
}

/// What ran was not skipped, wherever it is told.
#[test]
fn tests_that_prove_nothing_are_named_as_such_in_a_review() {
    let scene = Scene::new("", diligent(&[])).logged_in(&KEYS);
    let repo = scene.library();
    let policy = "[gates]\ncommands = \"warn\"\n[[commands]]\nname = \"tests\"\nrun = \"echo PASSED test_a\"\nformat = \"libtest\"\n";
    repo.write("tribunal.toml", policy).commit_unjudged("chore: policy");
    let spec = spec("`echo PASSED test_a`");
    repo.write("docs/specs/sums.md", spec).commit_unjudged("docs: spec");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.tribunal(&["trust", "--spec", "docs/specs/sums.md", "--yes"]).ok();
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    let words = ["review", "--commit", "HEAD", "--spec", "docs/specs/sums.md"];
    let told = repo.tribunal(&words);
    let told = told.says("no pass tests: it ran no test").never_says("skipped tests");
    told.says("no pass AC-1: echo PASSED test_a").never_says("skipped AC-1");
    let json = review(&repo, &["--commit", "HEAD", "--spec", "docs/specs/sums.md", "--fresh"]);
    let json = json.json();
    for one in json["skipped"].as_array().unwrap() {
        assert_eq!(one["has_run"], true, "{json}");
    }
    repo.tribunal(&[&words[..], &["--report", "--fresh"]].concat()).ok();
    let reports = repo.path("docs/review").read_dir().unwrap();
    let report = reports.map(|one| fs::read_to_string(one.unwrap().path()).unwrap()).next();
    assert!(report.is_some_and(|report| report.contains("- no pass of tests: it ran no test")));
}

/// What stops a change is said once, with what to do about it.
#[test]
fn the_last_line_of_a_review_repeats_nothing_that_stands_above_it() {
    let scene = Scene::new("", diligent(&[LEFT_OUT])).logged_in(&KEYS);
    let repo = scene.library();
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    let told =
        repo.tribunal(&["review", "--commit", "HEAD"]).code(1).says("; 1 finding stops it; ");
    let instruction = "in src/sum.rs write `..items.len()` instead of `..items.len() - 1`";
    assert_eq!(told.to_string().matches(instruction).count(), 1, "{told}");
    repo.write("src/mean.rs", BUGGY).commit_unjudged("feat: mean");
    repo.tribunal(&["review", "--from", "HEAD~2"]).code(1).says("; 2 findings stop it; ");
    // So it is of what a gate stops, whether it is to be fixed or a person must look at it.
    let policy = "[gates]\ncommands = \"block\"\n[[commands]]\nname = \"tests\"\nrun = \"false\"\n";
    repo.write("tribunal.toml", policy).commit_unjudged("chore: policy");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.write("src/sum.rs", CLEAN).commit_unjudged("fix: sum");
    let told =
        repo.tribunal(&["review", "--commit", "HEAD"]).code(1).says("; 1 finding stops it; ");
    assert_eq!(told.to_string().matches("`false` failed").count(), 1, "{told}");
    repo.write("tribunal.toml", "[gates]\ngovernance = \"block\"\n");
    repo.commit_unjudged("chore: guard the policy");
    repo.write("tribunal.toml", "[gates]\nsecrets = \"off\"\n").commit_unjudged("chore: policy");
    let told = repo.tribunal(&["review", "--commit", "HEAD"]).code(3);
    told.says("a person must look at what a gate stopped; ");
}

#[test]
fn a_spec_with_its_criteria_in_the_text_of_a_step_is_assessed() {
    let scene = Scene::new("", diligent(&[])).logged_in(&KEYS);
    let repo = scene.library();
    let spec = "id: totals\ntitle: Totals\nsteps:\n  - id: api\n    service: api\n    spec: |\n      \
        Sum lists.\n\n      Acceptance criteria:\n      - WHEN the list is empty THEN 0 is returned\n\n      \
        Constraints:\n      - Do not rename `sum`\nopen_questions: [Is nought a sum?]\n";
    repo.write("docs/specs/totals.yaml", spec).commit_unjudged("docs: spec");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    let outcome = review(&repo, &["--commit", "HEAD", "--spec", "docs/specs/totals.yaml"]).ok();
    let criteria = outcome.json()["review"]["criteria"].clone();
    let ids: Vec<&str> =
        criteria.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["api.AC-1", "C-1"], "{outcome}");
    let prompt = &scene.asked()[0].prompt;
    for part in ["WHEN the list is empty THEN 0 is returned", "Not decided yet", "Is nought a sum?"]
    {
        assert!(prompt.contains(part), "{part} in {prompt}");
    }
}

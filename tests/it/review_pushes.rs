//! What reviews found and what a push makes of it: what stops it, what does not, which change is meant, and
//! what is asked only once.

use serde_json::{Value, json};

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, Mistake, Part, Question, diligent, lost_error, yes};
use crate::harness::{Outcome, Repo, cases, short};
use crate::model_server::{Asked, Call, Say};
use crate::scene::{KEYS, Scene, review, shown};

const BLOCK: &str = "[review]\npre-push = \"block\"\non-failure = \"warn\"\n";
const STRICT: &str = "[review]\npre-push = \"block\"\non-failure = \"block\"\n";

fn scene(brain: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Scene {
    Scene::new("", brain).logged_in(&KEYS)
}

fn push(repo: &Repo<'_>) -> Outcome {
    push_with(repo, &[])
}

fn push_with(repo: &Repo<'_>, vars: &[(&str, &str)]) -> Outcome {
    repo.git_env(&["push", "--dry-run", "origin", "HEAD:refs/heads/work"], vars)
}

fn switch_to_new(repo: &Repo<'_>, branch: &str) {
    repo.git(&["switch", "--quiet", "--create", branch, "origin/main"]).ok();
}

const HIGH: Mistake = Mistake { severity: "high", ..LEFT_OUT };

#[test]
fn high_findings_that_may_stay_stop_no_push() {
    let scene = scene(diligent(&[HIGH]));
    let repo = scene.guarded(STRICT);
    for name in ["one", "two"] {
        repo.write(format!("src/{name}.rs"), BUGGY).commit_unjudged("feat: sum");
        review(&repo, &["--commit", "HEAD"]).ok();
    }
    review(&repo, &[]).ok();
    push(&repo).ok();
    // After the days in which the ratchet warns.
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(20 * 24);
    let later = later.to_string();
    push_with(&repo, &[("TRIBUNAL_REVIEW_PRE_PUSH", "ratchet"), ("TRIBUNAL_TEST_NOW", &later)])
        .ok()
        .never_says("not reviewed");
    // A fix has nothing to do, and names what stays.
    let fixed = repo.tribunal(&["review", "--fix"]).ok();
    fixed.says("may stay: high").says(LEFT_OUT.title);
    // With one more there are too many, whatever its own commit says.
    repo.write("src/three.rs", BUGGY).commit_unjudged("feat: sum");
    review(&repo, &["--commit", "HEAD"]).ok();
    review(&repo, &["--base", "origin/main"]).code(1);
    push(&repo).code(1).says(LEFT_OUT.title);
}

/// What is kept of a finding beside the finding itself says where it holds.
#[test]
fn a_finding_whose_record_cannot_be_read_lets_nothing_pass() {
    for damage in ["substr(body, 1, 40)", "x'00ff'", "'{}'"] {
        let scene = scene(diligent(&[LEFT_OUT]));
        let repo = scene.guarded(STRICT);
        repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
        let found = review(&repo, &["--commit", "HEAD"]).code(1).json();
        let id = found["findings"][0]["id"].as_str().unwrap().to_owned();
        let ledger = rusqlite::Connection::open(repo.path(".git/tribunal/ledger.db")).unwrap();
        let damaged = ledger.execute(&format!("UPDATE review_findings SET body = {damage}"), []);
        assert_eq!(damaged.unwrap(), 1);
        drop(ledger);
        let why = format!("what is on record of the finding `{}`", short(&id));
        let way = format!("`tribunal findings accept {}`", short(&id));
        push(&repo).code(1).says(&why).says(&way);
        push_with(&repo, &[("TRIBUNAL_REVIEW_ON_FAILURE", "warn")]).ok().says(&why);
        let asked = scene.asked().len();
        repo.tribunal(&["review", "--commit", "HEAD"]).code(4).says(&why).says(&way);
        assert_eq!(scene.asked().len(), asked);
        // It says nothing of other files.
        switch_to_new(&repo, "other");
        repo.write("src/mean.rs", CLEAN).commit_unjudged("feat: mean");
        review(&repo, &["--commit", "HEAD"]).ok();
        push(&repo).ok().never_says("cannot be read");
        // Both ways lead out: what finds it again, and a person's answer.
        repo.git(&["switch", "--quiet", "main"]).ok();
        if damage == "'{}'" {
            review(&repo, &["--commit", "HEAD", "--fresh"]).code(1);
            push(&repo).code(1).says(LEFT_OUT.title).never_says("cannot be read");
        } else {
            repo.tribunal(&["findings", "dismiss", short(&id), "--reason", "on purpose"]).ok();
            push(&repo).ok().never_says("cannot be read");
        }
    }
}

const UNGUARDED: &str = "def first(db):\n    rows = db.all()\n    return rows[0]\n";
const GUARDED: &str = "def first(db):\n    rows = db.all()\n    if not rows:\n        return None\n    return rows[0]\n";

/// A model that minds a first row that may not be there, until something above it sees to that.
fn minding_rows(asked: &Asked) -> Say {
    let question = Question::read(asked);
    let guard = "    if not rows:";
    let is_guarded = asked.prompt.contains(guard);
    let raised: Vec<Value> = question
        .sections
        .iter()
        .filter(|section| !is_guarded && section.added.iter().any(|line| line.contains("rows[0]")))
        .map(|section| lost_error(&section.path, "    return rows[0]", "an empty list fails"))
        .collect();
    match question.part {
        Part::Review => Say::json(question.answer(&raised)),
        Part::Verify => {
            let mut answer = question.answer(&[]);
            let words = question.findings.iter().map(|(id, text)| {
                let quote = if is_guarded { guard } else { "    return rows[0]" };
                let path = Question::says(text, "file: ");
                json!({ "id": id, "resolved": is_guarded, "quote": { "path": path, "text": quote } })
            });
            answer["verified"] = words.collect();
            Say::json(answer)
        }
        Part::Arbitrate => Say::json(yes(&question)),
        Part::Fix => {
            let (path, old) = ("q.py".to_owned(), "    return rows[0]".to_owned());
            let new = format!("{guard}\n        return None\n    return rows[0]");
            Say::done(vec![Call::Read(path.clone()), Call::Edit { path, old, new }])
        }
        _ => Say::text("not asked"),
    }
}

#[test]
fn what_a_later_commit_repaired_stops_no_push() {
    for more in ["", "\n\ndef other(rows):\n    return rows[0]\n"] {
        let scene = scene(minding_rows);
        let repo = scene.guarded(STRICT);
        repo.write("q.py", UNGUARDED).commit_unjudged("feat: first");
        review(&repo, &["--commit", "HEAD"]).code(1);
        push(&repo).code(1).says("an empty list fails");
        repo.write("q.py", format!("{GUARDED}{more}")).commit_unjudged("fix: no row");
        review(&repo, &["--commit", "HEAD"]).ok();
        let asked = scene.asked().len();
        review(&repo, &["--base", "origin/main"]).ok();
        push(&repo).ok().never_says("review");
        assert_eq!(scene.asked().len(), asked);
        repo.tribunal(&["findings", "list"]).ok().says("no open findings");
    }
}

/// A change takes a guard away, and a fix that puts it back convinces nobody: what is wrong was not there
/// before for that.
#[test]
fn a_fix_that_leads_back_to_the_base_makes_nothing_older_than_the_change() {
    let brain = |asked: &Asked| {
        let question = Question::read(asked);
        let mut answer = question.answer(&[]);
        let guard = "    if not rows:";
        let is_gone =
            asked.prompt.lines().any(|line| line.starts_with('-') && line.contains(guard));
        match question.part {
            Part::Review if is_gone => {
                let found = lost_error("q.py", "    return rows[0]", "an empty list fails");
                Say::json(question.answer(&[found]))
            }
            Part::Verify => {
                let quote = json!({ "path": "q.py", "text": guard });
                let words = question.findings.iter();
                let words =
                    words.map(|(id, _)| json!({ "id": id, "resolved": false, "quote": quote }));
                answer["verified"] = words.collect();
                Say::json(answer)
            }
            Part::Fix => minding_rows(asked),
            Part::Arbitrate => Say::json(yes(&question)),
            _ => Say::json(answer),
        }
    };
    let scene = scene(brain);
    let repo = scene.guarded(BLOCK);
    repo.write("q.py", GUARDED).commit_unjudged("feat: first");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    repo.write("q.py", UNGUARDED).write("more.py", "more = 1\n").commit_unjudged("feat: shorter");
    let stops = |what: &str| {
        for words in [["--commit", "HEAD"], ["--base", "origin/main"]] {
            let reviewed = review(&repo, &words);
            assert_eq!(reviewed.code, 1, "{what}, {words:?}: {reviewed}");
        }
        push(&repo).code(1).says("an empty list fails");
    };
    stops("reviewed");
    review(&repo, &["--commit", "HEAD", "--fix", "--set", "review.rounds.s=1"]).code(3);
    stops("fixed in vain");
}

/// What a reviewer sees beside a change, in code that reads as before, is told by every review alike;
/// where what it quotes is of the change, or its own code is, it counts.
#[test]
fn what_was_there_before_in_a_touched_file_has_one_verdict() {
    const LINE: &str = "    let all = &items[..items.len() - 1];";
    let one = format!("{BUGGY}\npub fn one() -> u32 {{\n    1\n}}\n");
    let edited = BUGGY.replace("all.iter().sum()", "all.iter().sum::<u32>()");
    for (what, text, quote, code) in [
        ("beside", &one, "", 0),
        ("quoted", &one, "pub fn one() -> u32 {", 1),
        ("its own code", &edited, "", 1),
    ] {
        let scene = scene(move |asked: &Asked| {
            let question = Question::read(asked);
            match question.part {
                Part::Review if asked.prompt.contains(LINE) => {
                    let mut found = lost_error("src/sum.rs", LINE, LEFT_OUT.title);
                    if !quote.is_empty() {
                        found["evidence"] = json!([{ "path": "src/sum.rs", "text": quote }]);
                    }
                    Say::json(question.answer(&[found]))
                }
                Part::Arbitrate => Say::json(yes(&question)),
                _ => Say::json(question.answer(&[])),
            }
        });
        let repo = scene.guarded(STRICT);
        repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
        repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
        repo.write("src/sum.rs", text).commit_unjudged("feat: more");
        for words in [["--commit", "HEAD"], ["--commit", "HEAD"], ["--base", "origin/main"]] {
            let told = review(&repo, &words);
            assert_eq!(told.code, code, "{what}, {words:?}: {told}");
            assert_eq!(told.json()["findings"][0]["severity"], "critical", "{what}");
        }
        push(&repo).code(code).says(": src/sum.rs:3: the last item is left out");
        // For what blocks nothing no arbiter is paid.
        assert_eq!(scene.asked().len(), if code == 0 { 1 } else { 2 }, "{what}");
    }
}

#[test]
fn what_a_range_a_fix_and_a_review_with_a_spec_passed_is_pushed() {
    let scene = scene(minding_rows);
    let repo = scene.guarded(STRICT);
    let pushed = |what: &str| {
        let asked = scene.asked().len();
        push(&repo).ok().never_says("review");
        review(&repo, &["--base", "origin/main"]).ok();
        assert_eq!(scene.asked().len(), asked, "{what}");
    };
    for name in ["one", "two"] {
        repo.write(format!("{name}.py"), format!("{name} = 1\n")).commit_unjudged("feat: number");
    }
    push(&repo).code(1).says("not reviewed");
    review(&repo, &[]).ok();
    pushed("a range");

    switch_to_new(&repo, "fixed");
    repo.write("q.py", UNGUARDED).commit_unjudged("feat: first");
    let fixed = review(&repo, &["--fix"]).ok().json();
    let branch = fixed["review"]["offer"]["branch"].as_str().unwrap().to_owned();
    push(&repo).code(1).says("an empty list fails");
    repo.git(&["merge", "--quiet", "--ff-only", &branch]).ok();
    pushed("a fix");
    repo.tribunal(&["findings", "list"]).ok().says("no open findings");
    repo.tribunal(&["findings", "list", "--status", "resolved"]).ok().says("an empty list fails");

    switch_to_new(&repo, "with-a-spec");
    let spec =
        "# Sums\n\n## Goal\n\nDouble.\n\n## Acceptance criteria\n\n- **AC-1** WHEN a THEN b\n";
    repo.write("../spec.md", spec);
    repo.write("double.py", "double = 2\n").commit_unjudged("feat: double");
    review(&repo, &["--commit", "HEAD", "--spec", "../spec.md"]).ok();
    pushed("a review with a spec");
}

/// A finding that is quoted in each way that is understood.
fn quoting(asked: &Asked) -> Say {
    let question = Question::read(asked);
    if question.part == Part::Arbitrate {
        return Say::json(yes(&question));
    }
    let section = &question.sections[0];
    let line = section.added.iter().find(|line| line.contains("pay(")).cloned();
    let line = line.unwrap_or_default();
    let anchor = match section.path.as_str() {
        "removed.py" => "    check_access(user)".to_owned(),
        "shown.py" => format!("+    2 | {line}"),
        "elided.py" => format!("{} … {}", &line[..16], &line[line.len() - 14..]),
        "near.py" => line.replace("user", "usr"),
        _ => line,
    };
    Say::json(question.answer(&[lost_error(&section.path, &anchor, "it is paid twice")]))
}

#[test]
fn an_upheld_finding_stops_the_push_however_its_place_is_quoted() {
    let long = (0..200).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    for name in ["whole", "removed", "shown", "elided", "near", "long"] {
        let scene = scene(quoting);
        let repo = scene.guarded(BLOCK);
        let path = format!("{name}.py");
        let more = if name == "long" { &long } else { "currency=\"EUR\"" };
        let body = format!("    return pay(user, amount=7, {more})\n");
        if name == "removed" {
            repo.write(&path, format!("def order(user):\n    check_access(user)\n{body}"));
            repo.commit_unjudged("feat: order");
            repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
        }
        repo.write(&path, format!("def order(user):\n{body}")).commit_unjudged("feat: order");
        review(&repo, &["--commit", "HEAD"]).code(1);
        push(&repo).code(1).says("it is paid twice");
        review(&repo, &["--base", "origin/main"]).code(1).says("it is paid twice");
    }
}

#[test]
fn what_is_moved_or_wrapped_anew_stops_the_push_still() {
    type Moving = fn(&Repo<'_>);
    let moves: [(&str, Moving); 5] = [
        ("renamed", |repo| drop(repo.git(&["mv", "src/sum.rs", "src/total.rs"]).ok())),
        ("renamed and edited elsewhere", |repo| {
            repo.git(&["mv", "src/sum.rs", "src/total.rs"]).ok();
            repo.write("src/total.rs", format!("{BUGGY}\npub const ONE: u32 = 1;\n"));
        }),
        ("moved into another file", |repo| {
            repo.git(&["rm", "--quiet", "src/sum.rs"]).ok();
            repo.write("src/lib.rs", format!("pub const ONE: u32 = 1;\n\n{BUGGY}"));
        }),
        ("wrapped anew", |repo| {
            let wrapped =
                BUGGY.replace("&items[..items.len() - 1]", "&items\n        [..items.len() - 1]");
            repo.write("src/sum.rs", wrapped);
        }),
        ("beside another line that reads alike", |repo| {
            let twice = format!("{BUGGY}\n{}", BUGGY.replace("pub fn sum", "pub fn total"));
            repo.write("src/sum.rs", twice);
        }),
    ];
    for (what, moving) in moves {
        let scene = scene(diligent(&[LEFT_OUT]));
        let repo = scene.guarded(BLOCK);
        repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
        review(&repo, &["--commit", "HEAD"]).code(1);
        moving(&repo);
        repo.commit_unjudged("refactor: move it");
        // A file without a review warns alone: it is the finding that stops it.
        let pushed = push(&repo);
        assert_eq!(pushed.code, 1, "{what}: {pushed}");
        pushed.says(LEFT_OUT.title);
        let reviewed = review(&repo, &["--base", "origin/main"]);
        assert_eq!(reviewed.code, 1, "{what}: {reviewed}");
    }
}

/// A list of findings says where each finding of a review is: the branch, or the commit where none has it.
#[test]
fn findings_of_reviews_name_their_branch_or_commit() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.guarded(BLOCK);
    switch_to_new(&repo, "sums");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    review(&repo, &["--commit", "HEAD"]).code(1);
    let commit = repo.rev("HEAD");
    switch_to_new(&repo, "other");
    let on = || {
        let listed = repo.tribunal(&["findings", "list", "--format", "json"]).ok().json();
        listed["findings"][0]["seen_on"].clone()
    };
    let listed = || repo.tribunal(&["findings", "list"]).ok();
    assert_eq!(on(), json!({ "branch": "sums", "commit": commit }));
    listed().says("  ON    WHAT").says("  sums  ");
    // By the name that it has now, also where another branch was out when it was reviewed.
    repo.git(&["branch", "--move", "sums", "totals"]).ok();
    assert_eq!(on(), json!({ "branch": "totals", "commit": commit }));
    listed().says("  totals  ");
    repo.git(&["branch", "-D", "totals"]).ok();
    assert_eq!(on(), json!({ "branch": null, "commit": commit }));
    listed().says(&format!("  {}  ", &commit[..10]));
}

/// A hunk that a complete review was shown counts, whatever the file's name was then; one that none was
/// shown does not.
#[test]
fn what_was_shown_under_another_name_is_not_asked_again() {
    const FIRST: &str = "pub fn first() -> u32 {\n    1\n}\n\npub fn second() -> u32 {\n    2\n}\n";
    type Step = fn(&Repo<'_>);
    let add: Step = |repo| {
        repo.write("src/a.rs", FIRST);
    };
    let edit: Step = |repo| {
        repo.write("src/a.rs", FIRST.replace("    1", "    11"));
    };
    let go: Step = |repo| drop(repo.git(&["mv", "src/a.rs", "src/b.rs"]).ok());
    let go_edited: Step = |repo| {
        repo.git(&["mv", "src/a.rs", "src/b.rs"]).ok();
        repo.write("src/b.rs", FIRST.replace("    2", "    22"));
    };
    let go_on: Step = |repo| drop(repo.git(&["mv", "src/b.rs", "src/c.rs"]).ok());
    let end: Step = |repo| drop(repo.git(&["rm", "--quiet", "src/b.rs"]).ok());
    for (what, in_base, steps) in [
        ("added and renamed", false, &[add, go][..]),
        ("added, and renamed with an edit", false, &[add, go_edited]),
        ("added, edited, renamed twice", false, &[add, edit, go, go_on]),
        ("renamed twice with an edit", true, &[go_edited, go_on]),
        ("renamed with an edit, and removed", true, &[go_edited, end]),
    ] {
        // All is reviewed, or all but one: in the usual form of one of these ways alone.
        let all = cases(what == "added, and renamed with an edit", true);
        let left_out = (0..steps.len()).map(Some).filter(|_| all);
        for left_out in std::iter::once(None).chain(left_out) {
            let scene = scene(diligent(&[]));
            let repo = scene.guarded(STRICT);
            if in_base {
                repo.write("src/a.rs", FIRST).commit_unjudged("feat: first");
                repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
            }
            for (number, step) in steps.iter().enumerate() {
                step(&repo);
                repo.commit_unjudged("feat: step");
                if left_out != Some(number) {
                    review(&repo, &["--commit", "HEAD"]).ok();
                }
            }
            let pushed = push(&repo);
            assert_eq!(
                pushed.code,
                i32::from(left_out.is_some()),
                "{what}, {left_out:?}: {pushed}"
            );
            if left_out.is_none() {
                let asked = scene.asked().len();
                review(&repo, &["--base", "origin/main"]).ok();
                assert_eq!(scene.asked().len(), asked, "{what}");
                // In one commit it is the same change.
                repo.git(&["reset", "--quiet", "--soft", "origin/main"]).ok();
                repo.commit_unjudged("feat: all");
                push(&repo).ok();
            }
        }
    }
}

/// A copy of a file that is there is no other name of it.
#[test]
fn a_file_that_was_moved_away_and_is_there_again_counts_by_itself() {
    let text = format!("{CLEAN}\npub const ONE: u32 = 1;\n");
    let scene = scene(diligent(&[]));
    let repo = scene.guarded(STRICT);
    repo.write("src/a.rs", &text).commit_unjudged("feat: a");
    review(&repo, &["--commit", "HEAD"]).ok();
    repo.git(&["mv", "src/a.rs", "src/b.rs"]).ok();
    repo.commit_unjudged("refactor: b");
    review(&repo, &["--commit", "HEAD"]).ok();
    push(&repo).ok();
    repo.write("src/a.rs", &text).commit_unjudged("feat: a again");
    push(&repo).code(1).says("`src/b.rs` is not reviewed");
}

#[test]
fn what_a_person_must_decide_stops_a_push_and_is_answered_by_its_id() {
    for (word, answer) in
        [("unsubstantiated", "dismiss"), ("contradicts-spec", "accept"), ("upheld", "accept")]
    {
        let brain = diligent(&[LEFT_OUT]);
        let scene = scene(move |asked: &Asked| {
            let question = Question::read(asked);
            if question.part != Part::Arbitrate {
                return brain(asked);
            }
            let mut said = yes(&question);
            said["word"] = json!(word);
            // Nobody says how it is to be fixed.
            said["instruction"] = json!("");
            Say::json(said)
        });
        let repo = scene.guarded(STRICT);
        repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
        let decided = review(&repo, &["--commit", "HEAD"]).code(3).json();
        let id = decided["findings"][0]["id"].as_str().unwrap().to_owned();
        let short = short(&id);
        let asked = scene.asked().len();
        push(&repo).code(1).says(LEFT_OUT.title).says(short);
        review(&repo, &["--commit", "HEAD"]).code(3).says(LEFT_OUT.title);
        repo.tribunal(&["findings", answer, short, "--reason", "looked at"]).ok();
        review(&repo, &["--commit", "HEAD"]).ok();
        push(&repo).ok().never_says(LEFT_OUT.title);
        assert_eq!(scene.asked().len(), asked, "{word}: nobody is asked again");
    }
}

#[test]
fn commits_without_a_change_hide_no_review() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.guarded(STRICT);
    let nothing = |times: usize| {
        for _ in 0..times {
            repo.commit_unjudged("chore: nothing");
        }
    };
    nothing(60);
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    review(&repo, &["--commit", "HEAD"]).code(1);
    push(&repo).code(1).says(LEFT_OUT.title);
    nothing(60);
    push(&repo).code(1).says(LEFT_OUT.title);
    let asked = scene.asked().len();
    review(&repo, &["--base", "origin/main"]).code(1);
    assert_eq!(scene.asked().len(), asked);
}

#[test]
fn a_range_begins_where_the_branch_left_the_other_one() {
    let scene = scene(diligent(&[]));
    let repo = scene.guarded(BLOCK);
    repo.write("src/a.rs", "pub fn a() {}\n").commit_unjudged("feat: a");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    repo.git(&["switch", "--quiet", "--create", "feature"]).ok();
    repo.write("src/feature.rs", CLEAN).commit_unjudged("feat: feature");
    // The other branch moves on, here and at the remote; here it is behind after that.
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.write("src/a.rs", "pub fn a() {\n    check_access();\n}\n").commit_unjudged("feat: check");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    repo.git(&["switch", "--quiet", "feature"]).ok();
    for words in [&["--from", "main"][..], &["--from", "origin/main"], &["--base", "main"], &[]] {
        let asked = scene.asked().len();
        review(&repo, &[words, &["--fresh"]].concat()).ok();
        assert_eq!(shown(&scene, asked), ["src/feature.rs"], "{words:?}");
    }
    // The branch here is behind what was merged from the remote.
    repo.git(&["merge", "--quiet", "--no-verify", "--no-edit", "origin/main"]).ok();
    repo.git(&["branch", "--force", "main", "main~1"]).ok();
    let asked = scene.asked().len();
    review(&repo, &["--base", "main", "--fresh"]).ok();
    assert_eq!(shown(&scene, asked), ["src/feature.rs"]);
}

#[test]
fn without_an_upstream_all_that_a_push_would_bring_is_reviewed() {
    let scene = scene(diligent(&[]));
    let repo = scene.library();
    repo.write("tribunal.toml", format!("[gates]\nscope = \"off\"\n{STRICT}"));
    repo.commit_unjudged("chore: policy").push_to(&scene.sandbox.bare("origin.git"));
    assert!(repo.rev("refs/remotes/origin/HEAD").is_empty(), "nobody says which is the default");
    repo.tribunal(&["hooks", "install"]).ok();
    switch_to_new(&repo, "feature");
    repo.git(&["branch", "--unset-upstream"]).ok();
    for name in ["one", "two", "three"] {
        repo.write(format!("src/{name}.rs"), CLEAN).commit_unjudged("feat: more");
    }
    review(&repo, &[]).ok();
    assert_eq!(shown(&scene, 0), ["src/one.rs", "src/three.rs", "src/two.rs"]);
    push(&repo).ok().never_says("not reviewed");
    // Stacked on it, with a merge at its tip.
    repo.git(&["switch", "--quiet", "--create", "stacked"]).ok();
    repo.write("src/four.rs", CLEAN).commit_unjudged("feat: four");
    switch_to_new(&repo, "other");
    repo.write("src/five.rs", CLEAN).commit_unjudged("feat: five");
    repo.git(&["switch", "--quiet", "stacked"]).ok();
    repo.git(&["merge", "--quiet", "--no-verify", "--no-edit", "other"]).ok();
    let asked = scene.asked().len();
    review(&repo, &[]).ok();
    assert_eq!(shown(&scene, asked), ["src/five.rs", "src/four.rs"]);
    push(&repo).ok().never_says("not reviewed");
}

#[test]
fn a_clean_rebase_a_cherry_pick_and_another_order_cost_nothing() {
    let scene = scene(diligent(&[]));
    let repo = scene.guarded(STRICT);
    repo.git(&["switch", "--quiet", "--create", "work"]).ok();
    for name in ["one", "two", "three"] {
        repo.write(format!("src/{name}.rs"), CLEAN).commit_unjudged("feat: more");
        review(&repo, &["--commit", "HEAD"]).ok();
    }
    let tip = repo.rev("HEAD");
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.write("other.txt", "Somebody else's.\n").commit_unjudged("docs: other");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    let asked = scene.asked().len();
    let costs_nothing = |what: &str| {
        for commit in ["HEAD~2", "HEAD~1", "HEAD"] {
            review(&repo, &["--commit", commit]).ok();
        }
        review(&repo, &["--base", "main"]).ok();
        push(&repo).ok().never_says("review");
        assert_eq!(scene.asked().len(), asked, "{what}");
    };
    repo.git(&["switch", "--quiet", "work"]).ok();
    repo.git(&["rebase", "--quiet", "main"]).ok();
    costs_nothing("a rebase");
    switch_to_new(&repo, "picked");
    for commit in ["", "~1", "~2"] {
        repo.git(&["cherry-pick", &format!("{tip}{commit}")]).ok();
    }
    costs_nothing("cherry-picks in another order");
}

#[test]
fn of_a_shallow_or_partial_clone_the_whole_tree_is_never_the_change() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.guarded(STRICT);
    repo.write("src/old.rs", BUGGY).commit_unjudged("feat: old");
    repo.write("src/new.rs", CLEAN).commit_unjudged("feat: new");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    let origin = scene.sandbox.path().join("origin.git");
    repo.git(&["-C", origin.to_str().unwrap(), "config", "uploadpack.allowFilter", "true"]).ok();
    let address = format!("file://{}", origin.display());
    let clone = |name: &str, how: &str| {
        repo.git(&["clone", "--quiet", how, &address, &format!("../{name}")]).ok();
        Repo { sandbox: &scene.sandbox, dir: scene.sandbox.path().join(name) }
    };
    for (name, how) in [("shallow", "--depth=1"), ("partial", "--filter=blob:none")] {
        let asked = scene.asked().len();
        let clone = clone(name, how);
        review(&clone, &["--commit", "HEAD", "--fresh"]).ok();
        assert_eq!(shown(&scene, asked), ["src/new.rs"], "{name}");
    }
    // Where the rest cannot be fetched, that is said, with the way on; a hook never fetches.
    let asked = scene.asked().len();
    let alone = clone("alone", "--depth=1");
    alone.tribunal(&["hooks", "install"]).ok();
    alone.tribunal(&["trust", "reviews", "--yes"]).ok();
    alone.write("src/more.rs", CLEAN).commit_unjudged("feat: more");
    push(&alone).code(1).says("`src/more.rs` is not reviewed").never_says("src/old.rs");
    std::fs::rename(&origin, scene.sandbox.path().join("gone.git")).unwrap();
    let refused = review(&alone, &["--commit", "HEAD~1"]).code(2);
    refused.says("is not in this clone").says("git fetch --unshallow");
    assert_eq!(scene.asked().len(), asked);
}

#[test]
fn what_could_not_block_has_nobody_asked_again() {
    const LOW: Mistake = Mistake { severity: "low", ..LEFT_OUT };
    let scene = scene(diligent(&[LOW]));
    let repo = scene.guarded(STRICT);
    // Of a language that is not known here: all of the file is the place of a finding.
    let lines = |first: &str, last: &str| {
        let between: Vec<String> = (0..60).map(|number| format!("{number} is between\n")).collect();
        format!("{first}\n{}{last}\n", between.concat())
    };
    repo.write("steps.list", lines("begin", "end")).commit_unjudged("feat: steps");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    repo.git(&["switch", "--quiet", "--create", "work"]).ok();
    repo.write("steps.list", lines("begin", "x = items[..items.len() - 1]"));
    repo.commit_unjudged("feat: last step");
    review(&repo, &["--commit", "HEAD"]).ok().says("left out");
    let asked = scene.asked().len();
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.write("steps.list", lines("begin at once", "end")).commit_unjudged("feat: at once");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    repo.git(&["switch", "--quiet", "work"]).ok();
    repo.git(&["rebase", "--quiet", "main"]).ok();
    review(&repo, &["--commit", "HEAD"]).ok();
    push(&repo).ok().never_says("not checked: review");
    assert_eq!(scene.asked().len(), asked);
}

/// A file with a mistake between functions that others touch.
fn padded(items: &str, start: u32, more: &str) -> String {
    let pad = |name: &str| {
        let one = |n: u32| format!("def {name}{n}():\n    return {n}\n\n\n");
        (1..7).map(one).collect::<Vec<_>>().concat()
    };
    format!(
        "{}def f(items):\n    start = {start}\n    for i in range(len(items) - 1):\n        \
         total({items}[i])\n    return start\n\n\n{}{more}",
        pad("before"),
        pad("after")
    )
}

#[test]
fn what_was_answered_stays_answered_in_other_words() {
    type Changing = fn(&Repo<'_>);
    let nothing: Changing = |_| {};
    for (what, changing) in [
        ("the same", nothing),
        ("other words", nothing),
        ("another failure", nothing),
        ("another class", nothing),
        ("a line above", |repo| {
            repo.write("f.py", padded("items", 1, ""));
        }),
        ("a line below", |repo| {
            repo.write("f.py", padded("2 * items", 0, ""));
        }),
        ("renamed", |repo| {
            repo.git(&["mv", "f.py", "g.py"]).ok();
            repo.write("g.py", padded("items", 0, "def last():\n    return 9\n"));
        }),
    ] {
        let scene = scene(move |asked: &Asked| {
            let question = Question::read(asked);
            if question.part == Part::Arbitrate {
                return Say::json(yes(&question));
            }
            let line = "    for i in range(len(items) - 1):";
            let there = question.sections.iter().find(|_| asked.prompt.contains(line));
            let mut found: Vec<Value> = there
                .map(|section| lost_error(&section.path, line, "the last item is left out"))
                .into_iter()
                .collect();
            if asked.number > 1 {
                for one in &mut found {
                    match what {
                        "other words" => one["title"] = json!("the loop skips the final element"),
                        "another failure" => one["failure"] = json!("a list of one gives nothing"),
                        "another class" => one["class"] = json!("correctness/wrong-result"),
                        _ => {}
                    }
                }
            }
            Say::json(question.answer(&found))
        });
        let repo = scene.guarded(BLOCK);
        repo.write("f.py", padded("items", 0, "")).commit_unjudged("feat: f");
        let first = review(&repo, &["--commit", "HEAD"]).code(1).json();
        let id = first["findings"][0]["id"].as_str().unwrap();
        repo.tribunal(&["findings", "dismiss", id, "--reason", "by design"]).ok();
        let asked = scene.asked().len();
        changing(&repo);
        repo.commit_unjudged("feat: more");
        let again = if what == "renamed" || what.starts_with("a line") {
            review(&repo, &["--commit", "HEAD"])
        } else {
            review(&repo, &["--base", "origin/main", "--fresh"])
        };
        assert_eq!(again.code, 0, "{what}: {again}");
        push(&repo).ok().never_says("left out");
        let parts: Vec<Part> =
            scene.asked()[asked..].iter().map(|asked| Question::read(asked).part).collect();
        assert!(!parts.contains(&Part::Arbitrate), "{what}: nobody arbitrates what was answered");
        repo.tribunal(&["findings", "list"]).ok().says("no open findings");
        // The same mistake in another place is another finding, in the very same words.
        let again = padded("items", 0, "").replace("def f(", "def again(");
        repo.write("again.py", again).commit_unjudged("feat: again");
        review(&repo, &["--commit", "HEAD"]).code(1).says("again.py");
        push(&repo).code(1).says("again.py");
    }
}

#[test]
fn a_finding_of_a_review_closes_where_it_is_gone() {
    type Ending = fn(&Repo<'_>);
    let ends: [(&str, &str, Ending); 2] = [
        ("repaired", "a review found it resolved", |repo| {
            repo.write("src/sum.rs", CLEAN);
        }),
        ("deleted", "is gone", |repo| drop(repo.git(&["rm", "--quiet", "src/sum.rs"]).ok())),
    ];
    for (what, why, ending) in ends {
        let scene = scene(diligent(&[LEFT_OUT]));
        let repo = scene.guarded(STRICT);
        repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
        let found = review(&repo, &["--commit", "HEAD"]).code(1).json();
        let id = found["findings"][0]["id"].as_str().unwrap().to_owned();
        repo.tribunal(&["status"]).ok().says("1 open");
        ending(&repo);
        repo.commit_unjudged("fix: sum");
        review(&repo, &["--commit", "HEAD"]).ok();
        repo.tribunal(&["findings", "list"]).ok().says("no open findings");
        let resolved = repo.tribunal(&["findings", "list", "--status", "resolved"]).ok();
        resolved.says(LEFT_OUT.title);
        let shown = repo.tribunal(&["findings", "show", &id]).ok().says(why);
        shown.says(&repo.rev("HEAD")[..10]);
        push(&repo).ok();
        // Back again it is the same finding.
        repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum again");
        let again = review(&repo, &["--commit", "HEAD"]).code(1).json();
        assert_eq!(again["findings"][0]["id"], id, "{what}");
        repo.tribunal(&["findings", "list"]).ok().says(LEFT_OUT.title);
    }
}

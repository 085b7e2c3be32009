//! Which spec a change is reviewed by, and what its criteria do: at a review, in the background, at a push.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::json;

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, Part, Question, diligent, raised, yes};
use crate::harness::{Outcome, Repo, cases, short, wait_for};
use crate::model_server::{Asked, Call, Say};
use crate::scene::{KEYS, Scene, Watcher, review};

const BLOCK: &str = "[review]\npre-push = \"block\"\non-failure = \"block\"\n";

fn scene(brain: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Scene {
    Scene::new("", brain).logged_in(&KEYS)
}

/// A spec with a criterion, a constraint, and what is critical; `head` is more front matter.
fn spec(id: &str, head: &str) -> String {
    format!(
        "---\nid: {id}\n{head}---\n# {id}\n\n## Goal\n\nLists are summed for {id}.\n\n## Acceptance criteria\n\n\
         - **AC-1** WHEN a list is given THEN the sum of all items SHALL be returned\n  - verify: test\n\
         - **AC-2** WHEN the list is empty THEN zero SHALL be returned\n  - verify: test\n\n\
         ## Constraints\n\n- Do not rename `sum`\n\n## Critical if\n\n- an item is counted twice\n"
    )
}

fn path(id: &str) -> String {
    format!("docs/specs/{id}.md")
}

/// Puts a spec on the branch.
fn add_spec(repo: &Repo<'_>, id: &str, head: &str) {
    repo.write(path(id), spec(id, head)).commit_unjudged("docs: a spec");
}

/// What a model says of the criteria, by what the test sets; `met` for the rest.
#[derive(Clone, Default)]
struct Assessor(Arc<Mutex<Vec<(&'static str, &'static str)>>>);

impl Assessor {
    fn say(&self, words: &[(&'static str, &'static str)]) {
        *self.0.lock().unwrap() = words.to_vec();
    }

    fn brain(&self) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
        let words = Arc::clone(&self.0);
        move |asked: &Asked| {
            let question = Question::read(asked);
            if question.part == Part::Arbitrate {
                return Say::json(yes(&question));
            }
            let mut answer = question.answer(&[]);
            for criterion in answer["criteria"].as_array_mut().into_iter().flatten() {
                let words = words.lock().unwrap();
                let said = words.iter().find(|(id, _)| criterion["id"] == *id);
                if let Some((id, met)) = said {
                    criterion["met"] = json!(met);
                    criterion["why"] = json!(format!("nothing does what {id} asks for"));
                }
            }
            Say::json(answer)
        }
    }
}

/// The spec that a review was by: its id and why.
fn by(outcome: &Outcome) -> (String, String) {
    let spec = &outcome.json()["review"]["spec"];
    let text = |key: &str| spec[key].as_str().unwrap_or_default().to_owned();
    (text("id"), text("why"))
}

fn push(repo: &Repo<'_>) -> Outcome {
    repo.git(&["push", "--dry-run", "origin", "HEAD:refs/heads/work"])
}

#[test]
fn a_change_is_reviewed_by_the_spec_that_it_belongs_to() {
    let scene = scene(diligent(&[]));
    let repo = scene.library();
    add_spec(&repo, "sums", "touches: [\"src/**\"]\n");
    add_spec(&repo, "means", "status: draft\n");
    add_spec(&repo, "ranges", "");
    // By its `touches`, and said first.
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    assert_eq!(by(&outcome), ("sums".to_owned(), "by its `touches`".to_owned()));
    outcome.says("spec `sums`, by its `touches`");
    assert!(scene.asked()[0].prompt.contains("Lists are summed for sums."));
    // A branch is a stronger sign, and so is the spec in the same range.
    repo.git(&["switch", "-q", "-c", "spec/means"]).ok();
    repo.write("src/mean.rs", CLEAN).commit_unjudged("feat: mean");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    assert_eq!(by(&outcome), ("means".to_owned(), "by the branch `spec/means`".to_owned()));
    repo.git(&["switch", "-q", "-c", "other"]).ok();
    repo.write(path("ranges"), spec("ranges", "size: S\n")).write("a.txt", "A page.\n");
    repo.commit_unjudged("feat: a range");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    assert_eq!(by(&outcome).0, "ranges");
    // A trailer is the strongest: what git takes for one.
    repo.write("src/more.rs", CLEAN);
    repo.commit_unjudged(
        "feat: more\n\nSpec: ranges is only talked of here.\n\nspec:\n  Means\nRefs: 1",
    );
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    assert_eq!(by(&outcome), ("means".to_owned(), "by the trailer of 1 commit".to_owned()));
    // The receipt of the run names it, and so do `runs show` and the report.
    let run = outcome.json()["review"]["run"].as_str().unwrap().to_owned();
    let shown = repo.tribunal(&["runs", "show", short(&run)]).ok();
    shown.says("docs/specs/means.md, by the trailer of 1 commit");
    repo.tribunal(&["review", "--commit", "HEAD", "--report"]).ok().says("answered before");
    let report = repo.read(format!("docs/review/{run}.md"));
    assert!(report.contains("By the spec means (docs/specs/means.md), by the trailer"), "{report}");
    // `off` leaves it to the person, and what the person names is the strongest of all.
    let off = ["--commit", "HEAD", "--fresh", "--set", "review.spec=off"];
    assert_eq!(by(&review(&repo, &off).ok()).0, "");
    let named = [&off[..], &["--spec", "docs/specs/sums.md"]].concat();
    assert_eq!(by(&review(&repo, &named).ok()), ("sums".to_owned(), "as it was named".to_owned()));
}

#[test]
fn what_names_no_spec_or_several_is_said() {
    let scene = scene(diligent(&[]));
    let repo = scene.guarded(BLOCK);
    // Where there are no specs the word is another convention's.
    repo.write("src/first.rs", CLEAN).commit_unjudged("feat: first\n\nSpec: RFC 9110");
    review(&repo, &["--commit", "HEAD"]).ok().never_says("names no spec");
    add_spec(&repo, "sums", "");
    add_spec(&repo, "means", "");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum\n\nSpec: sum");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    assert_eq!(by(&outcome).0, "");
    outcome.says("the trailer `Spec: sum` names no spec").says("did you mean `sums`?");
    push(&repo).says("the trailer `Spec: sum` names no spec");
    repo.write("src/mean.rs", CLEAN).commit_unjudged("feat: mean\n\nSpec: sums\nSpec: means");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    assert_eq!(by(&outcome).0, "");
    outcome
        .says("belongs to 2 specs, by the trailer of 1 commit: `means`, `sums`")
        .says("`--spec FILE` names one");
    // One trailer may list several; a branch that is of no spec says so.
    repo.write("src/both.rs", CLEAN).commit_unjudged("feat: both\n\nSpec: sums, mean");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    assert_eq!(by(&outcome), ("sums".to_owned(), "by the trailer of 1 commit".to_owned()));
    outcome.says("the trailer `Spec: mean` names no spec").says("did you mean `means`?");
    repo.git(&["switch", "-q", "-c", "spec/sumz"]).ok();
    repo.write("src/z.rs", CLEAN).commit_unjudged("feat: z");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    outcome.says("the branch `spec/sumz` names no spec").says("did you mean `sums`?");
    repo.git(&["switch", "-q", "main"]).ok();
    // An id is enough to name one.
    let named = ["--commit", "HEAD", "--spec"];
    let outcome = review(&repo, &[&named[..], &["sums"]].concat()).ok();
    assert_eq!(by(&outcome), ("sums".to_owned(), "as it was named".to_owned()));
    repo.tribunal(&[&["review"], &named[..], &["sumz"]].concat())
        .code(2)
        .says("there is no spec `sumz`, nor a file of that name")
        .says("did you mean `sums`?");
    repo.tribunal(&["trust", "--spec", "sums", "--yes"]).ok();
    // One with errors is left out, and says how to see them.
    repo.write(path("bad"), "---\nid: bad\nnope: 1\n---\n# Bad\n\n## Goal\n\nNothing.\n");
    repo.write("src/bad.rs", CLEAN).commit_unjudged("feat: bad\n\nSpec: bad");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    outcome.says("has errors and is left out").says("`tribunal spec lint docs/specs/bad.md`");
    repo.tribunal(&["spec", "lint", "docs/specs/bad.md"]).code(1);
    // Nobody is led out of the runs' folder by a trailer.
    repo.write("src/run.rs", CLEAN).commit_unjudged("feat: run\n\nTribunal-Run: ../../x");
    assert_eq!(by(&review(&repo, &["--commit", "HEAD"]).ok()).0, "");
}

/// What several specs ask for that are done must be there, and one review is by one spec.
#[test]
fn a_change_of_several_specs_that_are_done_is_reviewed_by_each_of_them() {
    const DONE: &str = "status: done\n";
    let model = Assessor::default();
    let scene = scene(model.brain());
    let repo = scene.guarded(BLOCK);
    add_spec(&repo, "sums", DONE);
    add_spec(&repo, "means", DONE);
    repo.git(&["push", "-q", "--no-verify", "origin", "HEAD:refs/heads/main"]).ok();
    repo.git(&["switch", "-q", "-c", "work"]).ok();
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum\n\nSpec: sums\nSpec: means");
    let [sums, means] = ["sums", "means"].map(path);
    let by_each = |outcome: &Outcome, left: [bool; 2]| {
        for (path, is_left) in [(&sums, left[0]), (&means, left[1])] {
            assert_eq!(
                outcome.to_string().contains(&format!("--spec {path}`")),
                is_left,
                "{outcome}"
            );
        }
    };
    // Without a word about which, nothing is asked, and nothing passes.
    let refused = repo.tribunal(&["review"]).code(4);
    let refused = refused.says("specs `means` and `sums`, by the trailer of 1 commit, is done");
    by_each(&refused, [true, true]);
    by_each(&push(&repo).code(1), [true, true]);
    assert_eq!(scene.asked().len(), 0);
    // What was reviewed by none of them covers the lines, and says nothing of what they ask for.
    review(&repo, &["--set", "review.spec=off"]).ok();
    by_each(&push(&repo).code(1), [true, true]);
    review(&repo, &["--spec", &means]).ok();
    by_each(&push(&repo).code(1), [true, false]);
    by_each(&repo.tribunal(&["review"]).code(4), [true, false]);
    // Each of them stops it.
    model.say(&[("AC-2", "missing")]);
    let id = blocking(&review(&repo, &["--spec", &sums]).code(1)).remove(0);
    push(&repo).code(1).says("AC-2 of `sums` is not met");
    review(&repo, &[]).code(1).says("sums/AC-2");
    repo.tribunal(&["findings", "accept", short(&id), "--reason", "later"]).ok();
    push(&repo).ok();
    let asked = scene.asked().len();
    review(&repo, &[]).ok();
    assert_eq!(scene.asked().len(), asked);
    // Where one of them alone is done, it is that one.
    model.say(&[]);
    repo.write(path("means"), spec("means", "")).write("src/mean.rs", CLEAN);
    repo.commit_unjudged("feat: mean\n\nSpec: sums\nSpec: means");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    assert_eq!(by(&outcome).0, "sums");
    outcome.says("it is reviewed by `sums`, which is done");
    push(&repo).ok();
    // One that is done and cannot be read is no reason to leave it out.
    repo.write(path("sums"), spec("sums", "status: done\nnope: 1\n")).write("src/more.rs", CLEAN);
    repo.commit_unjudged("feat: more\n\nSpec: sums");
    repo.tribunal(&["review", "--commit", "HEAD"]).code(4).says("is done and has errors");
    review(&repo, &["--commit", "HEAD", "--set", "review.spec=off"]).ok();
    push(&repo).code(1).says("`tribunal spec lint docs/specs/sums.md`");
}

#[test]
fn a_policy_that_demands_a_spec_lets_no_change_without_one_be_reviewed() {
    let scene = scene(diligent(&[]));
    let repo = scene.guarded(&format!("{BLOCK}spec = \"required\"\n"));
    // A change of specs alone is a plan, and needs none.
    add_spec(&repo, "sums", "");
    review(&repo, &[]).ok();
    repo.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]).ok();
    repo.git(&["switch", "-q", "-c", "work"]).ok();
    let asked = scene.asked().len();
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    let outcome = repo.tribunal(&["review", "--commit", "HEAD"]).code(4);
    outcome.says("`review.spec` demands a spec").says("`Spec: ID`").says("--spec FILE");
    push(&repo).code(1).says("not reviewed").says("`review.spec` demands a spec");
    assert_eq!(scene.asked().len(), asked, "it costs nothing");
    // A review without one, under a weaker setting of one's own, covers nothing.
    review(&repo, &["--commit", "HEAD", "--set", "review.spec=auto"]).ok();
    push(&repo).code(1).says("not reviewed");
    // Both ways out lead out.
    review(&repo, &["--base", "main", "--spec", "docs/specs/sums.md"]).ok();
    push(&repo).ok();
    review(&repo, &["--base", "main"]).ok();
    repo.write("src/other.rs", CLEAN).commit_unjudged("feat: other\n\nSpec: sums");
    push(&repo).code(1);
    review(&repo, &["--base", "main"]).ok();
    push(&repo).ok();
    // Where there are several, it is one message, with the way on.
    add_spec(&repo, "means", "");
    repo.write("src/two.rs", CLEAN).commit_unjudged("feat: two\n\nSpec: sums\nSpec: means");
    let outcome = repo.tribunal(&["review", "--commit", "HEAD"]).code(4);
    let said =
        "`review.spec` demands a spec: the change belongs to 2 specs, by the trailer of 1 commit";
    let outcome = outcome.says(said).says("`--spec FILE` names one").to_string();
    assert_eq!(outcome.matches("belongs to 2 specs").count(), 1, "{outcome}");
    // No variable of one's own lets it pass unseen.
    repo.tribunal(&["config"]).ok().says("required").says("review by the spec of a change");
}

#[test]
fn criteria_of_work_that_is_not_done_are_told_and_stop_nothing() {
    let model = Assessor::default();
    model.say(&[("AC-2", "missing")]);
    let scene = scene(model.brain());
    let repo = scene.guarded(BLOCK);
    repo.git(&["switch", "-q", "-c", "work"]).ok();
    add_spec(&repo, "sums", "");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum\n\nSpec: sums");
    let outcome = repo.tribunal(&["review", "--base", "main"]).ok();
    outcome.says("1 of 4 criteria of `sums` is not met yet (AC-2)");
    push(&repo).ok().says("1 of 4 criteria of `sums` is not met yet (AC-2)");
    // What was said stays known where the change goes on, and nothing is asked twice.
    let asked = scene.asked().len();
    repo.tribunal(&["review", "--base", "main"]).ok().says("answered before").says("1 of 4");
    repo.git(&["commit", "-q", "--amend", "--no-verify", "-m", "feat: words\n\nSpec: sums"]).ok();
    push(&repo).ok().says("1 of 4");
    assert_eq!(scene.asked().len(), asked);
    assert!(scene.asked().iter().any(|one| one.prompt.contains("CI-1: an item is counted twice")));
    // Who names the spec makes it count, whatever was told before.
    let named = ["--base", "main", "--spec", "docs/specs/sums.md"];
    let id = blocking(&review(&repo, &named).code(1)).remove(0);
    // It is said once what blocks, with the reason: here, and beside the verdict what is to be fixed.
    let all = repo.tribunal(&[&["review", "--all"], &named[..]].concat()).code(1);
    let all = all.says(&format!("missing AC-2 ({})", short(&id))).never_says("arbiter on");
    assert_eq!(all.to_string().matches("nothing does what AC-2 asks for").count(), 2, "{all}");
    push(&repo).code(1).says("AC-2 of `sums` is not met").never_says("not met yet");
    repo.tribunal(&["review", "--base", "main"]).code(1).never_says("not met yet");
    repo.tribunal(&["findings", "accept", short(&id), "--reason", "later"]).ok();
    push(&repo).ok();
    model.say(&[]);
    repo.write("src/zero.rs", "pub fn zero() -> u32 {\n    0\n}\n");
    repo.commit_unjudged("feat: zero\n\nSpec: sums");
    repo.tribunal(&["review", "--base", "main"]).ok().never_says("not met yet");
    push(&repo).ok().never_says("not met yet");
}

#[test]
fn a_review_in_the_background_is_by_the_spec_of_its_commit() {
    let model = Assessor::default();
    model.say(&[("AC-2", "missing")]);
    let scene = scene(model.brain());
    let repo = scene.guarded("[review]\npre-push = \"ask-later\"\n");
    repo.git(&["switch", "-q", "-c", "work"]).ok();
    add_spec(&repo, "sums", "");
    add_spec(&repo, "means", "");
    let _watcher = Watcher::start(&repo);
    // The commit's own trailer goes before those of others on the branch.
    repo.write("src/mean.rs", CLEAN).commit("feat: mean\n\nSpec: means").ok();
    repo.write("src/sum.rs", CLEAN).commit("feat: sum\n\nSpec: sums").ok();
    let prompts = |id: &str| {
        let said = format!("Lists are summed for {id}.");
        scene.asked().iter().filter(|one| one.prompt.contains(&said)).count()
    };
    wait_for("the reviews", || prompts("sums") > 0 && prompts("means") > 0);
    let done = || {
        let runs = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        let runs = runs["runs"].as_array().unwrap();
        runs.iter().filter(|run| run["decision"] == "submit").count() == 2
    };
    wait_for("their end", done);
}

/// A guarded repository with the spec `sums` pushed, and a branch whose last commit is its work.
fn worked_on<'a>(scene: &'a Scene, head: &str, message: &str) -> Repo<'a> {
    let repo = scene.guarded(BLOCK);
    add_spec(&repo, "sums", head);
    repo.git(&["push", "-q", "--no-verify", "origin", "HEAD:refs/heads/main"]).ok();
    repo.git(&["switch", "-q", "-c", "work"]).ok();
    repo.write("src/sum.rs", CLEAN).commit_unjudged(message);
    repo
}

/// The ids of the findings that block a review.
fn blocking(outcome: &Outcome) -> Vec<String> {
    let json = outcome.json();
    let all = json["findings"].as_array().unwrap().iter();
    let blocking = all.filter(|one| one["effect"] == "block");
    blocking.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_criterion_that_is_not_met_is_a_finding_where_the_spec_was_named_or_is_done() {
    let named: &[&str] = &["--base", "main", "--spec", "docs/specs/sums.md"];
    for (head, message, words) in [
        ("", "feat: sum", named),
        ("status: done\n", "feat: sum\n\nSpec: sums", &["--base", "main"][..]),
    ] {
        let model = Assessor::default();
        model.say(&[("AC-2", "missing")]);
        let scene = scene(model.brain());
        let repo = worked_on(&scene, head, message);
        let outcome = review(&repo, words).code(1);
        let ids = blocking(&outcome);
        assert_eq!(ids.len(), 1, "{outcome}");
        let found = outcome.json()["findings"][0].clone();
        assert_eq!(found["severity"], "critical");
        assert_eq!(found["path"], "docs/specs/sums.md");
        // It has an id, and holds at the push and in a review that names no spec.
        let shown = repo.tribunal(&["findings", "show", short(&ids[0])]).ok();
        shown
            .says("AC-2 of `sums` is not met: WHEN the list is empty THEN zero SHALL be returned")
            .says("nothing does what AC-2 asks for");
        push(&repo)
            .code(1)
            .says("AC-2 of `sums` is not met")
            .says("once it is, `tribunal review --spec docs/specs/sums.md` says so")
            .says(short(&ids[0]));
        let again = review(&repo, &["--base", "main"]).code(1);
        assert_eq!(blocking(&again), ids);
        // A commit beside it and an amended one change nothing about it.
        repo.write("README.md", "A library of sums.\n").commit_unjudged(message);
        repo.git(&["commit", "-q", "--amend", "--no-verify", "-m", &format!("docs: {message}")])
            .ok();
        assert_eq!(blocking(&review(&repo, words).code(1)), ids);
        push(&repo).code(1).says("AC-2 of `sums` is not met");
        // A complete review by the same spec that finds it met resolves it.
        model.say(&[]);
        repo.write("src/zero.rs", "pub fn zero_of_nothing() -> u32 {\n    0\n}\n");
        repo.commit_unjudged(message);
        push(&repo).code(1);
        review(&repo, words).ok();
        push(&repo).ok();
        review(&repo, &["--base", "main"]).ok();
        let shown = repo.tribunal(&["findings", "show", short(&ids[0])]).ok();
        shown.says("resolved");
    }
}

#[test]
fn a_person_answers_a_criterion_that_is_not_met() {
    let model = Assessor::default();
    model.say(&[("C-1", "deviation"), ("CI-1", "missing")]);
    let scene = scene(model.brain());
    let repo = worked_on(&scene, "", "feat: sum");
    let words = ["--base", "main", "--spec", "docs/specs/sums.md"];
    let ids = blocking(&review(&repo, &words).code(1));
    assert_eq!(ids.len(), 2);
    repo.tribunal(&["findings", "accept", short(&ids[0]), "--reason", "agreed with the users"])
        .ok();
    assert_eq!(blocking(&review(&repo, &words).code(1)), &ids[1..]);
    push(&repo).code(1);
    repo.tribunal(&["findings", "dismiss", short(&ids[1]), "--reason", "it cannot happen"]).ok();
    let outcome = review(&repo, &words).ok();
    let criteria = outcome.json()["review"]["criteria"].clone();
    assert_eq!((&criteria[2]["id"], &criteria[2]["met"]), (&json!("C-1"), &json!("met")));
    assert!(criteria[2]["why"].as_str().unwrap().contains("a person accepted it"), "{criteria}");
    push(&repo).ok();
    // Asked again, the model says the same, and the answer holds.
    review(&repo, &[&words[..], &["--fresh"]].concat()).ok();
    push(&repo).ok();
}

#[test]
fn what_is_not_met_on_one_branch_stops_no_other() {
    let model = Assessor::default();
    model.say(&[("AC-1", "missing")]);
    let scene = scene(model.brain());
    let repo = worked_on(&scene, "", "feat: sum");
    review(&repo, &["--base", "main", "--spec", "docs/specs/sums.md"]).code(1);
    push(&repo).code(1);
    repo.git(&["switch", "-q", "-c", "other", "main"]).ok();
    let mean = CLEAN.replace("sum", "mean").replace("items", "values");
    repo.write("src/sum.rs", mean).commit_unjudged("feat: another file of that name");
    review(&repo, &["--base", "main"]).ok();
    push(&repo).ok();
    // The same work on top of it is found again, whatever its commits.
    repo.git(&["switch", "-q", "work"]).ok();
    repo.write("tribunal.txt", "x\n").git(&["add", "--all"]).ok();
    repo.git(&["commit", "-q", "--no-verify", "--amend", "-m", "feat: sums, squashed"]).ok();
    review(&repo, &["--base", "main"]).code(1);
    push(&repo).code(1);
}

#[test]
fn a_fix_meets_the_criterion_that_was_not_met() {
    let brain = |asked: &Asked| {
        let question = Question::read(asked);
        match question.part {
            Part::Review | Part::Verify | Part::Criteria => {
                let is_fixed = asked.prompt.contains("pub fn zero_of_nothing");
                let mut answer = question.answer(&[]);
                let met = if is_fixed { "met" } else { "missing" };
                for one in answer["criteria"].as_array_mut().into_iter().flatten() {
                    if one["id"] == "AC-2" {
                        one["met"] = json!(met);
                        one["why"] = json!("an empty list is not thought of");
                    }
                }
                Say::json(answer)
            }
            Part::Fix => Say::done(vec![Call::Write {
                path: "src/sum.rs".to_owned(),
                content: format!("{CLEAN}\npub fn zero_of_nothing() -> u32 {{\n    0\n}}\n"),
            }]),
            _ => Say::json(yes(&question)),
        }
    };
    let scene = scene(brain);
    let repo = worked_on(&scene, "", "feat: sum");
    let words = ["--base", "main", "--spec", "docs/specs/sums.md", "--fix"];
    let outcome = review(&repo, &words).ok();
    let branch = outcome.json()["review"]["offer"]["branch"].as_str().unwrap().to_owned();
    let fix = scene.asked().into_iter().find(|one| Question::read(one).part == Part::Fix).unwrap();
    assert!(fix.prompt.contains("AC-2 is not met (missing): an empty list"), "{}", fix.prompt);
    // What was reviewed before the fix stays as it was: not met.
    push(&repo).code(1).says("AC-2 of `sums` is not met");
    repo.git(&["merge", "-q", "--no-verify", &branch]).ok();
    push(&repo).ok();
    // The fix's own commit belongs to the spec of the run that made it.
    let outcome = review(&repo, &["--commit", "HEAD"]).ok();
    assert_eq!(by(&outcome), ("sums".to_owned(), "by the run that made a fix of it".to_owned()));
}

#[test]
fn patterns_of_a_spec_are_looked_for_without_a_model() {
    let scene = scene(diligent(&[]));
    let repo = scene.library();
    let text = spec("sums", "touches: [\"src/**\"]\n").replace(
        "zero SHALL be returned\n  - verify: test",
        "zero SHALL be returned\n  - verify: static: `^pub fn zero\\(`",
    );
    repo.write(path("sums"), &text)
        .write("notes.txt", "pub fn zero(\n")
        .commit_unjudged("docs: spec");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    let words = ["--commit", "HEAD", "--spec", "docs/specs/sums.md"];
    // The model says that it is met; neither the spec itself nor what it does not touch is a source.
    let outcome = review(&repo, &words).code(1).json();
    let criterion = &outcome["review"]["criteria"][1];
    assert_eq!((&criterion["id"], &criterion["met"]), (&json!("AC-2"), &json!("deviation")));
    assert!(
        criterion["why"].as_str().unwrap().contains("`^pub fn zero\\(` is in no file"),
        "{criterion}"
    );
    repo.write("src/zero.rs", "/// Nothing.\npub fn zero() -> u32 {\n    0\n}\n");
    repo.commit_unjudged("feat: zero");
    review(&repo, &["--from", "HEAD~2", "--spec", "docs/specs/sums.md"]).ok();
    // What is no pattern is refused where the spec is written.
    repo.write(path("bad"), text.replace("zero\\(", "zero("));
    repo.tribunal(&["spec", "lint", "docs/specs/bad.md"])
        .code(1)
        .says("the pattern `^pub fn zero(` is no regular expression: unclosed group")
        .says("`\\(`");
}

#[test]
fn what_a_spec_calls_critical_is_assessed_and_a_finding_about_it_is_critical() {
    let brain = |asked: &Asked| {
        let question = Question::read(asked);
        match question.part {
            Part::Review => {
                let mut found = raised(&question, &[LEFT_OUT]);
                for one in &mut found {
                    one["basis"] = json!("spec:CI-1");
                    one["severity"] = json!("medium");
                }
                Say::json(question.answer(&found))
            }
            _ => Say::json(yes(&question)),
        }
    };
    let scene = scene(brain);
    let repo = scene.library();
    add_spec(&repo, "sums", "");
    // It blocks though the work is not done: a finding is about it.
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum\n\nSpec: sums");
    let outcome = review(&repo, &["--commit", "HEAD"]).code(1).json();
    assert_eq!(outcome["findings"][0]["severity"], "critical");
    let criterion = &outcome["review"]["criteria"][3];
    assert_eq!((&criterion["id"], &criterion["met"]), (&json!("CI-1"), &json!("deviation")));
    // A criterion of that name in another spec is not what it is about.
    add_spec(&repo, "means", "");
    let words = ["--from", "HEAD~2", "--spec", "docs/specs/means.md"];
    let outcome = review(&repo, &words).code(1).json();
    assert_eq!(outcome["review"]["criteria"][3]["met"], "met", "{}", outcome["review"]);
}

#[test]
fn what_no_prompt_has_room_for_is_named_in_it() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.library();
    let project =
        format!("Lists are short here.\n{}Nobody reads this.\n", "It is so.\n".repeat(2_000));
    repo.write(".ai/context/project.md", project);
    let rule = |number: usize| {
        format!(
            "## R-00{number:02} Sum {number} everything\n```toml rule\nstatus = \"active\"\nseverity = \"high\"\n\
             class = \"other/sums\"\npaths = [\"src/**\"]\ncheck = {{ kind = \"none\" }}\n```\n{}\n\n\
             ```bad\nwrong()\n```\n```good\nsum()\n```\n",
            "A wrong sum misleads whoever reads it, and whoever rests on it. ".repeat(5)
        )
    };
    let rules: String = (10..30).map(rule).collect();
    repo.write(".ai/constitution.md", format!("# Constitution\n\n{rules}"))
        .commit_unjudged("docs: rules");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    review(&repo, &["--commit", "HEAD", "--fix"]);
    let asked = scene.asked();
    for part in [Part::Review, Part::Arbitrate, Part::Fix, Part::Verify] {
        let of_part = asked.iter().find(|one| Question::read(one).part == part);
        let prompt = &of_part.unwrap_or_else(|| panic!("no {part:?}")).prompt;
        for told in [
            "These rules hold too and did not fit: R-",
            "Lists are short",
            "[the rest is left out]",
        ] {
            assert!(prompt.contains(told), "{part:?} is not told {told}\n{prompt}");
        }
        assert!(!prompt.contains("Nobody reads this."), "{part:?}");
        assert!(prompt.matches("Sum ").count() < 20, "{part:?}");
    }
}

/// One history of work by a spec.
struct Work<'a> {
    repo: Repo<'a>,
    model: Assessor,
    draws: u64,
    log: Vec<String>,
}

const ZERO: &str = "/// Nothing is zero.\npub fn zero_of_nothing() -> u32 {\n    0\n}\n";

impl Work<'_> {
    fn below(&mut self, end: u64) -> u64 {
        // The constants of Knuth's MMIX generator.
        self.draws = self
            .draws
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.draws >> 33) % end
    }

    fn is_met(&self, revision: &str) -> bool {
        self.repo.git(&["grep", "-q", "zero_of_nothing", revision, "--", "src"]).code == 0
    }

    fn is_done(&self) -> bool {
        self.repo.git(&["grep", "-q", "status: done", "HEAD", "--", "docs/specs"]).code == 0
    }

    fn review(&self, revision: &str, words: &[&str]) -> Outcome {
        let unmet = [("AC-2", "missing")];
        self.model.say(if self.is_met(revision) { &[] } else { &unmet });
        review(&self.repo, words)
    }

    fn step(&mut self) {
        let trailer = if self.below(3) == 0 { "\n\nSpec: sums" } else { "" };
        let message = |what: &str| format!("feat: {what}{trailer}");
        let drawn = self.below(9);
        let what = match drawn {
            0 | 1 if self.is_met("HEAD") => {
                self.repo.write("src/zero.rs", "/// Later.\n").commit_unjudged(&message("no zero"));
                "no zero"
            }
            0 | 1 => {
                self.repo.write("src/zero.rs", ZERO).commit_unjudged(&message("zero"));
                "zero"
            }
            2 => {
                let number = self.below(1_000);
                let more = format!(
                    "/// Number {number}.\npub fn number_{number}() -> u64 {{\n    {number}\n}}\n"
                );
                self.repo
                    .write(format!("src/n{number}.rs"), more)
                    .commit_unjudged(&message("a number"));
                "a number"
            }
            3 => {
                let head = if self.is_done() { "" } else { "status: done\n" };
                self.repo.write(path("sums"), spec("sums", head)).commit_unjudged("docs: status");
                "the status"
            }
            4 => {
                let amend = ["commit", "-q", "--amend", "--no-verify", "--allow-empty", "-m"];
                self.repo.git(&[&amend[..], &[&message("other words")]].concat()).ok();
                "amend"
            }
            5 => {
                self.review("HEAD", &["--commit", "HEAD"]);
                "review HEAD"
            }
            6 => {
                self.review("HEAD", &["--base", "main", "--spec", "docs/specs/sums.md"]);
                "review --spec"
            }
            7 => {
                let found =
                    self.repo.tribunal(&["findings", "list", "--format", "json"]).ok().json();
                if let Some(id) = found["findings"][0]["id"].as_str() {
                    self.repo.tribunal(&["findings", "dismiss", id, "--reason", "on purpose"]).ok();
                }
                "dismiss"
            }
            _ => {
                self.review("HEAD", &["--base", "main"]);
                "review --base"
            }
        };
        self.log.push(format!("{what}{}", trailer.trim()));
    }

    /// The review of the branch and its push agree, before and after it.
    fn check(&self, scene: &Scene) -> Result<(), String> {
        let before = push(&self.repo);
        let asked = scene.asked().len();
        let outcome = self.review("HEAD", &["--base", "main"]);
        if before.code == 0 && scene.asked().len() > asked {
            return Err("the push passed, and the review had to ask".to_owned());
        }
        let after = push(&self.repo);
        match (before.code, outcome.code, after.code) {
            (_, 0, 0) | (1, 1, 1) => Ok(()),
            codes => Err(format!("{codes:?}\n{before}\n{outcome}\n{after}")),
        }
    }
}

#[test]
fn a_review_and_a_push_agree_about_criteria_whatever_way_led_there() {
    let histories = cases(2, 300);
    let mut blocked = 0;
    for seed in 0..histories {
        let model = Assessor::default();
        let scene = scene(model.brain());
        let head = if seed % 2 == 0 { "status: done\n" } else { "" };
        let repo = worked_on(&scene, head, "feat: sum\n\nSpec: sums");
        let draws = (seed + 1) * 1_000_003;
        let mut work = Work { repo, model, draws, log: Vec::new() };
        for _ in 0..3 {
            for _ in 0..4 {
                work.step();
            }
            if let Err(why) = work.check(&scene) {
                panic!("seed {seed}: {why}\n{}", work.log.join("\n"));
            }
            blocked += u32::from(push(&work.repo).code != 0);
        }
    }
    assert!(blocked > 0 && u64::from(blocked) < histories * 3, "{blocked}");
}

#[test]
fn what_was_assessed_in_a_tree_is_so_where_the_rest_of_its_change_is_reviewed() {
    let model = Assessor::default();
    let scene = scene(model.brain());
    let repo = worked_on(&scene, "status: done\n", "feat: sum\n\nSpec: sums");
    repo.write("src/zero.rs", ZERO).commit_unjudged("feat: zero\n\nSpec: sums");
    review(&repo, &["--commit", "HEAD"]).ok();
    // What is left is the file of the first commit, which shows nothing of the criterion.
    model.say(&[("AC-2", "not assessed")]);
    let outcome = review(&repo, &["--base", "main"]).ok();
    let asked = scene.asked();
    assert_eq!(asked.len(), 2, "{outcome}");
    assert!(!asked[1].prompt.contains("zero_of_nothing"), "{}", asked[1].prompt);
    assert_eq!(outcome.json()["review"]["criteria"][1]["met"], "met");
    push(&repo).ok();
}

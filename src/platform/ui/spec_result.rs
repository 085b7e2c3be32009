//! What the run of a spec came to, for people and for programs.

use serde_json::{Value, json};

use crate::domain::model::size::Size;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, shell_word, short_id};
use crate::domain::pipeline::spec_run::about::{RunMode, SpecAbout};
use crate::domain::pipeline::spec_run::pages;
use crate::domain::pipeline::spec_run::result::{
    SpecRunResult, TaskAtWork, UnpublishedCommits, kept_branch,
};
use crate::domain::pipeline::spec_run::stage::{Checkpoint, CheckpointKind, SpecStage};
use crate::domain::pipeline::spec_run::stop::{SpecEnd, SpecStop};
use crate::domain::planning::part::PlannedPart;
use crate::domain::planning::task::PlannedTask;
use crate::platform::ui::review_result::{resume_words, until};
use crate::platform::ui::time::local;
use crate::platform::ui::{bug_result, idea_result, proposal_result, research_result};

/// What is said of every result of fast mode.
const UNREVIEWED: &str = "its tests and the gates pass; nobody reviewed it (fast mode)";

/// The lines for people, the outcome first.
pub fn lines(result: &SpecRunResult) -> Vec<String> {
    let about = &result.run.about;
    let (spec, id) = (printable(&about.spec_id), short_id(&result.run.id));
    let done = if about.report.is_some() { "repaired" } else { "built" };
    let mut lines = match result.run.stage() {
        SpecStage::Ended(SpecEnd::Done { commit }) => {
            let files = counted(result.files.len(), "file");
            let commits = match result.run.progress().built.len() {
                0 | 1 => format!("commit {}", commit.short()),
                tasks => format!("{} up to {}", counted(tasks, "commit"), commit.short()),
            };
            let branch = &about.branch;
            built(about, format!("{done} `{spec}`: {commits} on the branch `{branch}`, {files}"))
        }
        SpecStage::Ended(SpecEnd::Kept { commit }) => {
            let (commit, files) = (commit.short(), counted(result.files.len(), "file"));
            let what = format!("commit {commit}, {files}");
            let stays = "it stays with the run, and nothing is published";
            built(about, format!("built `{spec}`: {what}; {stays}"))
        }
        SpecStage::Ended(SpecEnd::Researched) => vec![format!("looked into `{spec}`")],
        SpecStage::Ended(SpecEnd::Stopped(stop)) => {
            let mut reasons = stop.reasons().into_iter();
            let first = reasons.next().unwrap_or_default();
            let word = result.verdict().as_str();
            let mut all = vec![format!("{word}: `{spec}` is not {done}: {}", printable(&first))];
            all.extend(reasons.map(|line| format!("  {}", printable(&line))));
            all
        }
        SpecStage::Paused(pause) => {
            let until = until(pause.resume_when);
            let mut why = pause.why.lines().map(printable);
            let first = why.next().unwrap_or_default();
            let mut all = vec![format!("paused {until}: `{spec}` is not {done} yet: {first}")];
            all.extend(why.map(|line| format!("  {line}")));
            all
        }
        SpecStage::Waiting(checkpoint) => {
            let at = checkpoint.at.as_str();
            let mut all = vec![format!("`{spec}` waits for your answer about {at}:")];
            all.extend(result.run.page().unwrap_or_default().lines().map(printable));
            all
        }
        SpecStage::Planned(then) => planned(result, then),
        SpecStage::Built(_) => tasks_built(result),
        stage => vec![format!("`{spec}` is not {done} yet: {}", stage.as_str())],
    };
    lines.extend(result.at_work.iter().map(|task| {
        let at = local(task.last_at);
        format!("  task {}: {}, last activity at {at}", task.number, task.stage)
    }));
    lines.extend(bug_result::lines(result));
    lines.extend(research_result::lines(result));
    lines.extend(idea_result::lines(result));
    lines.extend(proposal_result::lines(result));
    if let Some(commits) = result.base_moved_by.filter(|commits| !is_on_page(result, *commits)) {
        lines.push(format!(
            "`{}` has {} beyond the one that it was built on",
            printable(&about.base_name),
            counted(commits, "commit")
        ));
    }
    if let Some(UnpublishedCommits { count, last }) = result.unpublished() {
        let (count, verb) = (counted(count, "commit"), if count == 1 { "is" } else { "are" });
        lines.push(format!("{count} up to {} {verb} built and not published", last.short()));
    }
    lines.push(format!("run {id}: {}", result.spent));
    lines.extend(choices(result));
    lines
}

/// What its person chose for it, and what it was not begun as.
fn choices(result: &SpecRunResult) -> Vec<String> {
    let about = &result.run.about;
    let roles = about.options.roles.iter().map(|chosen| printable(&chosen.in_words()));
    let raised =
        result.run.progress().raised.iter().map(|raised| {
            format!("size {}: {}", raised.to.as_str(), printable(&raised.in_words()))
        });
    let is_alone = about.options.autopilot;
    let alone = is_alone.then(|| "nobody is asked any more (`AUTOPILOT`)".to_owned());
    roles.chain(raised).chain(alone).collect()
}

/// Whether the page that is shown says already by how much the base moved.
fn is_on_page(result: &SpecRunResult, commits: usize) -> bool {
    let shown = result.run.progress().shown.as_ref();
    matches!(result.run.stage(), SpecStage::Waiting(_))
        && shown.is_some_and(|shown| shown.base_beyond == commits)
}

/// What was built, and what no test and no review shows of it.
fn built(about: &SpecAbout, what: String) -> Vec<String> {
    let look = "the spec wants you to look at it, which no test shows";
    let for_you = about.for_people.iter().map(|id| format!("{}: {look}", printable(id)));
    let unreviewed = (about.mode == RunMode::Fast).then(|| UNREVIEWED.to_owned());
    std::iter::once(what).chain(unreviewed).chain(for_you).collect()
}

/// What was planned and is not built yet.
fn planned(result: &SpecRunResult, then: &SpecStage) -> Vec<String> {
    let (spec, about) = (result.run.progress(), &result.run.about);
    let tasks = counted(spec.part().map_or(0, |part| part.tasks.len()), "task");
    let id = printable(&about.spec_id);
    let mut all = vec![format!("planned `{id}`: {tasks}, of which nothing is built yet")];
    all.extend(pages::planned(spec, about, then).lines().map(printable));
    all
}

/// What was built, and not looked at as a whole yet.
fn tasks_built(result: &SpecRunResult) -> Vec<String> {
    let (about, spec) = (&result.run.about, result.run.progress());
    let tasks = counted(spec.built.len(), "task");
    let files = counted(result.files.len(), "file");
    let what = format!("built `{}`: {tasks}, {files}", printable(&about.spec_id));
    let open = if spec.is_one_task() {
        "it is not published yet"
    } else {
        "all of it together is not reviewed yet, and nothing is published"
    };
    built(about, format!("{what}; {open}"))
}

/// What to do next.
pub fn hints(result: &SpecRunResult) -> Vec<String> {
    let mut hints = next_steps(result);
    let repository = shell_word(&result.repository.to_string_lossy());
    let about = &result.run.about;
    if let SpecStage::Waiting(Checkpoint { then, .. }) = result.run.stage()
        && let SpecStage::Committing(task) = &**then
    {
        let head = result.run.progress().head(about);
        let (from, to) = (head.commit.short(), task.tree.short());
        hints.push(format!(
            "`git --git-dir={repository} diff {from} {to}` shows what the task changes"
        ));
    }
    let Some(UnpublishedCommits { last, .. }) = result.unpublished() else { return hints };
    match result.run.stage() {
        SpecStage::Ended(_) if result.take_with.is_none() => hints.push(format!(
            "`git fetch {repository} {last}:refs/heads/{}-unfinished` makes a branch of what is built",
            about.branch
        )),
        SpecStage::Waiting(_) => hints.push(format!(
            "`git --git-dir={repository} log -p {}..{}` shows what is built",
            about.base.short(),
            last.short()
        )),
        _ => {}
    }
    hints
}

fn next_steps(result: &SpecRunResult) -> Vec<String> {
    let about = &result.run.about;
    let id = short_id(&result.run.id);
    match result.run.stage() {
        SpecStage::Ended(SpecEnd::Done { .. }) => {
            let mut hints = vec![format!("`git merge {}` takes it", about.branch)];
            if result.base_moved_by.is_some() {
                hints.push(format!(
                    "`git rebase {} {}` brings it up to date",
                    about.base_name, about.branch
                ));
            }
            hints
        }
        SpecStage::Ended(SpecEnd::Researched) => {
            vec![format!("`tribunal run {}` builds it, and takes what was found", about.spec_id)]
        }
        SpecStage::Ended(SpecEnd::Kept { .. }) => {
            let take = result.take_with.iter();
            take.map(|command| format!("`{command}` applies it, without a commit")).collect()
        }
        SpecStage::Ended(SpecEnd::Stopped(stop)) => {
            let hints = bug_result::hints(about, stop);
            let hints = hints.or_else(|| idea_result::hints(result, stop));
            let mut hints = hints.unwrap_or_else(|| stopped(result, stop));
            hints.extend(idea_result::spec_hint(result));
            hints
        }
        SpecStage::Waiting(checkpoint) => {
            let page = pages::hash(&result.run.page().unwrap_or_default());
            let page = pages::short(&page);
            let (reject, again) = match &checkpoint.at {
                CheckpointKind::Spec
                | CheckpointKind::Research
                | CheckpointKind::Plan
                | CheckpointKind::Tasks => (" --note TEXT", "has it made again"),
                CheckpointKind::Built | CheckpointKind::Reach => {
                    ("", "ends it, and keeps what is built")
                }
                CheckpointKind::Extension(_) => ("", "has it do without"),
                CheckpointKind::Acceptance => ("", "ends it unpublished"),
            };
            let answer = format!(
                "`tribunal approve {id} --page {page}` has it continue, `tribunal reject {id} --page {page}{reject}` {again}"
            );
            let by_file = result.checkpoint.iter().map(|file| {
                format!(
                    "or write your answer into `{}`, and `tribunal resume {id}`",
                    file.display()
                )
            });
            std::iter::once(answer).chain(by_file).collect()
        }
        SpecStage::Planned(_) => {
            vec![format!("`tribunal resume {id}` builds it, `tribunal abort {id}` ends it")]
        }
        SpecStage::Built(_) => {
            let go_on = format!(
                "`tribunal resume {id}` accepts and publishes it, `tribunal abort {id}` ends it"
            );
            let take = result.take_with.iter();
            let take = take.map(|command| {
                format!("`{command}` makes the branch `{}` of it", kept_branch(&about.branch))
            });
            std::iter::once(go_on).chain(take).collect()
        }
        _ => vec![format!("`tribunal resume {id}` continues it, `tribunal abort {id}` ends it")],
    }
}

/// What to do about a run of a spec that ended without a branch.
fn stopped(result: &SpecRunResult, stop: &SpecStop) -> Vec<String> {
    let about = &result.run.about;
    match stop {
        SpecStop::NotPassed { review, .. } => {
            vec![format!("`tribunal runs show {}` shows what was found", short_id(review))]
        }
        SpecStop::BaseUntested(_) => {
            vec!["see why with `tribunal check --commands`, repair it on the base, and run the spec again".to_owned()]
        }
        SpecStop::Extension(_) => {
            vec![
                "add the paths to the spec's `touches`, or make it two specs, and run it again"
                    .to_owned(),
            ]
        }
        SpecStop::BeyondFast(_) => {
            let file = result.escalation.iter();
            file.map(|file| format!("`{}` says in which mode to build it", file.display()))
                .collect()
        }
        SpecStop::Rejected(_) | SpecStop::NotRebased(_) => {
            let take = result.take_with.iter();
            take.map(|command| {
                format!(
                    "what was built is kept: `{command}` makes it the branch `{}`",
                    about.branch
                )
            })
            .collect()
        }
        SpecStop::Aborted
        | SpecStop::NoSpec(_)
        | SpecStop::NothingToBuild(_)
        | SpecStop::NoDiagnosis(_)
        | SpecStop::NoRepair(_) => Vec::new(),
        SpecStop::NotSplit(_) | SpecStop::NoPlan(_) | SpecStop::NoTasks(_) => {
            vec![format!(
                "say in the spec `{}` what is not clear, or make it several specs, and run it again",
                about.spec.path.display()
            )]
        }
        SpecStop::NoRedTests(_) | SpecStop::Disagreement(_) | SpecStop::NotBuilt(_) => {
            vec![format!(
                "change what the reasons name, in the spec `{}` or in the code, and run it again",
                about.spec.path.display()
            )]
        }
        SpecStop::Gates(_) => vec!["repair what they name, and run the spec again".to_owned()],
    }
}

/// The same as data.
pub fn json(result: &SpecRunResult) -> Value {
    let (run, about) = (&result.run, &result.run.about);
    let (commit, reasons) = match run.stage() {
        SpecStage::Ended(SpecEnd::Done { commit } | SpecEnd::Kept { commit }) => {
            (Some(commit.to_string()), Vec::new())
        }
        SpecStage::Ended(SpecEnd::Stopped(stop)) => (None, stop.reasons()),
        SpecStage::Paused(pause) => (None, vec![pause.why.clone()]),
        _ => (None, Vec::new()),
    };
    let resume_when = match run.stage() {
        SpecStage::Paused(pause) => Some(resume_words(pause.resume_when)),
        _ => None,
    };
    json!({
        "run": run.id,
        "spec": about.spec_id,
        "mode": about.mode.as_str(),
        "purpose": about.purpose.as_str(),
        "stage": run.stage().as_str(),
        "verdict": run.has_ended().then(|| result.verdict().as_str()),
        "base": {"commit": about.base.to_string(), "name": about.base_name, "moved_by": result.base_moved_by},
        "branch": about.branch,
        "commit": commit,
        "files": result.files,
        "size": run.progress().size.map(Size::as_str),
        "parts": run.progress().parts.iter().map(part).collect::<Vec<_>>(),
        "commits": run.progress().built.iter().map(|one| one.commit.to_string()).collect::<Vec<_>>(),
        "waits_for": waits_for(result),
        "repository": result.repository.to_string_lossy(),
        "autopilot": about.options.autopilot,
        "roles": about.options.roles,
        "reasons": reasons,
        "tasks_at_work": result.at_work.iter().map(at_work).collect::<Vec<_>>(),
        "apply": result.take_with,
        "escalation": result.escalation,
        "for_people": about.for_people,
        "bug": bug_result::json(result),
        "research": research_result::json(result),
        "idea": idea_result::json(result),
        "dropped": proposal_result::dropped(result),
        "proposed": proposal_result::proposed(result),
        "not_proposed": run.progress().unproposed,
        "resume_when": resume_when,
        "reviews": run.progress().all_reviews(),
        "cost": {
            "calls": result.spent.calls,
            "usd": result.spent.money.dollars(),
            "unknown": result.spent.unknown,
        },
    })
}

fn at_work(task: &TaskAtWork) -> Value {
    json!({"task": task.number, "stage": task.stage, "last_activity": task.last_at})
}

fn part(part: &PlannedPart) -> Value {
    let task = |task: &PlannedTask| json!({"title": task.title, "criteria": task.criteria, "paths": task.paths});
    json!({
        "title": part.title,
        "criteria": part.criteria,
        "tasks": part.tasks.iter().map(task).collect::<Vec<_>>(),
    })
}

/// What a person is asked about, and the hash of the page that they are shown.
fn waits_for(result: &SpecRunResult) -> Option<Value> {
    let SpecStage::Waiting(checkpoint) = result.run.stage() else { return None };
    let (about, page) = (checkpoint.at.as_str(), pages::hash(&result.run.page()?));
    Some(json!({"about": about, "page": page, "file": result.checkpoint}))
}

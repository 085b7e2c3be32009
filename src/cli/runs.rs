//! `tribunal runs`: the reviews and the runs of specs of this repository, the newest first, and one in full.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::invocation::Invocation;
use crate::cli::run_row::{ListedRun, continues, duration, money};
use crate::cli::{run as spec_run, spec_runs};
use crate::domain::model::agent::Spent;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, short_id};
use crate::domain::pipeline::format::StoredRun;
use crate::domain::pipeline::result::{ReviewEnding, ReviewResult};
use crate::domain::pipeline::review_loop::{RunKind, Stage};
use crate::domain::pipeline::run::Run;
use crate::flow;
use crate::flow::call::roles;
use crate::flow::review;
use crate::flow::review::{calls, finish};
use crate::platform::config::env::now;
use crate::platform::git::repo::Repo;
use crate::platform::store::runs;
use crate::platform::ui::columns::{Cell, Side, table};
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::review_findings::Detail;
use crate::platform::ui::time::local;
use crate::platform::ui::{review_findings, review_hints, review_result};

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal runs
  tribunal runs show 3EFCVP               what was asked, what was found, and why";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Show at most this many
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show one run: what was asked, what was found, and why it ended as it did
    Show {
        /// The id, or enough of its beginning or end
        id: String,
    },
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    match &args.command {
        None => list(invocation, args.limit),
        Some(Command::Show { id }) => show(invocation, id),
    }
}

fn list(invocation: &Invocation, limit: usize) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let state_dir = repo.state_dir();
    let mut listed = Vec::new();
    for id in runs::list(&state_dir)? {
        if listed.len() == limit {
            break;
        }
        match runs::load_any(&state_dir, &id) {
            Ok(Some(StoredRun::Review(run))) => {
                let (at, spent) = (at(&state_dir, &run), spent(invocation, &repo, &run)?);
                // One that the run of a spec asked for is continued with that.
                let is_own = run.about.parent.is_none();
                let can_resume = is_own && matches!(at, At::Stopped | At::Paused);
                let (row, json) = (row(&run, at, spent), json_of(&run, at, spent));
                let hint = can_resume.then(|| continues(&id));
                listed.push(ListedRun { row, json, hint });
            }
            Ok(Some(StoredRun::Spec(run))) => {
                listed.push(spec_runs::listed(invocation.context(&repo), &run)?);
            }
            Ok(None) => {}
            Err(error) => out::warn(&format!("{error:#}")),
        }
    }
    if invocation.global.format == OutputFormat::Json {
        let all: Vec<_> = listed.into_iter().map(|run| run.json).collect();
        out::json(&json!({"runs": all}));
    } else if listed.is_empty() {
        out::talk("no runs yet");
        out::hint("`tribunal review` reviews a change, `tribunal run SPEC` builds a spec");
    } else {
        let hint = listed.iter().find_map(|run| run.hint.clone());
        let headings = ["ID", "STARTED", "TOOK", "KIND", "VERDICT", "COST", "CHANGE"]
            .map(|title| (title, Side::Left));
        let rows: Vec<_> = listed.into_iter().map(|run| run.row).collect();
        out::result(table(headings, &rows));
        if let Some(hint) = hint.filter(|_| !invocation.global.quiet) {
            out::hint(&hint);
        }
    }
    Ok(ExitStatus::Pass)
}

fn show(invocation: &Invocation, id: &str) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let id = &runs::resolve(&repo.state_dir(), id)?;
    if let Some(of_spec) = flow::run::look_at(context, id)? {
        let is_held = runs::is_held(&repo.state_dir(), id);
        let now = now(&invocation.env);
        spec_run::show(&invocation.global, &of_spec, is_held.then_some(now));
        return Ok(ExitStatus::Pass);
    }
    let (run, reviewed) = review::look_at(context, id)?;
    let at = at(&repo.state_dir(), &run);
    if invocation.global.format == OutputFormat::Json {
        let mut json = json!({"run": json_of(&run, at, spent(invocation, &repo, &run)?)});
        json["result"] = reviewed.as_ref().map_or(json!(null), review_result::json);
        out::json(&json);
        return Ok(ExitStatus::Pass);
    }
    for (name, text) in facts(&run, at, reviewed.as_ref()) {
        out::result(&format!("{name:<9} {}", printable(&text)));
    }
    let Some(reviewed) = reviewed else {
        if at == At::Stopped {
            out::hint(&format!("`tribunal resume {}` continues it", short_id(&run.id)));
        }
        return Ok(ExitStatus::Pass);
    };
    let found = review_findings::human(&reviewed, Detail::All);
    if !found.is_empty() {
        out::result(found);
    }
    for closed in reviewed.report.findings.iter().filter(|found| !found.is_open()) {
        let id = closed.id.as_deref().map_or("", short_id);
        let message = printable(&closed.finding.message);
        out::result(&format!("{id} {}: {message}", printable(&closed.status)));
    }
    if !invocation.global.quiet {
        let executor = roles::executor(context)?;
        for hint in review_hints::hints(&reviewed, executor.as_deref()) {
            out::hint(&hint);
        }
    }
    Ok(ExitStatus::Pass)
}

/// What was asked of whom, and what came of it.
fn facts(run: &Run, at: At, reviewed: Option<&ReviewResult>) -> Vec<(&'static str, String)> {
    let names = &run.record().names;
    let mut facts = vec![
        ("run", run.id.clone()),
        ("change", run.about.title.clone()),
        ("started", local(run.about.started)),
        (
            "asked",
            match run.review_loop().kind {
                RunKind::Review => "to review it".to_owned(),
                RunKind::Fix => "to review it and to fix what is found".to_owned(),
            },
        ),
        (
            "spec",
            match &run.about.spec {
                Some(spec) => {
                    format!("{}, {}", spec.path.display(), spec.ground.in_words())
                }
                None => "none given".to_owned(),
            },
        ),
        ("route", run.about.route.in_words().to_owned()),
        ("reviewer", names.reviewer.clone()),
        ("arbiter", names.arbiter.clone()),
        ("note", run.about.note.clone()),
        ("took", took(run)),
        ("state", state_text(&run.review_loop().stage, at)),
    ];
    if let Some(ReviewEnding::Reviewed(details)) = reviewed.map(|reviewed| &reviewed.ending) {
        let count = details.spent.calls;
        facts.push(("cost", details.spent.to_string()));
        facts.push((
            "why",
            match review_result::reason(&details.decision) {
                why if why.is_empty() && count == 0 => {
                    "a gate or an earlier answer decided".to_owned()
                }
                why if why.is_empty() => "every part was read and nothing stops it".to_owned(),
                why => why,
            },
        ));
        let findings = reviewed.map_or(&[][..], |reviewed| &reviewed.report.findings);
        let (open, closed): (Vec<_>, Vec<_>) = findings.iter().partition(|found| found.is_open());
        let story = &details.story;
        let open = counted(open.len(), "open finding");
        let closed = match closed.len() {
            0 => String::new(),
            closed => format!(", {closed} answered or gone since"),
        };
        let resolved = counted(story.resolved.len(), "resolved one");
        let dismissed = story.dismissed.len();
        facts.push(("found", format!("{open}{closed}, {resolved}, {dismissed} that do not count")));
        facts.push(("rounds", format!("{} in full", counted(story.rounds, "review"))));
    }
    facts.retain(|(_, text)| !text.is_empty());
    facts
}

/// Where a run is, as a person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// A process works on it.
    Work,
    Stopped,
    /// It waits until an agent can be called again.
    Paused,
    End,
    /// The run of a spec that asked for it has ended, and it with that.
    EndWithRun,
}

fn at(state_dir: &Path, run: &Run) -> At {
    match run.review_loop().stage {
        Stage::Ended(_) => At::End,
        _ if runs::is_held(state_dir, &run.id) => At::Work,
        _ if has_parent_ended(state_dir, run) => At::EndWithRun,
        Stage::Paused(_) => At::Paused,
        _ => At::Stopped,
    }
}

fn has_parent_ended(state_dir: &Path, run: &Run) -> bool {
    let parent = run.about.parent.as_deref().and_then(|id| runs::load_spec(state_dir, id).ok());
    parent.flatten().is_some_and(|parent| parent.has_ended())
}

/// The cost of a run's calls.
fn spent(invocation: &Invocation, repo: &Repo, run: &Run) -> Result<Spent> {
    Ok(calls::spent(&calls::calls(invocation.context(repo), &run.id)?))
}

fn took(run: &Run) -> String {
    duration(run.about.started, run.last_at())
}

fn row(run: &Run, at: At, spent: Spent) -> [Cell; 7] {
    let review = run.review_loop();
    let state = match (&review.stage, at) {
        // When it goes on is in `runs show`.
        (Stage::Paused(_), At::Paused) => "paused".to_owned(),
        (stage, at) => state_text(stage, at),
    };
    [
        short_id(&run.id).into(),
        local(run.about.started).into(),
        took(run).into(),
        kind(review.kind).into(),
        state.into(),
        money(spent).into(),
        (&run.about.title).into(),
    ]
}

fn json_of(run: &Run, at: At, spent: Spent) -> Value {
    let review = run.review_loop();
    json!({
        "id": run.id,
        "kind": kind(review.kind),
        "title": run.about.title,
        "started": run.about.started,
        "stage": review.stage.as_str(),
        "decision": review.end().map(|end| review_result::decision_word(&end.decision)),
        "standing": match at {
            At::Work => "under way",
            At::Stopped => "stopped",
            At::Paused => "paused",
            At::End | At::EndWithRun => "ended",
        },
        "resume_when": match &review.stage {
            Stage::Paused(pause) => Some(review_result::resume_words(pause.resume_when)),
            _ => None,
        },
        "attempts": review.attempts.len(),
        "seconds": run.last_at().duration_since(run.about.started).as_secs().max(0),
        "cost": {"calls": spent.calls, "usd": spent.money.dollars(), "unknown": spent.unknown},
        "note": run.about.note,
    })
}

fn kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Review => "review",
        RunKind::Fix => "fix",
    }
}

fn state_text(stage: &Stage, at: At) -> String {
    match (stage, at) {
        (Stage::Ended(end), _) => finish::verdict(&end.decision).as_str().to_owned(),
        (Stage::Paused(pause), At::Paused) => {
            format!("paused {}", review_result::until(pause.resume_when))
        }
        (stage, At::Work) => stage.as_str().to_owned(),
        (_, At::EndWithRun) => "ended with its run".to_owned(),
        (stage, _) => format!("stopped while {}", stage.as_str()),
    }
}

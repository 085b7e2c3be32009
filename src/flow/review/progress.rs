//! Tells how far a review is while it goes on: of this process, or of another one that makes it.

use std::path::Path;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::model::notice::{Progress, ReviewStanding};
use crate::flow::context::Context;
use crate::flow::review::calls;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::runs;
use crate::platform::ui::out;

/// Often enough for its seconds.
const BETWEEN: Duration = Duration::from_millis(500);

/// Who makes the review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Own,
    Other,
}

/// Does the work, and tells meanwhile how far the run is, by what is kept of it. Of another process's run
/// each step is told also where no line can move.
pub fn telling<T>(context: Context<'_>, run: &str, whose: Whose, work: impl FnOnce() -> T) -> T {
    let is_kept = context.env.text("CI").is_some_and(|value| !value.is_empty() && value != "false");
    let can_move = out::can_move() && !is_kept && context.env.text("TERM") != Some("dumb");
    if !can_move && whose == Whose::Own {
        return work();
    }
    let state_dir = context.repo.state_dir();
    let before = match whose {
        Whose::Own => Duration::ZERO,
        Whose::Other => age(context, run),
    };
    let (began, notices) = (Instant::now(), context.notices);
    let done = thread::scope(|scope| {
        let (end, ended) = mpsc::channel::<()>();
        let state_dir = &state_dir;
        scope.spawn(move || {
            let mut last = None;
            while ended.recv_timeout(BETWEEN) == Err(RecvTimeoutError::Timeout) {
                let elapsed = before + began.elapsed();
                let Some(standing) = standing(state_dir, run, elapsed) else { continue };
                if whose == Whose::Other && last != Some(standing.step) {
                    last = Some(standing.step);
                    notices(&Progress::OtherReview(standing.clone()).into());
                }
                if can_move {
                    notices(&Progress::ReviewGoesOn(standing).into());
                }
            }
        });
        let done = work();
        drop(end);
        done
    });
    context.notify(Progress::CommandsEnded);
    done
}

/// For how long a run goes on already.
fn age(context: Context<'_>, run: &str) -> Duration {
    let Ok(Some(run)) = runs::load(&context.repo.state_dir(), run) else { return Duration::ZERO };
    let age = now(context.env).duration_since(run.about.started);
    Duration::try_from(age).unwrap_or_default()
}

/// How far a run is; `None` where that cannot be read at this moment.
fn standing(state_dir: &Path, id: &str, elapsed: Duration) -> Option<ReviewStanding> {
    let run = runs::load(state_dir, id).ok()??;
    let calls = if ledger::exists(state_dir) {
        Ledger::open(state_dir).ok()?.calls_of(id).ok()?
    } else {
        Vec::new()
    };
    let tokens = calls.iter().map(|call| call.cost.tokens);
    let tokens = tokens.flat_map(|tokens| [tokens.input, tokens.output]).flatten().sum();
    Some(ReviewStanding {
        step: run.review_loop().step(),
        seconds: elapsed.as_secs(),
        tokens,
        spent: calls::spent(&calls),
    })
}

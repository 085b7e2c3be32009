//! `tribunal watch`: the watcher in the foreground.

use std::thread;

use anyhow::Result;
use tokio::sync::oneshot;

use crate::cli::invocation::Invocation;
use crate::daemon::control::check_watchable;
use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::event_loop::{Watch, WatchEnding, run};
use crate::daemon::lock;
use crate::daemon::lock::Mode;
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::platform::config::env;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

/// Shown below `--help`.
pub const EXAMPLES: &str = "\
Examples:
  tribunal watch                          until Ctrl-C";

/// Watches until a signal comes, or the reader of its output has gone.
pub fn run_command(invocation: &Invocation) -> Result<ExitStatus> {
    let place = WatchedRepo::of(invocation.context(&invocation.repo()?));
    check_watchable(&place)?;
    let now = env::now(&invocation.env);
    let Some(held) = lock::take(&place.state_dir, Mode::Foreground, None, now)? else {
        let who = lock::holder(&place.state_dir)
            .map_or_else(String::new, |holder| format!(" (process {})", holder.pid()));
        return Err(hinted(
            format!("this repository is already being watched{who}"),
            "`tribunal daemon log --follow` shows what it does, `tribunal daemon stop` ends it",
        ));
    };
    let json = invocation.global.format == OutputFormat::Json;
    let (left, reader_left) = oneshot::channel();
    // It waits in the kernel, and ends with the program at the latest.
    thread::spawn(move || {
        if out::reader_left(None) {
            // Where nothing listens the watcher has ended by itself.
            let _ = left.send(());
        }
    });
    let watch = Watch::One(Box::new(place), held);
    let ending = run(watch, &mut |_, event| print_event(event, json), Some(reader_left))?;
    Ok(match ending {
        WatchEnding::Interrupted => ExitStatus::Interrupted,
        WatchEnding::Stopped | WatchEnding::Idle => ExitStatus::Pass,
        WatchEnding::Orphaned => {
            out::talk("the repository is gone, or another watcher took over; stopping");
            ExitStatus::Error
        }
    })
}

fn print_event(news: &DaemonEvent, json: bool) {
    tracing::debug!("{news}");
    if json {
        out::json(news);
    } else if news.is_trouble() {
        out::warn(&printable(&news.to_string()));
    } else if news.is_shown() {
        out::result(&printable(&news.to_string()));
    }
}

//! What `tribunal daemon log` shows.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cli::invocation::Invocation;
use crate::daemon::process::{PROCESS, name_of};
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::platform::store::file;
use crate::platform::store::user_state::UserState;
use crate::platform::ui::out;

/// How much of the log is looked through at first, in bytes.
const LOG_SHOWN: u64 = 256 * 1024;

/// The lines of one repository and of the watcher itself, or all.
struct Lines {
    /// How the lines begin after their time.
    begins: Option<[String; 2]>,
    /// The beginning of a line whose end is not there yet.
    half: String,
}

impl Lines {
    /// Prints what of a part of the log is to be shown, as far as it is whole lines.
    fn print(&mut self, part: &[u8]) {
        self.half.push_str(&String::from_utf8_lossy(part));
        let Some(end) = self.half.rfind('\n') else { return };
        let rest = self.half.split_off(end + 1);
        let whole = std::mem::replace(&mut self.half, rest);
        let shown: String =
            whole.split_inclusive('\n').filter(|line| self.is_shown(line)).collect();
        out::result_part(&shown);
    }

    /// What does not look like a line of a repository is shown: it is about all of them.
    fn is_shown(&self, line: &str) -> bool {
        const TIME: usize = "2026-01-31 23:59:59".len();
        let Some(begins) = &self.begins else { return true };
        match line.get(TIME..).and_then(|rest| rest.strip_prefix("  ")) {
            Some(rest) => begins.iter().any(|begin| rest.starts_with(begin)),
            None => true,
        }
    }
}

/// Shows the end of the log: the lines of one repository, or of all.
pub fn show(
    invocation: &Invocation,
    place: Option<&WatchedRepo>,
    follow: bool,
) -> Result<ExitStatus> {
    let path = log_path(place)?;
    let failed = || format!("could not read `{}`", path.display());
    let mut file = match file::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(hinted(
                "there is no log yet",
                "`tribunal daemon start` starts the watcher, which writes one",
            ));
        }
        other => other.with_context(failed)?,
    };
    let begins = place.map(|place| {
        [name_of(&invocation.env, &place.common_dir), PROCESS.to_owned()]
            .map(|name| format!("{name}: "))
    });
    let mut lines = Lines { begins, half: String::new() };
    let size = file.metadata().with_context(failed)?.len();
    let skipped = size.saturating_sub(LOG_SHOWN);
    file.seek(SeekFrom::Start(skipped)).with_context(failed)?;
    let mut text = Vec::new();
    file.read_to_end(&mut text).with_context(failed)?;
    // From the first whole line on.
    let begin = if skipped == 0 { 0 } else { memchr::memchr(b'\n', &text).map_or(0, |at| at + 1) };
    lines.print(&text[begin..]);
    if !follow {
        return Ok(ExitStatus::Pass);
    }
    // Until Ctrl-C, or until the reader has gone.
    while !out::reader_left(Some(Duration::from_millis(250))) {
        text.clear();
        file.read_to_end(&mut text).with_context(failed)?;
        lines.print(&text);
        // The log was put aside: the new one goes on from its beginning.
        if was_replaced(&file, &path)
            && let Ok(new) = file::open(&path)
        {
            file = new;
        }
    }
    Ok(ExitStatus::Pass)
}

/// Where the log is: that of the user's process, or the one that an earlier version kept in the repository.
fn log_path(place: Option<&WatchedRepo>) -> Result<PathBuf> {
    let path = UserState::of_user()?.log();
    let earlier = place.map(|place| place.state_dir.join("daemon.log"));
    Ok(earlier.filter(|earlier| !path.exists() && earlier.exists()).unwrap_or(path))
}

fn was_replaced(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(open), Ok(named)) => open.ino() != named.ino(),
        _ => false,
    }
}

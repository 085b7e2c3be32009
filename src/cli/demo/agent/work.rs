//! What the rehearsal agent does as executor: it changes the files of the folder that it is in, and says so.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cli::demo::agent::prompt::RehearsalPrompt;
use crate::cli::demo::project::{
    BENT, BROKEN_TITLE, LIBRARY, MISTAKE, PARSE, PARSE_TEST, ProjectFile, REPAIR, REPAIR_TEST,
    SHOWN_TEST, TOTAL, TOTAL_TEST,
};
use crate::platform::store::file;

/// The mark that the executor made its one long pause, in the folder of the demo.
pub const PAUSED: &str = "paused";

/// The longest that the pause may take: somebody may read meanwhile.
const PAUSE_MAX: Duration = Duration::from_mins(20);

/// What of the project is worked on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PreparedTask {
    Parse,
    Total,
    Shown,
}

impl PreparedTask {
    fn of(prompt: &RehearsalPrompt) -> Self {
        if prompt.data("spec").starts_with(BROKEN_TITLE) {
            Self::Shown
        } else if prompt.data("task").starts_with("# Task 2:") {
            Self::Total
        } else {
            Self::Parse
        }
    }
}

/// Writes the tests of the task.
pub fn tests(prompt: &RehearsalPrompt, folder: &Path) -> Result<String> {
    let test = match PreparedTask::of(prompt) {
        PreparedTask::Parse => PARSE_TEST,
        PreparedTask::Total => TOTAL_TEST,
        PreparedTask::Shown => SHOWN_TEST,
    };
    write(folder, test)?;
    Ok(format!("The tests are in `{}`.", test.0))
}

/// Writes the code of the task. Of the second one it makes a long pause, once: then the run is killed.
pub fn code(prompt: &RehearsalPrompt, folder: &Path, demo: &Path) -> Result<String> {
    let (code, subject) = match PreparedTask::of(prompt) {
        PreparedTask::Parse => (PARSE, "feat(sizes): read a size"),
        PreparedTask::Total => {
            pause_once(demo)?;
            (TOTAL, "feat(sizes): add sizes up")
        }
        PreparedTask::Shown => {
            for (path, old, new) in BENT {
                replace(folder, path, old, new)?;
            }
            return Ok("Done.\nSUBJECT: feat(sizes): show sizes in kilobytes".to_owned());
        }
    };
    let text = file::read_text(&folder.join(LIBRARY))?;
    file::write_atomic(&folder.join(LIBRARY), format!("{text}{code}").as_bytes())?;
    Ok(format!("It is in `{LIBRARY}`.\nSUBJECT: {subject}"))
}

/// Repairs the mistake where the instructions name its place, and adds a test of it.
pub fn fix(prompt: &RehearsalPrompt, folder: &Path) -> Result<String> {
    if !prompt.data("places").lines().any(|line| line.contains(MISTAKE)) {
        bail!("no place that is to be fixed has the mistake");
    }
    replace(folder, LIBRARY, MISTAKE, REPAIR)?;
    write(folder, REPAIR_TEST)?;
    Ok(format!("I changed `{LIBRARY}` and added the test `{}`.", REPAIR_TEST.0))
}

fn write(folder: &Path, (path, text): ProjectFile) -> Result<()> {
    file::write_atomic(&folder.join(path), text.as_bytes())
}

fn replace(folder: &Path, path: &str, old: &str, new: &str) -> Result<()> {
    let text = file::read_text(&folder.join(path))?;
    if !text.contains(old) {
        bail!("`{path}` has no `{old}`");
    }
    file::write_atomic(&folder.join(path), text.replace(old, new).as_bytes())
}

fn pause_once(demo: &Path) -> Result<()> {
    let began = Instant::now();
    if file::write_new(&demo.join(PAUSED), b"")? {
        while began.elapsed() < PAUSE_MAX {
            thread::park_timeout(PAUSE_MAX);
        }
        bail!("nobody ended the pause");
    }
    Ok(())
}

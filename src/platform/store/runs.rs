//! Runs: a folder each, held by one process at a time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use memchr::memmem;
use ulid::Ulid;

use crate::domain::model::error::hinted;
use crate::domain::model::id_part::IdKind;
use crate::domain::pipeline::format::{self, RunFormatError, StoredRun};
use crate::domain::pipeline::run::Run;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::platform::process::Identity;
use crate::platform::store::file;
use crate::platform::store::file::{sweep, write_atomic};
use crate::platform::store::lock;
use crate::platform::store::lock::{Held, Wait};
use crate::platform::store::permissions;

const RUNS: IdKind =
    IdKind { what: "run", place: "", lists: "`tribunal runs` lists them", part_min: 4 };

const STATE: &str = "run.json";
const LOCK: &str = "lock";

/// What has not ended is kept for so long, however much came after it.
const UNENDED_KEPT: Duration = Duration::from_hours(14 * 24);

/// The folder of a run; while this is held no other process works on the run.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    _lock: Held,
}

impl RunFolder {
    /// Makes the folder of a new run, readable by this user alone unless the repository is shared.
    pub fn create(state_dir: &Path, id: &str) -> Result<Self> {
        let path = root(state_dir).join(id);
        permissions::make_private_dir(&path)
            .with_context(|| format!("could not create the folder `{}`", path.display()))?;
        Self::take(state_dir, id, Wait::FOR_ITS_END, &mut |_| {})?
            .with_context(|| format!("another process works on the run `{id}`"))
    }

    /// Takes the folder of a run. `None` where another process works on the run, or where there is no
    /// such folder. `tell` is called once where it has to wait, with who works on it.
    pub fn take(
        state_dir: &Path,
        id: &str,
        wait: Wait,
        tell: &mut dyn FnMut(Option<&Identity>),
    ) -> Result<Option<Self>> {
        let path = root(state_dir).join(id);
        if !path.is_dir() {
            return Ok(None);
        }
        let lock = lock::take_telling(&path.join(LOCK), wait, tell)
            .with_context(|| format!("could not lock `{}`", path.display()))?;
        Ok(lock.map(|lock| {
            sweep(&path);
            Self { path, _lock: lock }
        }))
    }

    /// As `take`, without waiting: for who tidies up and comes again another time.
    pub fn try_take(state_dir: &Path, id: &str) -> Result<Option<Self>> {
        Self::take(state_dir, id, Wait::NONE, &mut |_| {})
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it holds a run that can be continued or told of.
    pub fn has_state(&self) -> bool {
        self.path.join(STATE).exists()
    }

    /// Keeps the state of the run, in one step.
    pub fn save(&self, run: &Run) -> Result<()> {
        write_atomic(&self.path.join(STATE), &serde_json::to_vec_pretty(run)?)
    }

    /// As [`Self::save`], for the run of a spec.
    pub fn save_spec(&self, run: &SpecRun) -> Result<()> {
        write_atomic(&self.path.join(STATE), &serde_json::to_vec_pretty(run)?)
    }

    /// Removes the folder; its state goes first, so that half of a run is never taken for one.
    pub fn remove(self) -> Result<()> {
        file::remove_file(&self.path.join(STATE))?;
        fs::remove_dir_all(&self.path)
            .with_context(|| format!("could not remove `{}`", self.path.display()))
    }
}

/// Whether a process works on that run at this moment.
pub fn is_held(state_dir: &Path, id: &str) -> bool {
    holder(state_dir, id).is_some()
}

/// The process that works on that run at this moment.
pub fn holder(state_dir: &Path, id: &str) -> Option<Identity> {
    lock::holder(&root(state_dir).join(id).join(LOCK))
}

/// Whether the last process that worked on it was killed: one that ends by itself says so.
pub fn was_killed(state_dir: &Path, id: &str) -> bool {
    let last: Option<Identity> = lock::record(&root(state_dir).join(id).join(LOCK));
    last.is_some_and(|last| !last.is_alive())
}

/// The run that a part of an id names: its beginning, or its end, since the ids of one moment begin
/// alike. In lower case as well: the branch of a fix has its run's name so.
pub fn resolve(state_dir: &Path, part: &str) -> Result<String> {
    let ids = list(state_dir)?;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    RUNS.named(part, &ids).map(str::to_owned)
}

/// Whether there is a folder of that run.
pub fn exists(state_dir: &Path, id: &str) -> bool {
    folder(state_dir, id).is_dir()
}

/// Where the folder of a run is.
pub fn folder(state_dir: &Path, id: &str) -> PathBuf {
    root(state_dir).join(id)
}

/// Before this time began what is not kept any more, unless it ended: see [`UNENDED_KEPT`].
pub fn long_ago(now: Timestamp) -> Timestamp {
    now.checked_sub(UNENDED_KEPT).unwrap_or(Timestamp::MIN)
}

/// When the run of that id began; `None` where it is no run's id.
pub fn began(id: &str) -> Option<Timestamp> {
    let milliseconds = Ulid::from_string(id).ok()?.timestamp_ms();
    Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok()
}

/// The state of a review; `None` where there is none of that id, or none yet. One of a newer format is an
/// error: what is not known of it would be lost with the next save.
pub fn load(state_dir: &Path, id: &str) -> Result<Option<Run>> {
    Ok(load_any(state_dir, id)?.and_then(review))
}

/// As `load`; `None` also where the run is of another question, by its hash. Of those the state is not
/// parsed, which makes it cheap to look through many.
pub fn load_of_question(state_dir: &Path, id: &str, question: &str) -> Result<Option<Run>> {
    let holds_question = |text: &[u8]| memmem::find(text, question.as_bytes()).is_some();
    let run = load_if(state_dir, id, holds_question)?.and_then(review);
    Ok(run.filter(|run| run.about.question == question))
}

/// As `load`, for the run of a spec.
pub fn load_spec(state_dir: &Path, id: &str) -> Result<Option<SpecRun>> {
    Ok(load_any(state_dir, id)?.and_then(|run| match run {
        StoredRun::Spec(run) => Some(*run),
        StoredRun::Review(_) => None,
    }))
}

/// The id of the spec that an unfinished run builds which this program may not read: a later one wrote it.
pub fn spec_of_unread(state_dir: &Path, id: &str) -> Option<String> {
    let text = file::read(&root(state_dir).join(id).join(STATE)).ok()?;
    format::spec_of_unfinished(&text)
}

/// The run of a spec that goes on where the run of that id does: it is one itself, or a review that one asked
/// for. `None` for any other review.
pub fn spec_run_of(state_dir: &Path, id: &str) -> Result<Option<String>> {
    Ok(match load_any(state_dir, id)? {
        Some(StoredRun::Spec(_)) => Some(id.to_owned()),
        Some(StoredRun::Review(run)) => run.about.parent.filter(|parent| exists(state_dir, parent)),
        None => None,
    })
}

/// As `load`, for a run of any kind.
pub fn load_any(state_dir: &Path, id: &str) -> Result<Option<StoredRun>> {
    load_if(state_dir, id, |_| true)
}

fn review(run: StoredRun) -> Option<Run> {
    match run {
        StoredRun::Review(run) => Some(*run),
        StoredRun::Spec(_) => None,
    }
}

fn load_if(
    state_dir: &Path,
    id: &str,
    is_wanted: impl FnOnce(&[u8]) -> bool,
) -> Result<Option<StoredRun>> {
    let path = root(state_dir).join(id).join(STATE);
    let text = match file::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(format!("could not read `{}`", path.display())),
    };
    if !is_wanted(&text) {
        return Ok(None);
    }
    match format::parse(&text) {
        Ok(run) => Ok(Some(run)),
        Err(newer @ RunFormatError::Newer { .. }) => Err(hinted(
            format!("the run `{id}` is from a newer tribunal ({newer})"),
            "install the newer tribunal; nothing was written, the run is as it was",
        )),
        Err(RunFormatError::Wrong(error)) => {
            Err(error).with_context(|| format!("`{}` is not the state of a run", path.display()))
        }
    }
}

/// The ids of all runs that have a state, the newest first: they are ULIDs.
pub fn list(state_dir: &Path) -> Result<Vec<String>> {
    let (root, mut ids) = (root(state_dir), folders(state_dir)?);
    ids.retain(|id| root.join(id).join(STATE).exists());
    Ok(ids)
}

/// Removes what has no state since before that time: the calls of drafts, and runs that were killed
/// before they began. What a process works on stays.
pub fn remove_stateless(state_dir: &Path, before: Timestamp) -> Result<()> {
    let root = root(state_dir);
    for id in folders(state_dir)? {
        if began(&id).is_some_and(|began| began < before)
            && !root.join(&id).join(STATE).exists()
            && let Some(folder) = RunFolder::try_take(state_dir, &id)?
        {
            folder.remove()?;
        }
    }
    Ok(())
}

/// The names of the folders of all runs, and of what else keeps its calls as they do, the newest
/// first.
pub fn folders(state_dir: &Path) -> Result<Vec<String>> {
    let root = root(state_dir);
    let entries = match file::entries(&root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context(format!("could not read `{}`", root.display())),
    };
    let mut ids: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids)
}

fn root(state_dir: &Path) -> PathBuf {
    state_dir.join("runs")
}

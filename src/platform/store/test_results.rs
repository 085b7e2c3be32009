//! What the tests came to on the base of a run and after each of its tasks, in the folder of the run.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::domain::development::suite::SuiteRun;
use crate::platform::store::file;
use crate::platform::store::runs::RunFolder;

/// Keeps what the tests came to after so many tasks; after none, on the base.
pub fn keep(folder: &RunFolder, built: usize, suite: &SuiteRun) -> Result<()> {
    file::write_atomic(&path_of(folder.path(), built), &serde_json::to_vec(suite)?)
}

/// What the tests came to after so many tasks of the run in that folder.
pub fn load(folder: &Path, built: usize) -> Result<SuiteRun> {
    let path = path_of(folder, built);
    let text = file::read(&path).with_context(|| format!("could not read `{}`", path.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("`{}` is not the result of tests", path.display()))
}

fn path_of(folder: &Path, built: usize) -> PathBuf {
    folder.join(format!("tests-{built}.json"))
}

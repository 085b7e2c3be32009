//! What the watcher keeps for its user, outside of every repository: its lock, its log, and the list of the
//! repositories that it watches. Nobody else can read it.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::domain::model::error::hinted;
use crate::platform::config::env;
use crate::platform::config::random;
use crate::platform::store::file;
use crate::platform::store::permissions;

/// The format that this program writes; a newer program's entries are left alone.
const VERSION: u32 = 1;

/// The folder.
#[derive(Clone, Debug)]
pub struct UserState {
    folder: PathBuf,
}

/// A repository that is to be watched, until `daemon stop`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    version: u32,
    /// Another one each time that the repository is listed: what was begun for an earlier one ends.
    pub id: String,
    #[serde(with = "crate::domain::model::path")]
    pub common_dir: PathBuf,
    /// The words of `--set`, and the variables that stand for settings, as `daemon start` got them.
    pub settings: Vec<String>,
    pub variables: BTreeMap<String, String>,
}

impl Listed {
    pub fn new(
        common_dir: &Path,
        settings: Vec<String>,
        variables: BTreeMap<String, String>,
    ) -> Self {
        let id = random::id().to_string();
        Self { version: VERSION, id, common_dir: common_dir.to_owned(), settings, variables }
    }

    /// Whether it asks for the same as another one.
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.common_dir, &self.settings, &self.variables)
            == (&other.common_dir, &other.settings, &other.variables)
    }
}

/// Why a listed repository is not watched.
#[derive(Debug, Serialize, Deserialize)]
struct Trouble {
    /// Of the entry that it is about.
    id: String,
    message: String,
}

impl UserState {
    /// The one of this user. Nothing is made.
    pub fn of_user() -> Result<Self> {
        let folder = env::user_state_dir().ok_or_else(|| {
            hinted("could not tell where your home is", "set `HOME` to your home folder")
        })?;
        Ok(Self { folder })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder, for this user alone.
    pub fn make(&self) -> Result<()> {
        let make = || -> io::Result<()> {
            permissions::make_private_dir(&self.folder)?;
            let mode = fs::metadata(&self.folder)?.permissions().mode();
            if mode & 0o077 != 0 {
                fs::set_permissions(&self.folder, Permissions::from_mode(0o700))?;
            }
            permissions::make_private_dir(&self.list())
        };
        make().with_context(|| format!("could not make the folder `{}`", self.folder.display()))
    }

    /// Removes the folder with all that is in it, and those around it that nothing else is in.
    pub fn remove(&self) -> Result<()> {
        file::remove_if_there(&self.folder)
            .with_context(|| format!("could not remove `{}`", self.folder.display()))?;
        file::remove_empty(self.folder.ancestors().skip(1).take(2));
        Ok(())
    }

    /// The lock of the one process.
    pub fn lock(&self) -> PathBuf {
        self.folder.join("watcher.lock")
    }

    pub fn log(&self) -> PathBuf {
        self.folder.join("watcher.log")
    }

    /// The folder with an entry for each repository.
    pub fn list(&self) -> PathBuf {
        self.folder.join("repositories")
    }

    /// The entry of a repository.
    pub fn get(&self, common_dir: &Path) -> Option<Listed> {
        read(&self.entry(common_dir, "json"))
    }

    /// Lists a repository that is not listed yet; `false` where it is, in whatever way.
    pub fn add(&self, listed: &Listed) -> Result<bool> {
        file::write_new(&self.entry(&listed.common_dir, "json"), &serde_json::to_vec(listed)?)
    }

    /// Lists a repository in this way and no other.
    pub fn put(&self, listed: &Listed) -> Result<()> {
        self.clear_trouble(&listed.common_dir)?;
        file::write_atomic(&self.entry(&listed.common_dir, "json"), &serde_json::to_vec(listed)?)
    }

    /// Takes a repository off the list; says whether it was on it.
    pub fn unlist(&self, common_dir: &Path) -> Result<bool> {
        let path = self.entry(common_dir, "json");
        let was_listed = path.exists();
        file::remove_file(&path)?;
        self.clear_trouble(common_dir)?;
        Ok(was_listed)
    }

    /// As `unlist`, unless it was listed anew since.
    pub fn unlist_this(&self, listed: &Listed) -> Result<()> {
        if self.get(&listed.common_dir).is_some_and(|now| now.id == listed.id) {
            self.unlist(&listed.common_dir)?;
        }
        Ok(())
    }

    /// Every entry that this program understands.
    pub fn all(&self) -> Result<Vec<Listed>> {
        let folder = self.list();
        let entries = match file::entries(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.with_context(|| format!("could not read `{}`", folder.display()))?,
        };
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        let paths = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        let mut all: Vec<Listed> = paths.filter_map(|path| read(&path)).collect();
        all.sort_by(|a, b| a.common_dir.cmp(&b.common_dir));
        Ok(all)
    }

    /// Leaves word why a listed repository is not watched.
    pub fn leave_trouble(&self, listed: &Listed, message: &str) -> Result<()> {
        let trouble = Trouble { id: listed.id.clone(), message: message.to_owned() };
        let path = self.entry(&listed.common_dir, "trouble");
        file::write_atomic(&path, &serde_json::to_vec(&trouble)?)
    }

    /// Why a listed repository is not watched; `None` where nothing is in the way.
    pub fn trouble(&self, listed: &Listed) -> Option<String> {
        let text = file::read(&self.entry(&listed.common_dir, "trouble")).ok()?;
        let trouble: Trouble = serde_json::from_slice(&text).ok()?;
        (trouble.id == listed.id).then_some(trouble.message)
    }

    pub fn clear_trouble(&self, common_dir: &Path) -> Result<()> {
        file::remove_file(&self.entry(common_dir, "trouble"))
    }

    fn entry(&self, common_dir: &Path, ending: &str) -> PathBuf {
        let name = blake3::hash(common_dir.as_os_str().as_bytes()).to_hex();
        self.list().join(format!("{}.{ending}", &name[..32]))
    }
}

fn read(path: &Path) -> Option<Listed> {
    let listed: Listed = serde_json::from_slice(&file::read(path).ok()?).ok()?;
    (listed.version <= VERSION).then_some(listed)
}

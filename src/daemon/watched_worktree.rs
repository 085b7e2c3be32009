//! One work tree and the settings that hold in it.

use std::path::{Path, PathBuf};

use crate::daemon::file_events::may_be_silent;
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::gates::policy_files::POLICY_FILE;
use crate::domain::policy::layers::problem::SettingsProblem;
use crate::domain::policy::switch::Switch;
use crate::domain::policy::watch_settings::{
    ProgressPages, WatchMethod, WatchSettings, WatchStart,
};
use crate::flow::evaluate::policy;
use crate::flow::intake::spec_listing::{SpecGlobs, SpecListing, list};
use crate::platform::store::folder::Folder;
use crate::platform::store::known_specs::Stamp;

/// How the policy file was when it was read last.
#[derive(PartialEq, Eq)]
enum Read {
    Never,
    /// `None` where there was no file.
    As(Option<Stamp>),
}

type Settings = (WatchSettings, SpecGlobs, Switch);

pub struct WatchedWorktree {
    /// In its canonical spelling.
    pub top: PathBuf,
    pub watch: WatchSettings,
    /// Whether its new commits are reviewed.
    pub background: Switch,
    /// Whether the kernel may not report what changes.
    pub is_silent: bool,
    /// `None` until settings could be read.
    globs: Option<SpecGlobs>,
    policy: Read,
}

impl WatchedWorktree {
    /// A work tree whose settings were not read yet.
    pub fn new(top: PathBuf) -> Self {
        let watch = WatchSettings {
            specs: Vec::new(),
            method: WatchMethod::Auto,
            settle: std::time::Duration::from_millis(100),
            rescan: std::time::Duration::from_secs(5),
            start: WatchStart::Manual,
            progress: ProgressPages::Off,
        };
        Self {
            top,
            watch,
            background: Switch::Off,
            is_silent: false,
            globs: None,
            policy: Read::Never,
        }
    }

    pub fn policy_file(&self) -> PathBuf {
        self.top.join(POLICY_FILE)
    }

    /// Reads the settings again where the policy file changed. An error says what is wrong and
    /// which settings hold instead.
    pub fn refresh(&mut self, place: &WatchedRepo) -> Result<(), String> {
        let found = Folder::open(&self.top).and_then(|top| top.find(Path::new(POLICY_FILE)));
        let stamp = found.ok().map(|found| Stamp::of(&found.metadata));
        if self.policy == Read::As(stamp) {
            return Ok(());
        }
        let said = |problem: SettingsProblem| format!("{problem}; hint: {}", problem.hint);
        let read = |text: Option<&[u8]>| -> Result<Settings, String> {
            let resolved =
                policy::resolve_settings(text, &place.env, &place.settings).map_err(said)?;
            let (watch, background) = (resolved.policy.watch, resolved.policy.review.background);
            let globs = SpecGlobs::new(&watch.specs).map_err(|bad| bad.to_string())?;
            Ok((watch, globs, background))
        };
        let text = policy::read_policy_file(&self.top).map_err(said);
        let outcome = match text.and_then(|text| read(text.as_deref())) {
            Ok(settings) => {
                self.set(settings);
                self.policy = Read::As(stamp);
                Ok(())
            }
            Err(reason) if self.globs.is_some() => {
                Err(format!("{reason} (the settings read before hold)"))
            }
            Err(reason) => {
                if let Ok(settings) = read(None) {
                    self.set(settings);
                }
                Err(format!("{reason} (the defaults hold)"))
            }
        };
        self.is_silent = self.polls();
        outcome
    }

    /// Whether looking at intervals is asked for, or needed.
    pub fn polls(&self) -> bool {
        match self.watch.method {
            WatchMethod::Poll => true,
            WatchMethod::Native => false,
            WatchMethod::Auto => may_be_silent(&self.top),
        }
    }

    pub fn list(&self) -> SpecListing {
        self.globs.as_ref().map(|globs| list(&self.top, globs)).unwrap_or_default()
    }

    fn set(&mut self, (watch, globs, background): Settings) {
        self.watch = watch;
        self.background = background;
        self.globs = Some(globs);
    }
}

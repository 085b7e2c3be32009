//! The folders that the agents of a run may read. One is shared; who could write there is given it for
//! itself, and while agents work the next one is filled.

use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::thread::JoinHandle;

use anyhow::Result;

use crate::domain::model::change::Change;
use crate::domain::model::oid::Oid;
use crate::flow::workspace::reading_copy;
use crate::flow::workspace::reading_copy::{NotCopied, ShownFiles, ShownStep};
use crate::platform::git::repo::Repo;

/// What is shown of a change, read on a thread of its own while other things are looked at.
pub struct ReadingAhead {
    tree: Oid,
    thread: JoinHandle<Result<ShownFiles>>,
}

impl ReadingAhead {
    /// Begins to read.
    pub fn begin(repo: &Repo, change: &Change) -> Result<Self> {
        let (repo, tree, touched) = (repo.again()?, change.tree.clone(), change.files.clone());
        let thread = thread::spawn(move || ShownFiles::read(&repo, &tree, &touched));
        Ok(Self { tree: change.tree.clone(), thread })
    }

    /// What was read of that tree. `None` where it is another's or failed: it is read again, which tells why.
    fn end(self, tree: &Oid) -> Option<ShownFiles> {
        if self.tree != *tree {
            return None;
        }
        self.thread.join().ok()?.ok()
    }
}

/// The reading copies of a run.
pub struct ReadingCopies<'a> {
    repo: &'a Repo,
    run: String,
    /// What is being read of the first tree.
    ahead: Option<ReadingAhead>,
    /// What is shown of the tree that was asked for last.
    shown: Option<(Oid, Arc<ShownFiles>)>,
    /// The tree in the shared folder, which this process alone fills.
    filled: Option<Oid>,
    /// Fills the shared folder with that tree, as long as it may be wanted.
    filling: Option<(Oid, JoinHandle<Result<NotCopied>>)>,
    is_wanted: Arc<AtomicBool>,
    /// Remove folders that nobody works in any more.
    removing: Vec<JoinHandle<()>>,
    /// The texts of what is shown, once they were asked for.
    texts: Option<Rc<Vec<(String, String)>>>,
    /// The files that could not be copied, with the reason.
    pub uncopied: NotCopied,
}

impl<'a> ReadingCopies<'a> {
    pub fn of_run(repo: &'a Repo, run: &str, ahead: Option<ReadingAhead>) -> Self {
        Self {
            repo,
            run: run.to_owned(),
            ahead,
            shown: None,
            filled: None,
            filling: None,
            is_wanted: Arc::new(AtomicBool::new(true)),
            removing: Vec::new(),
            texts: None,
            uncopied: NotCopied::new(),
        }
    }

    /// The folder that all may read, with the files of the changed tree; what the change touches is copied
    /// first.
    pub fn shared(&mut self, change: &Change) -> Result<PathBuf> {
        self.end_filling();
        let dir = reading_copy::folder(self.repo, &self.run);
        if self.filled.as_ref() == Some(&change.tree) {
            return Ok(dir);
        }
        let is_as_shown = self.filled.take().as_ref() == self.shown.as_ref().map(|(tree, _)| tree);
        let step = self.follow(&change.tree).filter(|_| is_as_shown);
        self.uncopied = match step.and_then(|step| step.write(&dir).ok()) {
            Some(uncopied) => uncopied,
            None => self.shown(change)?.write(&dir)?,
        };
        self.filled = Some(change.tree.clone());
        Ok(dir)
    }

    /// A folder with the same for one call alone: what its agent writes there no other one reads.
    pub fn own(&mut self, key: &str, change: &Change) -> Result<PathBuf> {
        self.end_filling();
        let dir = reading_copy::folder_of_call(self.repo, &self.run, key);
        let shared = reading_copy::folder(self.repo, &self.run);
        if dir.exists() {
            self.end_removing();
        }
        let is_filled = self.filled.take().as_ref() == Some(&change.tree);
        let files = self.shown(change)?;
        if !is_filled || fs::rename(&shared, &dir).is_err() {
            self.uncopied = files.write(&dir)?;
        }
        Ok(dir)
    }

    /// Begins to fill the shared folder again, where it was given away.
    pub fn fill_ahead(&mut self) {
        if self.filled.is_some() || self.filling.is_some() {
            return;
        }
        let Some((tree, files)) = self.shown.clone() else { return };
        let shared = reading_copy::folder(self.repo, &self.run);
        let is_wanted = Arc::clone(&self.is_wanted);
        let is_wanted = move || is_wanted.load(Ordering::Relaxed);
        let fill = move || files.write_while(&shared, &is_wanted);
        self.filling = Some((tree, thread::spawn(fill)));
    }

    /// The texts in a folder of that tree.
    pub fn texts(&mut self, change: &Change) -> Result<Rc<Vec<(String, String)>>> {
        let files = self.shown(change)?;
        Ok(Rc::clone(self.texts.get_or_insert_with(|| Rc::new(files.texts()))))
    }

    /// Begins to remove the folder of a call that has ended.
    pub fn give_back(&mut self, key: &str) {
        let dir = reading_copy::folder_of_call(self.repo, &self.run, key);
        if dir.exists() {
            // What stays goes with the run.
            self.removing.push(thread::spawn(move || drop(fs::remove_dir_all(dir))));
        }
    }

    /// Removes all of them, and does the work meanwhile.
    pub fn remove_beside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.is_wanted.store(false, Ordering::Relaxed);
        self.end_filling();
        self.filled = None;
        let remove = reading_copy::removal(self.repo, &self.run);
        self.removing.push(thread::spawn(remove));
        let done = work();
        self.end_removing();
        done
    }

    /// Brings what is shown to another tree, where it can be: files that could not be copied are tried again.
    fn follow(&mut self, tree: &Oid) -> Option<ShownStep> {
        let (from, mut files) = self.shown.take_if(|(from, _)| from != tree)?;
        self.texts = None;
        if !self.uncopied.is_empty() {
            return None;
        }
        let step = Arc::make_mut(&mut files).follow(self.repo, &from, tree).ok()?;
        self.shown = Some((tree.clone(), files));
        Some(step)
    }

    fn end_filling(&mut self) {
        let Some((tree, filling)) = self.filling.take() else { return };
        // Where it failed it is filled again when it is wanted, which tells why.
        if let Ok(Ok(uncopied)) = filling.join() {
            (self.filled, self.uncopied) = (Some(tree), uncopied);
        }
    }

    fn end_removing(&mut self) {
        for thread in self.removing.drain(..) {
            drop(thread.join());
        }
    }

    /// The files of the changed tree.
    fn shown(&mut self, change: &Change) -> Result<Arc<ShownFiles>> {
        drop(self.follow(&change.tree));
        if let Some((_, files)) = self.shown.as_ref().filter(|(tree, _)| *tree == change.tree) {
            return Ok(Arc::clone(files));
        }
        self.texts = None;
        let read = self.ahead.take().and_then(|ahead| ahead.end(&change.tree));
        let files = match read {
            Some(files) => files,
            None => ShownFiles::read(self.repo, &change.tree, &change.files)?,
        };
        let files = Arc::new(files);
        self.shown = Some((change.tree.clone(), Arc::clone(&files)));
        Ok(files)
    }
}

impl Drop for ReadingCopies<'_> {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
        self.end_filling();
        self.end_removing();
    }
}

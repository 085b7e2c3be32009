//! A change: the files under evaluation and where they come from, without their content.

use bstr::BString;
use serde::{Deserialize, Serialize};

use crate::domain::model::oid::Oid;

/// A change, read from git objects and never from the work tree. Content is loaded file by file
/// while the gates run, so that a large change needs no large memory.
#[derive(Clone, Debug)]
pub struct Change {
    /// Equal for two evaluations of the same change: the commit it is based on, so that a second
    /// try, an amended message and the later push count once.
    pub key: String,
    /// The tree the policy is read from and the change is compared with; `None` before the first
    /// commit.
    pub base_tree: Option<Oid>,
    /// The tree under evaluation.
    pub tree: Oid,
    /// The commit under evaluation; `None` while it is being made.
    pub commit: Option<Oid>,
    /// The commit message, verbatim, where there is one yet.
    pub message: Option<BString>,
    pub files: Vec<FileChange>,
    /// The tree at the tip of the push that the change is a part of: what is mended there does not
    /// arrive broken.
    pub tip_tree: Option<Oid>,
    /// Why the files are not listed, where they are too many: nothing is known of them then.
    pub unlisted: Option<String>,
}

/// Who wrote the code of a change: what an agent wrote runs in the sandbox alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenBy {
    Person,
    Agent,
}

/// Where a reviewed change is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangePlace {
    #[default]
    Commits,
    /// It is staged.
    Index,
    /// Nobody staged it, or not all of it.
    WorkTree,
}

impl Change {
    /// The key of a change that is based on no commit.
    pub const ROOT: &str = "root";

    /// The change that findings from outside the gates are recorded under: a commit, or what is staged
    /// before the first one. Its files are not listed.
    pub fn at(commit: Option<Oid>, tree: Oid) -> Self {
        Self {
            key: commit.as_ref().map_or_else(|| Self::ROOT.to_owned(), Oid::to_string),
            base_tree: None,
            tree,
            commit,
            message: None,
            files: Vec::new(),
            tip_tree: None,
            unlisted: None,
        }
    }
}

/// One file that differs between base and tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The path in the evaluated tree (for a deletion: in the base). Bytes, as git has it.
    pub path: BString,
    pub kind: FileChangeKind,
    /// The blob in the base, with its mode; `None` for an added file.
    pub old: Option<TreeEntry>,
    /// The blob in the evaluated tree; `None` for a deleted file.
    pub new: Option<TreeEntry>,
    /// The blobs in the other commits of a merge: what a merge takes over from one of them is no more
    /// new than what the base holds.
    pub merged: Vec<TreeEntry>,
}

/// How a file differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileChangeKind {
    Added,
    Modified,
    Deleted,
    /// Moved from that path, with or without an edit.
    Renamed {
        from: BString,
    },
}

/// One side of a file change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TreeEntry {
    pub oid: Oid,
    pub mode: FileMode,
}

/// The modes git knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileMode {
    File,
    Executable,
    Symlink,
    /// A commit of another repository: there is no blob to read.
    Submodule,
}

impl TreeEntry {
    /// Whether it is a file, and no link and no submodule.
    pub fn is_regular(&self) -> bool {
        matches!(self.mode, FileMode::File | FileMode::Executable)
    }
}

impl FileChange {
    /// Whether there is a blob to read in the evaluated tree. A symlink's blob is its target path.
    pub fn has_content(&self) -> bool {
        self.new.as_ref().is_some_and(|e| e.mode != FileMode::Submodule)
    }
}

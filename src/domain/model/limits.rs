//! How much is read and kept at most, so that nothing that somebody commits or pushes takes all time
//! or all memory. What is larger is named as not checked; where it guards, it stops.
//!
//! A bound stands here where it decides what is judged. Those of one page of output, one prompt or
//! one agent stand with what they bound.

/// The largest blob whose content is read, in bytes. A blob may stand in memory twice while it is
/// read, and a hook must not die where there is little. GitHub takes no larger file, and no text that
/// people write is near it.
pub const BLOB_BYTES_MAX: u64 = 100 * 1024 * 1024;

/// The largest commit, tree or annotated tag that is read, in bytes. A line of a tree has 30 to 60:
/// the largest single folders that are known (package indexes, mail archives) have 200,000 lines.
pub const OBJECT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// How many files and folders a change may add, edit or delete. The largest public trees (Chromium,
/// Firefox) have up to 500,000; twelve small objects can stand for ten billion.
pub const CHANGED_ENTRIES_MAX: usize = 1_000_000;

/// How many names are read of folders that differ. A change of every folder of the largest trees, both
/// sides counted, reads two million; equal folders stand in one another without end at no cost.
pub const TREE_LINES_MAX: usize = 10_000_000;

/// How long the path of a file may be, in bytes. Linux opens none that is longer; where folders
/// stand in one another without end it bounds how deep.
pub const PATH_BYTES_MAX: usize = 4096;

/// With how many other commits of a merge a file is compared line by line: beyond, more lines are named
/// as new, never fewer. People merge one or a few; each costs a reading of the file.
pub const MERGED_MAX: usize = 8;

/// From how many observations of findings rules are learned: the newest ones. A rule is learned from a
/// handful; each has the size of a finding in memory, and its change may be looked at.
pub const LEARNED_FROM_MAX: usize = 10_000;

/// The deepest chain of tags on tags that is followed. People tag commits.
pub const TAGS_MAX: usize = 16;

/// The largest file of settings or rules that is read, in bytes. The rules of the largest projects that
/// publish theirs, in one file, have a tenth of it.
pub const POLICY_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// How much is read of all files of rules together, in bytes: every commit reads them.
pub const RULES_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How many files and folders of rules are read.
pub const RULE_FILES_MAX: usize = 1_000;

/// How many findings of one rule the ledger keeps of one file, of all its versions; the others are
/// reported all the same. Whoever may push to a server decides what is found there.
pub const FINDINGS_OF_PLACE_MAX: usize = 10_000;

/// How many findings of gates are looked at when they are closed and reopened: those seen last, and as many
/// of those that were never closed. Others keep the state that they have until those are done.
pub const GATE_FINDINGS_MAX: usize = 2_000;

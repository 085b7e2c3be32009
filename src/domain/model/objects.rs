//! Git objects as the gates read them: a small interface, so that they depend on no repository.

use anyhow::{Result, bail};
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::change::TreeEntry;
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::oid::Oid;

/// What is known of a blob's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Whole(Vec<u8>),
    /// It has more bytes than were to be read: so many.
    TooLarge(u64),
    /// It is not in this repository: a partial clone.
    Missing,
}

/// One line of a tree: a file, or a tree below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TreeItem {
    Tree { name: BString, oid: Oid },
    File { name: BString, entry: TreeEntry },
}

impl TreeItem {
    pub fn name(&self) -> &BStr {
        match self {
            Self::Tree { name, .. } | Self::File { name, .. } => name.as_bstr(),
        }
    }
}

/// A tree that is not in this repository: a partial clone.
#[derive(Debug, thiserror::Error)]
#[error("tree {0} is not in this repository")]
pub struct TreeNotHere(pub Oid);

/// Reads immutable objects. An error is a damaged object or database; an object that is not here is
/// no error.
pub trait ReadObjects {
    /// The size of an object in bytes; `None` where it is not here.
    fn size(&self, oid: &Oid) -> Result<Option<u64>>;

    /// The content of a blob of up to `most` bytes. Its size is looked at before it is read.
    fn content(&self, oid: &Oid, most: u64) -> Result<Content>;

    /// The lines of a tree, in git's order. A tree that is not here is an error.
    fn tree(&self, oid: &Oid) -> Result<Vec<TreeItem>>;

    /// The content of a blob; `None` where it is not here. One that is larger than
    /// [`BLOB_BYTES_MAX`] is an error: where one may be met, [`Self::content`] is asked for.
    fn blob(&self, oid: &Oid) -> Result<Option<Vec<u8>>> {
        match self.content(oid, BLOB_BYTES_MAX)? {
            Content::Whole(bytes) => Ok(Some(bytes)),
            Content::TooLarge(size) => {
                bail!("object {oid} has {size} bytes, and no more than {BLOB_BYTES_MAX} are read")
            }
            Content::Missing => Ok(None),
        }
    }
}

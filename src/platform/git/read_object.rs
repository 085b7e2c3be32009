//! What is known of an object that was read.

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl ObjectKind {
    /// The kind of that name, as git writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "commit" => Self::Commit,
            "tree" => Self::Tree,
            "blob" => Self::Blob,
            "tag" => Self::Tag,
            _ => return None,
        })
    }
}

/// What is known of an object.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadObject {
    Whole(ObjectKind, Vec<u8>),
    /// It has more bytes than were to be read: so many.
    TooLarge(ObjectKind, u64),
}

impl ReadObject {
    /// The kind and the size in bytes.
    pub fn header(&self) -> (ObjectKind, u64) {
        match self {
            Self::Whole(kind, bytes) => (*kind, bytes.len() as u64),
            Self::TooLarge(kind, size) => (*kind, *size),
        }
    }
}

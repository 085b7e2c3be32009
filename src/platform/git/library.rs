//! A repository that libgit2 can open: its refs, and its objects. Those with files of their own are read without it,
//! those in packs through it.

use std::ffi::OsString;

use anyhow::{Context as _, Result, bail};
use bstr::BString;

use crate::domain::model::limits::OBJECT_BYTES_MAX;
use crate::domain::model::oid::Oid;
use crate::platform::git::cat_file::instead_of_damaged;
use crate::platform::git::loose::{LooseError, LooseObjects};
use crate::platform::git::read_object::{ObjectKind, ReadObject};

/// A repository that libgit2 opened.
pub struct Library {
    pub repository: git2::Repository,
    loose: LooseObjects,
    hook_vars: Vec<(&'static str, OsString)>,
}

impl Library {
    /// The variables are those that git set for a hook.
    pub fn new(repository: git2::Repository, hook_vars: &[(&'static str, OsString)]) -> Self {
        let loose = LooseObjects::of_repository(repository.commondir(), hook_vars);
        Self { repository, loose, hook_vars: hook_vars.to_vec() }
    }

    /// The kind and the size in bytes; `None` where it is not in this repository.
    pub fn header(&self, oid: &Oid) -> Result<Option<(ObjectKind, u64)>> {
        match self.loose.header(oid) {
            Ok(Some(header)) => Ok(Some(header)),
            Ok(None) => self.packed_header(oid),
            Err(error) => Ok(Some(self.through_git(oid, OBJECT_BYTES_MAX, error)?.header())),
        }
    }

    /// An object of up to `most` bytes; `None` where it is not in this repository.
    pub fn read(&self, oid: &Oid, most: u64) -> Result<Option<ReadObject>> {
        match self.loose.read(oid, most) {
            Ok(Some(object)) => return Ok(Some(object)),
            Ok(None) => {}
            Err(error) => return self.through_git(oid, most, error).map(Some),
        }
        match self.packed_header(oid)? {
            Some((kind, size)) if size > most => Ok(Some(ReadObject::TooLarge(kind, size))),
            Some(_) => self.packed(oid).map(Some),
            None => Ok(None),
        }
    }

    fn packed_header(&self, oid: &Oid) -> Result<Option<(ObjectKind, u64)>> {
        let name = git2::Oid::from_str(oid.as_str())?;
        match self.repository.odb()?.read_header(name) {
            Ok((size, kind)) => Ok(Some((kind_of(kind)?, size as u64))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn packed(&self, oid: &Oid) -> Result<ReadObject> {
        let odb = self.repository.odb()?;
        let object = odb.read(git2::Oid::from_str(oid.as_str())?)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(object.len()).context("there is not enough memory")?;
        bytes.extend_from_slice(object.data());
        Ok(ReadObject::Whole(kind_of(object.kind())?, bytes))
    }

    /// Libgit2 cannot be asked for its packs alone.
    fn through_git(&self, oid: &Oid, most: u64, damage: LooseError) -> Result<ReadObject> {
        instead_of_damaged(self.repository.path(), &self.hook_vars, damage, oid, most)
    }

    /// The names of the symbolic refs below a prefix such as `refs/heads/`.
    pub fn symbolic_refs(&self, prefix: &str) -> Result<Vec<BString>> {
        let mut found = Vec::new();
        for reference in self.repository.references_glob(&format!("{prefix}*"))? {
            let reference = reference?;
            if reference.symbolic_target_bytes().is_some() {
                found.push(reference.name_bytes().into());
            }
        }
        Ok(found)
    }

    /// The refs below a prefix such as `refs/heads/`, with what they point to. A ref that cannot be
    /// followed (`HEAD` of a remote whose branch is gone) points to nothing and is left out.
    pub fn refs(&self, prefix: &str) -> Result<Vec<(BString, Oid)>> {
        let mut found = Vec::new();
        for reference in self.repository.references_glob(&format!("{prefix}*"))? {
            let reference = reference?;
            if let Some(target) = reference.resolve().ok().and_then(|direct| direct.target()) {
                found.push((reference.name_bytes().into(), Oid::parse(&target.to_string())?));
            }
        }
        Ok(found)
    }
}

/// Whether libgit2 says that what was asked for is not there, or that nothing could have that name.
pub fn is_absent(error: &git2::Error) -> bool {
    use git2::ErrorCode::{InvalidSpec, NotFound, Peel, UnbornBranch};
    matches!(error.code(), NotFound | UnbornBranch | Peel | InvalidSpec)
}

fn kind_of(kind: git2::ObjectType) -> Result<ObjectKind> {
    Ok(match kind {
        git2::ObjectType::Commit => ObjectKind::Commit,
        git2::ObjectType::Tree => ObjectKind::Tree,
        git2::ObjectType::Blob => ObjectKind::Blob,
        git2::ObjectType::Tag => ObjectKind::Tag,
        git2::ObjectType::Any => bail!("an object of no kind"),
    })
}

//! Reads the files of a reviewed tree as a model sees them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates::secrets::redact;
use crate::domain::model::fence::visible;
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::domain::review::deliver::{Delivery, FILE_BYTES_MAX};
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::prompt;
use crate::platform::git::object::Objects;

/// How many lines around a finding a later round is shown.
const AROUND: u32 = 12;

/// Caches the files of the reviewed tree as a model sees them.
pub(super) struct Texts<'a> {
    objects: &'a Objects,
    tree: &'a Oid,
    delivery: &'a Delivery,
    read: RefCell<BTreeMap<String, Option<String>>>,
}

impl<'a> Texts<'a> {
    pub fn new(objects: &'a Objects, tree: &'a Oid, delivery: &'a Delivery) -> Self {
        Self { objects, tree, delivery, read: RefCell::default() }
    }

    /// The text of a file by its shown name; `None` where it does not exist, is no text, or is larger than
    /// what a reviewer is shown.
    pub fn text(&self, shown: &str) -> Option<String> {
        if let Some(text) = self.read.borrow().get(shown) {
            return text.clone();
        }
        let place = self.delivery.places.get(shown);
        let path = place.map_or_else(|| BString::from(shown), |place| place.path.clone());
        let text = whole(self.objects, self.tree, path.as_bstr())
            .filter(|bytes| !bytes.contains(&0))
            .map(|bytes| visible(&redact::mask_lines(&bytes, &path)));
        self.read.borrow_mut().insert(shown.to_owned(), text.clone());
        text
    }

    /// The current text at a finding's location, for a later round.
    pub fn now(&self, finding: &ReviewFinding) -> String {
        let Some(text) = self.text(&finding.path) else { return String::new() };
        let lines = finding.anchored.lines().unwrap_or((1, 1));
        prompt::excerpt(&text, lines, AROUND)
    }
}

/// The content of a file; `None` where it is not here, or larger than what is compared.
pub(super) fn whole(objects: &Objects, tree: &Oid, path: &BStr) -> Option<Vec<u8>> {
    match objects.file_up_to(tree, path, FILE_BYTES_MAX as u64) {
        Ok(Some(Content::Whole(content))) => Some(content),
        _ => None,
    }
}

//! Reads the files of a reviewed tree as a model sees them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bstr::{BString, ByteSlice as _};

use crate::domain::model::oid::Oid;
use crate::domain::review::deliver::Delivery;
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::prompt;
use crate::domain::review::reported_path::meant;
use crate::flow::evaluate::shown_text;
use crate::platform::git::object::Objects;

/// How many lines around a finding a later round is shown.
const AROUND: u32 = 12;

/// Caches the files of the reviewed tree as a model sees them.
pub struct Texts<'a> {
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
        let text = self.read_text(shown);
        self.read.borrow_mut().insert(shown.to_owned(), text.clone());
        text
    }

    /// The same by what a model writes for a file's name.
    pub fn meant_text(&self, reported: &str) -> Option<String> {
        let is_file = |path: &str| self.text(path).is_some();
        let meant = meant(reported, &self.delivery.places, is_file);
        meant.iter().find_map(|path| self.text(path))
    }

    fn read_text(&self, shown: &str) -> Option<String> {
        let place = self.delivery.places.get(shown);
        let path = place.map_or_else(|| BString::from(shown), |place| place.path.clone());
        shown_text::of_file(self.objects, self.tree, path.as_bstr())
    }

    /// The current text at a finding's location, for a later round.
    pub fn now(&self, finding: &ReviewFinding) -> String {
        let Some(text) = self.text(&finding.path) else { return String::new() };
        let lines = finding.anchored.lines().unwrap_or((1, 1));
        prompt::excerpt(&text, lines, AROUND)
    }
}

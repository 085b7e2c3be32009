//! What the web tools of an agent gave, as its program recorded it.

use serde::{Deserialize, Serialize};

/// A page that a search named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebPage {
    pub address: String,
    pub title: String,
}

/// All that a program recorded of its searches in one call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebRecord {
    pub searches: usize,
    /// What they named; empty also where the program does not tell.
    pub pages: Vec<WebPage>,
}

impl WebRecord {
    /// Adds a page, unless it is there.
    pub fn add(&mut self, page: WebPage) {
        if !self.pages.iter().any(|known| known.address == page.address) {
            self.pages.push(page);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.searches == 0 && self.pages.is_empty()
    }

    /// Takes in what another call recorded.
    pub fn take(&mut self, other: Self) {
        self.searches += other.searches;
        other.pages.into_iter().for_each(|page| self.add(page));
    }
}

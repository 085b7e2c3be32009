//! What the searches of a call gave.

use serde_json::Value;

use crate::domain::model::web::{WebPage, WebRecord};

/// Notes what a tool gave, where it was a search. Only what the search itself named counts: the text beside it is a
/// model's, and may name anything.
pub fn note(result: &Value, web: &mut WebRecord) {
    let (Some(_), Some(results)) = (result["query"].as_str(), result["results"].as_array()) else {
        return;
    };
    web.searches += 1;
    for page in results.iter().filter_map(|one| one["content"].as_array()).flatten() {
        if let (Some(address), title) = (page["url"].as_str(), page["title"].as_str()) {
            let title = title.unwrap_or_default().to_owned();
            web.add(WebPage { address: address.to_owned(), title });
        }
    }
}

//! Strikes out addresses that no search named: models make up such that look right.

use crate::domain::model::web::{WebPage, WebRecord};
use crate::domain::research::answer::ShardAnswer;

/// What stands where an address stood.
const STRUCK: &str = "(address struck out)";

/// What is left of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAddresses {
    pub answer: ShardAnswer,
    /// The pages that it names and that a search named.
    pub sources: Vec<WebPage>,
    /// How many addresses were struck out.
    pub struck: usize,
}

/// The answer without the addresses that are not in the record.
pub fn strike(mut answer: ShardAnswer, record: &WebRecord) -> KeptAddresses {
    let mut sources: Vec<WebPage> = Vec::new();
    let mut struck = 0;
    let mut find = |address: &str| {
        let page = record.pages.iter().find(|page| is_same(&page.address, address))?;
        if !sources.contains(page) {
            sources.push(page.clone());
        }
        Some(page.address.clone())
    };
    for point in &mut answer.points {
        let named = point.sources.len();
        point.sources = point.sources.iter().filter_map(|address| find(address)).collect();
        struck += named - point.sources.len();
    }
    for text in answer.texts_mut() {
        struck += strike_text(text, &mut find);
    }
    KeptAddresses { answer, sources, struck }
}

/// Strikes what is not found out of a text; gives how many were.
fn strike_text(text: &mut String, find: &mut impl FnMut(&str) -> Option<String>) -> usize {
    let mut struck = 0;
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = beginning(rest) {
        clean.push_str(&rest[..at]);
        rest = &rest[at..];
        let is_end = |c: char| c.is_whitespace() || c.is_control() || "<>\"`|\\^".contains(c);
        let whole = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        if let Some(length) = longest(whole, find) {
            clean.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        struck += 1;
        clean.push_str(STRUCK);
        // What closes a bracket or a sentence around it stays.
        let closes = |c: char| ".,;:!?)]}'*_".contains(c);
        rest = &rest[whole.trim_end_matches(closes).len().max(1)..];
    }
    clean.push_str(rest);
    *text = clean;
    struck
}

/// How much of what looks like an address is one that is found: punctuation behind it may be a part of it or not.
fn longest(whole: &str, find: &mut impl FnMut(&str) -> Option<String>) -> Option<usize> {
    let mut length = whole.len();
    loop {
        if find(&whole[..length]).is_some() {
            return Some(length);
        }
        let last = whole[..length].chars().next_back()?;
        if last.is_alphanumeric() || last == '/' {
            return None;
        }
        length -= last.len_utf8();
    }
}

/// Where the next address begins: with a scheme, or as people write one without.
fn beginning(text: &str) -> Option<usize> {
    let scheme = text.find("://").map(|at| {
        let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        text[..at].trim_end_matches(is_of_scheme).len()
    });
    let lower = text.to_ascii_lowercase();
    let bare = lower.match_indices("www.").map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric())
    });
    let hosts = HOST_ENDS.iter().filter_map(|end| {
        let at = lower.find(end)?;
        let is_of_host = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        let start = text[..at].trim_end_matches(is_of_host).len();
        (start < at).then_some(start)
    });
    scheme.into_iter().chain(bare).chain(hosts).min()
}

/// How the names of hosts end where people write an address without a scheme; a path of a repository does not.
const HOST_ENDS: [&str; 9] =
    [".com/", ".org/", ".net/", ".io/", ".dev/", ".edu/", ".gov/", ".app/", ".ai/"];

/// Whether an address names a page: case counts behind the host alone, a part of a page is that page, the last slash
/// says nothing, and a scheme may be left out.
fn is_same(page: &str, address: &str) -> bool {
    let (page, address) = (plain(page), plain(address));
    let without_scheme = |of: &str| of.split_once("://").map(|(_, rest)| rest.to_owned());
    page == address
        || address.starts_with("://") && without_scheme(&page) == without_scheme(&address)
}

fn plain(address: &str) -> String {
    let address = address.trim().split('#').next().unwrap_or_default();
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let host_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    let path = path.strip_suffix('/').unwrap_or(path);
    format!("{}://{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase())
}

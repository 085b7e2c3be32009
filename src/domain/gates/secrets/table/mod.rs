//! The kinds of secrets that are known by their own form, by the trade of who issues them.
//!
//! Prefix, alphabet and length are facts that issuers publish; the table is our own.

mod ai;
mod cloud;
mod code;
mod comms;
mod ops;
mod pay;
mod work;

use crate::domain::gates::secrets::rule::SecretRule;

/// All of them; where two fit the same bytes, the earlier one names the finding.
pub fn all() -> impl Iterator<Item = &'static SecretRule> {
    PARTS.into_iter().flatten()
}

/// The rule of that number in the order of all.
pub fn get(number: u16) -> Option<&'static SecretRule> {
    let mut left = usize::from(number);
    for part in PARTS {
        match part.get(left) {
            Some(rule) => return Some(rule),
            None => left -= part.len(),
        }
    }
    None
}

const PARTS: [&[SecretRule]; 7] =
    [ai::RULES, cloud::RULES, code::RULES, comms::RULES, ops::RULES, pay::RULES, work::RULES];

//! Rules: read, matched, proved and appended, and what makes a finding recur. Pure: whoever calls
//! reads the files, writes them back under a lock, and gives the time.

pub mod rule;
pub mod section;
pub mod parse;
pub mod edit;
pub mod waiver;
pub mod check;
pub mod prove;
pub mod prompt;
pub mod token;
pub mod generalise;
pub mod recurrence;
pub mod incident;
pub mod draft;
pub mod drafter;
pub mod promote;
pub mod ladder;
pub mod grouping;
#[cfg(test)]
mod tests;

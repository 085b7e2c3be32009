//! A task of a run: tests that fail first, the code that makes them pass, and what is measured of both.
//!
//! Nothing here believes what an agent says of its work: tests count by reports and exit codes, and what
//! was touched by the trees before and after.

pub mod failed_before;
pub mod failure;
pub mod failure_kind;
pub mod imports;
pub mod message;
pub mod prompt;
pub mod red;
pub mod removal;
#[cfg(test)]
mod removal_tests;
#[cfg(test)]
mod red_tests;
pub mod fast_scope;
pub mod reach;
pub mod scope;
pub mod suite;
pub mod test_failure;
pub mod words;
#[cfg(test)]
mod tests;
pub mod typescript;
#[cfg(test)]
mod typescript_tests;

//! Reviews by models: what is asked, what counts as an answer, and what is decided. Pure.

pub mod anchor;
pub mod answer;
pub mod assemble;
pub mod decide;
pub mod deliver;
pub mod fence;
pub mod prompt;
pub mod proof;
pub mod question;
pub mod raised;
pub mod ruling;

#[cfg(test)]
mod tests;

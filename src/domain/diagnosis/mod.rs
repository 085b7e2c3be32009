//! Why a bug happens: what an agent says after it read the code, held against that code before anything is built
//! on it.

pub mod answer;
pub mod check;
pub mod prompt;
#[cfg(test)]
mod tests;

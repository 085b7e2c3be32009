//! Re-finds a line after its file has moved on: through the diff, or by what stood around it.

pub mod index;
pub mod lines;
pub mod port;
pub mod symbols;
pub mod known_code;
pub mod syntax;
#[cfg(test)]
mod tests;

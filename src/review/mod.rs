//! Reviews by models: what is asked, what counts as an answer, and what is decided. Pure.

pub mod converge;
pub mod decide;
pub mod raised;
pub mod ruling;
pub mod standing;

//! Reviews: from a change to a verdict that models argued for and code decided.

pub mod attempt;
pub mod background;
pub mod cast;
pub mod docket;
pub mod fix;
pub mod gate;
pub mod matter;
pub mod room;
pub mod subject;

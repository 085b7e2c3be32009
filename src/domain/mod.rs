//! What tribunal decides, as pure code: no input or output, no clock, no environment, no library of
//! git or of a database.

pub mod pipeline;
pub mod committing;
pub mod pushing;
pub mod specifying;
pub mod diagnosis;
pub mod research;
pub mod attack;
pub mod planning;
pub mod development;
pub mod gates;
pub mod review;
pub mod constitution;
pub mod spec;
pub mod locate;
pub mod policy;
pub mod model;

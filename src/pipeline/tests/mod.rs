//! The machine, driven through every path.

//! Tests of the rules and of what makes them.

mod grouping;

//! The AI programs, behind one interface.
//!
//! Each is a fresh process (or request) that shares nothing with the one before. Where it is, where
//! it connects to and what it logs in with comes from the user's settings and environment alone.

pub mod ask;

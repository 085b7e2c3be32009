//! The ledger against a simple model, and its corners.

//! Lets a test end the program at any point between two steps of a save.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::platform::config::env::Env;

/// How many save points are left; 0 is unarmed.
static LEFT: AtomicU64 = AtomicU64::new(0);

/// Reads `TRIBUNAL_TEST_CRASH_AT_SAVE=k`, in debug builds alone: the program will end, as if it
/// were killed, at the k-th save point.
pub fn arm(env: &Env) {
    if cfg!(debug_assertions)
        && let Some(count) = env.text("TRIBUNAL_TEST_CRASH_AT_SAVE").and_then(|k| k.parse().ok())
    {
        LEFT.store(count, Ordering::Relaxed);
    }
}

/// Stands before and after each step of a save.
pub fn save_point() {
    if cfg!(debug_assertions)
        && LEFT.load(Ordering::Relaxed) > 0
        && LEFT.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}

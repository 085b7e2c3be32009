//! Lets a test end the program, or a thread of it, at any point between two steps of a save.

use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Signal, getpid, kill_process};

use crate::platform::config::env::Env;

/// How many save points are left; 0 is unarmed.
static LEFT: AtomicU64 = AtomicU64::new(0);

/// How many are left until the thread panics that comes to it.
static LEFT_TO_PANIC: AtomicU64 = AtomicU64::new(0);

/// How many are left until the program is told to stop.
static LEFT_TO_INTERRUPT: AtomicU64 = AtomicU64::new(0);

/// Reads `TRIBUNAL_TEST_CRASH_AT_SAVE=k`, in debug builds alone: the program will end, as if it
/// were killed, at the k-th save point. With `TRIBUNAL_TEST_PANIC_AT_SAVE=k` a panic happens there,
/// with `TRIBUNAL_TEST_INTERRUPT_AT_SAVE=k` a Ctrl-C.
pub fn arm(env: &Env) {
    if !cfg!(debug_assertions) {
        return;
    }
    let number = |name: &str| env.text(name).and_then(|k| k.parse().ok()).unwrap_or(0);
    LEFT.store(number("TRIBUNAL_TEST_CRASH_AT_SAVE"), Ordering::Relaxed);
    LEFT_TO_PANIC.store(number("TRIBUNAL_TEST_PANIC_AT_SAVE"), Ordering::Relaxed);
    LEFT_TO_INTERRUPT.store(number("TRIBUNAL_TEST_INTERRUPT_AT_SAVE"), Ordering::Relaxed);
}

/// Stands before and after each step of a save.
pub fn save_point() {
    if is_the_one(&LEFT) {
        std::process::abort();
    }
    if is_the_one(&LEFT_TO_INTERRUPT) {
        let _ = kill_process(getpid(), Signal::INT);
    }
    assert!(!is_the_one(&LEFT_TO_PANIC), "the panic of a test");
}

fn is_the_one(left: &AtomicU64) -> bool {
    cfg!(debug_assertions)
        && left.load(Ordering::Relaxed) > 0
        && left.fetch_sub(1, Ordering::Relaxed) == 1
}

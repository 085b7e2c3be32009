//! Holds what reads text from outside to this: whatever the bytes, no panic, and an answer in time.

mod draw;

use std::ops::Range;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

pub use crate::fuzz::draw::Draw;

/// How long one input may take. Without optimisation the same work takes about ten times as long.
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

/// After this long an input counts as one without end.
const STUCK: Duration = Duration::from_mins(2);

/// How often a slow input is tried again: the machine may have been busy.
const AGAIN: usize = 3;

/// Gives drawn inputs to `read`: two hundred, in the long form 100,000. Each is one of the seeds,
/// damaged, also by these words.
#[track_caller]
pub fn hold(
    kind: &str,
    seeds: &[&[u8]],
    words: &[&[u8]],
    read: impl Fn(&[u8]) + Send + Sync + 'static,
) {
    let owned = |all: &[&[u8]]| all.iter().map(|one| one.to_vec()).collect::<Vec<_>>();
    let (seeds, words) = (owned(seeds), owned(words));
    hold_drawn(kind, move |draw| draw.input(&seeds, &words), read);
}

/// The same with inputs that `make` draws.
#[track_caller]
pub fn hold_drawn(
    kind: &str,
    make: impl Fn(&mut Draw) -> Vec<u8>,
    read: impl Fn(&[u8]) + Send + Sync + 'static,
) {
    let read = Arc::new(read);
    let mut slowest = (Duration::ZERO, 0, 0);
    let numbers = numbers();
    for number in numbers.clone() {
        let input: Arc<[u8]> = make(&mut Draw::new(number)).into();
        let of_input = || format!("{kind}: input {number}: {}", shown(&input));
        if numbers.end - numbers.start == 1 {
            println!("{}", of_input());
        }
        let once = || time(&format!("{kind}, input {number}"), &read, &input, &of_input);
        let mut took = once();
        for _ in 0..AGAIN {
            if took >= LONGEST {
                took = took.min(once());
            }
        }
        assert!(took < LONGEST, "{took:?} for {}", of_input());
        slowest = slowest.max((took, number, input.len()));
    }
    let (count, (took, number, length)) = (numbers.end - numbers.start, slowest);
    println!("{kind}: {count} inputs, the slowest {took:?} (input {number}, {length} bytes)");
}

/// How long an input takes. It is read by a thread: most work is done on the stack of one; the name of one
/// that has too little of it is printed; and one that never ends can be left behind.
#[track_caller]
fn time(
    name: &str,
    read: &Arc<impl Fn(&[u8]) + Send + Sync + 'static>,
    input: &Arc<[u8]>,
    of_input: &dyn Fn() -> String,
) -> Duration {
    let (done, end) = mpsc::channel();
    let (read, given) = (Arc::clone(read), Arc::clone(input));
    let work = move || {
        let (start, before) = (Instant::now(), on_processor());
        read(&given);
        let took = match (before, on_processor()) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            _ => start.elapsed(),
        };
        let _nobody_waits = done.send(took);
    };
    let worker = thread::Builder::new().name(name.to_owned()).spawn(work).unwrap();
    match end.recv_timeout(STUCK) {
        Ok(took) => {
            worker.join().unwrap();
            took
        }
        Err(RecvTimeoutError::Disconnected) => panic!("a panic for {}", of_input()),
        Err(RecvTimeoutError::Timeout) => panic!("no end for {}", of_input()),
    }
}

/// How long this thread was on a processor, where the system says so: others may need it too.
#[expect(clippy::disallowed_methods, reason = "the system's own file, in a test")]
fn on_processor() -> Option<Duration> {
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(figures.split(' ').next()?.parse().ok()?))
}

/// The beginning of an input, to be read and typed.
fn shown(input: &[u8]) -> String {
    let start = &input[..input.len().min(3_000)];
    format!("{} bytes, b\"{}\"", input.len(), start.escape_ascii())
}

/// The numbers to draw from; one alone, whose input is shown, where `TRIBUNAL_TEST_INPUT` has it.
#[expect(clippy::disallowed_methods, reason = "only what a test draws depends on it")]
fn numbers() -> Range<u64> {
    let one = std::env::var("TRIBUNAL_TEST_INPUT").ok();
    if let Some(number) = one.and_then(|number| number.parse().ok()) {
        return number..number + 1;
    }
    let count = std::env::var("TRIBUNAL_TEST_INPUTS").ok().and_then(|count| count.parse().ok());
    if let Some(count) = count {
        return 0..count;
    }
    0..if std::env::var_os("TRIBUNAL_TEST_ALL").is_some() { 100_000 } else { 200 }
}

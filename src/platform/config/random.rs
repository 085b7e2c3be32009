//! Random numbers, and ids that are made of them. The kernel is asked for each: no file is opened for
//! it, so that it cannot fail where a process may open no more.

use std::hash::{BuildHasher as _, RandomState};

use jiff::Timestamp;
use rustix::rand::{GetRandomFlags, getrandom};
use ulid::Ulid;

/// An id that sorts by the moment at which it is made.
pub fn id() -> Ulid {
    id_at(Timestamp::now())
}

/// An id that sorts by that moment; what is before 1970 counts as its first.
pub fn id_at(time: Timestamp) -> Ulid {
    Ulid::from_parts(u64::try_from(time.as_millisecond()).unwrap_or(0), number())
}

/// A number that nobody can foresee.
pub fn number() -> u128 {
    let mut bytes = [0; 16];
    if getrandom(&mut bytes, GetRandomFlags::empty()) == Ok(bytes.len()) {
        return u128::from_ne_bytes(bytes);
    }
    // A kernel without the call, or a sandbox that forbids it: what hash maps are seeded with.
    let half = || u128::from(RandomState::new().hash_one(()));
    half() << 64 | half()
}

//! Detects a mirror push, with which git deletes refs on the remote that the hook is not told of.

use anyhow::Result;

use crate::domain::model::push::{Receiver, Update};
use crate::platform::git::push;
use crate::platform::git::repo::Repo;
use crate::platform::process;

/// How many processes are looked at above ours to find the `git push` that started the hook: a
/// shell may stand between.
const ANCESTORS_MAX: usize = 4;

/// Whether the push mirrors: by configuration, or by the words of the `git push` above us.
pub fn is_mirror(repo: &Repo, receiver: &Receiver, updates: &[Update]) -> Result<bool> {
    if let Receiver::Remote(remote) = receiver
        && let Some(value) = repo.config(&format!("remote.{remote}.mirror"))?
    {
        let off = ["false", "no", "off", "0", ""];
        if !off.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes())) {
            return Ok(true);
        }
    }
    let mut found_git = false;
    // An alias is spelled out by the nearest `git push`; what stands above it says no more.
    for process::Ancestor { words, .. } in process::ancestors(ANCESTORS_MAX) {
        let program = words.first().and_then(|word| std::path::Path::new(word).file_name());
        if program.is_some_and(|name| name.as_encoded_bytes().starts_with(b"git")) {
            found_git = true;
            if push::asks_for_mirror(words.iter().map(|word| word.as_encoded_bytes())) {
                return Ok(true);
            }
            if words.iter().any(|word| word == "push") {
                break;
            }
        }
    }
    // Where nothing can be read of the processes above, a push of refs that only a mirror push takes
    // along is one.
    let odd = |update: &Update| {
        update.source == update.target
            && !update.target.starts_with(b"refs/heads/")
            && !update.target.starts_with(b"refs/tags/")
    };
    Ok(!found_git && updates.iter().any(odd))
}

//! Processes: the only place that starts programs, looks whether they live, and ends them.

mod adopted;
mod alive;
mod ancestors;
mod beside;
mod command;
mod limits;
mod started;
mod orphans;
mod own_path;
mod passed_on;
mod deferred;
mod interrupts;
mod supervise;
mod usage;
mod work_group;
#[cfg(test)]
mod tests;

pub use crate::platform::process::alive::{Identity, is_alive};
pub use crate::platform::process::ancestors::{Ancestor, ancestors};
pub use crate::platform::process::beside::LoggedProcess;
pub use crate::platform::process::command::{
    ChildProcess, Cmd, InteractiveChild, Output, ask_to_end, code_of, keep_descriptors,
};
pub use crate::platform::process::interrupts::Interrupts;
pub use crate::platform::process::orphans::TAG_VAR;
pub use crate::platform::process::own_path::{is_in_path, is_program, lasting_path, own_path};
pub use crate::platform::process::started::end_survivors;
pub use crate::platform::process::supervise::ExitOutcome;
pub use crate::platform::process::usage::{Overused, UsageLimits};
pub use crate::platform::process::work_group::WorkGroup;

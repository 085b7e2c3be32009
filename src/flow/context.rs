//! What a use case works with, whichever entry point began it.

use crate::domain::model::notice::Notice;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::scan::AskedBy;

/// The repository, the environment and the settings of the command line; made once at each entry
/// point. What needs one part alone takes that part.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The repository that was entered.
    pub repo: &'a Repo,
    /// The variables and the directory that the program was started with.
    pub env: &'a Env,
    /// What `--set` gave; a policy is resolved with it.
    pub settings: &'a FlagSettings,
    /// Whether git asks, or a person by hand.
    pub asked: AskedBy,
    /// Gets what the work tells on its way; called from any thread.
    pub notices: &'a Notify<'a>,
}

/// Shows a notice, or writes it down.
pub type Notify<'a> = dyn Fn(&Notice) + Sync + 'a;

impl<'a> Context<'a> {
    /// A context with no settings from a command line, as a hook has.
    pub fn without_flags(repo: &'a Repo, env: &'a Env, notices: &'a Notify<'a>) -> Self {
        Self { repo, env, settings: FlagSettings::none(), asked: AskedBy::Git, notices }
    }

    pub fn notify(&self, notice: impl Into<Notice>) {
        (self.notices)(&notice.into());
    }
}

//! What came of the commands of a change.

use std::time::Duration;

use crate::domain::gates::GateReport;
use crate::domain::gates::test_report::cases::TestReport;
use crate::domain::model::notice::Progress;
use crate::domain::model::report::{CommandResult, CommandRun, Skipped};
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::gate_settings::GateLevel;
use crate::flow::context::Context;
use crate::platform::process::{ExitOutcome, code_of};

/// The findings of the commands, and whether they could be run.
#[derive(Debug, Default)]
pub struct CommandOutcome {
    pub report: GateReport,
    /// A command of level `block` could not be run: neither pass nor block.
    pub inconclusive: bool,
    /// The signal that interrupted the commands.
    pub interrupted: Option<i32>,
    /// The last lines of each command that failed.
    pub tails: Vec<Tail>,
    /// What came of each command that was to run.
    pub ran: Vec<CommandRun>,
    /// The tests of each command that reports them, also where it failed.
    pub tests: Vec<CommandTests>,
}

/// The tests that a command reported.
#[derive(Clone, Debug)]
pub struct CommandTests {
    pub command: String,
    pub report: TestReport,
    /// With what it ended.
    pub code: i32,
}

impl CommandTests {
    /// Of a command that ran to its end, where it has a report.
    pub fn of(
        command: &CommandGate,
        report: Option<TestReport>,
        ended: ExitOutcome,
    ) -> Option<Self> {
        let ExitOutcome::Exited(status) = ended else { return None };
        Some(Self { command: command.name.clone(), report: report?, code: code_of(status) })
    }
}

/// The last lines that a command printed.
#[derive(Debug)]
pub struct Tail {
    pub command: String,
    pub lines: Vec<String>,
    /// What of it a model is shown that is to repair what failed.
    pub excerpt: String,
}

impl CommandOutcome {
    pub fn skip(&mut self, commands: &[&CommandGate], reason: &str) {
        self.report.skipped.extend(commands.iter().map(|command| Skipped {
            gate: command.name.clone(),
            reason: reason.to_owned(),
            has_run: false,
        }));
    }

    pub fn fail_all(&mut self, level: GateLevel, commands: &[&CommandGate], reason: &str) {
        self.inconclusive |= level == GateLevel::Block && !commands.is_empty();
        self.skip(commands, reason);
    }

    /// Names a command that neither passed nor failed; one that did is left.
    pub fn fail_to_run(&mut self, level: GateLevel, name: &str, result: &CommandResult) {
        if let Some(reason) = result.no_pass() {
            self.inconclusive |= level == GateLevel::Block;
            let (gate, has_run) = (name.to_owned(), result.proved_nothing());
            self.report.skipped.push(Skipped { gate, reason, has_run });
        }
    }

    /// Notes and tells what came of a command.
    pub fn end(&mut self, context: Context<'_>, name: &str, result: CommandResult, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let name = name.to_owned();
        context.notify(Progress::CommandEnded { name: name.clone(), result: result.clone(), ms });
        self.ran.push(CommandRun { name, result, ms });
    }
}

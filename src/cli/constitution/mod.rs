//! `tribunal constitution`: the rules that stand, and what is learned.

mod show;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::invocation::Invocation;
use crate::domain::constitution::check::compile;
use crate::domain::constitution::prove::{Proof, problems};
use crate::domain::constitution::rule::{Rule, RuleCheck, RuleError, RuleScope};
use crate::domain::model::class::Class;
use crate::domain::model::error::hinted;
use crate::domain::model::language::Language;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::text::counted;
use crate::flow::evaluate::uncommitted;
use crate::flow::learn;
use crate::flow::learn::outcome::{LearnOutcome, LearnSession, Learned};
use crate::flow::learn::request::LearnRequest;
use crate::flow::learn::rule_files::RuleFiles;
use crate::flow::learn::statistics::statistics;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal constitution
  tribunal constitution test R-7f3a
  tribunal constitution learn --dry-run";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the rules with their hits and findings (the default)
    List,
    /// Check every rule file for errors and advice
    Check,
    /// Test rules against their own examples
    Test {
        /// The rule; without it, all rules
        id: Option<String>,
    },
    /// Turn recurring findings into rules, and promote or retire rules
    Learn(LearnArgs),
    /// Remove a rule, so that it is not learned again
    Forget {
        /// The id of the rule, as `tribunal constitution list` shows it
        id: String,
    },
}

#[derive(Debug, Default, clap::Args)]
struct LearnArgs {
    /// Print what would be learned, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Let an agent draft rules where code finds no pattern; this costs model calls
    #[arg(long, conflicts_with_all = ["pattern", "regex"])]
    agent: bool,
    /// Learn only this class, even if its rule was removed before
    #[arg(long)]
    class: Option<String>,
    /// Use this code pattern as the check: `$NAME` stands for one part, `$$$` for several
    #[arg(long, requires_all = ["class", "language"], conflicts_with = "regex")]
    pattern: Option<String>,
    /// The language of the pattern
    #[arg(long, requires = "pattern")]
    language: Option<String>,
    /// Use this regular expression as the check
    #[arg(long, requires = "class")]
    regex: Option<String>,
    /// Where the check looks: added-lines, touched-files or tree
    #[arg(long, default_value = "added-lines")]
    on: String,
}

/// What to do about a file that was written.
const COMMIT: &str = "commit it: rules take effect once they are committed";

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    match &args.command {
        None | Some(Command::List) => list(invocation),
        Some(Command::Check) => check(invocation),
        Some(Command::Test { id }) => test(invocation, id.as_deref()),
        Some(Command::Learn(args)) => learn(invocation, args),
        Some(Command::Forget { id }) => forget(invocation, id),
    }
}

fn list(invocation: &Invocation) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let rule_files = RuleFiles::of_work_tree(&repo)?;
    let ids: Vec<&str> = rule_files.rules.iter().map(|rule| rule.id.as_str()).collect();
    let (counts, warnings) = statistics(invocation.context(&repo), &ids)?;
    for warning in &warnings {
        out::warn(warning);
    }
    uncommitted::tell(invocation.context(&repo));
    if invocation.global.format == OutputFormat::Json {
        let rules: Vec<Value> = rule_files
            .rules
            .iter()
            .zip(&counts)
            .map(|(rule, counts)| show::json_rule(rule, Some(counts)))
            .collect();
        let errors: Vec<Value> = rule_files.errors.iter().map(show::json_error).collect();
        out::json(&json!({"rules": rules, "errors": errors}));
        return Ok(ExitStatus::Pass);
    }
    if !rule_files.rules.is_empty() {
        out::result(show::list(rule_files.rules.iter().zip(&counts)));
    } else if !invocation.global.quiet {
        out::talk("no rules yet");
    }
    if !rule_files.errors.is_empty() {
        let count = counted(rule_files.errors.len(), "more rule");
        out::warn(&format!("{count} cannot be read: `tribunal constitution check` shows why"));
    }
    Ok(ExitStatus::Pass)
}

fn check(invocation: &Invocation) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let rule_files = RuleFiles::of_work_tree(&repo)?;
    let mut errors = rule_files.errors;
    errors.extend(rule_files.rules.iter().filter_map(|rule| compile(rule).err()));
    errors.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let health = learn::health(invocation.context(&repo))?;
    for warning in &health.warnings {
        out::warn(warning);
    }
    for over in &health.over {
        out::warn(over);
    }
    if invocation.global.format == OutputFormat::Json {
        let value = json!({
            "rules": rule_files.rules.len(),
            "bytes": health.bytes,
            "bytes_max": health.bytes_max,
            "checked": health.checked,
            "checked_max": health.checked_max,
            "errors": errors.iter().map(show::json_error).collect::<Vec<_>>(),
            "over": health.over,
            "advice": health.moves.iter().map(show::json_move).collect::<Vec<_>>(),
        });
        out::json(&value);
        return Ok(status_of(&errors));
    }
    print_errors(&errors);
    for step in &health.moves {
        out::result(&show::step(step));
    }
    if !invocation.global.quiet {
        out::result(&format!(
            "{}, {} of at most {} in force, {} of at most {} bytes",
            counted(rule_files.rules.len(), "rule"),
            health.checked,
            health.checked_max,
            health.bytes,
            health.bytes_max,
        ));
    }
    Ok(status_of(&errors))
}

fn test(invocation: &Invocation, id: Option<&str>) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let rule_files = RuleFiles::of_work_tree(&repo)?;
    let id = match id {
        // What cannot be read may be the one that is meant.
        Some(id) if rule_files.errors.is_empty() => Some(rule_files.named(id)?.id.as_str()),
        id => id,
    };
    let wanted: Vec<&Rule> =
        rule_files.rules.iter().filter(|rule| id.is_none_or(|id| rule.id == id)).collect();
    let mut errors: Vec<RuleError> = wanted.iter().flat_map(|rule| problems(rule)).collect();
    if id.is_none() || wanted.is_empty() {
        errors.extend(rule_files.errors);
    }
    let tried = wanted.iter().filter(|rule| rule.check.is_pattern()).count();
    let prose = wanted.len() - tried;
    if invocation.global.format == OutputFormat::Json {
        let shown: Vec<Value> = errors.iter().map(show::json_error).collect();
        let value = json!({"tried": tried, "prose": prose, "errors": shown});
        out::json(&value);
        return Ok(status_of(&errors));
    }
    print_errors(&errors);
    if !invocation.global.quiet {
        out::result(&if wanted.is_empty() {
            "no rules to test".to_owned()
        } else {
            let outcome = if errors.is_empty() { "passed" } else { "tested" };
            let without = counted(prose, "rule");
            format!("{} {outcome}, {without} without a check", counted(tried, "check"))
        });
    }
    Ok(status_of(&errors))
}

fn learn(invocation: &Invocation, args: &LearnArgs) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let request = LearnRequest {
        class: args.class.as_deref().map(Class::named),
        check: check_of(args)?,
        agent: args.agent,
        dry_run: args.dry_run,
    };
    let session = learn::learn(invocation.context(&repo), &request)?;
    if session.interrupted {
        return Ok(ExitStatus::Interrupted);
    }
    for warning in session.warnings.iter().chain(&session.undrafted) {
        out::warn(warning);
    }
    if invocation.global.format == OutputFormat::Json {
        out::json(&show::json_session(&session, request.dry_run));
    } else {
        for error in &session.errors {
            out::warn(&error.to_string());
            if !error.hint.is_empty() {
                out::hint(&error.hint);
            }
        }
        let lines = show::session(&session, request.dry_run);
        for line in &lines {
            out::result(line);
        }
        if session.wrote() && !request.dry_run {
            out::hint(COMMIT);
        }
        if lines.is_empty() && !invocation.global.quiet {
            out::talk(&match &request.class {
                Some(class) => format!("no rule learned: `{class}` was not found often enough"),
                None => "no rule learned: no mistake was found often enough".to_owned(),
            });
        }
    }
    let wanted = request.check.is_some();
    let missed = session.learned.iter().all(|learned| !is_good(learned));
    let broken = session.learned.iter().any(|l| matches!(l.outcome, LearnOutcome::Broken(_)));
    let fails = (wanted && missed) || broken || !session.errors.is_empty();
    Ok(match fails {
        true => ExitStatus::Blocked,
        false if request.agent && !session.undrafted.is_empty() => ExitStatus::Inconclusive,
        false => ExitStatus::Pass,
    })
}

fn is_good(learned: &Learned) -> bool {
    matches!(
        learned.outcome,
        LearnOutcome::Rule { proof: Proof::Proved { .. }, .. } | LearnOutcome::Known { .. }
    )
}

fn forget(invocation: &Invocation, id: &str) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let rule = learn::forget(invocation.context(&repo), id)?;
    if invocation.global.format == OutputFormat::Json {
        out::json(&json!({"forgotten": show::json_rule(&rule, None)}));
    } else if !invocation.global.quiet {
        out::result(&format!("removed {id} from {}:{}", rule.at.path, rule.at.line));
        out::hint(COMMIT);
    }
    Ok(ExitStatus::Pass)
}

/// What was learned beside another command, for people who look at its messages.
pub fn print_session(session: &LearnSession) {
    for warning in session.warnings.iter().chain(&session.undrafted) {
        out::warn(warning);
    }
    for learned in &session.learned {
        match &learned.outcome {
            LearnOutcome::Rule { .. } => out::talk(&show::learned(learned, false)),
            LearnOutcome::Broken(_) => out::warn(&show::learned(learned, false)),
            // Said where somebody asks for it.
            LearnOutcome::Known { .. }
            | LearnOutcome::Forgotten { .. }
            | LearnOutcome::Elsewhere { .. }
            | LearnOutcome::Unproved { .. }
            | LearnOutcome::Full { .. } => {}
        }
    }
    for step in session.moves.iter().filter(|step| step.to.is_some()) {
        out::talk(&show::step(step));
    }
    if session.wrote() {
        out::hint(COMMIT);
    }
}

fn check_of(args: &LearnArgs) -> Result<Option<RuleCheck>> {
    let on = RuleScope::from_name(&args.on).ok_or_else(|| {
        let names = RuleScope::ALL.map(RuleScope::as_str).join(", ");
        hinted(format!("a check cannot look at `{}`", args.on), format!("one of {names}"))
    })?;
    let check = match (&args.pattern, &args.language, &args.regex) {
        (Some(pattern), Some(name), _) => {
            let language = Language::from_name(name).ok_or_else(|| {
                let names = Language::ALL.map(Language::as_str).join(", ");
                hinted(format!("code patterns do not work for `{name}`"), format!("one of {names}"))
            })?;
            RuleCheck::AstGrep { pattern: pattern.clone(), language, on }
        }
        (_, _, Some(pattern)) => RuleCheck::Regex { pattern: pattern.clone(), on },
        _ => return Ok(None),
    };
    compile(&Rule::with_check(check.clone()))
        .map_err(|error| hinted(error.message.replace("rule `R-0000`: ", ""), error.hint))?;
    Ok(Some(check))
}

fn print_errors(errors: &[RuleError]) {
    for error in errors {
        out::result(&out::indented(&error.to_string()));
        if !error.hint.is_empty() {
            out::hint(&error.hint);
        }
    }
}

fn status_of(errors: &[RuleError]) -> ExitStatus {
    if errors.is_empty() { ExitStatus::Pass } else { ExitStatus::Blocked }
}

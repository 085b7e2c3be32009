//! The commit-message gate: `<type>(<scope>): <description>`.

use bstr::ByteSlice as _;

use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::severity::Severity;
use crate::domain::policy::gate_settings::CommitMessage;

/// Finds what is wrong with the form of a message. Merges, reverts and fix-ups that git words itself
/// are left alone.
///
/// The message is as it is kept: in it a line that begins with `#` is text. The comments of an
/// editor's buffer were taken out before.
pub fn check(message: &[u8], policy: &CommitMessage, effect: Effect) -> Option<Finding> {
    let text = message.to_str_lossy();
    let subject = text.lines().find(|line| !line.trim().is_empty())?;
    if is_worded_by_git(subject) {
        return None;
    }
    let types = policy.types.join(", ");
    let (message, suggestion) = match form(subject, policy) {
        Form::Good => return None,
        Form::NoType => (
            "the commit message's first line is not `<type>(<scope>): <description>`".to_owned(),
            format!("begin it with one of: {types}"),
        ),
        Form::UnknownType(found) => {
            (format!("`{found}` is not one of the commit types"), format!("known: {types}"))
        }
        Form::NoDescription => (
            "the commit message's first line has no description".to_owned(),
            "say after the colon what the commit changes".to_owned(),
        ),
        Form::TooLong(length) => (
            format!(
                "the commit message's first line has {length} characters, more than {}",
                policy.subject_max
            ),
            "shorten it, and say the rest after an empty line".to_owned(),
        ),
    };
    Some(Finding {
        gate: Gate::CommitMessage,
        rule: "commit-message".to_owned(),
        class: Class::new("repository/commit-message"),
        severity: Severity::Low,
        effect,
        place: Some(Location {
            kind: LocationKind::CommitMessage,
            line: 1,
            column: 1,
            end_line: 1,
        }),
        anchor: subject.to_owned(),
        message,
        suggestion,
    })
}

/// Whether a first line has the form that the policy asks for.
pub fn is_well_formed(subject: &str, policy: &CommitMessage) -> bool {
    form(subject, policy) == Form::Good
}

#[derive(Debug, PartialEq, Eq)]
enum Form<'a> {
    Good,
    NoType,
    UnknownType(&'a str),
    NoDescription,
    TooLong(usize),
}

fn form<'a>(subject: &'a str, policy: &CommitMessage) -> Form<'a> {
    let Some((kind, description)) = split(subject) else { return Form::NoType };
    if !policy.types.iter().any(|known| known == kind) {
        return Form::UnknownType(kind);
    }
    if description.is_empty() {
        return Form::NoDescription;
    }
    match subject.chars().count() {
        length if length > policy.subject_max => Form::TooLong(length),
        _ => Form::Good,
    }
}

/// The type and the description of `<type>(<scope>)!: <description>`.
fn split(subject: &str) -> Option<(&str, &str)> {
    let (head, description) = subject.split_once(':')?;
    let head = head.strip_suffix('!').unwrap_or(head);
    let kind = match head.split_once('(') {
        Some((kind, scope)) if scope.len() > 1 && scope.ends_with(')') => kind,
        Some(_) => return None,
        None => head,
    };
    let word = !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (word && (description.is_empty() || description.starts_with(' ')))
        .then(|| (kind, description.trim()))
}

fn is_worded_by_git(subject: &str) -> bool {
    ["Merge ", "Revert \"", "Reapply \"", "fixup! ", "squash! ", "amend! "]
        .iter()
        .any(|start| subject.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::layers::flags::FlagSettings;
    use crate::domain::policy::layers::resolve;

    #[test]
    fn a_kept_message_has_no_comments() {
        let policy = resolve(&[], &[], FlagSettings::none()).unwrap().policy.gates.commit_message;
        let found = |message: &str| {
            check(message.as_bytes(), &policy, Effect::Block).map(|finding| finding.anchor)
        };
        assert_eq!(found("#12 mend it\n\nfix: it\n").unwrap(), "#12 mend it");
        assert_eq!(found("\n# fix: it\n").unwrap(), "# fix: it");
        assert_eq!(found("fix: it\n\n#12\n"), None);
        assert_eq!(found("\n\n"), None);
    }
}

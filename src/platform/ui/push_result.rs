//! What a push that a person asked for came to, in words and as JSON.

use serde_json::{Value, json};

use crate::domain::model::report::Reported;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::shell_word;
use crate::domain::pushing::answer::{REFUSED_HERE, RefAnswer};
use crate::domain::pushing::result::PushResult;
use crate::platform::ui::json::versioned;
use crate::platform::ui::report::json_finding;

/// What came of it, on one line.
pub fn line(result: &PushResult) -> String {
    let PushResult { branch, commit, target, .. } = result;
    let (branch, remote) = (printable(branch), printable(&target.remote));
    let name = printable(&target.name);
    let to = if name == branch { format!("to {remote}") } else { format!("to {remote} as {name}") };
    match &result.answer {
        RefAnswer::Created | RefAnswer::Updated => {
            let upstream = if target.sets_upstream { "; it is the upstream now" } else { "" };
            format!("pushed {branch}, up to {}, {to}{upstream}", commit.short())
        }
        RefAnswer::UpToDate => format!("nothing to push: {remote} has {name} as it is here"),
        RefAnswer::Rejected(why) => format!("{branch} was not pushed {to}: {}", printable(why)),
    }
}

/// What to do next.
pub fn hint(result: &PushResult) -> Option<String> {
    let (remote, name) = (&result.target.remote, &result.target.name);
    match &result.answer {
        RefAnswer::Rejected(why) if why.contains("remote rejected") => {
            Some("what the other side says of it stands above".to_owned())
        }
        RefAnswer::Rejected(why) if why == REFUSED_HERE => {
            Some("what it says stands above; push again once that is repaired".to_owned())
        }
        RefAnswer::Rejected(_) => Some(format!(
            "it has commits that are not here: `git pull --rebase {} {}` takes them, then push again",
            shell_word(&printable(remote)),
            shell_word(&printable(name))
        )),
        RefAnswer::Created | RefAnswer::Updated => {
            let page = result.request_page.as_ref();
            page.map(|page| format!("ask for it to be taken: {}", printable(page)))
        }
        RefAnswer::UpToDate => None,
    }
}

fn word(answer: &RefAnswer) -> &'static str {
    match answer {
        RefAnswer::Created | RefAnswer::Updated => "pushed",
        RefAnswer::UpToDate => "up-to-date",
        RefAnswer::Rejected(_) => "rejected",
    }
}

/// All of it for programs.
pub fn json(result: &PushResult) -> Value {
    let PushResult { branch, commit, target, answer, request_page } = result;
    let reason = match answer {
        RefAnswer::Rejected(why) => why.as_str(),
        _ => "",
    };
    versioned(json!({
        "status": word(answer),
        "branch": branch,
        "commit": commit.as_str(),
        "remote": target.remote,
        "name": target.name,
        "is_new": *answer == RefAnswer::Created,
        "sets_upstream": target.sets_upstream,
        "request_page": request_page,
        "reason": reason,
        "findings": [],
    }))
}

/// The same of a push that the gates stop.
pub fn json_refused(branch: &str, findings: &[Reported]) -> Value {
    versioned(json!({
        "status": "refused",
        "branch": branch,
        "reason": "the gates stop it",
        "findings": findings.iter().map(json_finding).collect::<Vec<_>>(),
    }))
}

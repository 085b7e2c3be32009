//! What reviews say of a push, for the hook and for `tribunal push`.

use std::io::IsTerminal as _;

use crate::domain::model::report::Skipped;
use crate::flow::context::{Context, Notify};
use crate::flow::evaluate::push::outcome::PushEvaluation;
use crate::flow::review;
use crate::platform::ui::notice;

/// Adds what the reviews of the commits say. An error here does not stop the
/// push: reviews help, and the gates have passed.
pub fn consult_reviews(context: Context<'_>, evaluation: &mut PushEvaluation) {
    let is_watched = std::io::stderr().is_terminal();
    let notices: &Notify<'_> = if is_watched { &notice::print } else { &notice::print_warning };
    let context = Context { notices, ..context };
    match review::push_reviews::check_reviews(context, &evaluation.commits) {
        Ok(consulted) => consulted.add_to(evaluation),
        Err(error) => {
            let (gate, reason) = ("review".to_owned(), format!("{error:#}"));
            evaluation.skipped.push(Skipped { gate, reason, has_run: false });
        }
    }
}

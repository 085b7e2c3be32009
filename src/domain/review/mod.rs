//! Reviews by models: prompts, answers that count, and the decision.

pub mod anchor;
pub mod answer;
pub mod arbiter;
#[cfg(test)]
mod arbiter_tests;
pub mod assemble;
pub mod bearing;
#[cfg(test)]
mod bearing_tests;
pub mod converge;
pub mod decide;
pub mod demand;
#[cfg(test)]
mod decide_tests;
pub mod deliver;
pub mod evidence;
pub mod fix_limits;
#[cfg(test)]
mod fix_limits_tests;
pub mod fixer;
pub mod prompt;
pub mod proof;
pub mod question_hash;
pub mod reported_path;
pub mod surroundings;
pub mod finding;
pub mod arbiter_decision;
pub mod coverage;
pub mod record;
pub mod same_finding;
pub mod second_look;
pub mod tracked;
pub mod template;
#[cfg(test)]
mod tests;

//! A spec that a change is to be reviewed by, and why none can be.

use anyhow::Result;

use crate::domain::model::fence::visible;
use crate::domain::pipeline::review_loop::CriteriaWeight;
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::policy::consent::Consent;
use crate::domain::policy::settings::Policy;
use crate::domain::review::question_hash::hash_of;
use crate::domain::spec::belongs::{SPEC_TRAILER, SpecGround};
use crate::domain::spec::types::{Spec, SpecStatus};
use crate::flow::review::belonging::{BelongingSpecs, parse_spec};
use crate::flow::review::spec_commands::commands_of;
use crate::flow::setup::consent;

/// A spec that a change is reviewed by.
#[derive(Clone, Debug)]
pub struct AskedSpec {
    pub copy: SpecCopy,
    /// The same, parsed.
    pub spec: Spec,
    /// Its commands that the person agreed to, by name.
    pub may_run: Vec<String>,
}

impl AskedSpec {
    pub fn new(copy: SpecCopy, agreed: &Consent, policy: &Policy) -> Result<Self> {
        let spec = parse_spec(&copy)?;
        let commands = commands_of(&spec, policy).into_iter();
        let trusted = commands.filter(|command| consent::trusts(agreed, &command.gate));
        let may_run = trusted.map(|command| command.gate.name).collect();
        Ok(Self { copy, spec, may_run })
    }

    /// What it means that a criterion of it is not met.
    pub fn weight(&self) -> CriteriaWeight {
        let is_asked = matches!(self.copy.ground, SpecGround::Named | SpecGround::Report);
        if is_asked || self.spec.status == SpecStatus::Done {
            CriteriaWeight::Counted
        } else {
            CriteriaWeight::Told
        }
    }

    /// The key of what it asks for, where these answer and its commands run that the person agreed to.
    pub fn key(&self, asked: String) -> String {
        // Two specs may ask for the same, each with another goal.
        let mut fields = vec![self.spec.id.clone(), asked, self.may_run.join("\n")];
        let requirements = self.spec.requirements().into_iter();
        fields.extend(requirements.flat_map(|(id, text)| [id, text.to_owned()]));
        hash_of(&fields)
    }
}

/// The calls that review a change by each of some specs.
pub fn by_each(specs: &[&AskedSpec], how: &str) -> String {
    let call = |asked: &&AskedSpec| {
        let path = asked.copy.path.as_os_str().as_encoded_bytes();
        format!("`{how} --spec {}`", visible(path))
    };
    specs.iter().map(call).collect::<Vec<_>>().join(", then ")
}

/// Why no review can be made by the spec that there should be.
#[derive(Clone, Debug)]
pub enum SpecRefusal {
    /// The policy demands a spec, and there is none: a review that names one counts.
    Demanded(String),
    /// It is done and has errors: until they are gone nothing counts.
    Unreadable(String),
}

impl SpecRefusal {
    pub fn of(belonging: &BelongingSpecs, is_demanded: bool) -> Option<Self> {
        if let Some(why) = &belonging.unreadable {
            return Some(Self::Unreadable(why.clone()));
        }
        if !is_demanded || belonging.is_plan || !belonging.copies.is_empty() {
            return None;
        }
        let why = belonging.why_none.clone().unwrap_or_else(|| {
            format!(
                "the change is reviewed by none (hint: a `{SPEC_TRAILER}: ID` line at the end of a commit's \
                 message names one, or `tribunal review --spec FILE`)"
            )
        });
        Some(Self::Demanded(format!("`review.spec` demands a spec: {why}")))
    }

    pub fn why(&self) -> &str {
        match self {
            Self::Demanded(why) | Self::Unreadable(why) => why,
        }
    }
}

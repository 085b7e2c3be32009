//! Promotes a recurring mistake to a rule, or gives the reason why not.

use crate::domain::constitution::check::{CompiledRule, SourceFile, compile, scope};
use crate::domain::constitution::draft::drafted;
use crate::domain::constitution::drafter::Draft;
use crate::domain::constitution::edit::{insert, render};
use crate::domain::constitution::generalise::{Anchor, candidates, common, language};
use crate::domain::constitution::incident::{
    ConstitutionLimits, ExistingRules, ForgottenRule, Incident,
};
use crate::domain::constitution::parse::parse_with;
use crate::domain::constitution::prove::{Bad, Evidence, FixedFile, Proof, Rest, prove};
use crate::domain::constitution::recurrence::{Candidate, RecurrenceThreshold, suffices};
use crate::domain::constitution::rule::{Rule, RuleCheck, RuleError, RuleStatus};
use crate::domain::model::class::Class;
use crate::domain::model::text::counted;

/// What becomes of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromotionDecision {
    Learn {
        rule: Box<Rule>,
        proof: Proof,
    },
    /// These rules cover it already.
    Covered {
        ids: Vec<String>,
    },
    /// A person deleted this rule.
    Forgotten {
        id: String,
    },
    /// The constitution is full.
    Full {
        reason: String,
    },
}

/// What a rule is made from besides its findings.
#[derive(Clone, Copy, Debug)]
pub enum Given<'a> {
    Nothing,
    /// A person's own check: a person asks for a rule even where it was forgotten or is not due.
    Check(&'a RuleCheck),
    /// An agent's words and pattern.
    Draft(&'a Draft),
}

/// Decides about a candidate.
pub fn decide(
    candidate: &Candidate,
    cases: &[Incident],
    after: RecurrenceThreshold,
    existing: ExistingRules<'_>,
    given: Given<'_>,
    rest: Rest<'_>,
) -> PromotionDecision {
    let (left, ids) = uncovered(candidate, cases, existing.rules);
    let known = left.is_empty() && !cases.is_empty();
    let asked_for = matches!(given, Given::Check(_));
    if known || (!asked_for && !are_enough(&left, after)) {
        return PromotionDecision::Covered { ids };
    }
    let (rule, proof) = match given {
        Given::Nothing => {
            let (chosen, checks) = generalised(&left, after);
            best_rule(candidate, &left, (&chosen, checks), existing, rest)
        }
        Given::Check(check) => {
            let chosen = hit_by(check, &left);
            best_rule(candidate, &left, (&chosen, vec![check.clone()]), existing, rest)
        }
        Given::Draft(draft) => drafted_rule(candidate, &left, after, existing, draft, rest),
    };
    if !asked_for
        && let Some(forgotten) =
            existing.forgotten.iter().find(|f| is_same(f, candidate, &rule, &left))
    {
        return PromotionDecision::Forgotten { id: forgotten.id.clone() };
    }
    match over_budget(&rule, existing) {
        Some(reason) => PromotionDecision::Full { reason },
        None => PromotionDecision::Learn { rule: Box::new(rule), proof },
    }
}

/// The topic file that a class's rules stand in.
pub fn topic_path(class: &Class) -> String {
    format!(".ai/constitution/{}.md", class.topic())
}

/// The topic file with the rule in it; the same text where it stands there already. An error where
/// the file cannot take it: it would grow too large, or what is broken in it would swallow the
/// rule.
pub fn add(text: &str, rule: &Rule, limits: ConstitutionLimits) -> Result<String, RuleError> {
    let path = topic_path(&rule.class);
    let new = insert(text, rule.class.topic(), &rule.id, &render(rule));
    if new.len() > limits.topic_bytes && new != text {
        return Err(RuleError {
            path,
            line: 1,
            message: format!("the topic would grow beyond {} bytes", limits.topic_bytes),
            hint: "retire or shorten a rule of it first".to_owned(),
        });
    }
    let own = [rule.class.to_string()];
    if parse_with(&path, &new, &own).rules.iter().any(|read| read.id == rule.id) {
        return Ok(new);
    }
    Err(parse_with(&path, text, &own).errors.into_iter().next().unwrap_or_else(|| RuleError {
        path,
        line: 1,
        message: format!("rule `{}` cannot be added to what stands there", rule.id),
        hint: String::new(),
    }))
}

/// The cases that no rule knows of yet, and the rules that know the others: a rule grew out of the
/// case, hits it, or asks in prose for its class where it stands.
fn uncovered<'a>(
    candidate: &Candidate,
    cases: &'a [Incident],
    rules: &[Rule],
) -> (Vec<&'a Incident>, Vec<String>) {
    let mut left: Vec<&Incident> = cases.iter().collect();
    let mut ids = Vec::new();
    for rule in rules {
        let compiled = compile(rule).ok().flatten();
        let prose_covers = |path: &str| {
            let same = rule.class == candidate.class && !rule.check.is_pattern();
            same && scope(rule).is_ok_and(|scope| scope.matches(path))
        };
        let knows = |case: &Incident| {
            let origin = rule.origin.as_ref();
            origin.is_some_and(|origin| origin.findings.contains(&case.occurrence.finding))
                || compiled.as_ref().is_some_and(|check| hits(check, case))
                || prose_covers(&case.occurrence.path)
        };
        let before = left.len();
        left.retain(|case| !knows(case));
        if left.len() < before {
            ids.push(rule.id.clone());
        }
    }
    (left, ids)
}

/// Whether a check fires on a case: in its file, or on the anchor where the file is gone.
fn hits(check: &CompiledRule, case: &Incident) -> bool {
    let path = case.occurrence.path.as_str();
    if !check.covers(path) {
        return false;
    }
    match &case.file {
        Some(text) => check
            .everywhere(&SourceFile::new(path, text))
            .iter()
            .any(|hit| hit.line <= case.end_line && hit.end_line >= case.line),
        None => !check.everywhere(&SourceFile::new(path, &case.anchor)).is_empty(),
    }
}

fn is_same(
    forgotten: &ForgottenRule,
    candidate: &Candidate,
    rule: &Rule,
    cases: &[&Incident],
) -> bool {
    if forgotten.id == rule.id {
        return true;
    }
    if forgotten.class != candidate.class || forgotten.component != candidate.component {
        return false;
    }
    let prose = !forgotten.check.is_pattern() || !rule.check.is_pattern();
    let compiled = compile(&Rule::with_check(forgotten.check.clone())).ok().flatten();
    prose || compiled.is_some_and(|check| cases.iter().any(|case| hits(&check, case)))
}

fn over_budget(rule: &Rule, existing: ExistingRules<'_>) -> Option<String> {
    let checked = existing.rules.iter().filter(|rule| rule.status.is_checked()).count();
    let is_prose = |rule: &Rule| !rule.check.is_pattern() && rule.status != RuleStatus::Retired;
    let prose = existing.rules.iter().filter(|rule| is_prose(rule)).count();
    if rule.status.is_checked() && checked >= existing.limits.checked_rules {
        return Some(format!("{} in force, and no more are allowed", counted(checked, "rule")));
    }
    if is_prose(rule) && prose >= existing.limits.prose_rules {
        return Some(format!("{} in words alone, and no more are allowed", counted(prose, "rule")));
    }
    None
}

/// The first check that is proved by its cases, or prose with the reason of the last that was not.
fn best_rule(
    candidate: &Candidate,
    cases: &[&Incident],
    (chosen, checks): (&[&Incident], Vec<RuleCheck>),
    existing: ExistingRules<'_>,
    rest: Rest<'_>,
) -> (Rule, Proof) {
    let mut reason = "its findings have too little text in common".to_owned();
    for check in checks {
        let rule = drafted(candidate, chosen, check, existing);
        match proved(rule, chosen, existing, rest) {
            Ok(proved) => return proved,
            Err(why) => reason = why,
        }
    }
    (drafted(candidate, cases, RuleCheck::None, existing), Proof::Prose { reason })
}

/// A draft as a rule: with its pattern where that is proved, else as prose in the draft's words.
fn drafted_rule(
    candidate: &Candidate,
    cases: &[&Incident],
    after: RecurrenceThreshold,
    existing: ExistingRules<'_>,
    draft: &Draft,
    rest: Rest<'_>,
) -> (Rule, Proof) {
    let prose = draft.worded(drafted(candidate, cases, RuleCheck::None, existing));
    if !reads_back(&prose) {
        let reason = "its words would break the file of rules".to_owned();
        return (drafted(candidate, cases, RuleCheck::None, existing), Proof::Prose { reason });
    }
    match drafted_check(candidate, cases, after, existing, draft, rest) {
        Ok(proved) => proved,
        Err(reason) => (prose, Proof::Prose { reason }),
    }
}

fn drafted_check(
    candidate: &Candidate,
    cases: &[&Incident],
    after: RecurrenceThreshold,
    existing: ExistingRules<'_>,
    draft: &Draft,
    rest: Rest<'_>,
) -> Result<(Rule, Proof), String> {
    if !draft.check.is_pattern() {
        return Err("no pattern can tell it from right code".to_owned());
    }
    let chosen = hit_by(&draft.check, cases);
    let rule = draft.worded(drafted(candidate, &chosen, draft.check.clone(), existing));
    let compiled = compile(&rule).map_err(|error| error.message)?;
    if !are_enough(&chosen, after) {
        let (hit, all) = (chosen.len(), cases.len());
        return Err(format!("it fires on {hit} of the {all} findings, which is too few"));
    }
    if compiled.is_some_and(|check| accuses_most(&check, &chosen)) {
        return Err("it fires on most other lines of the files it was found in".to_owned());
    }
    if !reads_back(&rule) {
        return Err("its pattern would break the file of rules".to_owned());
    }
    proved(rule, &chosen, existing, rest)
}

/// The rule as it comes into force, if the cases prove its check.
fn proved(
    rule: Rule,
    cases: &[&Incident],
    existing: ExistingRules<'_>,
    rest: Rest<'_>,
) -> Result<(Rule, Proof), String> {
    let rule = Rule { status: existing.limits.proved, ..rule };
    let (bad, fixed) = (bad(cases), fixed(cases));
    let evidence = Evidence { bad: &bad, fixed: &fixed };
    match prove(&rule, evidence, rest, existing.limits.hits_in_rest) {
        Proof::Proved { .. } if rule.bad.is_empty() => {
            Err("no finding stands as an example of what it matches".to_owned())
        }
        Proof::Proved { hits_in_rest } => Ok((rule, Proof::Proved { hits_in_rest })),
        Proof::Prose { reason } => Err(reason),
    }
}

/// Whether a rule is read from its section as it was written.
fn reads_back(rule: &Rule) -> bool {
    let read = parse_with("", &render(rule), &[rule.class.to_string()]);
    let [one] = read.rules.as_slice() else { return false };
    read.errors.is_empty() && Rule { at: rule.at.clone(), ..one.clone() } == *rule
}

/// Whether a check fires on more than half of the lines of the cases' files that nobody found
/// anything wrong with. In a small project the noise limit alone would let that pass.
fn accuses_most(check: &CompiledRule, cases: &[&Incident]) -> bool {
    let (mut accused, mut innocent) = (0, 0);
    for case in cases {
        let Some(text) = &case.file else { continue };
        let found = |line: u32| {
            let same = |other: &&&Incident| other.occurrence.path == case.occurrence.path;
            cases.iter().filter(same).any(|other| (other.line..=other.end_line).contains(&line))
        };
        let hits = check.everywhere(&SourceFile::new(&case.occurrence.path, text));
        accused += hits.iter().filter(|hit| !found(hit.line)).count();
        let lines = (1_u32..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        innocent += lines.filter(|(number, _)| !found(*number)).count();
    }
    accused * 2 > innocent
}

fn are_enough(cases: &[&Incident], after: RecurrenceThreshold) -> bool {
    suffices(&cases.iter().map(|case| &case.occurrence).collect::<Vec<_>>(), after)
}

fn hit_by<'a>(check: &RuleCheck, cases: &[&'a Incident]) -> Vec<&'a Incident> {
    let compiled = compile(&Rule::with_check(check.clone())).ok().flatten();
    let hit = |case: &&Incident| compiled.as_ref().is_some_and(|check| hits(check, case));
    cases.iter().copied().filter(hit).collect()
}

/// The cases that have most in common, and the checks that can stand for it; none where those
/// cases alone would not be often enough.
fn generalised<'a>(
    cases: &[&'a Incident],
    after: RecurrenceThreshold,
) -> (Vec<&'a Incident>, Vec<RuleCheck>) {
    let anchors: Vec<Anchor<'_>> = cases
        .iter()
        .map(|case| Anchor { path: &case.occurrence.path, text: &case.anchor })
        .collect();
    // One line has everything in common with itself.
    let Some((indices, shared)) = common(&anchors, 2) else { return (Vec::new(), Vec::new()) };
    let chosen: Vec<&Incident> = indices.iter().map(|&at| cases[at]).collect();
    if !are_enough(&chosen, after) {
        return (Vec::new(), Vec::new());
    }
    let anchors: Vec<Anchor<'_>> = indices.iter().map(|&at| anchors[at]).collect();
    (chosen, candidates(&shared, language(&anchors)))
}

/// The findings at their commits; by their anchors alone where the commit is gone.
fn bad<'a>(cases: &[&'a Incident]) -> Vec<Bad<'a>> {
    let bad = |case: &&'a Incident| {
        let path = case.occurrence.path.as_str();
        if let Some(text) = &case.file {
            return Bad { path, text, line: case.line, end_line: case.end_line };
        }
        let lines = u32::try_from(case.anchor.lines().count()).unwrap_or(1);
        Bad { path, text: &case.anchor, line: 1, end_line: lines.max(1) }
    };
    cases.iter().map(bad).collect()
}

fn fixed<'a>(cases: &[&'a Incident]) -> Vec<FixedFile<'a>> {
    let fixes = cases.iter().filter_map(|case| case.fix.as_ref());
    fixes
        .map(|fix| FixedFile { path: &fix.path, text: &fix.text, lines: Some(fix.lines.clone()) })
        .collect()
}

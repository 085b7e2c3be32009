//! A problem of a spec, with its position.

use crate::domain::model::nearest::did_you_mean;
use crate::domain::model::text::counted;
use crate::domain::spec::source::SpecText;
use crate::domain::spec::types::SpecPosition;

/// The most problems that are listed for one file; the rest is counted.
pub const PROBLEMS_MAX: usize = 100;

/// One thing wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecProblem {
    /// Always inside the file; line 1, column 1 where the whole file is meant.
    pub at: SpecPosition,
    pub rule: LintRule,
    pub level: ProblemLevel,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// What to do about it, for a `hint:` line.
    pub hint: String,
}

/// Whether a problem keeps a spec from being taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemLevel {
    Warning,
    Error,
}

impl ProblemLevel {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A rule of the spec lint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LintRule {
    UnknownFormat,
    NotASpec,
    TooLarge,
    Empty,
    NotUtf8,
    HiddenCharacter,
    FrontMatter,
    YamlSyntax,
    YamlFeature,
    DuplicateKey,
    UnknownKey,
    WrongType,
    BadValue,
    UnknownBranch,
    InvalidId,
    UnknownSection,
    DuplicateSection,
    EmptySection,
    NoTitle,
    NoGoal,
    NoCriterion,
    CriterionForm,
    CriterionWithoutId,
    NoVerify,
    BadVerify,
    StepWithoutAcceptance,
    VagueWording,
    DuplicateId,
    MisplacedId,
    UnknownDependency,
    DependencyCycle,
    NeedsClarification,
    OpenQuestion,
    Placeholder,
    TooManyProblems,
}

impl LintRule {
    /// The name used in output and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownFormat => "unknown-format",
            Self::NotASpec => "not-a-spec",
            Self::TooLarge => "too-large",
            Self::Empty => "empty",
            Self::NotUtf8 => "not-utf-8",
            Self::HiddenCharacter => "hidden-character",
            Self::FrontMatter => "front-matter",
            Self::YamlSyntax => "yaml-syntax",
            Self::YamlFeature => "yaml-feature",
            Self::DuplicateKey => "duplicate-key",
            Self::UnknownKey => "unknown-key",
            Self::WrongType => "wrong-type",
            Self::BadValue => "bad-value",
            Self::UnknownBranch => "unknown-branch",
            Self::InvalidId => "invalid-id",
            Self::UnknownSection => "unknown-section",
            Self::DuplicateSection => "duplicate-section",
            Self::EmptySection => "empty-section",
            Self::NoTitle => "no-title",
            Self::NoGoal => "no-goal",
            Self::NoCriterion => "no-criterion",
            Self::CriterionForm => "criterion-form",
            Self::CriterionWithoutId => "criterion-without-id",
            Self::NoVerify => "no-verify",
            Self::BadVerify => "bad-verify",
            Self::StepWithoutAcceptance => "step-without-acceptance",
            Self::VagueWording => "vague-wording",
            Self::DuplicateId => "duplicate-id",
            Self::MisplacedId => "misplaced-id",
            Self::UnknownDependency => "unknown-dependency",
            Self::DependencyCycle => "dependency-cycle",
            Self::NeedsClarification => "needs-clarification",
            Self::OpenQuestion => "open-question",
            Self::Placeholder => "placeholder",
            Self::TooManyProblems => "too-many-problems",
        }
    }

    /// Whether it only says that the author is not done: a warning while the spec is a draft.
    fn is_unfinished(self) -> bool {
        matches!(self, Self::NoCriterion | Self::NeedsClarification | Self::Placeholder)
    }
}

/// Problems of one file while they are being found.
pub(in crate::domain::spec) struct SpecProblems<'a> {
    pub source: &'a SpecText<'a>,
    list: Vec<SpecProblem>,
}

impl<'a> SpecProblems<'a> {
    pub fn new(source: &'a SpecText<'a>) -> Self {
        Self { source, list: Vec::new() }
    }

    /// Adds an error at that byte of the text.
    pub fn error(&mut self, rule: LintRule, offset: usize, message: String, hint: &str) {
        self.push(ProblemLevel::Error, rule, self.source.at(offset), message, hint);
    }

    /// Adds a warning at that byte of the text.
    pub fn warning(&mut self, rule: LintRule, offset: usize, message: String, hint: &str) {
        self.push(ProblemLevel::Warning, rule, self.source.at(offset), message, hint);
    }

    /// What may have been meant by a mistyped word; `None` as well where more is wrong than is listed.
    pub fn did_you_mean<'k>(
        &self,
        word: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<String> {
        if self.list.len() > PROBLEMS_MAX { None } else { did_you_mean(word, known) }
    }

    /// Adds a problem at a place that is known already.
    pub fn push(
        &mut self,
        level: ProblemLevel,
        rule: LintRule,
        at: SpecPosition,
        message: String,
        hint: &str,
    ) {
        self.list.push(SpecProblem { at, rule, level, message, hint: hint.to_owned() });
    }

    /// The problems in the order of the file; in a draft what is merely unfinished is a warning, and what is
    /// still empty is none.
    pub fn finish(self, draft: bool) -> Vec<SpecProblem> {
        let mut list = self.list;
        list.retain(|problem| !draft || problem.rule != LintRule::EmptySection);
        for problem in &mut list {
            if draft && problem.rule.is_unfinished() {
                problem.level = ProblemLevel::Warning;
            }
        }
        list.sort_by_key(|p| (p.at, p.rule));
        list.dedup();
        cap(&mut list);
        list
    }
}

/// Keeps the list readable: errors are kept before warnings, and what is left out is counted.
fn cap(list: &mut Vec<SpecProblem>) {
    if list.len() <= PROBLEMS_MAX {
        return;
    }
    let left_out = list.len() - (PROBLEMS_MAX - 1);
    let level = if list.iter().any(|p| p.level == ProblemLevel::Error) {
        ProblemLevel::Error
    } else {
        ProblemLevel::Warning
    };
    list.sort_by_key(|p| (std::cmp::Reverse(p.level), p.at, p.rule));
    let at = list[PROBLEMS_MAX - 1].at;
    list.truncate(PROBLEMS_MAX - 1);
    list.push(SpecProblem {
        at,
        rule: LintRule::TooManyProblems,
        level,
        message: format!("not listed: {}", counted(left_out, "more problem")),
        hint: "fix the ones above and lint again".to_owned(),
    });
    list.sort_by_key(|p| (p.at, p.rule));
}

/// A user's word for a message: on one line, without control characters, at most 60 characters.
pub(in crate::domain::spec) fn quote(text: &str) -> String {
    // No more is looked at than can be shown: there may be as many words as the file has bytes.
    let mut clean = String::new();
    for c in text.trim_start().chars().take(240) {
        let space = c.is_whitespace();
        if !(c == '`' || c.is_control() && !space || space && clean.ends_with(' ')) {
            clean.push(if space { ' ' } else { c });
        }
    }
    let clean = clean.trim_end();
    if clean.chars().count() <= 60 {
        return format!("`{clean}`");
    }
    let head: String = clean.chars().take(59).collect();
    format!("`{head}…`")
}

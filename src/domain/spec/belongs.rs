//! Decides which spec a change belongs to.
//!
//! The grounds, from the strongest to the weakest, are those of [`SpecGround`]: the first that names a
//! spec decides. Where it names several, each that is done counts: what it asks for is there and must stay.
//! Of those that are not done none is chosen: that is for the person.

use serde::{Deserialize, Serialize};

use crate::domain::model::globs::Globs;
use crate::domain::model::nearest::nearest;
use crate::domain::model::text::counted;
use crate::domain::spec::types::SpecStatus;

/// The trailer of a commit message that names its spec.
pub const SPEC_TRAILER: &str = "Spec";

/// The folders of branches whose next part begins with the id of their spec.
const SPEC_BRANCHES: [&str; 3] = ["tribunal", "spec", "specs"];

/// Those of them in which every branch is a spec's; the program's own are of runs as well.
const OF_SPECS: [&str; 2] = ["spec", "specs"];

/// Why a change belongs to a spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecGround {
    /// A person named it: `--spec FILE`.
    #[default]
    Named,
    /// So many commits have a `Spec: ID` trailer.
    Trailer { commits: usize },
    /// A fix made a commit in a run that had it.
    Run,
    /// The branch's name has its id as a part.
    Branch(String),
    /// The change adds or edits its file.
    Range,
    /// Everything that the change touches is in its `touches`.
    Touches,
    /// It was made from the report of a bug, which the change repairs.
    Report,
}

impl SpecGround {
    /// For people: `by the trailer of 2 commits`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Named => "as it was named".to_owned(),
            Self::Trailer { commits } => {
                format!("by the trailer of {}", counted(*commits, "commit"))
            }
            Self::Run => "by the run that made a fix of it".to_owned(),
            Self::Branch(name) => format!("by the branch `{name}`"),
            Self::Range => "because the change adds or edits it".to_owned(),
            Self::Touches => "by its `touches`".to_owned(),
            Self::Report => "the report of a bug".to_owned(),
        }
    }
}

/// A spec that a change may belong to.
#[derive(Clone, Debug)]
pub struct CandidateSpec {
    pub id: String,
    /// From the top of the repository.
    pub path: String,
    pub status: SpecStatus,
    /// See [`crate::domain::spec::types::Spec::touches`].
    pub touches: Vec<String>,
}

/// A file that a change touches.
#[derive(Clone, Debug)]
pub struct TouchedFile {
    pub path: String,
    pub is_spec: bool,
}

/// What tells of the spec of a change.
#[derive(Clone, Copy, Debug)]
pub struct BelongingSigns<'a> {
    /// The specs as they are at the change's tip.
    pub specs: &'a [CandidateSpec],
    /// What the `Spec` trailers of each commit say.
    pub trailers: &'a [Vec<String>],
    /// The ids of the specs of the runs that made commits.
    pub runs: &'a [String],
    pub branch: Option<&'a str>,
    pub files: &'a [TouchedFile],
}

/// Which spec a change belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Belonging {
    Nothing,
    /// The one at that place of the list.
    One(usize, SpecGround),
    /// Those at these places.
    Several {
        all: Vec<usize>,
        done: Vec<usize>,
        ground: SpecGround,
    },
}

/// A trailer, or the name of a branch, that names no known spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSpec {
    pub id: String,
    /// The branch; `None` for a trailer.
    pub branch: Option<String>,
    /// The known id that it may have meant.
    pub nearest: Option<String>,
}

impl BelongingSigns<'_> {
    /// Decides; and tells of trailers that name no spec, and of a branch that should and does not.
    pub fn decide(&self) -> (Belonging, Vec<UnknownSpec>) {
        let found = [
            self.by_trailer(),
            self.by_run(),
            self.by_branch(),
            self.by_range(),
            self.by_touches(),
        ];
        let first = found.into_iter().find(|(specs, _)| !specs.is_empty());
        let belonging = match first {
            None => Belonging::Nothing,
            Some((all, ground)) if all.len() > 1 => {
                let is_done = |at: &usize| self.specs[*at].status == SpecStatus::Done;
                let done = all.iter().copied().filter(is_done).collect();
                Belonging::Several { all, done, ground }
            }
            Some((one, ground)) => Belonging::One(one[0], ground),
        };
        (belonging, self.unknown())
    }

    /// Whether the change touches specs alone: a plan, which needs no spec of its own.
    pub fn is_plan(&self) -> bool {
        self.files.iter().all(|file| file.is_spec)
    }

    fn by_trailer(&self) -> (Vec<usize>, SpecGround) {
        let named = |words: &&Vec<String>| ids(words).any(|id| self.known(id).is_some());
        let commits = self.trailers.iter().filter(named).count();
        let ids = self.trailers.iter().flat_map(|words| ids(words));
        (each_once(ids.filter_map(|id| self.known(id))), SpecGround::Trailer { commits })
    }

    fn by_run(&self) -> (Vec<usize>, SpecGround) {
        (each_once(self.runs.iter().filter_map(|id| self.known(id))), SpecGround::Run)
    }

    fn by_branch(&self) -> (Vec<usize>, SpecGround) {
        let Some(branch) = self.branch.filter(|_| !self.is_plan()) else {
            return (Vec::new(), SpecGround::Branch(String::new()));
        };
        let length = |spec: &CandidateSpec| if names(branch, &spec.id) { spec.id.len() } else { 0 };
        // The id `api` is a part of the id `api-events` as well.
        let longest = self.specs.iter().map(length).max().filter(|longest| *longest > 0);
        let found = self.specs.iter().enumerate().filter(|(_, spec)| Some(length(spec)) == longest);
        (each_once(found.map(|(at, _)| at)), SpecGround::Branch(branch.to_owned()))
    }

    fn by_range(&self) -> (Vec<usize>, SpecGround) {
        let is_here = |spec: &CandidateSpec| self.files.iter().any(|file| file.path == spec.path);
        (self.ready(|spec| spec.status != SpecStatus::Draft && is_here(spec)), SpecGround::Range)
    }

    fn by_touches(&self) -> (Vec<usize>, SpecGround) {
        let covers = |spec: &CandidateSpec| {
            let globs = Globs::new(spec.touches.iter().map(String::as_str));
            let is_named = |file: &TouchedFile| {
                file.is_spec || globs.as_ref().is_ok_and(|globs| globs.matches(&file.path))
            };
            !spec.touches.is_empty() && self.files.iter().all(is_named)
        };
        (self.ready(|spec| spec.status == SpecStatus::Ready && covers(spec)), SpecGround::Touches)
    }

    /// The specs that nobody named and that meet a condition. A plan is built by none.
    fn ready(&self, meets: impl Fn(&CandidateSpec) -> bool) -> Vec<usize> {
        let all = self.specs.iter().enumerate().filter(|_| !self.is_plan());
        all.filter(|(_, spec)| meets(spec)).map(|(at, _)| at).collect()
    }

    fn known(&self, word: &str) -> Option<usize> {
        self.specs.iter().position(|spec| spec.id.eq_ignore_ascii_case(word.trim()))
    }

    fn unknown(&self) -> Vec<UnknownSpec> {
        let mut unknown: Vec<UnknownSpec> = Vec::new();
        for id in self.trailers.iter().flat_map(|words| ids(words)) {
            if self.known(id).is_none() && unknown.iter().all(|known| known.id != id) {
                unknown.push(self.unknown_id(id, None));
            }
        }
        unknown.extend(self.unknown_branch());
        unknown
    }

    /// The branch whose name says that it is of a spec, where there is no such spec and nothing stronger
    /// names one.
    fn unknown_branch(&self) -> Option<UnknownSpec> {
        let branch = self.branch.filter(|_| !self.is_plan())?;
        let (folder, rest) = branch.split_once('/')?;
        let named = [self.by_trailer(), self.by_run(), self.by_branch()];
        let is_open = OF_SPECS.contains(&folder) && named.iter().all(|(found, _)| found.is_empty());
        is_open.then(|| {
            let id = rest.split('/').next().unwrap_or(rest);
            self.unknown_id(id, Some(branch.to_owned()))
        })
    }

    fn unknown_id(&self, id: &str, branch: Option<String>) -> UnknownSpec {
        let ids = self.specs.iter().map(|spec| spec.id.as_str());
        let nearest = nearest(id, ids).first().map(|near| (*near).to_owned());
        UnknownSpec { id: id.to_owned(), branch, nearest }
    }
}

/// Whether the name of a branch has an id as a part: `spec/ID`, `ID`, `tribunal/ID-2`, `anna/ID`.
pub fn names(branch: &str, id: &str) -> bool {
    let mut parts = branch.split('/');
    let is_id = |part: &str| part.eq_ignore_ascii_case(id);
    let begins = |part: &str| {
        part.get(..id.len()).is_some_and(is_id)
            && part[id.len()..].starts_with(|c: char| !c.is_ascii_alphanumeric())
    };
    let next = parts.clone().nth(1);
    let is_of_spec = parts.clone().next().is_some_and(|first| SPEC_BRANCHES.contains(&first));
    parts.any(is_id) || (is_of_spec && next.is_some_and(begins))
}

/// The ids that trailers name: one may list several, `Spec: login, logout`.
fn ids(trailers: &[String]) -> impl Iterator<Item = &str> {
    let all = trailers.iter().flat_map(|words| words.split(','));
    all.map(str::trim).filter(|id| !id.is_empty())
}

fn each_once(found: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut all: Vec<usize> = found.collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::{
        Belonging, BelongingSigns, CandidateSpec, SpecGround, TouchedFile, UnknownSpec, names,
    };
    use crate::domain::spec::types::SpecStatus;

    fn specs() -> Vec<CandidateSpec> {
        let spec = |id: &str, status, touches: &[&str]| CandidateSpec {
            id: id.to_owned(),
            path: format!("docs/specs/{id}.md"),
            status,
            touches: touches.iter().map(|glob| (*glob).to_owned()).collect(),
        };
        vec![
            spec("api", SpecStatus::Ready, &["src/api/**", "!src/api/old/**"]),
            spec("api-events", SpecStatus::Ready, &["src/events/**"]),
            spec("done", SpecStatus::Done, &["src/**"]),
            spec("draft", SpecStatus::Draft, &["src/**"]),
            spec("both", SpecStatus::Ready, &["src/events/**", "src/other/**"]),
        ]
    }

    struct Signs {
        trailers: &'static [&'static [&'static str]],
        runs: &'static [&'static str],
        branch: &'static str,
        files: &'static [&'static str],
    }

    const NOTHING: Signs =
        Signs { trailers: &[], runs: &[], branch: "main", files: &["README.md"] };

    fn decide(signs: &Signs) -> (Belonging, Vec<UnknownSpec>) {
        let specs = specs();
        let words = |words: &&[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let trailers: Vec<Vec<String>> = signs.trailers.iter().map(words).collect();
        let runs: Vec<String> = signs.runs.iter().map(|run| (*run).to_owned()).collect();
        let file = |path: &&str| TouchedFile {
            path: (*path).to_owned(),
            is_spec: path.starts_with("docs/specs/"),
        };
        let files: Vec<TouchedFile> = signs.files.iter().map(file).collect();
        let (trailers, runs, files) = (&trailers[..], &runs[..], &files[..]);
        let branch = Some(signs.branch);
        BelongingSigns { specs: &specs, trailers, runs, branch, files }.decide()
    }

    fn places(ids: &[&str]) -> Vec<usize> {
        let place = |id: &&str| specs().iter().position(|spec| spec.id == *id).unwrap();
        ids.iter().map(place).collect()
    }

    #[test]
    fn the_strongest_sign_that_names_a_spec_decides() {
        let one = |id: &str, ground| Belonging::One(places(&[id])[0], ground);
        let several = |all: &[&str], done: &[&str], ground| {
            let (all, done) = (places(all), places(done));
            Belonging::Several { all, done, ground }
        };
        let branch = |name: &str| SpecGround::Branch(name.to_owned());
        let rows: [(Signs, Belonging); 19] = [
            (NOTHING, Belonging::Nothing),
            (
                Signs { trailers: &[&["api"], &[], &["API "]], ..NOTHING },
                one("api", SpecGround::Trailer { commits: 2 }),
            ),
            (
                Signs { trailers: &[&["both , api,"]], ..NOTHING },
                several(&["api", "both"], &[], SpecGround::Trailer { commits: 1 }),
            ),
            (
                Signs { trailers: &[&["api"], &["both"]], branch: "spec/done", ..NOTHING },
                several(&["api", "both"], &[], SpecGround::Trailer { commits: 2 }),
            ),
            // A trailer that names nothing leaves the decision to what is weaker.
            (
                Signs { trailers: &[&["nope"]], branch: "spec/done", ..NOTHING },
                one("done", branch("spec/done")),
            ),
            // What was named counts, whatever the state of the spec.
            (
                Signs { trailers: &[&["draft"]], ..NOTHING },
                one("draft", SpecGround::Trailer { commits: 1 }),
            ),
            (
                Signs { runs: &["both"], branch: "spec/api", ..NOTHING },
                one("both", SpecGround::Run),
            ),
            (Signs { branch: "api", ..NOTHING }, one("api", branch("api"))),
            (
                Signs { branch: "tribunal/api-events-3EFCVP", ..NOTHING },
                one("api-events", branch("tribunal/api-events-3EFCVP")),
            ),
            (
                Signs { branch: "spec/both", files: &["docs/specs/api.md", "src/a.rs"], ..NOTHING },
                one("both", branch("spec/both")),
            ),
            (
                Signs { files: &["docs/specs/api.md", "src/events/a.rs"], ..NOTHING },
                one("api", SpecGround::Range),
            ),
            (
                Signs { files: &["docs/specs/api.md", "docs/specs/done.md", "a"], ..NOTHING },
                several(&["api", "done"], &["done"], SpecGround::Range),
            ),
            // A draft is left alone, and a change of specs alone is a plan.
            (Signs { files: &["docs/specs/draft.md", "README.md"], ..NOTHING }, Belonging::Nothing),
            (Signs { files: &["docs/specs/api.md"], ..NOTHING }, Belonging::Nothing),
            (
                Signs { files: &["docs/specs/api.md"], branch: "spec/api", ..NOTHING },
                Belonging::Nothing,
            ),
            (
                Signs { files: &["src/api/a.rs", "src/api/b/c.rs"], ..NOTHING },
                one("api", SpecGround::Touches),
            ),
            // It must cover all of the change, and what is done is built no more.
            (Signs { files: &["src/api/a.rs", "src/a.rs"], ..NOTHING }, Belonging::Nothing),
            (Signs { files: &["src/api/old/a.rs"], ..NOTHING }, Belonging::Nothing),
            (
                Signs { files: &["src/events/a.rs"], ..NOTHING },
                several(&["api-events", "both"], &[], SpecGround::Touches),
            ),
        ];
        for (signs, expected) in rows {
            let what = (signs.trailers, signs.runs, signs.branch, signs.files);
            assert_eq!(decide(&signs).0, expected, "{what:?}");
        }
    }

    #[test]
    fn a_trailer_that_names_no_spec_is_told_once_with_the_nearest() {
        let (_, unknown) =
            decide(&Signs { trailers: &[&["api-event"], &["zzz, api-event,api"]], ..NOTHING });
        let told: Vec<(&str, Option<&str>)> =
            unknown.iter().map(|one| (one.id.as_str(), one.nearest.as_deref())).collect();
        assert_eq!(told, [("api-event", Some("api-events")), ("zzz", None)]);
    }

    #[test]
    fn a_branch_of_specs_that_names_none_is_told_where_nothing_else_names_one() {
        const NEAR: Option<(&str, Option<&str>)> = Some(("drift", Some("draft")));
        const ZZZ: &[&[&str]] = &[&["zzz"]];
        const BOTH: &[&[&str]] = &[&["both"]];
        const CODE: &[&str] = &["a"];
        const PLAN: &[&str] = &["docs/specs/api.md"];
        for (branch, trailers, files, told) in [
            ("spec/drift", &[][..], CODE, NEAR),
            ("specs/zzz/2", &[], CODE, Some(("zzz", None))),
            ("spec/drift", ZZZ, CODE, NEAR),
            ("spec/drift", BOTH, CODE, None),
            ("spec/drift", &[], PLAN, None),
            ("spec/api", &[], CODE, None),
            ("tribunal/3EFCVP", &[], CODE, None),
            ("feat/drift", &[], CODE, None),
        ] {
            let (_, unknown) = decide(&Signs { trailers, branch, files, ..NOTHING });
            let of_branch = unknown.iter().find(|one| one.branch.as_deref() == Some(branch));
            let found = of_branch.map(|one| (one.id.as_str(), one.nearest.as_deref()));
            assert_eq!(found, told, "{branch} {trailers:?} {files:?}");
        }
    }

    #[test]
    fn a_branch_names_an_id_by_a_whole_part_of_its_name() {
        for (branch, id, is) in [
            ("spec/api", "api", true),
            ("API", "api", true),
            ("anna/api", "api", true),
            ("anna/api/2", "api", true),
            ("tribunal/api-2", "api", true),
            ("specs/api.2", "api", true),
            ("spec/api2", "api", false),
            ("feat/api-cleanup", "api", false),
            ("spec/other/api-2", "api", false),
            ("spec/é", "ab", false),
            ("main", "api", false),
        ] {
            assert_eq!(names(branch, id), is, "{branch} {id}");
        }
    }
}

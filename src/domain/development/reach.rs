//! What a change touches that others rely on.

use serde::{Deserialize, Serialize};

use crate::domain::development::scope::{is_lock, is_manifest, is_test};
use crate::domain::policy::run_settings::AskBefore;

/// What a change touches that others rely on, as the path of a file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    Dependency,
    Routing,
    Contract,
    Architecture,
}

/// A file that a task changed and that others rely on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachingFile {
    pub path: String,
    pub reach: Reach,
}

impl ReachingFile {
    /// Those among the files that were changed, tests apart.
    pub fn among(paths: &[String]) -> Vec<Self> {
        let code = paths.iter().filter(|path| !is_test(path));
        let reaching = code.filter_map(|path| {
            let is_dependency = is_manifest(path) || is_lock(path);
            let reach =
                if is_dependency { Some(Reach::Dependency) } else { Reach::promised(path) }?;
            Some(Self { path: path.clone(), reach })
        });
        reaching.collect()
    }

    /// What it is, for people.
    pub fn in_words(&self) -> String {
        format!("`{}`: {}", self.path, self.reach.in_words())
    }
}

impl Reach {
    /// What the file of that path promises to others; `None` where it is an ordinary one.
    pub fn promised(path: &str) -> Option<Self> {
        [Self::Routing, Self::Contract, Self::Architecture]
            .into_iter()
            .find(|reach| reach.is_of(path))
    }

    /// By which word of `planning.ask-before` a person is asked about it.
    pub fn asked_by(self) -> AskBefore {
        match self {
            Self::Dependency => AskBefore::Dependency,
            Self::Routing | Self::Contract => AskBefore::Interface,
            Self::Architecture => AskBefore::Architecture,
        }
    }

    pub fn in_words(self) -> &'static str {
        match self {
            Self::Dependency => {
                "it says with what the project is built, and on whose code it stands"
            }
            Self::Routing => "it says where requests go",
            Self::Contract => {
                "it is what others are promised: an interface, a schema or stored data"
            }
            Self::Architecture => "it says how the system is put together",
        }
    }

    /// The words of the name of a file, or of a folder above it, that tell of it.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Dependency => &[],
            Self::Routing => &["route", "routes", "router", "routers", "routing", "urls"],
            Self::Contract => &[
                "openapi",
                "swagger",
                "asyncapi",
                "schema",
                "schemas",
                "contract",
                "contracts",
                "migration",
                "migrations",
                "migrate",
                "proto",
                "protos",
                "graphql",
                "api",
            ],
            Self::Architecture => &[
                "architecture",
                "adr",
                "adrs",
                "decisions",
                "dockerfile",
                "terraform",
                "helm",
                "k8s",
                "kubernetes",
            ],
        }
    }

    /// The ends of the names of its files.
    fn ends(self) -> &'static [&'static str] {
        match self {
            Self::Dependency | Self::Routing => &[],
            Self::Contract => &[
                ".proto",
                ".graphqls",
                ".gql",
                ".thrift",
                ".avsc",
                ".avdl",
                ".wsdl",
                ".xsd",
                ".raml",
                ".sql",
                ".prisma",
                ".d.ts",
                ".pyi",
            ],
            Self::Architecture => &[
                ".tf",
                "docker-compose.yml",
                "docker-compose.yaml",
                "compose.yml",
                "compose.yaml",
                "domain-model.md",
            ],
        }
    }

    fn is_of(self, path: &str) -> bool {
        let path = path.to_lowercase();
        let is_header = self == Self::Contract && path.split('/').any(|folder| folder == "include");
        let is_word = |word: &str| self.words().contains(&word);
        is_header
            || self.ends().iter().any(|end| path.ends_with(end))
            || path.split(['/', '.', '-', '_']).any(is_word)
    }
}

//! What a failure of a test, or of all of them, is about.

/// Why a test failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It ran, and what it asks for is not so.
    Assertion,
    /// It uses this, which is not there.
    MissingSymbol(String),
    /// It uses this module, which nothing says where to find: one of the project, or a package of others.
    MissingModule(String),
    /// It uses this by its bare name, which nothing has brought to where it is used.
    UnknownName(String),
    /// It uses what stands at this place in another way than that can be used.
    OtherUse {
        line: usize,
        column: usize,
        /// The place is that of a value that is given to a function, and not the function's.
        is_value: bool,
        said: String,
    },
    /// It cannot be read or built, for another reason.
    Compile(String),
    /// Something that no code of the task can give: a network, a program, memory.
    Infrastructure(String),
    /// It ended by an error, and not by what it asserts.
    Thrown(String),
}

/// A failure before any test ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFailure {
    pub kind: FailureKind,
    /// The file that it is in, where it is told.
    pub place: Option<String>,
}

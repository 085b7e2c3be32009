//! What git answers to a push, and what the other side says.

/// Why nothing was sent where git, or a hook, did not let it.
pub const REFUSED_HERE: &str = "refused here, by git or a hook";

/// What came of the one ref that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefAnswer {
    Created,
    Updated,
    UpToDate,
    /// The other side, or git before it, did not take it: why, in git's words.
    Rejected(String),
}

/// Reads what `git push --porcelain` prints; `None` where it tells of no ref.
pub fn of_ref(printed: &str) -> Option<RefAnswer> {
    printed.lines().find_map(|line| {
        let mut parts = line.splitn(3, '\t');
        let (flag, _, summary) = (parts.next()?, parts.next()?, parts.next()?);
        Some(match flag {
            "*" => RefAnswer::Created,
            " " | "+" => RefAnswer::Updated,
            "=" => RefAnswer::UpToDate,
            "!" => RefAnswer::Rejected(summary.to_owned()),
            _ => return None,
        })
    })
}

/// The page on which a forge offers to ask for the branch to be taken, which it names as it receives one.
pub fn request_page(said: &str) -> Option<String> {
    let lines: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("remote:")).collect();
    let asks = |line: &&str| {
        let line = line.to_lowercase();
        line.contains("pull request") || line.contains("merge request")
    };
    let at = lines.iter().position(asks)?;
    // It stands there, or below.
    lines[at..].iter().take(3).find_map(|line| address(line))
}

fn address(line: &str) -> Option<String> {
    let word = line
        .split_whitespace()
        .find(|word| word.starts_with("https://") || word.starts_with("http://"))?;
    Some(word.to_owned())
}

//! Text on its way to a person: what is put into it is text and nothing else.

use anstyle::Style;

use crate::domain::model::{log_command, terminal};

/// Text with the styles that were set here. Whatever it holds can neither steer a terminal nor be
/// taken for a command by what reads the log of a CI run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StyledText {
    parts: Vec<(Style, String)>,
    /// Whether it is made of log commands on purpose.
    is_log_commands: bool,
}

impl StyledText {
    /// Lines that are log commands of our own, with everything in them escaped for one.
    pub fn log_commands(text: String) -> Self {
        Self { parts: vec![(Style::new(), text)], is_log_commands: true }
    }

    /// With more text.
    #[must_use]
    pub fn text(self, text: impl AsRef<str>) -> Self {
        self.styled(Style::new(), text)
    }

    /// With more text in a style.
    #[must_use]
    pub fn styled(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.parts.push((style, text.as_ref().to_owned()));
        self
    }

    /// With what the other has.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// The texts that are not empty, each on lines of its own.
    pub fn lines(texts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            if !all.parts.is_empty() {
                all = all.text("\n");
            }
            all = all.then(text);
        }
        all
    }

    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|(_, text)| text.is_empty())
    }

    /// Without styles, and as it was put in: for what makes it safe itself.
    pub fn plain(&self) -> String {
        self.parts.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// What is written to a stream: safe text, between the sequences of its styles.
    pub fn safe(&self) -> String {
        let plain = self.plain();
        let places = if self.is_log_commands { Vec::new() } else { log_command::places(&plain) };
        let mut places = places.into_iter().peekable();
        let mut safe = String::with_capacity(plain.len());
        let mut start = 0;
        for (style, text) in &self.parts {
            safe.push_str(&style.render().to_string());
            for (at, c) in text.char_indices() {
                if places.next_if_eq(&(start + at)).is_some() {
                    safe.extend(c.escape_unicode());
                } else {
                    terminal::push_shown(&mut safe, c);
                }
            }
            safe.push_str(&style.render_reset().to_string());
            start += text.len();
        }
        safe
    }
}

impl From<&str> for StyledText {
    fn from(text: &str) -> Self {
        Self::default().text(text)
    }
}

impl From<&String> for StyledText {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::StyledText;
    use crate::platform::ui::out::{DIM, ERROR};

    #[test]
    fn only_what_was_set_here_is_a_style() {
        let text = StyledText::from("\u{1b}[31mred\u{9b}0m").styled(DIM, "a\u{1b}[0mb\n");
        assert_eq!(text.safe(), "\\u{1b}[31mred\\u{9b}0m\u{1b}[2ma\\u{1b}[0mb\n\u{1b}[0m");
    }

    #[test]
    fn a_style_hides_no_log_command() {
        for text in [
            StyledText::from("x\n  ").styled(ERROR, "::error::").text("y"),
            StyledText::from("\n:").styled(ERROR, ":error::y"),
            StyledText::from("#").styled(ERROR, "#[error]"),
        ] {
            let plain = anstream::adapter::strip_str(&text.safe()).to_string();
            assert!(plain.contains(r"\u{3a}:error::y") || plain == r"\u{23}#[error]", "{plain}");
        }
        let ours = StyledText::log_commands("::error::\u{1b}".to_owned());
        assert_eq!(ours.safe(), r"::error::\u{1b}");
    }
}

//! The classes that a repository adds to the list: `[classes]` in `tribunal.toml`.

use toml::Value;

use crate::domain::model::class::Class;
use crate::domain::model::toml_text;

/// The most classes, and the most characters of what one says.
pub const CLASSES_MAX: usize = 200;
pub const DEMAND_CHARS_MAX: usize = 200;

/// What is wrong with the name of a class of one's own, and what to do.
pub fn wrong_name(name: &str) -> Option<(&'static str, &'static str)> {
    if Class::new(name).as_str() == name && !Class::new(name).is_other() {
        return Some(("is in the list already", "`tribunal findings classes` shows the list"));
    }
    if !Class::is_own_name(name) {
        return Some((
            "is no name of a class",
            "a name is `topic/name` in small letters, digits and `-`, as in `style/println`; `other` is no topic",
        ));
    }
    None
}

/// The usable names in a text of settings.
pub fn names_in(text: &str) -> Vec<String> {
    let table = toml_text::table(text).unwrap_or_default();
    let Some(Value::Table(classes)) = table.get("classes") else { return Vec::new() };
    let usable = classes.iter().filter(|(name, says)| says.is_str() && wrong_name(name).is_none());
    usable.take(CLASSES_MAX).map(|(name, _)| name.clone()).collect()
}

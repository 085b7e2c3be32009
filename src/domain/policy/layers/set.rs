//! Single keys, as variables and the command line give them.

use toml::{Table, Value};

use crate::domain::model::toml_text;
use crate::domain::policy::layers::keys::did_you_mean_key;
use crate::domain::policy::layers::problem::{SettingsProblem, problem};
use crate::domain::policy::layers::values::wrong_values;

const PRICE_HINT: &str = "for example `--set 'prices.a-model={ input = 1.25, output = 10 }'`";

/// A key with the value that was typed for it.
#[derive(Clone, Debug)]
pub struct TypedKey {
    /// The dotted key, as messages name it.
    pub key: String,
    /// The tables that lead to the value, and its name in the last of them.
    path: Vec<String>,
    value: Value,
}

impl TypedKey {
    /// Reads what was typed for a key. One key may give several values: a table of prices does.
    /// `known` is the table of the defaults, which has every key.
    pub fn read(
        known: &Table,
        key: &str,
        value: &str,
        giver: &str,
    ) -> Result<Vec<Self>, SettingsProblem> {
        if let Some((_, model)) = key.split_once('.').filter(|(first, _)| *first == "prices") {
            // A model's name may have dots in it.
            return Ok(vec![Self::price(model, parse_value(value), giver)?]);
        }
        if key == "prices" {
            let Value::Table(prices) = parse_value(value) else {
                return Err(problem(giver, key, "it is not a table of prices", PRICE_HINT));
            };
            let price = |(model, price): (String, Value)| Self::price(&model, price, giver);
            return prices.into_iter().map(price).collect();
        }
        let unknown = || {
            let lists = "`tribunal config` lists all keys";
            let hint = match did_you_mean_key(key) {
                Some(question) => format!("{question} {lists}"),
                None => lists.to_owned(),
            };
            problem(giver, key, "unknown key", &hint)
        };
        let mut names: Vec<&str> = key.split('.').collect();
        if names.len() == 2 && names[0] == "gates" {
            names.push("level");
        }
        let Some((last, tables)) = names.split_last() else { return Ok(Vec::new()) };
        let mut table = known;
        for name in tables {
            let Some(Value::Table(inner)) = table.get(*name) else { return Err(unknown()) };
            table = inner;
        }
        let default = table.get(*last).ok_or_else(unknown)?;
        let value = match (default, parse_value(value)) {
            // One agent, or several.
            (Value::String(_), agents @ Value::Array(_)) if *last == "use" => agents,
            // What looks like a number is a text where a text is wanted.
            (Value::String(_), parsed) if !parsed.is_str() => Value::String(value.to_owned()),
            #[expect(clippy::cast_precision_loss, reason = "no setting is that large")]
            (Value::Float(_), Value::Integer(whole)) => Value::Float(whole as f64),
            (_, parsed) => parsed,
        };
        let is_list_of_agents = *last == "use" && value.is_array();
        if !is_list_of_agents && !default.same_type(&value) {
            let wanted = match default {
                Value::Integer(_) => "a whole number",
                Value::Float(_) => "a number",
                Value::Boolean(_) => "true or false",
                Value::Array(_) => "a list such as `[\"a\", \"b\"]`",
                Value::Table(_) => "a table",
                Value::String(_) | Value::Datetime(_) => "a text",
            };
            let wanted = format!("it is {value} and must be {wanted}");
            return Err(problem(giver, key, &wanted, "see `tribunal config`"));
        }
        if let Some(wrong) = wrong_values(&names.join("."), &value).into_iter().next() {
            return Err(problem(giver, key, &wrong.message, &wrong.hint));
        }
        let path = names.into_iter().map(str::to_owned).collect();
        Ok(vec![Self { key: key.to_owned(), path, value }])
    }

    fn price(model: &str, price: Value, giver: &str) -> Result<Self, SettingsProblem> {
        let key = format!("prices.{model}");
        if !price.is_table() {
            return Err(problem(giver, &key, &format!("`{price}` is not a price"), PRICE_HINT));
        }
        Ok(Self { key, path: vec!["prices".to_owned(), model.to_owned()], value: price })
    }

    /// Lays the value over the settings below, which have every table of the defaults.
    pub fn lay_over(&self, settings: &mut Table) {
        let Some((last, tables)) = self.path.split_last() else { return };
        let mut table = settings;
        for name in tables {
            let Some(Value::Table(inner)) = table.get_mut(name) else { return };
            table = inner;
        }
        table.insert(last.clone(), self.value.clone());
    }
}

/// A value as it was typed; a bare word is a string: `--set gates.scope=off` needs no quotes.
fn parse_value(text: &str) -> Value {
    let parsed = toml_text::table(&format!("v = {text}")).ok().and_then(|mut t| t.remove("v"));
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

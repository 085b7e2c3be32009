//! Single keys, as variables and the command line give them.

use toml::{Table, Value};

use crate::domain::policy::layers::problem::{SettingsProblem, problem};

const PRICE_HINT: &str = "for example `--set 'prices.a-model={ input = 1.25, output = 10 }'`";

/// Sets a key to what was typed; gives the keys that this comes to.
pub fn set(
    merged: &mut Table,
    known: &Table,
    key: &str,
    value: &str,
    giver: &str,
) -> Result<Vec<String>, SettingsProblem> {
    if let Some((_, model)) = key.split_once('.').filter(|(first, _)| *first == "prices") {
        // A model's name may have dots in it.
        return Ok(vec![set_price(merged, model, parse_value(value), giver)?]);
    }
    if key == "prices" {
        let Value::Table(prices) = parse_value(value) else {
            return Err(problem(giver, key, "it is not a table of prices", PRICE_HINT));
        };
        let set = |(model, price): (String, Value)| set_price(merged, &model, price, giver);
        return prices.into_iter().map(set).collect();
    }
    let mut names: Vec<&str> = key.split('.').collect();
    if names.len() == 2 && names[0] == "gates" {
        names.push("level");
    }
    let Some((last, path)) = names.split_last() else { return Ok(Vec::new()) };
    let (mut table, mut known) = (merged, known);
    for name in path {
        match (table.get_mut(*name), known.get(*name)) {
            (Some(Value::Table(inner)), Some(Value::Table(inner_known))) => {
                (table, known) = (inner, inner_known);
            }
            _ => return Err(problem(giver, key, "unknown key", "see `tribunal config`")),
        }
    }
    let Some(default) = known.get(*last) else {
        return Err(problem(giver, key, "unknown key", "see `tribunal config`"));
    };
    let value = match (default, parse_value(value)) {
        // What looks like a number is a word where a word is wanted.
        (Value::String(_), parsed) if !parsed.is_str() => Value::String(value.to_owned()),
        #[expect(clippy::cast_precision_loss, reason = "no setting is that large")]
        (Value::Float(_), Value::Integer(whole)) => Value::Float(whole as f64),
        (_, parsed) => parsed,
    };
    if !default.same_type(&value) {
        let wanted = format!("`{value}` is not a {}", default.type_str());
        return Err(problem(giver, key, &wanted, "see `tribunal config`"));
    }
    table.insert((*last).to_owned(), value);
    Ok(vec![key.to_owned()])
}

fn set_price(
    merged: &mut Table,
    model: &str,
    price: Value,
    giver: &str,
) -> Result<String, SettingsProblem> {
    let key = format!("prices.{model}");
    if !price.is_table() {
        return Err(problem(giver, &key, &format!("`{price}` is not a price"), PRICE_HINT));
    }
    if let Some(Value::Table(prices)) = merged.get_mut("prices") {
        prices.insert(model.to_owned(), price);
    }
    Ok(key)
}

/// A value as it was typed; a bare word is a string: `--set gates.scope=off` needs no quotes.
fn parse_value(text: &str) -> Value {
    let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

//! Reads an answer into its type, and says in words what does not fit.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The answer as its type.
///
/// # Errors
///
/// What does not fit, for the agent that gave it.
pub fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| error.to_string())
}

/// The schema of an object of which every field is required, as the agents' programs want it.
pub fn object(properties: &Value) -> Value {
    let names: Vec<&String> = properties.as_object().into_iter().flat_map(|it| it.keys()).collect();
    serde_json::json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}

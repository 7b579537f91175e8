//! Calls that an earlier answer asked for, on their way back into the conversation.

use super::{item::Item, parts};
use propus_wire::generate::{FunctionCall, Part};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Reads `tool_calls` and the older `function_call`, and remembers which id called what.
pub(super) fn parts(message: &Item<'_>, called: &mut HashMap<String, String>) -> Vec<Part> {
    let calls = message
        .get("tool_calls")
        .map(|item| item.list())
        .unwrap_or_default();
    let mut parts: Vec<Part> = calls.iter().filter_map(tool_call).collect();
    for call in parts.iter().filter_map(|part| part.function_call.as_ref()) {
        if let (Some(id), Some(name)) = (&call.id, &call.name) {
            called.insert(id.clone(), name.clone());
        }
    }
    let older = message.get("function_call");
    parts.extend(older.and_then(|function| call(&function, None)).map(part));
    parts
}

fn tool_call(item: &Item<'_>) -> Option<Part> {
    item.object()?;
    if let Some(kind) = item.get("type") {
        kind.word(&[("function", ())])?;
    }
    let id = item.get("id").and_then(|id| id.text());
    let call = call(&item.required("function")?, id)?;
    Some(Part {
        thought_signature: parts::thought_signature(item),
        ..part(call)
    })
}

fn part(call: FunctionCall) -> Part {
    Part {
        function_call: Some(call),
        ..Part::default()
    }
}

fn call(function: &Item<'_>, id: Option<&str>) -> Option<FunctionCall> {
    function.object()?;
    let name = function.required("name")?.text()?;
    let arguments = function.get("arguments");
    Some(FunctionCall {
        id: id.map(str::to_owned),
        name: Some(name.into()),
        args: arguments.and_then(|item| object_in(&item)),
    })
}

/// Arguments are JSON in text; some clients send the object itself.
fn object_in(arguments: &Item<'_>) -> Option<Map<String, Value>> {
    if let Value::Object(map) = arguments.value {
        return Some(map.clone());
    }
    let text = arguments.text()?;
    if text.trim().is_empty() {
        return Some(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Some(map),
        _ => {
            arguments.wrong("arguments must be a JSON object in text.");
            None
        }
    }
}

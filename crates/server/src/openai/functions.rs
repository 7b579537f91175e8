//! Declared functions and how they may be called: `tools` and `tool_choice`, and the fields of
//! 2023, `functions` and `function_call`.

use super::item::Item;
use propus_wire::generate::{
    FunctionCallingConfig, FunctionCallingMode, FunctionDeclaration, Tool, ToolConfig,
};
use serde_json::Value;

/// Reads the declared functions and how they may be called.
pub(super) fn tools(body: &Item<'_>) -> (Vec<Tool>, Option<ToolConfig>) {
    let mut declarations = Vec::new();
    for tool in list(body, "tools") {
        declarations.extend(tool_function(&tool));
    }
    for function in list(body, "functions") {
        declarations.extend(declaration(&function));
    }
    let config = tool_choice(body).or_else(|| function_call(body));
    if declarations.is_empty() {
        return (Vec::new(), without_functions(body, config));
    }
    let tool = Tool {
        function_declarations: declarations,
        ..Tool::default()
    };
    (vec![tool], config.map(tool_config))
}

/// Many clients send `tool_choice` always. Without functions only a forced call is a fault.
fn without_functions(body: &Item<'_>, config: Option<FunctionCallingConfig>) -> Option<ToolConfig> {
    let is_forced = config.is_some_and(|config| config.mode == Some(FunctionCallingMode::Any));
    let choice = body
        .get("tool_choice")
        .or_else(|| body.get("function_call"));
    if let Some(choice) = choice.filter(|_| is_forced) {
        choice.wrong("a call is required and no function is declared.");
    }
    None
}

fn tool_config(config: FunctionCallingConfig) -> ToolConfig {
    ToolConfig {
        function_calling_config: Some(config),
        ..ToolConfig::default()
    }
}

fn list<'a>(parent: &Item<'a>, name: &str) -> Vec<Item<'a>> {
    parent.get(name).map(|item| item.list()).unwrap_or_default()
}

fn tool_function(tool: &Item<'_>) -> Option<FunctionDeclaration> {
    tool.object()?;
    tool.only(&[&["type", "function"]]);
    if let Some(kind) = tool.get("type") {
        kind.word(&[("function", ())])?;
    }
    declaration(&tool.required("function")?)
}

fn declaration(function: &Item<'_>) -> Option<FunctionDeclaration> {
    function.object()?;
    function.only(&[&["name", "description", "parameters", "strict"]]);
    let description = function.get("description").and_then(|item| item.text());
    Some(FunctionDeclaration {
        name: Some(name(function)?),
        description: description.map(str::to_owned),
        parameters_json_schema: function.get("parameters").and_then(|item| schema(&item)),
        ..FunctionDeclaration::default()
    })
}

fn schema(item: &Item<'_>) -> Option<Value> {
    item.object().cloned().map(Value::Object)
}

fn name(function: &Item<'_>) -> Option<String> {
    function.required("name")?.text().map(str::to_owned)
}

fn tool_choice(body: &Item<'_>) -> Option<FunctionCallingConfig> {
    let choice = body.get("tool_choice")?;
    if choice.value.is_string() {
        return word(&choice);
    }
    choice.object()?;
    let is_list = [("function", false), ("allowed_tools", true)];
    match choice.required("type")?.word(&is_list)? {
        true => allowed_tools(&choice.required("allowed_tools")?),
        false => Some(only([function_name(&choice)?].into())),
    }
}

fn function_name(holder: &Item<'_>) -> Option<String> {
    name(&holder.required("function")?)
}

fn allowed_tools(allowed: &Item<'_>) -> Option<FunctionCallingConfig> {
    let modes = [
        ("auto", FunctionCallingMode::Validated),
        ("required", FunctionCallingMode::Any),
    ];
    let tools = list(allowed, "tools");
    Some(FunctionCallingConfig {
        mode: Some(allowed.required("mode")?.word(&modes)?),
        allowed_function_names: tools.iter().filter_map(function_name).collect(),
        ..FunctionCallingConfig::default()
    })
}

fn function_call(body: &Item<'_>) -> Option<FunctionCallingConfig> {
    let choice = body.get("function_call")?;
    if choice.value.is_string() {
        return word(&choice);
    }
    choice.object()?;
    Some(only([name(&choice)?].into()))
}

fn word(choice: &Item<'_>) -> Option<FunctionCallingConfig> {
    let modes = [
        ("auto", FunctionCallingMode::Auto),
        ("none", FunctionCallingMode::None),
        ("required", FunctionCallingMode::Any),
    ];
    Some(FunctionCallingConfig {
        mode: Some(choice.word(&modes)?),
        ..FunctionCallingConfig::default()
    })
}

fn only(names: Vec<String>) -> FunctionCallingConfig {
    FunctionCallingConfig {
        mode: Some(FunctionCallingMode::Any),
        allowed_function_names: names,
        ..FunctionCallingConfig::default()
    }
}

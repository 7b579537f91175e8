//! Declared functions and how they may be called.

use super::{gaps::Gaps, request::Target, schema::json_schema};
use propus_wire::generate::{
    Behavior, FunctionCallingConfig, FunctionCallingMode, FunctionDeclaration,
    GenerateContentRequest, Tool, ToolConfig,
};
use serde_json::{Map, Value, json};

/// Writes `tools` and `tool_choice`.
pub(super) fn put(
    call: &GenerateContentRequest,
    target: &Target<'_>,
    gaps: &Gaps<'_>,
    body: &mut Map<String, Value>,
) {
    look(&call.tools, gaps);
    let config = call.tool_config.as_ref();
    if let Some(config) = config {
        look_at_config(config, gaps);
    }
    let calling = config.and_then(|config| config.function_calling_config.as_ref());
    let mut functions = functions(&call.tools, gaps);
    let choice = calling.map_or(Choice::Free, |calling| choice(calling, target, gaps));
    if functions.is_empty() {
        return;
    }
    match choice {
        // A server that heeds no choice is not shown what must not be called.
        Choice::Forbidden if !target.traits.tool_choice => return,
        Choice::Forbidden => {
            body.insert("tool_choice".into(), json!("none"));
        }
        Choice::Free => {}
        Choice::Forced => {
            let names = calling.map_or(&[][..], |calling| &calling.allowed_function_names);
            narrow(&mut functions, names, gaps);
            body.insert("tool_choice".into(), forced(&functions, names, target));
        }
        Choice::Fitting => {
            let names = calling.map_or(&[][..], |calling| &calling.allowed_function_names);
            narrow(&mut functions, names, gaps);
            body.insert("tool_choice".into(), json!("auto"));
        }
    }
    body.insert("tools".into(), functions.into());
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Free,
    Forced,
    Forbidden,
    Fitting,
}

fn choice(calling: &FunctionCallingConfig, target: &Target<'_>, gaps: &Gaps<'_>) -> Choice {
    let refuse = |rule: &str| {
        let path = "tool_config.function_calling_config.mode";
        gaps.refuse("FunctionCallingConfig.mode", path, rule);
    };
    match calling.mode.as_ref() {
        Some(FunctionCallingMode::None) => Choice::Forbidden,
        Some(FunctionCallingMode::Any) => {
            if !target.traits.tool_choice {
                refuse("this model cannot be made to call a function");
            }
            Choice::Forced
        }
        Some(FunctionCallingMode::Validated) => {
            if !target.traits.calls_fit {
                refuse("calls of this model may not fit their declarations");
            }
            Choice::Fitting
        }
        _ => {
            if !calling.allowed_function_names.is_empty() {
                let path = "tool_config.function_calling_config.allowed_function_names";
                let rule = "only the modes ANY and VALIDATED take it";
                gaps.refuse("FunctionCallingConfig.allowedFunctionNames", path, rule);
            }
            Choice::Free
        }
    }
}

/// One function is named where the server can be told so; of several, only those are declared.
fn forced(functions: &[Value], names: &[String], target: &Target<'_>) -> Value {
    match functions {
        [one] if target.traits.named_choice && !names.is_empty() => {
            json!({ "type": "function", "function": { "name": one["function"]["name"] } })
        }
        _ => json!("required"),
    }
}

fn narrow(functions: &mut Vec<Value>, names: &[String], gaps: &Gaps<'_>) {
    if names.is_empty() {
        return;
    }
    functions.retain(|one| names.iter().any(|name| one["function"]["name"] == **name));
    if functions.is_empty() {
        let path = "tool_config.function_calling_config.allowed_function_names";
        let rule = "none of these functions is declared";
        gaps.refuse("FunctionCallingConfig.allowedFunctionNames", path, rule);
    }
}

fn functions(tools: &[Tool], gaps: &Gaps<'_>) -> Vec<Value> {
    let mut out = Vec::new();
    for (tool, declared) in tools.iter().enumerate() {
        for (at, function) in declared.function_declarations.iter().enumerate() {
            let at = format!("tools[{tool}].function_declarations[{at}]");
            out.push(self::function(function, &at, gaps));
        }
    }
    out
}

fn function(declared: &FunctionDeclaration, at: &str, gaps: &Gaps<'_>) -> Value {
    if declared.behavior == Some(Behavior::NonBlocking) {
        let path = format!("{at}.behavior");
        let rule = "this model waits for every function";
        gaps.refuse("FunctionDeclaration.behavior", &path, rule);
    }
    look_at_schemas(declared, at, gaps);
    let mut function = Map::new();
    let name = declared.name.as_deref().unwrap_or_default();
    function.insert("name".into(), json!(name));
    if let Some(description) = description(declared) {
        function.insert("description".into(), json!(description));
    }
    let own = declared.parameters.as_ref().map(json_schema);
    let parameters = own.or_else(|| declared.parameters_json_schema.clone());
    // Templates of several models need the field.
    let nothing = || json!({ "type": "object", "properties": {} });
    function.insert("parameters".into(), parameters.unwrap_or_else(nothing));
    json!({ "type": "function", "function": function })
}

/// OpenAI has no place for the form of a result, so the model reads it behind the description.
fn description(declared: &FunctionDeclaration) -> Option<String> {
    let own = declared.response.as_ref().map(json_schema);
    let response = own.or_else(|| declared.response_json_schema.clone());
    let returns = response.map(|schema| format!("Returns: {schema}"));
    let words: Vec<_> = declared
        .description
        .clone()
        .into_iter()
        .chain(returns)
        .collect();
    (!words.is_empty()).then(|| words.join("\n"))
}

/// Of two forms one would be lost.
fn look_at_schemas(declared: &FunctionDeclaration, at: &str, gaps: &Gaps<'_>) {
    let rule = "the same in Google's schema form is set, too; keep one of them";
    if declared.parameters.is_some() && declared.parameters_json_schema.is_some() {
        let path = format!("{at}.parameters_json_schema");
        gaps.refuse("FunctionDeclaration.parametersJsonSchema", &path, rule);
    }
    if declared.response.is_some() && declared.response_json_schema.is_some() {
        let path = format!("{at}.response_json_schema");
        gaps.refuse("FunctionDeclaration.responseJsonSchema", &path, rule);
    }
}

fn look(tools: &[Tool], gaps: &Gaps<'_>) {
    for (at, tool) in tools.iter().enumerate() {
        let of_google = [
            (
                "googleSearchRetrieval",
                "google_search_retrieval",
                tool.google_search_retrieval.is_some(),
            ),
            (
                "codeExecution",
                "code_execution",
                tool.code_execution.is_some(),
            ),
            (
                "googleSearch",
                "google_search",
                tool.google_search.is_some(),
            ),
            ("computerUse", "computer_use", tool.computer_use.is_some()),
            ("urlContext", "url_context", tool.url_context.is_some()),
            ("fileSearch", "file_search", tool.file_search.is_some()),
            ("googleMaps", "google_maps", tool.google_maps.is_some()),
            ("mcpServers", "mcp_servers", !tool.mcp_servers.is_empty()),
        ];
        for (field, name, is_set) in of_google {
            if is_set {
                let path = format!("tools[{at}].{name}");
                let rule = "this model has no tools of its own; declare a function";
                gaps.refuse(&format!("Tool.{field}"), &path, rule);
            }
        }
    }
}

fn look_at_config(config: &ToolConfig, gaps: &Gaps<'_>) {
    if config.retrieval_config.is_some() {
        let rule = "this model retrieves nothing by itself";
        gaps.refuse(
            "ToolConfig.retrievalConfig",
            "tool_config.retrieval_config",
            rule,
        );
    }
    if config.include_server_side_tool_invocations == Some(true) {
        gaps.refuse(
            "ToolConfig.includeServerSideToolInvocations",
            "tool_config.include_server_side_tool_invocations",
            "this model has no tools of its own",
        );
    }
    let calling = config.function_calling_config.as_ref();
    if calling.is_some_and(|calling| calling.stream_function_call_arguments == Some(true)) {
        gaps.refuse(
            "FunctionCallingConfig.streamFunctionCallArguments",
            "tool_config.function_calling_config.stream_function_call_arguments",
            "calls come whole here",
        );
    }
}

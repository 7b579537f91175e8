//! Functions, built-in tools, and what does not go together with them.

use super::{Check, config};
use crate::request::{
    feature_conflict::FeatureConflict, function_name_invalid::FunctionNameInvalid,
    invalid_argument_generic::InvalidArgumentGeneric, model_feature_unsupported::Feature,
    param_conflict::ParamConflict, tool_param_deprecated::ToolParamDeprecated,
};
use propus_wire::generate::{
    FunctionCallingMode, FunctionDeclaration, GenerateContentRequest, Tool,
};
use std::collections::HashSet;

impl Check<'_> {
    pub(super) fn tools(&mut self, root: &str, request: &GenerateContentRequest) {
        let mut names = HashSet::new();
        for (place, tool) in request.tools.iter().enumerate() {
            for (index, function) in tool.function_declarations.iter().enumerate() {
                let path = format!("{root}.tools[{place}].function_declarations[{index}]");
                self.function(&path, function);
                let name = function.name.as_deref().unwrap_or_default();
                if !name.is_empty() && !names.insert(name) {
                    let function = name.into();
                    let fault = FunctionNameInvalid::Duplicate { function };
                    self.found_at(&format!("{path}.name"), fault);
                }
            }
        }
        if !names.is_empty() && !self.card.function_calling {
            self.unsupported(&format!("{root}.tools"), Feature::FunctionCalling);
        }
        for (place, tool) in request.tools.iter().enumerate() {
            self.tool(&format!("{root}.tools[{place}]"), tool);
        }
        self.function_calling(root, request);
    }

    fn function(&mut self, path: &str, function: &FunctionDeclaration) {
        let name = function.name.as_deref().unwrap_or_default();
        if !FunctionNameInvalid::is_valid(name) {
            let path = format!("{path}.name");
            let function = name.into();
            self.found(FunctionNameInvalid::Form { path, function });
        }
        if let Some(schema) = &function.parameters {
            self.function_schema(&format!("{path}.parameters"), schema);
        }
        if let Some(schema) = &function.parameters_json_schema {
            self.function_json_schema(&format!("{path}.parameters_json_schema"), schema);
        }
        if let Some(schema) = &function.response {
            self.function_schema(&format!("{path}.response"), schema);
        }
    }

    fn tool(&mut self, path: &str, tool: &Tool) {
        // An empty list of functions is none. Google answers with its generic message (seen in a
        // public error report).
        if *tool == Tool::default() {
            let cause = Some("a tool has neither functions nor anything else".into());
            self.found_at(path, InvalidArgumentGeneric { cause });
        }
        let card = self.card;
        let has = |name: &str| card.tools.iter().any(|known| known == name);
        if tool.google_search_retrieval.is_some() {
            match has("googleSearch") {
                true if has("googleSearchRetrieval") => {}
                true => {
                    let path = format!("{path}.google_search_retrieval");
                    self.found_at(&path, ToolParamDeprecated);
                }
                false => self.unsupported(path, Feature::GoogleSearch),
            }
        }
        for (name, feature) in asked(tool) {
            if !has(name) {
                self.unsupported(path, feature);
            }
        }
    }

    fn function_calling(&mut self, root: &str, request: &GenerateContentRequest) {
        let config = request.tool_config.as_ref();
        let Some(config) = config.and_then(|config| config.function_calling_config.as_ref()) else {
            return;
        };
        let path = format!("{root}.tool_config.function_calling_config");
        // The mode `NONE` asks for no function, and no report says that it is refused.
        let calls = !matches!(
            config.mode,
            None | Some(FunctionCallingMode::Unspecified | FunctionCallingMode::None)
        );
        // With calls of built-in tools shown, Google takes it (probed by a public project).
        if calls && !has_functions(request) && !shows_built_in_calls(request) {
            self.found_at(&path, ParamConflict::CallingWithoutFunctions);
        }
        let narrows = matches!(
            config.mode,
            Some(FunctionCallingMode::Any | FunctionCallingMode::Validated)
        );
        if !narrows && !config.allowed_function_names.is_empty() {
            let path = format!("{path}.allowed_function_names");
            self.found_at(&path, ParamConflict::AllowedFunctionNamesWithoutAny);
        }
    }

    pub(super) fn features_together(&mut self, root: &str, request: &GenerateContentRequest) {
        let path = format!("{root}.tools");
        let functions = has_functions(request);
        let tools = request.tools.iter();
        let built_in = tools.map(asked).any(|mut asked| asked.next().is_some());
        let mime_type = request.generation_config.as_ref().map(config::mime_type);
        let mime_type = mime_type.filter(|one| matches!(*one, "application/json" | config::ENUM));
        if functions && built_in && !self.card.functions_with_tools {
            self.found_at(&path, FeatureConflict::ToolsWithFunctions);
        } else if functions && built_in && !shows_built_in_calls(request) {
            self.found_at(&path, FeatureConflict::ToolsWithFunctionsUnseen);
        }
        let Some(mime_type) = mime_type.map(str::to_owned) else {
            return;
        };
        if functions && !self.card.functions_with_json {
            self.found_at(&path, FeatureConflict::FunctionsWithJson { mime_type });
        } else if built_in && !self.card.functions_with_tools {
            self.found_at(&path, FeatureConflict::ToolsWithJson { mime_type });
        }
    }
}

fn has_functions(request: &GenerateContentRequest) -> bool {
    let mut tools = request.tools.iter();
    tools.any(|tool| !tool.function_declarations.is_empty())
}

fn shows_built_in_calls(request: &GenerateContentRequest) -> bool {
    let config = request.tool_config.as_ref();
    let shows = config.and_then(|config| config.include_server_side_tool_invocations);
    shows.unwrap_or_default()
}

/// The built-in tools that are asked for, by their JSON names.
fn asked(tool: &Tool) -> impl Iterator<Item = (&'static str, Feature)> {
    [
        (
            tool.google_search.is_some(),
            "googleSearch",
            Feature::GoogleSearch,
        ),
        (
            tool.code_execution.is_some(),
            "codeExecution",
            Feature::CodeExecution,
        ),
        (
            tool.url_context.is_some(),
            "urlContext",
            Feature::UrlContext,
        ),
        (
            tool.google_maps.is_some(),
            "googleMaps",
            Feature::GoogleMaps,
        ),
        (
            tool.file_search.is_some(),
            "fileSearch",
            Feature::FileSearch,
        ),
        (
            tool.computer_use.is_some(),
            "computerUse",
            Feature::ComputerUse,
        ),
        (
            !tool.mcp_servers.is_empty(),
            "mcpServers",
            Feature::McpServers,
        ),
    ]
    .into_iter()
    .filter(|(asked, ..)| *asked)
    .map(|(_, name, feature)| (name, feature))
}

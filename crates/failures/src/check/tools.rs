//! Functions, built-in tools, and what does not go together with them.

use super::{Check, config};
use crate::request::{
    feature_conflict::FeatureConflict, function_name_invalid::FunctionNameInvalid,
    model_feature_unsupported::Feature, param_conflict::ParamConflict,
    tool_param_deprecated::ToolParamDeprecated,
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
                    self.found(FunctionNameInvalid::Duplicate { function });
                }
            }
        }
        if !names.is_empty() && !self.card.function_calling {
            self.unsupported(Feature::FunctionCalling);
        }
        for tool in &request.tools {
            self.built_in(tool);
        }
        self.allowed_functions(request);
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
            self.function_json_schema(schema);
        }
        if let Some(schema) = &function.response {
            self.function_schema(&format!("{path}.response"), schema);
        }
    }

    fn built_in(&mut self, tool: &Tool) {
        let card = self.card;
        let has = |name: &str| card.tools.iter().any(|known| known == name);
        if tool.google_search_retrieval.is_some() {
            match has("googleSearch") {
                true if has("googleSearchRetrieval") => {}
                true => self.found(ToolParamDeprecated),
                false => self.unsupported(Feature::GoogleSearch),
            }
        }
        for (name, feature) in asked(tool) {
            if !has(name) {
                self.unsupported(feature);
            }
        }
    }

    fn allowed_functions(&mut self, request: &GenerateContentRequest) {
        let config = request.tool_config.as_ref();
        let Some(config) = config.and_then(|config| config.function_calling_config.as_ref()) else {
            return;
        };
        let narrows = matches!(
            config.mode,
            Some(FunctionCallingMode::Any | FunctionCallingMode::Validated)
        );
        if !narrows && !config.allowed_function_names.is_empty() {
            self.found(ParamConflict::AllowedFunctionNamesWithoutAny);
        }
    }

    pub(super) fn features_together(&mut self, request: &GenerateContentRequest) {
        let tools = &request.tools;
        let functions = tools
            .iter()
            .any(|tool| !tool.function_declarations.is_empty());
        let built_in = tools.iter().any(|tool| asked(tool).next().is_some());
        let mime_type = request.generation_config.as_ref().map(config::mime_type);
        let mime_type = mime_type.filter(|one| matches!(*one, "application/json" | config::ENUM));
        if functions && built_in && !self.card.functions_with_tools {
            self.found(FeatureConflict::ToolsWithFunctions);
        }
        let Some(mime_type) = mime_type.map(str::to_owned) else {
            return;
        };
        if functions && !self.card.functions_with_json {
            self.found(FeatureConflict::FunctionsWithJson { mime_type });
        } else if built_in && !self.card.functions_with_tools {
            self.found(FeatureConflict::ToolsWithJson { mime_type });
        }
    }
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

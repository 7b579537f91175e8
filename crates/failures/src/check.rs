//! What is wrong with a request, as far as the request and its model's card tell.
//!
//! Everything is looked at, then said as Google says it: all broken rules of the form
//! `* Message.path: rule` in one message, or else the first of the other faults.

mod config;
mod contents;
mod embed;
mod schema;
#[cfg(test)]
mod tests;
mod tools;
mod turns;

use crate::{
    Card, Problem,
    models::{
        model_method_mismatch::ModelMethodMismatch, model_name_format::ModelNameFormat,
        model_not_found::ModelNotFound,
    },
    request::{
        missing_required_field::{Missing, MissingRequiredField},
        param_conflict::ParamConflict,
    },
    several::Several,
};
use propus_wire::{
    Version,
    embed::{BatchEmbedContentsRequest, EmbedContentRequest},
    generate::{CountTokensRequest, GenerateContentRequest},
};

/// A request with its method.
#[derive(Clone, Copy, Debug)]
pub enum Call<'a> {
    /// `generateContent` and `streamGenerateContent`.
    GenerateContent(&'a GenerateContentRequest),
    /// `countTokens`.
    CountTokens(&'a CountTokensRequest),
    /// `embedContent`.
    EmbedContent(&'a EmbedContentRequest),
    /// `batchEmbedContents`.
    BatchEmbedContents(&'a BatchEmbedContentsRequest),
}

impl<'a> From<&'a GenerateContentRequest> for Call<'a> {
    fn from(request: &'a GenerateContentRequest) -> Self {
        Self::GenerateContent(request)
    }
}

impl<'a> From<&'a CountTokensRequest> for Call<'a> {
    fn from(request: &'a CountTokensRequest) -> Self {
        Self::CountTokens(request)
    }
}

impl<'a> From<&'a EmbedContentRequest> for Call<'a> {
    fn from(request: &'a EmbedContentRequest) -> Self {
        Self::EmbedContent(request)
    }
}

impl<'a> From<&'a BatchEmbedContentsRequest> for Call<'a> {
    fn from(request: &'a BatchEmbedContentsRequest) -> Self {
        Self::BatchEmbedContents(request)
    }
}

impl Call<'_> {
    /// The method's name in paths; a stream counts as `generateContent`, as in Google's messages.
    pub fn method(&self) -> &'static str {
        match self {
            Self::GenerateContent(_) => "generateContent",
            Self::CountTokens(_) => "countTokens",
            Self::EmbedContent(_) => "embedContent",
            Self::BatchEmbedContents(_) => "batchEmbedContents",
        }
    }
}

/// Whether Google would take this request, and what it would say if not.
pub fn check(call: &Call, card: &Card, version: Version) -> Result<(), Problem> {
    offered(call, card, version)?;
    let findings = findings(call, card);
    let first = findings.first().cloned();
    let is_rule = |fault: &Problem| !fault.violations().is_empty();
    let rules = findings.into_iter().filter(is_rule).collect();
    match Several::join(rules).or(first) {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}

/// Whether this version has the model, and the model the method.
pub(crate) fn offered(call: &Call, card: &Card, version: Version) -> Result<(), Problem> {
    let (model, method) = (card.name.clone(), call.method().to_owned());
    if !card.in_version(version) {
        let nearest = Vec::new();
        return Err(ModelNotFound {
            model,
            version,
            method,
            nearest,
        }
        .into());
    }
    if !card.has_method(&method) {
        let methods = card.methods.clone();
        return Err(ModelMethodMismatch {
            model,
            version,
            method,
            methods,
        }
        .into());
    }
    Ok(())
}

/// Every fault of the request by itself, in the order in which its fields are written.
pub fn findings(call: &Call, card: &Card) -> Vec<Problem> {
    let mut check = Check {
        card,
        findings: Vec::new(),
    };
    match call {
        Call::GenerateContent(request) => check.generate(request),
        Call::CountTokens(request) => check.count(request),
        Call::EmbedContent(request) => check.embed(request),
        Call::BatchEmbedContents(request) => check.embed_batch(request),
    }
    check.findings
}

/// The card to check against, and what was found so far.
struct Check<'a> {
    card: &'a Card,
    findings: Vec<Problem>,
}

impl Check<'_> {
    fn found(&mut self, problem: impl Into<Problem>) {
        self.findings.push(problem.into());
    }

    /// Notes a problem whose words name no field, at the field that is meant.
    fn found_at(&mut self, path: &str, problem: impl Into<Problem>) {
        // The message's name in front is Google's way, not a part of the place.
        let field = path.split_once('.').map_or(path, |(_, field)| field);
        self.findings.push(problem.into().at(field));
    }

    fn missing(&mut self, path: impl Into<String>, missing: Missing) {
        let path = path.into();
        self.found(MissingRequiredField { path, missing });
    }

    fn generate(&mut self, request: &GenerateContentRequest) {
        let root = "GenerateContentRequest";
        self.request(root, request);
        self.speech_by_default(root, request);
        self.turns(root, &request.contents);
    }

    /// Everything but the order of turns, which does not matter for counting.
    fn request(&mut self, root: &str, request: &GenerateContentRequest) {
        if let Some(instruction) = &request.system_instruction {
            self.system_instruction(root, instruction);
        }
        self.contents(root, &request.contents);
        self.tools(root, request);
        self.safety_settings(root, &request.safety_settings);
        if let Some(config) = &request.generation_config {
            self.generation_config(root, config);
        }
        self.features_together(root, request);
        self.cache(root, request);
    }

    fn count(&mut self, request: &CountTokensRequest) {
        let Some(whole) = &request.generate_content_request else {
            self.contents("CountTokensRequest", &request.contents);
            return;
        };
        if !request.contents.is_empty() {
            let path = "CountTokensRequest.contents";
            self.found_at(path, ParamConflict::ContentsAndRequest);
        }
        let root = "CountTokensRequest.generate_content_request";
        self.model(format!("{root}.model"), whole.model.as_deref());
        self.request(root, whole);
    }

    /// What a cache holds cannot be said again beside it.
    fn cache(&mut self, root: &str, request: &GenerateContentRequest) {
        let is_cached = request
            .cached_content
            .as_deref()
            .is_some_and(|name| !name.is_empty());
        let says_more = request.system_instruction.is_some()
            || !request.tools.is_empty()
            || request.tool_config.is_some();
        if is_cached && says_more {
            let path = format!("{root}.cached_content");
            self.found_at(&path, ParamConflict::CacheAndMore);
        }
    }

    /// The name of the model in a request that is part of another one.
    fn model(&mut self, path: String, model: Option<&str>) {
        match model.unwrap_or_default() {
            "" => self.missing(path, Missing::Field("model")),
            model => self.model_name(path, model),
        }
    }

    fn model_name(&mut self, path: String, model: &str) {
        let id = ["models/", "tunedModels/"]
            .iter()
            .find_map(|prefix| model.strip_prefix(prefix));
        if id.is_none_or(|id| id.is_empty() || id.contains('/')) {
            let model = model.into();
            self.found(ModelNameFormat { path, model });
        }
    }
}

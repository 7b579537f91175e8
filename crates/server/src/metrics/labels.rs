//! What metrics are told apart by. Every value comes from a list that is known at the start, so that no
//! caller can make the number of series grow.

use crate::registry::Registry;
use prometheus_client::encoding::EncodeLabelSet;
use propus_wire::path::Path;
use std::{collections::HashMap, sync::Arc};

/// What stands in a label for everything that has no name of its own.
pub const OTHER: &str = "other";
/// The failure of a request that did not fail.
pub const NONE: &str = "none";

/// The methods of Google's API that are told apart, as its paths name them.
const METHODS: [&str; 9] = [
    "generateContent",
    "streamGenerateContent",
    "countTokens",
    "embedContent",
    "batchEmbedContents",
    "batchGenerateContent",
    "asyncBatchEmbedContent",
    "predict",
    "predictLongRunning",
];

/// Which method a path calls: Google's own, OpenAI's as its path says it, or `other`.
pub fn method(path: &Path<'_>) -> &'static str {
    match path {
        Path::Method(_, _, name) => known_method(name),
        Path::Models(_) => "models.list",
        Path::Model(..) => "models.get",
        Path::OpenAi(_, rest) => match rest.as_ref() {
            "chat/completions" => "chat/completions",
            "embeddings" => "embeddings",
            "models" => "models.list",
            rest if rest.starts_with("models/") => "models.get",
            _ => OTHER,
        },
    }
}

fn known_method(name: &str) -> &'static str {
    METHODS
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or(OTHER)
}

/// What OpenTelemetry's conventions for generative AI call the work of a method; nothing where no model
/// works. `count_tokens` is ours: the conventions have no name for it.
pub fn operation(method: &str) -> Option<&'static str> {
    match method {
        "generateContent" | "streamGenerateContent" => Some("generate_content"),
        "chat/completions" => Some("chat"),
        "embedContent" | "batchEmbedContents" | "embeddings" => Some("embeddings"),
        "countTokens" => Some("count_tokens"),
        _ => None,
    }
}

/// The names that may stand in the label `model`: of model cards, and of models with an engine here.
#[derive(Debug)]
pub struct Models {
    known: HashMap<Arc<str>, Arc<str>>,
    other: Arc<str>,
}

impl Models {
    /// The names of a registry.
    pub fn of(registry: &Registry) -> Self {
        let cards = registry.cards().iter().map(|card| card.name.as_str());
        let own = registry.own().map(|model| model.name.as_str());
        Self::named(cards.chain(own))
    }

    fn named<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let twice = |name: &str| {
            let name: Arc<str> = name.into();
            (name.clone(), name)
        };
        Self {
            known: names.map(twice).collect(),
            other: OTHER.into(),
        }
    }

    /// The label of a name without `models/`.
    pub fn label(&self, name: &str) -> Arc<str> {
        self.known.get(name).unwrap_or(&self.other).clone()
    }

    /// The label of what has no model.
    pub fn other(&self) -> Arc<str> {
        self.other.clone()
    }
}

/// Of `propus_requests_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Requested {
    /// The API's method.
    pub method: &'static str,
    /// Which model was asked for.
    pub model: Arc<str>,
    /// The catalogue's name, or `none`.
    pub failure: &'static str,
    /// The HTTP status; 499 where the client went away.
    pub status: u16,
    /// `gemini` or `openai`.
    pub surface: &'static str,
}

/// Of the durations of requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Timed {
    /// The API's method.
    pub method: &'static str,
    /// `gemini` or `openai`.
    pub surface: &'static str,
}

/// As OpenTelemetry's conventions for generative AI name them, with `_` for `.`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct GenAi {
    /// What is done.
    pub gen_ai_operation_name: &'static str,
    /// Whose API it is.
    pub gen_ai_provider_name: &'static str,
    /// Which model was asked for.
    pub gen_ai_request_model: Arc<str>,
    /// The catalogue's name; empty, which is as good as absent, where nothing failed.
    pub error_type: &'static str,
}

/// As [`GenAi`], of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TokenUsage {
    /// What is done.
    pub gen_ai_operation_name: &'static str,
    /// Whose API it is.
    pub gen_ai_provider_name: &'static str,
    /// Which model was asked for.
    pub gen_ai_request_model: Arc<str>,
    /// `input` or `output`.
    pub gen_ai_token_type: &'static str,
}

/// Tokens of a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfTokens {
    /// Which model was asked for.
    pub model: Arc<str>,
    /// `input`, `output` or `cached`; what is cached is part of the input.
    pub kind: &'static str,
}

/// Something of a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfModel {
    /// The model.
    pub model: Arc<str>,
}

/// Something of a method.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfMethod {
    /// The API's method.
    pub method: &'static str,
}

/// Something of a failure.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfFailure {
    /// The failure.
    pub failure: &'static str,
}

/// A limit that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfLimit {
    /// `requests`, `tokens` or `dollars`.
    pub unit: &'static str,
    /// `minute`, `ten_minutes`, `day`, `month`, or `ever` where no wait helps.
    pub window: &'static str,
}

/// How a request was counted while a store is shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfAnswer {
    /// `store`, `local` or `refused`.
    pub answer: &'static str,
}

/// What became of a repair.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfRepair {
    /// What was done.
    pub kind: &'static str,
    /// How it went.
    pub outcome: &'static str,
}

/// A route to a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfRoute {
    /// Its name in the configuration.
    pub route: Arc<str>,
}

/// How an attempt at a route went.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfAttempt {
    /// The route's name in the configuration.
    pub route: Arc<str>,
    /// The catalogue's name, or `none`.
    pub failure: &'static str,
}

/// Which build this is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Build {
    /// The version of the crate.
    pub version: &'static str,
}

/// The limit that a refusal of the quotas names; nothing where it is another failure.
pub fn limit(failure: &str) -> Option<OfLimit> {
    let (unit, window) = match failure {
        "quota-per-minute" => ("requests", "minute"),
        "quota-per-day" => ("requests", "day"),
        "quota-tokens-per-minute" => ("tokens", "minute"),
        "quota-tokens-per-day" => ("tokens", "day"),
        "quota-free-tier-zero" | "quota-region-zero" => ("requests", "ever"),
        "spend-rate-limit" => ("dollars", "ten_minutes"),
        "spend-cap" => ("dollars", "month"),
        "prepay-depleted" => ("dollars", "ever"),
        _ => return None,
    };
    Some(OfLimit { unit, window })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_methods_have_a_label() {
        for (path, label, operation_name) in [
            (
                "/v1beta/models/m:generateContent",
                "generateContent",
                Some("generate_content"),
            ),
            (
                "/v1/models/m:countTokens",
                "countTokens",
                Some("count_tokens"),
            ),
            ("/v1beta/models/m:inventedByACaller", "other", None),
            ("/v1beta/models", "models.list", None),
            ("/v1beta/models/m", "models.get", None),
            (
                "/v1beta/openai/chat/completions",
                "chat/completions",
                Some("chat"),
            ),
            (
                "/v1beta/openai/embeddings",
                "embeddings",
                Some("embeddings"),
            ),
            ("/v1beta/openai/files", "other", None),
        ] {
            let found = method(&Path::parse(path).unwrap());
            assert_eq!((found, operation(found)), (label, operation_name), "{path}");
        }
    }

    #[test]
    fn only_known_models_have_a_label() {
        let models = Models::named(["small", "gemini-2.5-pro"].into_iter());
        assert_eq!(&*models.label("small"), "small");
        assert_eq!(&*models.label("invented-1234"), "other");
        assert_eq!(&*models.label("models/small"), "other");
    }

    #[test]
    fn refusals_by_the_quotas_name_a_limit() {
        let of = |failure| limit(failure).map(|limit| (limit.unit, limit.window));
        assert_eq!(of("quota-tokens-per-day"), Some(("tokens", "day")));
        assert_eq!(of("overloaded-503"), None);
    }
}

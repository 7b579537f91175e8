//! The facts that stand around a recognised failure: numbers, names and places.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use propus_wire::status::Code;
use serde_json::{Map, Number, Value};
use std::sync::LazyLock;

/// Facts by their names, in the order of their discovery.
pub type Facts = Map<String, Value>;

/// How a value is read behind its mark.
#[derive(Clone, Copy)]
enum Kind {
    /// A name: letters, digits, `-`, `.`, `_`, `/`, `:`.
    Name,
    /// A path in a request.
    Path,
    /// The name of a project or model, which ends with its step of a path.
    Segment,
    /// Digits with points, such as `1.30.0`.
    Version,
    /// A number.
    Number,
    /// Seconds, as `35s`, `1.5s`, `500ms` or `5h59m59s`.
    Duration,
    /// Up to the closing quote or bracket.
    Quoted,
}

/// What stands before a value, the fact's name, and how the value is read.
const MARKS: &[(&str, &str, Kind)] = &[
    ("quotaid", "quota_id", Kind::Name),
    ("quota_limit\"", "quota_id", Kind::Name),
    ("quotametric", "quota_metric", Kind::Name),
    ("quota_metric", "quota_metric", Kind::Name),
    ("exceeded for metric:", "quota_metric", Kind::Name),
    ("quotavalue", "quota_limit", Kind::Number),
    ("quota_limit_value", "quota_limit", Kind::Number),
    (", limit:", "quota_limit", Kind::Number),
    ("retrydelay", "retry_after_seconds", Kind::Duration),
    (
        "retry_delay {\n  seconds:",
        "retry_after_seconds",
        Kind::Number,
    ),
    ("retry in ", "retry_after_seconds", Kind::Duration),
    ("reset after ", "retry_after_seconds", Kind::Duration),
    ("\"model\"", "model", Kind::Name),
    ("'model'", "model", Kind::Name),
    ("model:", "model", Kind::Name),
    ("model=", "model", Kind::Name),
    ("models/", "model", Kind::Segment),
    ("\"location\"", "location", Kind::Name),
    ("'location'", "location", Kind::Name),
    ("project_number:", "project", Kind::Number),
    ("projects/", "project", Kind::Segment),
    ("/locations/", "location", Kind::Segment),
    ("in project ", "project", Kind::Segment),
    ("resource project ", "project", Kind::Segment),
    ("invalid value at '", "field", Kind::Path),
    ("unknown name \"", "value", Kind::Quoted),
    ("\" at '", "field", Kind::Path),
    ("* generatecontentrequest.", "field", Kind::Path),
    ("* counttokensrequest.", "field", Kind::Path),
    ("* embedcontentrequest.", "field", Kind::Path),
    ("* batchembedcontentsrequest.", "field", Kind::Path),
    ("unsupported mime type:", "mime_type", Kind::Name),
    ("the file ", "file", Kind::Name),
    ("files/", "file", Kind::Name),
    ("tunedmodels/", "tuned_model", Kind::Name),
    ("finishreason", "finish_reason", Kind::Name),
    ("finish_reason", "finish_reason", Kind::Name),
    ("blockreason", "block_reason", Kind::Name),
    ("block_reason", "block_reason", Kind::Name),
    ("token count (", "input_tokens", Kind::Number),
    ("token count is ", "input_tokens", Kind::Number),
    ("tokens allowed (", "token_limit", Kind::Number),
    ("only supports up to ", "token_limit", Kind::Number),
    ("mintotaltokencount", "token_minimum", Kind::Number),
    ("min_total_token_count=", "token_minimum", Kind::Number),
    (" total_token_count=", "input_tokens", Kind::Number),
    ("prompttokencount\"", "prompt_tokens", Kind::Number),
    ("thoughtstokencount\"", "thoughts_tokens", Kind::Number),
    ("candidatestokencount\"", "candidates_tokens", Kind::Number),
    ("exceeds the limit:", "limit_bytes", Kind::Number),
    ("supported range is from ", "range", Kind::Quoted),
    ("must be in the range ", "range", Kind::Quoted),
    ("\"reason\":", "reason", Kind::Name),
    ("'reason':", "reason", Kind::Name),
    ("[reason:", "reason", Kind::Name),
    ("method ", "method", Kind::Name),
    ("api version ", "api_version", Kind::Name),
    ("not supported for ", "method", Kind::Name),
    ("function call `", "function", Kind::Quoted),
    (
        "originating ip address of the call (",
        "ip_address",
        Kind::Name,
    ),
    ("from referer ", "referer", Kind::Quoted),
    ("the requested url ", "url_path", Kind::Name),
    ("google-genai==", "sdk_version", Kind::Version),
    ("google-genai/", "sdk_version", Kind::Version),
    ("google-genai-sdk/", "sdk_version", Kind::Version),
    ("google-genai ", "sdk_version", Kind::Version),
    ("google_genai-", "sdk_version", Kind::Version),
    ("@google/genai@", "sdk_version", Kind::Version),
    ("@google/genai ", "sdk_version", Kind::Version),
    ("google-generativeai==", "sdk_version", Kind::Version),
    ("google-generativeai ", "sdk_version", Kind::Version),
    ("@google/generative-ai@", "sdk_version", Kind::Version),
    ("google.golang.org/genai@v", "sdk_version", Kind::Version),
    ("google.golang.org/genai v", "sdk_version", Kind::Version),
];

/// The statuses that name a cause.
const STATUSES: [Code; 14] = [
    Code::InvalidArgument,
    Code::FailedPrecondition,
    Code::OutOfRange,
    Code::Unauthenticated,
    Code::PermissionDenied,
    Code::NotFound,
    Code::AlreadyExists,
    Code::Aborted,
    Code::ResourceExhausted,
    Code::Cancelled,
    Code::Unimplemented,
    Code::Unavailable,
    Code::DeadlineExceeded,
    Code::Internal,
];

/// What names a client library.
const SDKS: &[(&str, &str)] = &[
    ("google.genai", "python-genai"),
    ("google-genai/", "python-genai"),
    ("google-genai-sdk/", "google-genai"),
    ("@google/genai", "js-genai"),
    ("google.api_core", "google-generativeai (legacy)"),
    ("google.generativeai", "google-generativeai (legacy)"),
    ("generativeai error]", "@google/generative-ai (legacy)"),
    (
        "com.google.ai.client.generativeai",
        "generativeai-android (legacy)",
    ),
    ("langchain", "langchain"),
    ("litellm", "litellm"),
    ("ai_apicallerror", "vercel-ai"),
    ("openai.", "openai"),
    (", status: invalid_argument, details:", "go-genai"),
    ("[api error:", "gemini-cli"),
];

/// What names a backend. The first that occurs counts.
const BACKENDS: &[(&str, &str)] = &[
    ("cloudcode-pa", "code-assist"),
    ("cloudaicompanion", "code-assist"),
    ("aiplatform", "vertex-ai"),
    ("vertexai", "vertex-ai"),
    ("one_api_error", "proxy"),
    ("openrouter", "proxy"),
    ("(request id:", "proxy"),
    ("\"domain\": \"global\"", "code-assist"),
    ("\"domain\":\"global\"", "code-assist"),
    ("generativelanguage", "gemini-api"),
];

static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let statuses = STATUSES.iter().map(|code| code.name());
    let marks = MARKS.iter().map(|(mark, _, _)| *mark);
    let names = SDKS.iter().chain(BACKENDS).map(|(mark, _)| *mark);
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        // Beyond a hundred patterns another, slower kind would be chosen.
        .kind(Some(AhoCorasickKind::DFA))
        .build(marks.chain(statuses).chain(names))
        .expect("the marks are few and short")
});

/// The facts in a piece of readable evidence. The first value of a name counts.
pub(super) fn read(text: &str) -> Facts {
    let mut facts = Facts::new();
    let (mut sdk, mut backend): (Option<usize>, Option<usize>) = (None, None);
    for found in FINDER.find_overlapping_iter(text) {
        let index = found.pattern().as_usize();
        if let Some((_, name, kind)) = MARKS.get(index) {
            if facts.contains_key(*name) {
                continue;
            }
            if let Some(value) = value(&text[found.end()..], *kind) {
                facts.insert((*name).to_owned(), value);
            }
            continue;
        }
        let index = index - MARKS.len();
        if let Some(code) = STATUSES.get(index) {
            let whole = text[found.start()..found.end()] == *code.name()
                && !text[found.end()..]
                    .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && !text[..found.start()]
                    .ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            if whole && !facts.contains_key("status") {
                facts.insert("status".into(), code.name().into());
                facts.insert("http_status".into(), code.http().into());
            }
            continue;
        }
        let index = index - STATUSES.len();
        match index.checked_sub(SDKS.len()) {
            None => sdk = Some(sdk.map_or(index, |known| known.min(index))),
            Some(index) => backend = Some(backend.map_or(index, |known| known.min(index))),
        }
    }
    if let Some(index) = sdk {
        facts.insert("sdk".into(), SDKS[index].1.into());
    }
    if let Some(index) = backend {
        facts.insert("backend".into(), BACKENDS[index].1.into());
    }
    facts
}

/// What may stand behind a model's name in a path.
const METHODS: [&str; 6] = [
    ":generateContent",
    ":streamGenerateContent",
    ":countTokens",
    ":embedContent",
    ":batchEmbedContents",
    ":predict",
];

/// The longest value that is a fact and not a text.
const MOST: usize = 200;

fn value(after: &str, kind: Kind) -> Option<Value> {
    let after = after.trim_start_matches(['"', '\'', ':', '=', ' ', '`', '<', '\n', '(', '[']);
    match kind {
        Kind::Name => name(after, |c| c.is_ascii_alphanumeric() || "-._/:".contains(c)),
        Kind::Path => text(path(after).trim_end_matches(['.', ':'])),
        Kind::Quoted => {
            let end = after.find(['"', '\'', '`', '\n', '.', ']'])?;
            let end = match after.as_bytes().get(end) {
                // A number's point ends nothing.
                Some(b'.') => {
                    after[end + 1..]
                        .find(['"', '\'', '`', '\n', ']'])
                        .map_or(end, |more| {
                            if range_like(&after[..end + 1 + more]) {
                                end + 1 + more
                            } else {
                                end
                            }
                        })
                }
                _ => end,
            };
            text(&after[..end])
        }
        Kind::Version => {
            let after = after.trim_start_matches(['v', '^', '~', ' ']);
            let end = after.find(|c: char| !c.is_ascii_digit() && c != '.');
            let version = after[..end.unwrap_or(after.len())].trim_end_matches('.');
            let is_version =
                version.contains('.') && version.starts_with(|c: char| c.is_ascii_digit());
            is_version.then(|| version.into())
        }
        Kind::Segment => {
            let found = name(after, |c| c.is_ascii_alphanumeric() || "-._:".contains(c))?;
            let found = found.as_str()?;
            let end = METHODS.iter().find_map(|method| found.find(method));
            text(&found[..end.unwrap_or(found.len())])
        }
        Kind::Number => number(after).map(Value::Number),
        Kind::Duration => duration(after)
            .and_then(Number::from_f64)
            .map(Value::Number),
    }
}

fn range_like(text: &str) -> bool {
    text.len() < 40
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || ",. -".contains(c))
}

fn name(after: &str, belongs: impl Fn(char) -> bool) -> Option<Value> {
    let end = after.find(|c| !belongs(c)).unwrap_or(after.len());
    // The full stop of a sentence, and the colon before a rule.
    let name = after[..end].trim_end_matches(['.', ':', '"']);
    text(name.strip_prefix("models/").unwrap_or(name))
}

/// A path such as `contents[0].parts` or `properties["a b"].type`: between brackets anything may stand.
fn path(after: &str) -> &str {
    let mut end = 0;
    while let Some(letter) = after[end..].chars().next() {
        end += match letter {
            '[' => match after[end..].find(']') {
                Some(length) => length + 1,
                None => break,
            },
            letter if letter.is_ascii_alphanumeric() || "-._$".contains(letter) => 1,
            _ => break,
        };
    }
    &after[..end]
}

fn text(value: &str) -> Option<Value> {
    let value = value.trim();
    (!value.is_empty() && value.len() <= MOST).then(|| value.into())
}

fn number(after: &str) -> Option<Number> {
    let end = after
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(after.len());
    after[..end].parse::<u64>().ok().map(Number::from)
}

/// Seconds of a duration with units; a bare number has none and is no duration.
fn duration(after: &str) -> Option<f64> {
    let mut seconds = 0.0;
    let mut rest = after;
    let mut any = false;
    loop {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let Ok(number) = rest[..digits].parse::<f64>() else {
            break;
        };
        rest = rest[digits..].trim_start();
        let unit = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        seconds += number
            * match &rest[..unit] {
                "ms" | "milliseconds" => 0.001,
                "s" | "sec" | "second" | "seconds" => 1.0,
                "m" | "min" | "minute" | "minutes" => 60.0,
                "h" | "hour" | "hours" => 3600.0,
                "d" | "day" | "days" => 86400.0,
                _ => break,
            };
        any = true;
        rest = &rest[unit..];
    }
    any.then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(text: &str, expected: Value) {
        let facts = Value::Object(read(text));
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(facts.get(name), Some(value), "{name} of {facts:#}");
        }
    }

    #[test]
    fn quota_errors_give_their_numbers() {
        check(
            r#"{"error":{"code":429,"message":"You exceeded your current quota.\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 20, model: gemini-2.5-flash\nPlease retry in 38.25s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaDimensions":{"location":"global","model":"gemini-2.5-flash"},"quotaValue":"20"}]}]}}"#,
            json!({
                "status": "RESOURCE_EXHAUSTED", "http_status": 429,
                "quota_metric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                "quota_id": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quota_limit": 20,
                "model": "gemini-2.5-flash", "location": "global", "retry_after_seconds": 38.25,
                "backend": "gemini-api",
            }),
        );
    }

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [
            ("35s", Some(35.0)),
            ("1.5s.", Some(1.5)),
            ("500ms", Some(0.5)),
            ("5h59m59s", Some(21599.0)),
            ("2 minutes", Some(120.0)),
            ("12", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(duration(text), seconds, "{text}");
        }
    }

    #[test]
    fn fields_values_and_ranges_are_found() {
        check(
            "Invalid JSON payload received. Unknown name \"colour\" at 'generation_config.style': Cannot find field.",
            json!({"value": "colour", "field": "generation_config.style"}),
        );
        check(
            "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].",
            json!({"field": "generation_config.temperature", "range": "0.0, 2.0"}),
        );
        check(
            "* CountTokensRequest.generate_content_request.model: unexpected model name format",
            json!({"field": "generate_content_request.model"}),
        );
        check(
            "* GenerateContentRequest.generation_config.response_schema.properties[\"a b\"].type: must be specified",
            json!({"field": "generation_config.response_schema.properties[\"a b\"].type"}),
        );
        check(
            "The input token count (70000) exceeds the maximum number of tokens allowed (65536).",
            json!({"input_tokens": 70000, "token_limit": 65536}),
        );
        check(
            "google.genai.errors.ClientError: 404 NOT_FOUND. models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.",
            json!({"model": "gemini-9", "api_version": "v1beta", "method": "generateContent", "sdk": "python-genai"}),
        );
    }

    #[test]
    fn libraries_and_paths_are_read() {
        check(
            "google-genai==1.30.0: 404 POST https://us-central1-aiplatform.googleapis.com/v1/projects/p1/locations/us-central1/publishers/google/models/gemini-1.5-pro:generateContent",
            json!({
                "sdk_version": "1.30.0", "project": "p1", "location": "us-central1",
                "model": "gemini-1.5-pro", "backend": "vertex-ai",
            }),
        );
        check(
            "@google/genai@1.2.0 failed",
            json!({"sdk": "js-genai", "sdk_version": "1.2.0"}),
        );
    }

    #[test]
    fn words_that_hold_a_status_are_none() {
        assert!(!read("INTERNAL_ERROR and internal").contains_key("status"));
    }
}

use super::*;
use http::{HeaderMap, StatusCode};

fn refused(http: u16, content_type: &str, body: &str) -> Error {
    let http = StatusCode::from_u16(http).expect("a test names a status that exists");
    let mut headers = HeaderMap::new();
    let content_type = content_type.parse().expect("a test names a type");
    headers.insert("content-type", content_type);
    let refusal = Refusal::read(http, headers, body.to_owned());
    Error::new(Kind::Refused(refusal)).at("http://here")
}

fn check(http: u16, content_type: &str, body: &str, expected: &str) {
    assert_eq!(
        refused(http, content_type, body).to_string(),
        expected,
        "{body}"
    );
}

#[test]
fn an_error_says_what_happened_and_what_helps() {
    check(
        429,
        "application/json",
        r#"[{"error":{"code":429,"message":"slow\n","status":"RESOURCE_EXHAUSTED","details":[
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}]"#,
        "429 RESOURCE_EXHAUSTED: slow\nhint: try again in 7s",
    );
    check(
        404,
        "text/html; charset=UTF-8",
        "<!DOCTYPE html><p>404",
        "404 Not Found: the reply is a web page\nhint: check the base URL: it stands before `/v1beta`",
    );
    check(418, "text/plain", "tea\npot", "418 I'm a teapot: tea");
}

#[test]
fn a_known_cause_has_its_name_and_its_advice() {
    let body = r#"{"error":{"code":404,"message":"models/gemini-1.5-flash is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.","status":"NOT_FOUND"}}"#;
    let error = refused(404, "application/json", body);
    assert_eq!(error.failure(), Some("model-retired"));
    assert!(!error.is_retryable());
    let advice = &error.diagnosis().causes[0].fix[0];
    assert_eq!(error.hint().as_deref(), Some(advice.as_str()));
    assert_eq!(error.to_string().lines().count(), 2, "{error}");
}

#[test]
fn facts_of_an_error_are_typed() {
    let body = r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaDimensions":{"model":"gemini-2.5-flash"},"quotaValue":"10"}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"12.5s"},
        {"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"abc"}]}}"#;
    let error = refused(429, "application/json", body);
    assert_eq!(error.failure(), Some("quota-per-minute"));
    let quota = error.quota().expect("the reply names it");
    assert_eq!(quota.quota_value.as_deref(), Some("10"));
    assert_eq!(quota.quota_dimensions["model"], "gemini-2.5-flash");
    assert_eq!(error.retry_after(), Some(Duration::from_millis(12_500)));
    assert_eq!(error.request_id(), Some("abc"));
    assert!(error.is_retryable());
    let body = r#"{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"contentz\": Cannot find field.","status":"INVALID_ARGUMENT","details":[
        {"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"description":"Invalid JSON payload received. Unknown name \"contentz\": Cannot find field."}]}]}}"#;
    let error = refused(400, "application/json", body);
    assert_eq!(error.failure(), Some("unknown-field"));
    assert_eq!(error.field_violations().len(), 1);
    assert!(!error.is_retryable());
}

#[test]
fn what_the_client_sees_itself_has_a_name_too() {
    for (kind, failure, retryable) in [
        (Kind::Connect, "network-error", true),
        (Kind::Timeout { allowed: None }, "client-timeout", true),
        (
            Kind::Truncated {
                what: "the stream ended without a finish reason",
            },
            "stream-truncated",
            true,
        ),
        (
            Kind::Unreadable {
                what: "it is a web page".into(),
                body: String::new(),
            },
            "base-url-wrong",
            false,
        ),
    ] {
        let error = Error::new(kind).at("http://here");
        assert_eq!(error.failure(), Some(failure), "{error:?}");
        assert_eq!(error.is_retryable(), retryable, "{error:?}");
    }
}

#[test]
fn errors_in_a_stream_are_told_from_chunks() {
    let read = |text: &str| {
        let json = serde_json::from_str(text).expect("a test writes JSON");
        Refusal::in_stream(text, &json)
    };
    assert!(read(r#"{"candidates":[]}"#).is_none());
    assert!(read(r#"{"error":null}"#).is_none());
    let refusal = read(r#"{"error":{"message":"m","status":"UNAVAILABLE"}}"#);
    assert_eq!(refusal.map(|refusal| refusal.http.as_u16()), Some(503));
    let refusal = read(r#"{"error":{"message":"m","code":599}}"#).expect("an error");
    assert_eq!((refusal.http.as_u16(), refusal.status), (599, None));
    let refusal = read(r#"{"error":"oops"}"#).expect("an error");
    assert_eq!(refusal.http.as_u16(), 500);
}

/// Whatever the catalogue raises, the client names it and says what to do in a line of its own.
#[test]
fn every_failure_of_the_catalogue_is_said_with_its_advice() {
    for problem in catalogue::examples() {
        let status = problem.status();
        let error = refused(status.code.http(), "application/json", &status.to_pretty());
        assert_eq!(error.failure(), Some(problem.name()), "{error}");
        let hint = error.hint().expect("every page has an advice");
        assert_eq!(hint.lines().count(), 1, "{hint}");
        assert!(error.to_string().ends_with(&format!("\nhint: {hint}")));
    }
}

/// What Google sent, as pages show it: the client finds the page's failure by status and body.
#[test]
fn every_recorded_error_has_the_name_of_its_page() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for entry in catalogue::ENTRIES {
        let blocks = entry.page().blocks();
        for block in blocks.iter().filter(|block| block.kind == "evidence") {
            let json = serde_json::from_str(block.text).unwrap_or_default();
            let Some(status) = Status::from_json(&json) else {
                continue;
            };
            count += 1;
            let code = json.get(0).unwrap_or(&json)["error"]["code"].as_u64();
            let http = code.and_then(|code| code.try_into().ok());
            let http = http.unwrap_or(status.code.http());
            let error = refused(http, "application/json; charset=UTF-8", block.text);
            if error.failure() != Some(entry.name) {
                wrong.push((entry.name, http, error.failure()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?} of {count}");
    assert!(count > 50, "only {count} pages show an error's body");
}

#[test]
fn the_header_may_name_a_date() {
    let later = std::time::SystemTime::now() + Duration::from_secs(100);
    let mut headers = HeaderMap::new();
    let date = httpdate::fmt_http_date(later);
    headers.insert("retry-after", date.parse().expect("a date is a header"));
    let http = StatusCode::SERVICE_UNAVAILABLE;
    let error = Error::new(Kind::Refused(Refusal::read(http, headers, String::new())));
    let wait = error.retry_after().expect("the date is still to come");
    let range = Duration::from_secs(30)..=Duration::from_secs(100);
    assert!(range.contains(&wait), "{wait:?}");
    let outcome = error.outcome().expect("it may be tried again");
    assert_eq!(outcome.retry_after, Some(wait));
}

//! Keys: absent, wrong, wrapped, two of them.

use crate::{
    api::{Api, KEY, error},
    between::{intercepting, valid},
    patient::{Patient, SECRETS},
};
use propus_doctor::State;

/// A patient that reaches Google, which a proxy stands in for, and its authority is known everywhere.
pub(crate) async fn google(api: Api) -> Patient {
    let signed = valid("Google Trust Services", "generativelanguage.googleapis.com");
    let proxy = intercepting(&signed, api.serve().await).await;
    let patient = Patient::bare().with("GEMINI_API_KEY", KEY);
    let file = patient.folder.path().join("roots.pem");
    std::fs::write(&file, &signed.pem).unwrap();
    patient
        .with("HTTPS_PROXY", format!("http://user:{}@{proxy}", SECRETS[3]))
        .with("SSL_CERT_FILE", &file)
        .with("NODE_EXTRA_CA_CERTS", &file)
}

const ALL: [&str; 13] = [
    "key", "base-url", "proxy", "sdk", "dns", "tcp", "tls", "models", "clock", "model", "generate",
    "stream", "tier",
];

#[tokio::test]
async fn a_healthy_environment_is_all_ok() {
    let seen = google(Api::default()).await.examine().await;
    assert_eq!(seen.report.summary(), "healthy");
    seen.are_ok(&ALL);
    assert!(
        seen.report
            .probes
            .iter()
            .all(|probe| probe.state == State::Ok),
        "{}",
        seen.text
    );
    seen.has("stream", State::Ok, "piece by piece: 5 events", "");
    assert!(
        seen.text
            .starts_with("ok    key         GEMINI_API_KEY is set (AIza…, 39"),
        "{}",
        seen.text
    );
    let json = serde_json::to_value(&seen.report).unwrap();
    assert_eq!(json["healthy"], true);
    assert_eq!(json["probes"][0]["probe"], "key");
    assert_eq!(json["probes"][0]["state"], "ok");
    assert_eq!(json["probes"][0]["do"], serde_json::json!([]));
    assert_eq!(json["probes"][0]["failure"], serde_json::Value::Null);
}

#[tokio::test]
async fn without_a_key_the_network_is_still_looked_at() {
    let mut patient = google(Api::default()).await;
    patient
        .environment
        .variables
        .retain(|(name, _)| name != "GEMINI_API_KEY");
    let seen = patient.examine().await;
    seen.has(
        "key",
        State::Fail,
        "neither GOOGLE_API_KEY nor GEMINI_API_KEY",
        "missing-auth",
    );
    seen.are_ok(&["dns", "tcp", "tls"]);
    seen.are_skipped(&["models", "clock", "model", "generate", "stream", "tier"]);
    assert_eq!(seen.report.summary(), "not healthy: 1 failure");
}

#[tokio::test]
async fn another_server_may_want_no_key_and_says_if_it_does() {
    let message = "Method doesn't allow unregistered callers (callers without established identity). \
        Please use API Key or other form of API consumer identity to call this API.";
    let url = Api::instead("/models", 403, error(403, "PERMISSION_DENIED", message))
        .url()
        .await;
    let patient = Patient::bare().with("GOOGLE_GEMINI_BASE_URL", url);
    let seen = patient.examine().await;
    seen.has("key", State::Warn, "without a key", "");
    seen.has(
        "models",
        State::Fail,
        "unregistered callers",
        "missing-auth",
    );
}

#[tokio::test]
async fn a_key_that_the_sdks_do_not_read_is_tried() {
    let mut patient = google(Api::default()).await;
    patient
        .environment
        .variables
        .retain(|(name, _)| name != "GEMINI_API_KEY");
    let seen = patient
        .with("GOOGLE_GENERATIVE_AI_API_KEY", KEY)
        .examine()
        .await;
    seen.has(
        "key",
        State::Fail,
        "which the Vercel AI SDK reads",
        "missing-auth",
    );
    seen.are_ok(&["models", "generate", "stream"]);
}

#[tokio::test]
async fn a_wrong_key_is_what_the_server_says() {
    let seen = google(Api::default())
        .await
        .with("GEMINI_API_KEY", SECRETS[2])
        .examine()
        .await;
    seen.are_ok(&["key", "tls", "clock"]);
    seen.has(
        "models",
        State::Fail,
        "400 INVALID_ARGUMENT: API key not valid",
        "invalid-api-key",
    );
    seen.advises("models", "GOOGLE_API_KEY");
    seen.are_skipped(&["model", "generate", "stream", "tier"]);
}

#[tokio::test]
async fn of_two_keys_the_one_that_the_sdks_take_is_tried() {
    let patient = google(Api::default()).await;
    let seen = patient.with("GOOGLE_API_KEY", SECRETS[1]).examine().await;
    seen.has(
        "key",
        State::Warn,
        "differ; google-genai uses GOOGLE_API_KEY",
        "",
    );
    seen.has("models", State::Fail, "not valid", "invalid-api-key");
    let seen = google(Api::default())
        .await
        .with("GOOGLE_API_KEY", KEY)
        .examine()
        .await;
    assert!(seen.report.healthy);
    seen.has("key", State::Ok, "", "");
}

#[tokio::test]
async fn wrapped_keys_and_placeholders_are_seen_before_anything_is_sent() {
    for (value, words) in [
        (format!("\"{KEY}\""), "quotation marks"),
        (format!("GEMINI_API_KEY={KEY}"), "the variable's name"),
        (KEY[..30].to_owned(), "cut short"),
        ("YOUR_API_KEY".to_owned(), "a placeholder"),
        ("${GEMINI_API_KEY}".to_owned(), "a placeholder"),
    ] {
        let seen = google(Api::default())
            .await
            .with("GEMINI_API_KEY", value)
            .examine()
            .await;
        seen.has("key", State::Fail, words, "invalid-api-key");
        seen.has("models", State::Fail, "not valid", "invalid-api-key");
    }
    // What belongs to another service is not shown to Google's.
    for (value, words) in [
        ("ya29.a0AfH6SMabcdefgh", "OAuth access token"),
        ("/home/me/service-account.json", "service account"),
        ("sk-proj-abcdefgh12345678", "OpenAI"),
    ] {
        let seen = google(Api::default())
            .await
            .with("GEMINI_API_KEY", value)
            .examine()
            .await;
        seen.has("key", State::Fail, words, "invalid-api-key");
        seen.are_skipped(&["models", "generate"]);
    }
    // A line break is taken away, as many clients do; some do not.
    let seen = google(Api::default())
        .await
        .with("GEMINI_API_KEY", format!("{KEY}\r\n"));
    let seen = seen.examine().await;
    seen.has("key", State::Warn, "line break", "")
        .are_ok(&["models", "generate"]);
}

#[tokio::test]
async fn a_server_that_repeats_the_key_does_not_bring_it_into_the_report() {
    for key in [SECRETS[4], SECRETS[1]] {
        let message = format!("API key not valid: {key}, {KEY}");
        let body = error(400, "INVALID_ARGUMENT", &message);
        let url = Api::instead("/models", 400, body).url().await;
        let seen = Patient::at(url).with("GEMINI_API_KEY", key).examine().await;
        seen.has(
            "models",
            State::Fail,
            "API key not valid: <key>, <hidden>",
            "invalid-api-key",
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn bytes_that_are_no_text_are_told_and_harm_nothing() {
    use std::os::unix::ffi::OsStringExt;
    let odd = || std::ffi::OsString::from_vec(b"AIza\xff\xfe\x00".to_vec());
    let mut patient = Patient::at(Api::default().url().await);
    for name in [
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        "HTTP_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "GOOGLE_GENAI_USE_VERTEXAI",
        "GOOGLE_GENAI_API_VERSION",
    ] {
        patient = patient.with(name, odd());
    }
    let seen = patient.examine().await;
    seen.has("key", State::Fail, "no UTF-8", "invalid-api-key");
    let patient = Patient::bare().with("GEMINI_API_KEY", KEY);
    let seen = patient
        .with("GOOGLE_GEMINI_BASE_URL", odd())
        .examine()
        .await;
    seen.has("base-url", State::Fail, "no UTF-8", "base-url-wrong");
}

//! Models: retired, misspelled, in another version, of another kind, about to end.

use crate::{
    api::{Api, error},
    patient::Patient,
};
use propus_doctor::State;
use std::time::{Duration, SystemTime};

async fn check(api: Api, model: &str, words: &str, failure: &str, advice: &str) {
    let seen = Patient::at(api.url().await).model(model).examine().await;
    seen.has("model", State::Fail, words, failure)
        .advises("model", advice);
    seen.are_ok(&["models"])
        .are_skipped(&["generate", "stream", "tier"]);
}

#[tokio::test]
async fn a_retired_model_is_named_with_its_replacement() {
    check(
        Api::default(),
        "gemini-1.5-flash",
        "404 NOT_FOUND",
        "model-retired",
        "use `gemini-",
    )
    .await;
    check(
        Api::default(),
        "models/gemini-1.5-flash",
        "404",
        "model-retired",
        "use `gemini-",
    )
    .await;
}

#[tokio::test]
async fn a_misspelled_model_gets_the_nearest_of_the_list() {
    check(
        Api::default(),
        "gemini-3.6-flsh",
        "404",
        "model-not-found",
        "`gemini-3.6-flash`",
    )
    .await;
}

#[tokio::test]
async fn a_model_of_the_other_version_is_found_there() {
    let model = r#"{"name":"models/gemini-9","supportedGenerationMethods":["generateContent"]}"#;
    let api = Api::instead("/v1/models/gemini-9", 200, model);
    check(
        api,
        "gemini-9",
        "404",
        "model-not-found",
        "gemini-9 is there in v1, not in v1beta",
    )
    .await;
}

#[tokio::test]
async fn a_model_for_vectors_answers_no_prompt() {
    let api = Api {
        models: vec!["gemini-embedding-2"],
        ..Api::default()
    };
    let url = api.clone().url().await;
    check(
        api,
        "gemini-embedding-2",
        "embedContent",
        "model-method-mismatch",
        "",
    )
    .await;
    let seen = Patient::at(url).examine().await;
    seen.has(
        "model",
        State::Fail,
        "none answers prompts",
        "model-not-found",
    );
}

#[tokio::test]
async fn a_name_that_no_url_carries() {
    check(Api::default(), "a//b", "no URL", "model-name-format", "").await;
}

#[tokio::test]
async fn a_model_that_is_not_listed_may_still_answer() {
    let model = r#"{"name":"models/tuned","supportedGenerationMethods":["generateContent"]}"#;
    let api = Api::instead("GET /v1beta/models/tuned", 200, model);
    let seen = Patient::at(api.url().await).model("tuned").examine().await;
    seen.has("model", State::Ok, "tuned is there", "");
}

#[tokio::test]
async fn a_model_that_ends_soon_is_a_warning() {
    let api = Api {
        models: vec!["gemini-2.0-flash"],
        ..Api::default()
    };
    let mut patient = Patient::at(api.url().await).model("gemini-2.0-flash");
    // 2026-05-02; it was shut down on 2026-06-01.
    patient.environment.now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_777_680_000);
    let seen = patient.examine().await;
    seen.has("model", State::Warn, "shuts it down on 2026-06-01", "");
    seen.are_ok(&["generate", "stream"]);
}

#[tokio::test]
async fn the_version_of_the_environment_is_used() {
    let api = Api::instead(
        "/v1/models",
        400,
        error(400, "INVALID_ARGUMENT", "seen in v1"),
    );
    let patient = Patient::at(api.url().await).with("GOOGLE_GENAI_API_VERSION", "v1");
    let seen = patient.examine().await;
    assert!(seen.probe("models").seen.contains("seen in v1"));
    let patient = Patient::at(Api::default().url().await);
    let seen = patient
        .with("GOOGLE_GENAI_API_VERSION", "v9")
        .examine()
        .await;
    seen.has("version", State::Warn, "neither v1 nor v1beta", "")
        .are_ok(&["models"]);
}

#[tokio::test]
async fn switches_to_vertex_are_told() {
    const ENTERPRISE: &str = "GOOGLE_GENAI_USE_ENTERPRISE";
    let patient = || async { Patient::at(Api::default().url().await) };
    let patient_on = patient().await.with("GOOGLE_GENAI_USE_VERTEXAI", "True");
    let seen = patient_on.examine().await;
    seen.has("vertex", State::Warn, "google-genai calls Vertex AI", "");
    seen.advises(
        "vertex",
        "set GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION",
    );
    let seen = patient().await.with(ENTERPRISE, "1").examine().await;
    seen.has("vertex", State::Warn, "google-genai for Python calls", "");
    let both = patient().await.with(ENTERPRISE, "false");
    let seen = both
        .with("GOOGLE_GENAI_USE_VERTEXAI", "true")
        .examine()
        .await;
    seen.has(
        "vertex",
        State::Warn,
        "obeys GOOGLE_GENAI_USE_ENTERPRISE",
        "",
    );
    assert!(!seen.text.contains("calls Vertex AI"));
    let idle = patient()
        .await
        .with("GOOGLE_VERTEX_BASE_URL", "https://x.test");
    idle.examine()
        .await
        .has("vertex", State::Ok, "has no effect", "");
}

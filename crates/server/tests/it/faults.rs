//! What bad input gets: Google's error, never a panic or a 500.

use crate::client::Server;
use axum::body::Body;
use http::Request;
use propus_server::app::Settings;

const ASK: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
const GENERATE: &str = "/v1beta/models/small:generateContent";

#[tokio::test]
async fn keys_are_looked_for_where_google_looks() {
    let server = Server::start();
    let key = server.key.as_str();
    let bearer = format!("Bearer {key}");
    let openai = "/v1beta/openai/models";
    for (path, header, status, reason) in [
        (GENERATE, ("x-goog-api-key", key), 200, ""),
        (&format!("{GENERATE}?key={key}"), ("x-none", ""), 200, ""),
        (
            GENERATE,
            ("x-goog-api-key", "AIzaWrong"),
            400,
            "API_KEY_INVALID",
        ),
        (GENERATE, ("x-none", ""), 403, "PERMISSION_DENIED"),
        (
            GENERATE,
            ("authorization", bearer.as_str()),
            401,
            "UNAUTHENTICATED",
        ),
        (openai, ("authorization", bearer.as_str()), 200, ""),
        (
            openai,
            ("authorization", "Bearer no"),
            400,
            "API_KEY_INVALID",
        ),
    ] {
        let builder = match path {
            path if path == openai => Request::get(path),
            path => Request::post(path),
        };
        let body = if path == openai {
            Body::empty()
        } else {
            Body::from(ASK)
        };
        let reply = server
            .send(builder.header(header.0, header.1).body(body).unwrap())
            .await;
        assert_eq!(reply.status, status, "{path} {header:?} {}", reply.text());
        assert!(reply.text().contains(reason), "{}", reply.text());
        assert!(status == 200 || !reply.text().contains(key));
    }
}

#[tokio::test]
async fn unknown_paths_get_the_front_ends_page() {
    let server = Server::start();
    for path in [
        "/v1beta/models/google/gemini-2.5-flash:generateContent",
        "/v1beta1/projects/p/locations/l/publishers/google/models/x:generateContent",
        "/v1beta/nothing",
        "/<script>",
    ] {
        let request = Request::post(path.replace('<', "%3C").replace('>', "%3E"));
        let reply = server.send(request.body(Body::from(ASK)).unwrap()).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.header("content-type"), "text/html; charset=UTF-8");
        assert!(reply.text().contains("Error 404 (Not Found)"));
        assert!(!reply.text().contains("<script>"));
    }
    let reply = server.get(GENERATE).await;
    assert_eq!(reply.status, 404, "a method needs POST");
}

#[tokio::test]
async fn bad_bodies_are_refused_with_all_their_faults() {
    let server = Server::start();
    for (body, words) in [
        ("{", "Invalid JSON payload received."),
        ("", "contents is not specified"),
        ("{}", "contents is not specified"),
        ("[]", "Invalid JSON payload received."),
        (
            r#"{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"temprature":1}}"#,
            "Unknown name \"temprature\" at 'generation_config': Cannot find field.",
        ),
        (
            r#"{"contents":[{"parts":[{"text":5}]}]}"#,
            "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 5",
        ),
        (
            r#"{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"temperature":3.5}}"#,
            "temperature",
        ),
        (
            r#"{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"candidateCount":9}}"#,
            "candidate",
        ),
    ] {
        let reply = server.post(GENERATE, body).await;
        assert_eq!(reply.status, 400, "{body}");
        let error = reply.json()["error"].clone();
        assert_eq!(error["status"], "INVALID_ARGUMENT");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(words), "{body}: {message}");
    }
    let two = r#"{"contentz":1,"safetySettings":[{"category":"BANANA"}]}"#;
    let error = server.post(GENERATE, two).await.json();
    let violations = &error["error"]["details"][0]["fieldViolations"];
    assert_eq!(violations.as_array().unwrap().len(), 2, "{error}");
}

/// The header of a refusal names the failure that `check` finds first, whatever the caller wrote.
#[tokio::test]
async fn refusals_and_findings_have_one_name() {
    let server = Server::start();
    for (body, failure) in [
        ("{", "malformed-json"),
        ("[]", "wrong-enum-or-type"),
        (r#"{"contentz":1}"#, "unknown-field"),
        (
            r#"{"contents":"API key not valid. Please pass a valid API key."}"#,
            "wrong-enum-or-type",
        ),
        (
            r#"{"contents":[],"generationConfig":{"responseSchema":{"$ref":"x"}}}"#,
            "schema-unsupported",
        ),
        (
            r#"{"contents":[{"parts":[{"inlineData":{"data":"***"}}]}]}"#,
            "base64-invalid",
        ),
        ("{}", "missing-required-field"),
    ] {
        let reply = server.post(GENERATE, body).await;
        assert_eq!(reply.header("x-propus-failure"), failure, "{body}");
        let check = "/propus/v1/check?model=gemini-2.5-flash";
        let found = server.post(check, body).await.json();
        assert_eq!(found["findings"][0]["failure"], failure, "{body}: {found}");
    }
}

#[tokio::test]
async fn legacy_v1_does_not_know_tools() {
    let settings = Settings {
        legacy_v1: true,
        ..Settings::default()
    };
    let server = Server::with(settings, false);
    let body = ASK.replacen('{', r#"{"systemInstruction":{"parts":[{"text":"s"}]},"#, 1);
    let reply = server.post("/v1/models/small:generateContent", &body).await;
    assert_eq!(reply.status, 400);
    assert!(
        reply
            .text()
            .contains(r#"Unknown name \"systemInstruction\": Cannot find field."#),
        "{}",
        reply.text()
    );
    let reply = server.post(GENERATE, &body).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn names_that_do_not_answer_are_named() {
    let server = Server::start();
    for (path, words) in [
        (
            "/v1/models/gemini-9:generateContent",
            "models/gemini-9 is not found for API version v1, or is not supported for generateContent. Call ListModels",
        ),
        (
            "/v1beta/models/small:predict",
            "is not supported for predict",
        ),
        (
            "/v1beta/models/gemini-1.5-pro:generateContent",
            "gemini-1.5-pro",
        ),
        ("/v1beta/models/%00%ff:generateContent", "is not found"),
    ] {
        let reply = server.post(path, ASK).await;
        assert_eq!(reply.status, 404, "{path}");
        let message = reply.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(message.contains(words), "{message}");
        assert!(["model-not-found", "model-retired"].contains(&reply.header("x-propus-failure")));
    }
}

#[tokio::test]
async fn slips_get_the_nearest_names_and_tuned_models_their_own_refusal() {
    let server = Server::start();
    let reply = server
        .post("/v1/models/gemini-3.8-flahs:generateContent", ASK)
        .await;
    assert!(
        reply
            .header("x-propus-nearest")
            .contains("gemini-3.8-flash")
    );
    let reply = server
        .post("/v1beta/tunedModels/mine:generateContent", ASK)
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-propus-failure")),
        (403, "tuned-model-permission")
    );
}

#[tokio::test]
async fn queries_are_checked_too() {
    let server = Server::start();
    let reply = server.post(&format!("{GENERATE}?foo=1"), ASK).await;
    assert_eq!(reply.status, 400);
    assert!(
        reply
            .text()
            .contains("Cannot bind query parameter. Field 'foo' could not be found")
    );
    for query in ["pageSize=x", "pageSize=-1", "pageToken=%21"] {
        let reply = server.get(&format!("/v1beta/models?{query}")).await;
        assert_eq!(reply.status, 400, "{query}");
    }
}

#[tokio::test]
async fn bodies_have_a_limit_and_must_unpack() {
    let settings = Settings {
        body_limit: 1000,
        ..Settings::default()
    };
    let server = Server::with(settings, false);
    let reply = server
        .post(GENERATE, &format!("{ASK}{}", " ".repeat(2000)))
        .await;
    assert_eq!(reply.status, 400);
    assert!(
        reply
            .text()
            .contains("Request payload size exceeds the limit: 1000 bytes.")
    );
    let request = Request::post(GENERATE)
        .header("x-goog-api-key", &server.key)
        .header("content-encoding", "gzip");
    let reply = server
        .send(request.body(Body::from("no gzip")).unwrap())
        .await;
    assert_eq!(reply.status, 400, "{}", reply.text());
}

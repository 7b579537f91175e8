//! Regions, and what differs by profile.

use crate::client::{Reply, Server};
use axum::body::Body;
use http::{HeaderName, Request};
use propus_failures::cards::Profile;
use propus_server::{
    accounts::{ProjectChange, Tier},
    app::Settings,
    regions::Regions,
};

const PATH: &str = "/v1beta/models/small:generateContent";
const BODY: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;

fn server(profile: Profile) -> Server {
    let mut regions = Regions::default();
    regions.country_header = Some(HeaderName::from_static("cf-ipcountry"));
    Server::made(Settings::default(), false, profile, |app| {
        app.regions = regions
    })
}

async fn from(server: &Server, country: &str) -> Reply {
    let request = Request::post(PATH)
        .header("x-goog-api-key", &server.key)
        .header("cf-ipcountry", country)
        .extension(propus_server::serve::peer("127.0.0.1:9".parse().unwrap()));
    server.send(request.body(Body::from(BODY)).unwrap()).await
}

#[tokio::test]
async fn the_free_tier_ends_at_the_border_and_billing_crosses_it() {
    for (profile, message) in [
        (
            Profile::Current,
            "User location is not supported for the API use.",
        ),
        (
            Profile::May2025,
            "Gemini API free tier is not available in your country. Please enable billing on your \
             project in Google AI Studio.",
        ),
    ] {
        let server = server(profile);
        assert_eq!(from(&server, "DE").await.status, 200);
        let refused = from(&server, "BY").await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.header("x-propus-failure"), "location-unsupported");
        let error = &refused.json()["error"];
        assert_eq!(error["status"], "FAILED_PRECONDITION");
        assert_eq!(error["message"], message);
        let change = ProjectChange {
            tier: Some(Tier::Tier1),
            ..ProjectChange::default()
        };
        server
            .accounts()
            .change_project("default", &change)
            .unwrap();
        assert_eq!(from(&server, "BY").await.status, 200);
    }
}

#[tokio::test]
async fn ranges_follow_the_profile() {
    let warm = r#"{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"temperature":1.5}}"#;
    for (profile, status) in [(Profile::Current, 200), (Profile::May2025, 400)] {
        for model in ["small", "gemini-2.5-flash"] {
            let path = format!("/v1beta/models/{model}:generateContent");
            let reply = server(profile).post(&path, warm).await;
            assert_eq!(reply.status, status, "{profile:?} {model}");
        }
    }
}

#[tokio::test]
async fn a_prompt_over_the_window_is_refused_as_the_profile_says() {
    let long = BODY.replace("hi", &"word ".repeat(9000));
    for (profile, status, message) in [
        (
            Profile::Current,
            400,
            "The input token count (9000) exceeds the maximum number of tokens allowed (8192).",
        ),
        (
            Profile::May2025,
            500,
            "An internal error has occurred. Please retry or report in \
             https://developers.generativeai.google/guide/troubleshooting",
        ),
    ] {
        let reply = server(profile).post(PATH, &long).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("x-propus-failure"), "context-too-long");
        assert_eq!(reply.json()["error"]["message"], message);
    }
}

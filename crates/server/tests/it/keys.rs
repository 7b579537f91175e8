//! Keys and projects in all their states, as a caller meets them.

use crate::client::{Server, today};
use axum::body::Body;
use http::Request;
use propus_server::accounts::{AndroidApp, ProjectChange, Restrictions};

const PATH: &str = "/v1beta/models/small:generateContent";
const BODY: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;

/// A call with a key that has these restrictions, and these headers.
async fn failure(restrictions: Restrictions, headers: &[(&str, &str)]) -> (u16, String, String) {
    let server = Server::start();
    let key = server
        .accounts()
        .create_key("default", "", None, &restrictions, today())
        .unwrap()
        .key;
    let mut request = Request::post(PATH).header("x-goog-api-key", key);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = server.send(request.body(Body::from(BODY)).unwrap()).await;
    let reason = match reply.status.is_success() {
        true => String::new(),
        false => reply.json()["error"]["details"][0]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    };
    let failure = reply.header("x-propus-failure").to_owned();
    (reply.status.as_u16(), failure, reason)
}

#[tokio::test]
async fn restricted_keys_are_refused_elsewhere() {
    let pages = || Restrictions {
        referrers: vec!["https://example.com/*".into()],
        ..Restrictions::default()
    };
    let (status, ..) = failure(pages(), &[("referer", "https://example.com/a")]).await;
    assert_eq!(status, 200);
    let refused = failure(pages(), &[("referer", "https://evil.org/")]).await;
    assert_eq!(
        refused,
        (
            403,
            "key-restricted-referer".into(),
            "API_KEY_HTTP_REFERRER_BLOCKED".into()
        )
    );
    let ips = Restrictions {
        ips: vec!["10.0.0.0/8".parse().unwrap()],
        ..Restrictions::default()
    };
    let (status, name, reason) = failure(ips, &[]).await;
    assert_eq!(
        (status, name.as_str(), reason.as_str()),
        (403, "key-restricted-ip", "API_KEY_IP_ADDRESS_BLOCKED")
    );
    let apis = Restrictions {
        apis: vec!["maps.googleapis.com".into()],
        ..Restrictions::default()
    };
    let (status, name, reason) = failure(apis, &[]).await;
    assert_eq!(
        (status, name.as_str(), reason.as_str()),
        (403, "key-restricted-api", "API_KEY_SERVICE_BLOCKED")
    );
    let app = Restrictions {
        android: vec![AndroidApp {
            package: "com.example".into(),
            certificate: "AA:BB".into(),
        }],
        ..Restrictions::default()
    };
    let (status, name, _) = failure(app, &[("x-android-package", "com.other")]).await;
    assert_eq!((status, name.as_str()), (403, "key-restricted-app"));
}

#[tokio::test]
async fn states_of_keys_and_projects_have_their_errors() {
    let server = Server::start();
    let change = |change: ProjectChange| server.accounts().change_project("default", &change);
    for (changed, name) in [
        (
            ProjectChange {
                suspended: Some(true),
                ..ProjectChange::default()
            },
            "key-suspended",
        ),
        (
            ProjectChange {
                suspended: Some(false),
                api_disabled: Some(true),
                ..ProjectChange::default()
            },
            "service-disabled",
        ),
    ] {
        change(changed).unwrap();
        let reply = server.post(PATH, BODY).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("x-propus-failure")),
            (403, name)
        );
        // No error says the key.
        assert!(!reply.text().contains(&server.key), "{}", reply.text());
    }
    change(ProjectChange {
        api_disabled: Some(false),
        ..ProjectChange::default()
    })
    .unwrap();
    assert_eq!(server.post(PATH, BODY).await.status, 200);
    server.accounts().leak(&server.key, today()).unwrap();
    let reply = server.post(PATH, BODY).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-propus-failure")),
        (403, "leaked-api-key")
    );
}

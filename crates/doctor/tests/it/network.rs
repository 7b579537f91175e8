//! The network: addresses, proxies, TLS, the clock.

use crate::{
    api::{Api, KEY, PAGE},
    between::{answering, collecting, intercepting, nobody, secure, signed, silent, valid},
    keys::google,
    patient::{Patient, SECRETS},
};
use propus_doctor::State;
use std::time::Duration;

const HOST: &str = "generativelanguage.googleapis.com";

#[tokio::test]
async fn an_address_of_another_server_is_seen_by_its_reply() {
    for (status, content_type, body) in [
        (404, "text/html; charset=UTF-8", PAGE),
        (404, "application/json", r#"{"detail":"Not Found"}"#),
        (
            404,
            "application/json",
            r#"{"error":{"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}"#,
        ),
        (404, "text/plain", "404 page not found\n"),
        (404, "", ""),
        (
            405,
            "application/json",
            r#"{"detail":"Method Not Allowed"}"#,
        ),
        (
            200,
            "text/html",
            "<html><title>Sign in to the Wi-Fi</title></html>",
        ),
        (200, "application/json", r#"{"status":"ok"}"#),
    ] {
        let url = Api::instead_as("/models", status, content_type, body)
            .url()
            .await;
        let seen = Patient::at(url).examine().await;
        seen.has("models", State::Fail, &status.to_string(), "base-url-wrong");
        seen.are_ok(&["base-url", "tcp", "clock"])
            .are_skipped(&["model", "generate", "stream"]);
    }
}

#[tokio::test]
async fn a_redirect_names_where_it_leads() {
    let address = answering(
        b"HTTP/1.1 302 Found\r\nlocation: https://elsewhere.test/login?token=abc\r\ncontent-length: 0\r\n\r\n",
    );
    let seen = Patient::at(format!("http://{}", address.await))
        .examine()
        .await;
    seen.has(
        "models",
        State::Fail,
        "leads to https://elsewhere.test/login",
        "base-url-wrong",
    );
    assert!(!seen.text.contains("token=abc"));
}

#[tokio::test]
async fn nobody_listens() {
    let seen = Patient::at(format!("http://{}", nobody().await))
        .examine()
        .await;
    seen.has("tcp", State::Fail, "refused", "network-error");
    seen.are_skipped(&[
        "tls", "models", "clock", "model", "generate", "stream", "tier",
    ]);
}

#[tokio::test]
async fn a_name_without_address() {
    // Resolvers refuse a label of more than 63 letters without asking anybody.
    let seen = Patient::at(format!("http://{}.test", "a".repeat(70)))
        .examine()
        .await;
    seen.has("dns", State::Fail, "", "network-error")
        .are_skipped(&["tcp", "models"]);
}

#[tokio::test]
async fn slips_of_the_base_url_are_told_and_corrected_for_the_rest() {
    let url = Api::default().url().await;
    let seen = Patient::at(format!("{url}/v1beta/")).examine().await;
    seen.has(
        "base-url",
        State::Fail,
        "holds the version `/v1beta`",
        "base-url-wrong",
    );
    seen.has("base-url", State::Fail, &url, "base-url-wrong");
    seen.are_ok(&["models", "generate", "stream"]);
    let seen = Patient::at("nothing like a URL").examine().await;
    seen.has("base-url", State::Fail, "not a URL", "base-url-wrong");
    seen.are_skipped(&["dns", "models", "tier"]);
}

#[tokio::test]
async fn the_option_goes_before_the_variable() {
    let mut patient = Patient::at("http://no-such-host.invalid");
    patient.settings.base_url = Some(Api::default().url().await);
    let seen = patient.examine().await;
    assert!(seen.report.healthy);
    seen.has("base-url", State::Ok, "(from --base-url)", "");
}

#[tokio::test]
async fn a_server_that_says_nothing_does_not_hold_us() {
    let seen = Patient::at(format!("http://{}", silent().await))
        .timeout(500)
        .examine()
        .await;
    seen.has("models", State::Fail, "", "client-timeout");
    let patient = google(Api::default()).await.timeout(500);
    let seen = patient
        .with("HTTPS_PROXY", format!("http://{}", silent().await))
        .examine()
        .await;
    seen.has("tls", State::Fail, "timed out", "network-error");
}

#[tokio::test]
async fn an_intercepting_authority_that_is_known_here_is_named() {
    let ill = valid("Example Corp", HOST);
    let proxy = intercepting(&ill, Api::default().serve().await).await;
    let mut patient = Patient::bare().with("GEMINI_API_KEY", KEY);
    patient = patient.with("https_proxy", format!("http://{proxy}"));
    patient.environment.authorities = vec![b"no certificate".to_vec(), ill.authority.clone()];
    let seen = patient.examine().await;
    assert!(seen.report.healthy, "{}", seen.text);
    seen.has(
        "tls",
        State::Warn,
        "signed by `Example Corp, Test Root`",
        "",
    );
    seen.has(
        "tls",
        State::Warn,
        "accepted by google-genai 3 for Python and Go (the system's store), not by older",
        "",
    );
    seen.advises("tls", "NODE_EXTRA_CA_CERTS")
        .are_ok(&["models", "generate", "stream"]);
}

#[tokio::test]
async fn an_interception_that_everybody_accepts_is_still_told() {
    let ill = valid("Example Corp", HOST);
    let proxy = intercepting(&ill, Api::default().serve().await).await;
    let mut patient = Patient::bare().with("GEMINI_API_KEY", KEY);
    let file = patient.folder.path().join("roots.pem");
    std::fs::write(&file, &ill.pem).unwrap();
    patient.environment.authorities = vec![ill.authority];
    let patient = patient.with("HTTPS_PROXY", format!("http://{proxy}"));
    let patient = patient
        .with("SSL_CERT_FILE", &file)
        .with("NODE_OPTIONS", "--use-system-ca");
    let seen = patient.examine().await;
    seen.has(
        "tls",
        State::Warn,
        "somebody in between opens the connection",
        "",
    );
    seen.advises("tls", "ask for an exception")
        .are_ok(&["models", "stream"]);
}

#[tokio::test]
async fn an_intercepting_authority_that_nobody_knows_gets_no_key() {
    let ill = valid("Example Corp", HOST);
    let proxy = intercepting(&ill, Api::default().serve().await).await;
    let patient = Patient::bare().with("GEMINI_API_KEY", KEY);
    let seen = patient
        .with("HTTPS_PROXY", format!("http://{proxy}"))
        .examine()
        .await;
    seen.has(
        "tls",
        State::Fail,
        "nobody here trusts its issuer `Example Corp, Test Root`",
        "tls-error",
    );
    seen.has("tls", State::Fail, "somebody in between", "tls-error");
    seen.advises("tls", "NODE_EXTRA_CA_CERTS")
        .are_skipped(&["models", "generate", "stream"]);
}

#[tokio::test]
async fn certificates_out_of_time_or_for_others_are_told_apart() {
    const DAY: Duration = Duration::from_secs(86_400);
    for (ill, words) in [
        (
            signed("Example Corp", "localhost", 9 * DAY, 2 * DAY),
            "it expired on",
        ),
        (valid("Example Corp", "other.test"), "it is for other.test"),
    ] {
        let server = secure(&ill, Api::default().serve().await).await;
        let mut patient = Patient::at(format!("https://localhost:{}", server.port()));
        patient.environment.authorities = vec![ill.authority];
        let seen = patient.examine().await;
        seen.has("tls", State::Fail, words, "tls-error")
            .are_skipped(&["models"]);
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_makes_certificates_look_so() {
    let well = valid("Example Corp", "localhost");
    let server = secure(&well, Api::default().serve().await).await;
    let mut patient = Patient::at(format!("https://localhost:{}", server.port()));
    patient.environment.authorities = vec![well.authority];
    patient.environment.now -= Duration::from_secs(10 * 86_400);
    let seen = patient.examine().await;
    seen.has("tls", State::Fail, "the clock here says", "tls-error");
}

#[tokio::test]
async fn a_private_authority_of_ones_own_server_is_no_interception() {
    let well = valid("Example Corp", "localhost");
    let server = secure(&well, Api::default().serve().await).await;
    let mut patient = Patient::at(format!("https://localhost:{}", server.port()));
    patient.environment.authorities = vec![well.authority];
    let seen = patient.examine().await;
    seen.has("tls", State::Warn, "a private authority", "")
        .are_ok(&["models", "stream"]);
    assert!(!seen.text.contains("in between opens"));
}

#[tokio::test]
async fn a_server_without_tls_behind_https() {
    let address = Api::default().serve().await;
    let seen = Patient::at(format!("https://localhost:{}", address.port()))
        .examine()
        .await;
    seen.has("tls", State::Fail, "TLS handshake failed", "tls-error")
        .are_skipped(&["models"]);
}

#[tokio::test]
async fn a_proxy_that_wants_a_password_or_opens_no_way() {
    for (reply, words) in [
        (
            &b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"[..],
            "auth",
        ),
        (b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", ""),
    ] {
        let proxy = answering(reply).await;
        let value = format!("http://user:{}@{proxy}", SECRETS[3]);
        let seen = google(Api::default())
            .await
            .with("HTTPS_PROXY", value)
            .examine()
            .await;
        seen.has("tls", State::Fail, words, "network-error")
            .are_skipped(&["models"]);
    }
    let value = format!("http://{}", nobody().await);
    let seen = google(Api::default())
        .await
        .with("HTTPS_PROXY", value)
        .examine()
        .await;
    seen.has("tcp", State::Fail, "refused", "network-error");
    let seen = google(Api::default())
        .await
        .with("HTTPS_PROXY", "socks5://h:1")
        .examine()
        .await;
    seen.has("proxy", State::Fail, "SOCKS", "")
        .are_skipped(&["dns", "tls", "tier"]);
}

#[tokio::test]
async fn a_proxy_with_https_is_used_and_not_looked_through() {
    let ill = valid("Example Corp", "localhost");
    let proxy = secure(&ill, Api::default().serve().await).await;
    let value = format!("https://localhost:{}", proxy.port());
    let seen = google(Api::default())
        .await
        .with("HTTPS_PROXY", value)
        .examine()
        .await;
    seen.are_ok(&["proxy", "tcp"])
        .has("tls", State::Skipped, "not looked through", "");
    seen.has("models", State::Fail, "UnknownIssuer", "tls-error");
}

#[tokio::test]
async fn a_proxy_for_this_machine_itself_is_a_slip() {
    let patient =
        Patient::at(Api::default().url().await).with("HTTP_PROXY", "http://proxy.test:3128");
    let seen = patient.examine().await;
    seen.has("proxy", State::Warn, "also for this machine itself", "");
    seen.advises("proxy", "NO_PROXY")
        .are_ok(&["models", "generate"]);
}

#[tokio::test]
async fn a_clock_off_by_an_hour_is_told() {
    for (ahead, words) in [(true, "is 1 h 0 min ahead"), (false, "is 59 min behind")] {
        let mut patient = Patient::at(Api::default().url().await);
        let hour = Duration::from_secs(3600);
        match ahead {
            true => patient.environment.now += hour,
            false => patient.environment.now -= hour,
        }
        let seen = patient.examine().await;
        let probe = seen.probe("clock");
        assert_eq!(probe.state, State::Warn);
        // `Date` has a grain of a second.
        let near = probe.seen.contains(words) || probe.seen.contains("1 h 0 min");
        assert!(near, "{}", probe.seen);
        seen.advises("clock", "OAuth tokens");
    }
}

#[tokio::test]
async fn a_gateway_that_collects_the_stream_is_seen_by_its_time() {
    let api = Api {
        pause: Duration::from_millis(250),
        ..Api::default()
    };
    let gateway = collecting(api.serve().await).await;
    let seen = Patient::at(format!("http://{gateway}")).examine().await;
    seen.has("stream", State::Warn, "arrives all at once: 5 events", "");
    seen.has("stream", State::Warn, "via: 1.1 collector", "");
    seen.advises("stream", "proxy_buffering off");
}

#[tokio::test]
async fn a_stream_that_still_runs_when_the_time_is_over_is_well() {
    let api = Api {
        pause: Duration::from_millis(300),
        ..Api::default()
    };
    let seen = Patient::at(api.url().await).timeout(1000).examine().await;
    seen.has("stream", State::Ok, "piece by piece", "");
    seen.has("stream", State::Ok, "it was not at its end", "");
}

#[tokio::test]
async fn a_stream_too_short_to_judge_is_not_judged() {
    let api = Api {
        events: 2,
        ..Api::default()
    };
    let seen = Patient::at(api.url().await).examine().await;
    seen.has(
        "stream",
        State::Ok,
        "cannot tell whether it is held back",
        "",
    );
}

#[tokio::test]
async fn files_of_authorities_that_are_not_there_are_told() {
    let url = Api::default().url().await;
    let seen = Patient::at(&url)
        .with("SSL_CERT_FILE", "/nowhere/roots.pem")
        .examine()
        .await;
    seen.has("trust", State::Fail, "/nowhere/roots.pem", "tls-error");
    let seen = Patient::at(&url)
        .with("NODE_EXTRA_CA_CERTS", "/nowhere/roots.pem")
        .examine()
        .await;
    seen.has("trust", State::Warn, "(Node)", "");
    let seen = Patient::at(&url)
        .with("SSL_CERT_FILE", "/dev/zero")
        .examine()
        .await;
    seen.has("trust", State::Fail, "is not a file", "tls-error");
    let seen = Patient::at(&url)
        .with("NODE_TLS_REJECT_UNAUTHORIZED", "0")
        .examine()
        .await;
    seen.has("trust", State::Warn, "accepts any certificate", "");
}

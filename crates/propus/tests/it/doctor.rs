//! `propus doctor` against a running server, and where nobody listens.

use crate::binary::{Place, Server, stderr, stdout};
use serde_json::Value;
use std::process::Output;

fn doctor(place: &Place, server: &Server, key: &str, arguments: &[&str]) -> Output {
    place
        .propus()
        .env("GOOGLE_GEMINI_BASE_URL", server.url())
        .env("GEMINI_API_KEY", key)
        .current_dir(place.path(""))
        .arg("doctor")
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_server_that_is_well_is_found_so() {
    let place = Place::new();
    let server = place.serve(&[]);
    for model in [&[][..], &["--model", "gemini-2.5-flash"]] {
        let output = doctor(&place, &server, server.key(), model);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains("\nok    generate    answered in"), "{text}");
        assert!(text.contains("\nok    stream      "), "{text}");
        assert!(!text.contains(server.key()), "{text}");
        assert!(stderr(&output).starts_with("healthy"));
    }
}

#[test]
fn what_is_wrong_has_its_name_and_exit_code() {
    let place = Place::new();
    let server = place.serve(&[]);
    for (key, arguments, probe, failure) in [
        ("AIza-wrong-key", &[][..], "models", "invalid-api-key"),
        (
            server.key(),
            &["--model", "gemini-1.5-pro"],
            "model",
            "model-retired",
        ),
        (
            server.key(),
            &["--model", "gemini-9"],
            "model",
            "model-not-found",
        ),
        (
            server.key(),
            &["--base-url", "http://127.0.0.1:1"],
            "tcp",
            "network-error",
        ),
    ] {
        let output = doctor(&place, &server, key, &[&["--json"], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(!stdout(&output).contains(key));
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(report["healthy"], false);
        let probes = report["probes"].as_array().unwrap();
        let failed = probes
            .iter()
            .find(|found| found["state"] == "fail")
            .unwrap();
        assert_eq!(
            (&failed["probe"], &failed["failure"]),
            (&probe.into(), &failure.into())
        );
        assert!(!failed["do"].as_array().unwrap().is_empty());
    }
    let slip = doctor(&place, &server, server.key(), &["--timeout", "0"]);
    assert_eq!(slip.status.code(), Some(2));
}

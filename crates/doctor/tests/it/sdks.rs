//! Installed SDKs.

use crate::{api::Api, patient::Patient};
use propus_doctor::State;

#[cfg(unix)]
fn python(patient: &Patient, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let file = patient.folder.path().join("python3");
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn python_is_asked_for_its_packages() {
    let patient = Patient::at(Api::default().url().await);
    python(
        &patient,
        r#"echo '{"google-genai": "3.4.0", "google-generativeai": "0.8.5"}'"#,
    );
    let seen = patient.examine().await;
    seen.has(
        "sdk",
        State::Warn,
        "google-generativeai 0.8.5 (python3): no longer developed",
        "",
    );
    seen.advises("sdk", "change to `google-genai`");
    assert!(
        seen.text
            .contains("google-genai 3.4.0 (python3): calls v1 by default"),
        "{}",
        seen.text
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_python_that_hangs_or_babbles_harms_nothing() {
    let patient = Patient::at(Api::default().url().await).timeout(800);
    python(&patient, "read forever < /dev/zero");
    let seen = patient.examine().await;
    seen.has("sdk", State::Ok, "Python did not answer in time", "");
    let patient = Patient::at(Api::default().url().await);
    python(&patient, "echo Welcome; exit 3");
    let seen = patient.examine().await;
    seen.has("sdk", State::Ok, "Python gave no answer", "")
        .are_ok(&["generate"]);
}

#[tokio::test]
async fn folders_of_node_and_go_are_read() {
    let patient = Patient::at(Api::default().url().await);
    let folder = patient.folder.path();
    std::fs::write(
        folder.join("package.json"),
        r#"{"dependencies":{"@google/generative-ai":"*"}}"#,
    )
    .unwrap();
    std::fs::write(
        folder.join("go.mod"),
        "module m\nrequire google.golang.org/genai v1.69.0\n",
    )
    .unwrap();
    let seen = patient.examine().await;
    seen.has(
        "sdk",
        State::Warn,
        "@google/generative-ai (not installed)",
        "",
    );
    seen.advises("sdk", "change to `@google/genai`");
    assert!(
        seen.text
            .contains("google.golang.org/genai v1.69.0 (go.mod)")
    );
}

//! `propus diagnose`, `explain` and `check`.

use crate::binary::{Place, stderr, stdout};
use serde_json::Value;
use std::{
    io::Write,
    process::{Output, Stdio},
};

fn propus(arguments: &[&str], input: &str) -> Output {
    let place = Place::new();
    let mut process = place
        .propus()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    // A command that reads nothing may be gone already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    process.wait_with_output().unwrap()
}

const EXPIRED: &str = "google.genai.errors.ClientError: 400 INVALID_ARGUMENT. {'error': {'code': 400, \
    'message': 'API key expired. Please renew the API key.', 'status': 'INVALID_ARGUMENT'}}";

#[test]
fn evidence_on_standard_input_is_diagnosed() {
    let output = propus(&["diagnose"], EXPIRED);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stdout(&output).starts_with("expired-api-key (certain)\n"),
        "{}",
        stdout(&output)
    );
    let output = propus(&["diagnose", "-", "--format", "json"], EXPIRED);
    let json: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let cause = &json["causes"][0];
    assert_eq!(cause["failure"], "expired-api-key");
    assert_eq!(cause["sure"], "certain");
    assert_eq!(cause["retry"]["retryable"], false);
    assert!(cause["fix"].as_array().unwrap().len() > 1);
    let output = propus(&["diagnose", "--format", "markdown"], EXPIRED);
    assert!(stdout(&output).starts_with("## `expired-api-key` (certain)\n"));
}

#[test]
fn nothing_recognised_is_1_and_a_slip_is_2() {
    let output = propus(&["diagnose"], "all is well\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("nothing recognised"));
    let output = propus(&["diagnose", "/no/such/file"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/no/such/file"));
}

#[test]
fn pages_are_found_by_name_code_and_words() {
    let page = stdout(&propus(&["explain", "quota_per_day"], ""));
    assert!(page.starts_with("# quota-per-day\n"), "{page}");
    let list = stdout(&propus(&["explain", "429"], ""));
    assert!(
        list.contains("spend-cap") && list.contains("quota-per-minute"),
        "{list}"
    );
    assert_eq!(
        stdout(&propus(&["explain", "--list"], "")).lines().count(),
        97
    );
    assert!(stdout(&propus(&["explain", "--search", "Pacific"], "")).contains("quota-per-day"));
    let output = propus(&["explain", "quota-pr-day"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean `quota-per-day`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn requests_are_checked() {
    let body = "{\"contents\": [{\"parts\": [{\"text\": \"hi\"}]}],\n \"generationConfig\": {\"topP\": 3}}";
    let output = propus(&["check", "-", "--model", "gemini-2.5-flash"], body);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.starts_with("error[param-out-of-range]: "), "{text}");
    assert!(text.contains("--> -:2:31\n"), "{text}");
    let good = propus(
        &["check", "--model", "gemini-2.5-flash"],
        "{\"contents\": [{\"parts\": [{\"text\": \"hi\"}]}]}",
    );
    assert_eq!((good.status.code(), stdout(&good).as_str()), (Some(0), ""));
    let retired = propus(
        &["check", "--model", "gemini-1.5-flash", "--format", "json"],
        "{\"contents\": [{\"parts\": [{\"text\": \"hi\"}]}]}",
    );
    let json: Value = serde_json::from_str(&stdout(&retired)).unwrap();
    assert_eq!(json["findings"][0]["failure"], "model-retired");
}

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

#[test]
fn requests_are_corrected() {
    let place = Place::new();
    let file = place.path("request.json");
    std::fs::write(
        &file,
        "{\n    \"contents\": [{\"role\": \"assistant\", \"parts\": [{\"text\": \"hi\"}]},\n    \
        {\"parts\": [{\"text\": \"ho\"}]}],\n    \"temperature\": 7, // hot\n}\n",
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let output = propus(&["check", path, "--fix", "--model", "gemini-2.5-flash"], "");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("fixed temperature: moved to `generationConfig.temperature`\n"),
        "{}",
        stdout(&output)
    );
    assert!(stderr(&output).starts_with("3 corrections; nothing found"));
    let fixed = std::fs::read_to_string(&file).unwrap();
    assert!(fixed.contains("\n    \"contents\": ["), "{fixed}");
    let json: Value = serde_json::from_str(&fixed).unwrap();
    assert_eq!(json["contents"][0]["role"], "model");
    assert_eq!(json["generationConfig"]["temperature"], 2);
    // A second run has nothing to do.
    let again = propus(&["check", path, "--fix", "--model", "gemini-2.5-flash"], "");
    assert_eq!(
        (again.status.code(), stdout(&again)),
        (Some(0), String::new())
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), fixed);
    // On its way through, the request alone is on standard output.
    let output = propus(&["check", "-", "--fix"], r#"{"contents": "hi"}"#);
    assert_eq!(stdout(&output), r#"{"contents":{"parts":[{"text":"hi"}]}}"#);
    // What has no one right form stays.
    let body = r#"{"contents": [{"parts": []}]}"#;
    let output = propus(&["check", "-", "--fix"], body);
    assert_eq!(
        (output.status.code(), stdout(&output).as_str()),
        (Some(1), body)
    );
}

#[test]
fn warnings_advice_and_sarif_are_given() {
    let body = r#"{"contents": [{"parts": [{"text": "List three cities as JSON"}]}]}"#;
    let output = propus(&["check", "--client-timeout", "1"], body);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).starts_with("warning[client-timeout]: "),
        "{}",
        stdout(&output)
    );
    let output = propus(&["check", "--advice"], body);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(
        stdout(&output).starts_with("advice[json-by-prose]: "),
        "{}",
        stdout(&output)
    );
    let output = propus(
        &[
            "check",
            "--format",
            "sarif",
            "--advice",
            "--model",
            "gemini-1.5-pro",
        ],
        body,
    );
    let sarif: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let results = &sarif["runs"][0]["results"];
    assert_eq!(results[0]["ruleId"], "model-retired");
    assert_eq!(results[0]["level"], "error");
    assert_eq!(results[1]["ruleId"], "json-by-prose");
    assert_eq!(
        results[1]["locations"][0]["physicalLocation"]["region"]["startLine"],
        1
    );
    let output = propus(&["check", "--client-timeout", "soon"], body);
    assert_eq!(output.status.code(), Some(2));
    // More tokens than the model reads, counted.
    let long = format!(
        r#"{{"contents": [{{"parts": [{{"text": "{}"}}]}}]}}"#,
        "x y ".repeat(600_000)
    );
    let output = propus(&["check", "--model", "gemini-2.5-flash"], &long);
    assert!(
        stdout(&output).starts_with("error[context-too-long]: The input token count (1200"),
        "{}",
        &stdout(&output)[..200]
    );
}

#[test]
fn tokens_are_counted() {
    let output = propus(&["tokens"], "What is your name?");
    assert!(
        stdout(&output).starts_with("5 tokens\n"),
        "{}",
        stdout(&output)
    );
    let body = r#"{"contents": [{"parts": [{"text": "What is your name?"}]}],
        "systemInstruction": {"parts": [{"text": "Be brief"}]}}"#;
    let output = propus(&["tokens", "--format", "json"], body);
    let json: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(json["totalTokens"], 7);
    assert_eq!(json["exact"], true);
    assert_eq!(json["inputTokenLimit"], 1_048_576);
    assert_eq!(json["parts"][0]["place"], "systemInstruction.parts[0]");
    let output = propus(&["tokens", "--model", "gemini-3.5-flash"], "hi");
    assert!(stderr(&output).contains("tokenizer of its own"));
    for (arguments, input, word) in [
        (
            &["tokens", "--model", "gemini-2.5-flahs"][..],
            "hi",
            "did you mean `gemini-2.5-flash`",
        ),
        (&["tokens"], r#"{"contents": 3}"#, "--text"),
    ] {
        let output = propus(arguments, input);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
}

#[test]
fn completions_and_manual_pages_are_made() {
    for shell in ["bash", "zsh", "fish"] {
        let output = propus(&["completions", shell], "");
        assert!(stdout(&output).contains("diagnose"), "{shell}");
    }
    let place = Place::new();
    let folder = place.path("man");
    let output = propus(&["man", folder.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = std::fs::read_to_string(folder.join("propus-check.1")).unwrap();
    assert!(page.contains("client\\-timeout"), "{page:.300}");
}

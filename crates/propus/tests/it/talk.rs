//! `propus generate` and `propus chat` against a running server.

use crate::binary::{Place, Server, stderr, stdout};
use std::{
    io::Write,
    process::{Output, Stdio},
};

fn generate(place: &Place, server: &Server, arguments: &[&str]) -> Output {
    place
        .propus()
        .env("GOOGLE_GEMINI_BASE_URL", server.url())
        .env("GEMINI_API_KEY", server.key())
        .arg("generate")
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_question_is_answered() {
    let place = Place::new();
    let server = place.serve(&[]);
    for more in [&[][..], &["--stream"], &["--model", "gemini-2.5-flash"]] {
        let output = generate(&place, &server, &[&["Is it old?"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stdout(&output).trim(), "The bridge is old.");
    }
    let json = stdout(&generate(&place, &server, &["x", "--json"]));
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["modelVersion"],
        "small"
    );
    let refused = generate(&place, &server, &["x", "--model", "gemini-9"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("models/gemini-9 is not found"));
}

#[test]
fn a_talk_ends_with_its_input() {
    let place = Place::new();
    let server = place.serve(&[]);
    let mut chat = place
        .propus()
        .env("GOOGLE_GEMINI_BASE_URL", server.url())
        .env("GEMINI_API_KEY", server.key())
        .arg("chat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    chat.stdin.take().unwrap().write_all(b"one\ntwo\n").unwrap();
    let output = chat.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).matches("The bridge is old.").count(), 2);
}

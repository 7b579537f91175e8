//! Starting and stopping, and what prevents it: one clear line and exit code 2.

use crate::binary::{Place, stderr, stdout, text};
use std::net::TcpListener;

#[test]
fn a_server_says_when_it_is_ready_and_stops_cleanly() {
    let place = Place::new();
    let first = place.serve(&[]);
    assert!(first.key().starts_with("AIzaPropus"));
    assert_eq!(first.key().len(), 39);
    assert_eq!(first.stop(), Some(0));
    let second = place.serve(&[]);
    assert_eq!(second.key(), "", "a key is shown once");
    assert_eq!(second.stop(), Some(0));
}

#[test]
fn no_auth_is_for_loopback_only() {
    let place = Place::new();
    assert_eq!(place.serve(&["--no-auth"]).stop(), Some(0));
    let config = place.path("propus.toml");
    let output = place.run(&[
        "serve",
        "--no-auth",
        "--listen",
        "0.0.0.0:0",
        "--config",
        text(&config),
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--no-auth"));
}

/// Runs `serve` and expects it to end with exit code 2 and these words.
fn refused(place: &Place, arguments: &[&str], words: &[&str]) {
    let output = place.run(&[&["serve"], arguments].concat());
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(stdout(&output), "");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_port_in_use_is_named() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let config = place.path("propus.toml");
    refused(
        &place,
        &["--config", text(&config), "--listen", &address],
        &[&address, "hint: ", "--listen"],
    );
    refused(
        &place,
        &["--config", text(&config), "--listen", "nonsense"],
        &["nonsense"],
    );
}

#[test]
fn a_slip_in_the_configuration_is_named() {
    let place = Place::new();
    place.write("bad.toml", "lissten = '127.0.0.1:0'\n");
    let bad = place.path("bad.toml");
    refused(
        &place,
        &["--config", text(&bad)],
        &["bad.toml", "lissten", "listen"],
    );
    let missing = place.path("missing.toml");
    refused(
        &place,
        &["--config", text(&missing)],
        &["missing.toml", "cannot read"],
    );
}

#[test]
fn a_data_folder_that_cannot_be_one_is_named() {
    let place = Place::new();
    place.write("file", "");
    let folder = place.path("file/state");
    let config = place.path("propus.toml");
    refused(
        &place,
        &[
            "--listen",
            "127.0.0.1:0",
            "--config",
            text(&config),
            "--data-dir",
            text(&folder),
        ],
        &["file/state", "--data-dir"],
    );
}

#[test]
fn models_that_are_missing_or_broken_are_named() {
    let place = Place::new();
    let serve = |model: &str, words: &[&str]| {
        refused(
            &place,
            &["--listen", "127.0.0.1:0", "--model", model],
            words,
        );
    };
    serve("nobody", &["nobody", "hint: "]);
    place.write("noise.gguf", "this is no model");
    serve(text(&place.path("noise.gguf")), &["noise.gguf"]);
    let mut cut = b"GGUF\x03\0\0\0".to_vec();
    cut.extend([255; 16]);
    std::fs::write(place.path("cut.gguf"), cut).unwrap();
    serve(text(&place.path("cut.gguf")), &["cut.gguf"]);
}

#[test]
fn help_teaches_and_slips_end_with_2() {
    let place = Place::new();
    let help = stdout(&place.run(&["--help"]));
    for command in ["serve", "pull", "models", "keys", "generate", "chat"] {
        assert!(help.contains(command), "{command}");
    }
    let serve = stdout(&place.run(&["serve", "--help"]));
    let serve: Vec<&str> = serve.split_whitespace().collect();
    assert!(serve.join(" ").contains("ready url=http://HOST:PORT"));
    assert_eq!(place.run(&["sreve"]).status.code(), Some(2));
    assert_eq!(place.run(&["--log", "=", "models"]).status.code(), Some(2));
}

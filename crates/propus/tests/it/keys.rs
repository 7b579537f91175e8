//! `propus keys`, beside a running server.

use crate::binary::{Place, stderr, stdout, text};

#[test]
fn keys_are_made_listed_and_ended() {
    let place = Place::new();
    let state = place.path("state");
    let run = |arguments: &[&str]| {
        place.run(&[&["keys"], arguments, &["--data-dir", text(&state)]].concat())
    };
    let made = run(&["create", "--name", "laptop"]);
    let key = stdout(&made).trim().to_owned();
    assert!(key.starts_with("AIzaPropus") && key.len() == 39);
    let listed = stdout(&run(&["list"]));
    assert!(listed.contains("laptop") && listed.contains("valid") && !listed.contains(&key));
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&run(&["list", "--format", "json"]))).unwrap();
    assert_eq!(json[0]["name"], "laptop");
    assert_eq!(run(&["expire", "1"]).status.code(), Some(0));
    assert!(stdout(&run(&["list"])).contains("expired"));
    assert_eq!(run(&["revoke", &key]).status.code(), Some(0));
    assert!(stdout(&run(&["list"])).contains("revoked"));
    let unknown = run(&["revoke", "99"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("no key `99`"));
}

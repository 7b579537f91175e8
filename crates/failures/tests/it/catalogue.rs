//! Names, files and statuses of the whole catalogue.

use propus_failures::catalogue;
use std::{collections::BTreeSet, fs, path::Path};

const LABELS: &str = include_str!("../../src/labels.txt");
const FOLDERS: [&str; 11] = [
    "request", "keys", "account", "models", "content", "limits", "quota", "service", "reply",
    "network", "client",
];

/// Folder, file name without ending, and text of each failure's file.
fn files() -> Vec<(String, String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(source.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "rs") {
                let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
                files.push((folder.into(), stem, fs::read_to_string(path).unwrap()));
            }
        }
    }
    files
}

fn camel(stem: &str) -> String {
    let words = stem.split('_');
    let upper = |word: &str| word[..1].to_uppercase() + &word[1..];
    words.map(upper).collect()
}

#[test]
fn file_struct_and_name_agree_and_are_a_label() {
    let labels: BTreeSet<_> = LABELS.lines().collect();
    let raised: BTreeSet<_> = catalogue::examples()
        .iter()
        .map(|problem| problem.name())
        .collect();
    let replies = catalogue::replies("gemini-2.5-flash");
    let replies: BTreeSet<_> = replies.iter().map(|(name, _)| *name).collect();
    let files = files();
    for (folder, stem, text) in &files {
        let (name, camel) = (stem.replace('_', "-"), camel(stem));
        assert!(text.starts_with("//! "), "{folder}/{stem}");
        assert!(
            text.contains(&format!("name: \"{name}\"")),
            "{folder}/{stem}"
        );
        assert!(labels.contains(name.as_str()), "{name} is no label");
        // What has facts is raised; the others are only recognised.
        let has_facts = text.contains(&format!("impl Failure for {camel} {{"));
        assert_eq!(has_facts, raised.contains(name.as_str()), "{folder}/{stem}");
        // A failure is raised or comes as a reply, never both.
        assert_eq!(folder == "reply", replies.contains(name.as_str()), "{name}");
        assert!(folder != "reply" || !has_facts, "{name}");
    }
    assert_eq!(labels.len(), files.len());
}

#[test]
fn statuses_are_ones_that_google_sends() {
    const KNOWN: [u16; 10] = [400, 401, 403, 404, 429, 499, 500, 501, 503, 504];
    for problem in catalogue::examples() {
        let (name, status) = (problem.name(), problem.status());
        assert!(KNOWN.contains(&status.code.http()), "{name}");
        assert!(!status.message.trim().is_empty(), "{name}");
        // Twice the same, and readable again.
        assert_eq!(status, problem.status(), "{name}");
        let json = serde_json::from_str(&status.to_pretty()).unwrap();
        assert_eq!(
            propus_wire::status::Status::from_json(&json).as_ref(),
            Some(&status),
            "{name}"
        );
        assert_eq!(
            status.message.ends_with('\n'),
            !problem.violations().is_empty()
                || name == "modality-unsupported"
                    && status.message.contains("following combination"),
            "{name}: {}",
            status.message
        );
    }
}

#[test]
fn nothing_that_looks_like_a_key_is_said() {
    for problem in catalogue::examples() {
        let said = format!(
            "{}{}",
            problem.status().to_pretty(),
            problem.log().unwrap_or_default()
        );
        for mark in ["AIza", "AQ.", "ya29.", "Bearer "] {
            assert!(!said.contains(mark), "{}: {said}", problem.name());
        }
    }
}

#[test]
fn messages_hold_no_runs_of_blanks_but_googles_own() {
    for problem in catalogue::examples() {
        let message = problem
            .status()
            .message
            .replace("for serving.  Typical", "for serving. Typical");
        assert!(!message.contains("  "), "{}: {message}", problem.name());
    }
}

//! What holds for every failure of the catalogue.

use propus_failures::{
    Cards, Day, Entry, Sending,
    catalogue::{self, ENTRIES},
    diagnose,
    entry::{Guide, Sure},
    inspect,
    page::HEADINGS,
};
use propus_wire::{Version, generate::GenerateContentResponse};
use std::collections::{BTreeMap, BTreeSet};

const LABELS: &str = include_str!("../../src/labels.txt");

#[test]
fn every_label_is_a_failure_and_every_failure_a_label() {
    let labels: Vec<_> = LABELS.lines().collect();
    let names: BTreeSet<_> = ENTRIES.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), ENTRIES.len(), "no name twice");
    assert_eq!(names, labels.into_iter().collect());
}

/// What is wrong with a page's form.
fn slips(entry: &Entry) -> Vec<String> {
    let page = entry.page();
    let headings: Vec<_> = page.sections.iter().map(|(heading, _)| *heading).collect();
    let unwanted = [
        "TODO",
        "/work",
        "wire.md",
        "reports.jsonl",
        "labels.json",
        "AIzaSy",
    ];
    let slip = |wrong: bool, what: &str| wrong.then(|| format!("{}: {what}", entry.name));
    let mut slips = vec![
        slip(
            !entry.page.starts_with(&format!("# {}\n", entry.name)),
            "title",
        ),
        slip(headings != HEADINGS, "headings"),
        slip(
            !(20..=140).contains(&page.summary.len()),
            "length of the summary",
        ),
        slip(page.summary.contains('\n'), "summary of several lines"),
        slip(page.why().len() < 60, "why"),
        slip(!(2..=6).contains(&page.fixes().len()), "number of fixes"),
        slip(
            !page.blocks().iter().any(|block| block.kind == "evidence"),
            "no evidence",
        ),
    ];
    slips.extend(unwanted.map(|word| slip(entry.page.contains(word), word)));
    slips.into_iter().flatten().collect()
}

#[test]
fn pages_have_their_headings_a_summary_and_advice() {
    let slips: Vec<_> = ENTRIES.iter().flat_map(|entry| slips(entry)).collect();
    assert!(slips.is_empty(), "{slips:#?}");
}

#[test]
fn pages_name_their_failure_from_their_evidence() {
    let mut wrong = Vec::new();
    for entry in ENTRIES {
        let blocks = entry.page().blocks();
        for block in blocks.iter().filter(|block| block.kind == "evidence") {
            let causes = diagnose(block.text).causes;
            if causes.first().map(|cause| cause.failure) != Some(entry.name) {
                let names: Vec<_> = causes
                    .iter()
                    .map(|cause| (cause.failure, cause.sure))
                    .collect();
                wrong.push(format!("{}: {names:?}\n{}\n", entry.name, block.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The ways in which evidence reaches a person.
fn wrapped(text: &str) -> Vec<(&'static str, String)> {
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let html = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;");
    let lines = |line: fn(&str) -> String| text.lines().map(line).collect::<String>();
    vec![
        ("in JSON", format!("{{\"message\": {}}}", json(text))),
        ("in JSON in JSON", json(&json(text))),
        ("in HTML", format!("<pre>{html}</pre>")),
        (
            "coloured",
            lines(|line| format!("\u{1b}[31m{line}\u{1b}[0m\n")),
        ),
        (
            "in a log",
            lines(|line| format!("2026-11-24T10:00:00Z ERROR [app] {line}\n")),
        ),
        ("with Windows' line ends", text.replace('\n', "\r\n")),
        (
            "among other words",
            format!("Fehler beim Aufruf: {text}\n请重试\n"),
        ),
    ]
}

#[test]
fn wrappers_change_no_cause() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in ENTRIES {
        let blocks = entry.page().blocks();
        for block in blocks.iter().filter(|block| block.kind == "evidence") {
            for (how, text) in wrapped(block.text) {
                count += 1;
                let causes = diagnose(&text).causes;
                let names: Vec<_> = causes.iter().map(|cause| cause.failure).collect();
                if names.first() != Some(&entry.name) {
                    wrong.push(format!("{} {how}: {names:?}", entry.name));
                }
            }
        }
    }
    assert!(
        wrong.len() * 100 <= count,
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn pages_requests_have_their_fault_and_no_other() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in ENTRIES {
        let blocks = entry.page().blocks();
        for block in blocks
            .iter()
            .filter(|block| block.kind.starts_with("request "))
        {
            let [_, method, model, version] = block.kind.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{}: {}", entry.name, block.kind);
            };
            let version = match version {
                "v1" => Version::V1,
                _ => Version::V1Beta,
            };
            let sending = Sending::new(method, model, version, Day::new(2026, 11, 1));
            let found = inspect(block.text.as_bytes(), &sending, Cards::builtin());
            let names: BTreeSet<_> = found.iter().map(|finding| finding.failure).collect();
            if names != BTreeSet::from([entry.name]) {
                wrong.push(format!("{}: {found:#?}\n{}\n", entry.name, block.text));
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 20, "{count}");
}

/// Values of these share their words with another failure: Google says the same of both.
const SAID_ALIKE: [(&str, &str); 2] = [
    ("model-retired", "model-not-found"),
    ("model-method-mismatch", "model-not-found"),
];

#[test]
fn what_is_raised_is_recognised() {
    let mut wrong = Vec::new();
    for problem in catalogue::examples() {
        let body = problem.status().to_pretty();
        let causes = diagnose(&body).causes;
        let first = causes.first().map_or("nothing", |cause| cause.failure);
        let alike = SAID_ALIKE.contains(&(problem.name(), first));
        if first != problem.name() && !alike {
            wrong.push(format!("{} is taken for {first}:\n{body}", problem.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn replies_that_are_failures_are_recognised() {
    let mut wrong = Vec::new();
    for (name, reply) in catalogue::replies("gemini-2.5-flash") {
        for body in [
            serde_json::to_string(&reply).unwrap(),
            serde_json::to_string_pretty(&reply).unwrap(),
        ] {
            let causes = diagnose(&body).causes;
            let first = causes.first().map_or("nothing", |cause| cause.failure);
            if first != name {
                wrong.push(format!("{name} is taken for {first}:\n{body}"));
            }
            let back: GenerateContentResponse = serde_json::from_str(&body).unwrap();
            assert_eq!(back, reply, "{name}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_part_of_the_guide_has_failures() {
    let mut carried: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in ENTRIES {
        if let Some(guide) = entry.guide {
            carried.entry(guide.heading()).or_default().push(entry.name);
        }
    }
    for guide in Guide::ALL {
        assert!(carried.contains_key(guide.heading()), "{guide:?}");
    }
}

#[test]
fn what_explains_others_names_failures() {
    let names: BTreeSet<_> = ENTRIES.iter().map(|entry| entry.name).collect();
    for entry in ENTRIES {
        for other in entry.over {
            assert!(names.contains(other), "{}: {other}", entry.name);
            assert_ne!(*other, entry.name);
        }
        assert!(
            entry.signs.iter().any(|sign| sign.sure >= Sure::Likely),
            "{}",
            entry.name
        );
    }
}

//! What the built-in cards say, and how they are overridden.

use super::*;

const TODAY: Day = Day::new(2026, 11, 24);

fn resolved(name: &str, version: Version, day: Day) -> String {
    match Cards::builtin().resolve(name, "generateContent", version, day) {
        Ok(card) => card.name.clone(),
        Err(problem) => problem.name().into(),
    }
}

#[test]
fn the_built_in_cards_are_sound() {
    let cards = Cards::builtin();
    assert!(cards.iter().count() > 120);
    for card in cards.iter() {
        let name = &card.name;
        for target in card
            .routes
            .iter()
            .map(|route| &route.to)
            .chain(&card.replacement)
        {
            assert!(cards.get(target).is_some(), "{name} names {target}");
        }
        assert!(!card.display_name.is_empty(), "{name}");
        assert_eq!(card.ranges_2025_05.temperature, [0.0, 1.0], "{name}");
        assert_eq!(card.ranges.temperature, [0.0, 2.0], "{name}");
        assert_ne!(card.alias, card.in_version(Version::V1), "{name}");
    }
}

#[test]
fn names_are_resolved_by_version_and_day() {
    let table = [
        ("gemini-2.5-flash", Version::V1, TODAY, "gemini-2.5-flash"),
        (
            "models/gemini-2.5-flash",
            Version::V1Beta,
            TODAY,
            "gemini-2.5-flash",
        ),
        ("gemini-3.8-flash", Version::V1, TODAY, "gemini-3.8-flash"),
        ("gemini-3.7-flash", Version::V1, TODAY, "gemini-3.8-flash"),
        (
            "gemini-3.7-flash",
            Version::V1,
            Day::new(2026, 10, 7),
            "gemini-3.7-flash",
        ),
        (
            "gemini-3.7-flash",
            Version::V1,
            Day::new(2026, 8, 1),
            "model-not-found",
        ),
        (
            "gemini-3-pro-preview",
            Version::V1Beta,
            TODAY,
            "gemini-3.1-pro-preview",
        ),
        (
            "gemini-flash-latest",
            Version::V1Beta,
            TODAY,
            "gemini-3.8-flash",
        ),
        (
            "gemini-flash-latest",
            Version::V1Beta,
            Day::new(2026, 6, 1),
            "gemini-3.5-flash",
        ),
        ("gemini-flash-latest", Version::V1, TODAY, "model-not-found"),
        (
            "gemini-pro-latest",
            Version::V1Beta,
            TODAY,
            "gemini-3.1-pro-preview",
        ),
        (
            "gemini-flash-lite-latest",
            Version::V1Beta,
            TODAY,
            "gemini-3.5-flash-lite",
        ),
        (
            "gemini-2.5-pro-preview-05-06",
            Version::V1Beta,
            Day::new(2025, 7, 1),
            "gemini-2.5-pro",
        ),
        (
            "gemini-2.5-pro-preview-05-06",
            Version::V1Beta,
            TODAY,
            "model-retired",
        ),
        ("gemini-2.0-flash", Version::V1Beta, TODAY, "model-retired"),
        (
            "gemini-2.0-flash",
            Version::V1Beta,
            Day::new(2026, 5, 31),
            "gemini-2.0-flash",
        ),
        ("gemini-1.5-flash", Version::V1Beta, TODAY, "model-retired"),
        ("gemini-9", Version::V1Beta, TODAY, "model-not-found"),
        ("", Version::V1Beta, TODAY, "model-not-found"),
    ];
    for (name, version, day, expected) in table {
        assert_eq!(
            resolved(name, version, day),
            expected,
            "{name} in {version} on {day}"
        );
    }
}

#[test]
fn the_nearest_names_are_alive() {
    let nearest = Cards::builtin().nearest("gemini-2.5-flahs", 3);
    assert_eq!(nearest[0], "gemini-2.5-flash");
    assert_eq!(nearest.len(), 3);
    assert!(Cards::builtin().nearest("zzz", 3).is_empty());
}

#[test]
fn what_is_served_today_leaves_out_the_retired() {
    let served = Cards::builtin().served_on(TODAY, Version::V1);
    let names: Vec<_> = served.iter().map(|card| card.name.as_str()).collect();
    assert!(names.contains(&"gemini-2.5-flash") && names.contains(&"gemini-4-argon"));
    assert!(names.contains(&"gemini-embedding-001"));
    assert!(!names.contains(&"gemini-2.0-flash") && !names.contains(&"gemini-flash-latest"));
}

#[test]
fn a_file_overrides_single_keys_and_adds_models() {
    let cards = Cards::builtin().overridden(
        r#"
        [[model]]
        name = "models/gemini-2.5-flash"
        output_token_limit = 10
        ranges = { candidate_count = [1, 2] }

        [[model]]
        name = "mine"
        methods = ["generateContent"]
        max_temperature = 1.5
        "#,
    );
    let cards = cards.unwrap();
    let card = cards.get("gemini-2.5-flash").unwrap();
    assert_eq!(
        (card.output_token_limit, card.input_token_limit),
        (Some(10), Some(1_048_576))
    );
    assert_eq!(
        (card.ranges.candidate_count, card.ranges.temperature),
        ([1, 2], [0.0, 2.0])
    );
    assert_eq!(cards.get("mine").unwrap().ranges.temperature, [0.0, 1.5]);
}

#[test]
fn a_fault_in_a_file_names_the_model() {
    for (text, expected) in [
        ("[[model]]\nname = \"x\"\ntemprature = 1.0", "model `x`"),
        ("[[model]]\nversion = \"x\"", "no `name`"),
        ("[[modl]]", "modl"),
    ] {
        let error = Cards::builtin().overridden(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_stand_in_keeps_its_name_and_allows_what_the_local_model_allows() {
    let google = Cards::builtin().get("gemini-2.5-flash").unwrap();
    let local = Card::for_local("smollm2", 8192);
    let card = google.served_by(&local);
    assert_eq!(
        (card.name.as_str(), card.version.as_str()),
        ("gemini-2.5-flash", "001")
    );
    assert_eq!(card.input_token_limit, Some(8192));
    assert_eq!(card.methods, ["generateContent", "countTokens"]);
    assert!(!google.penalties && card.penalties && card.logprobs == 20);
    assert!(card.input == [Medium::Text] && card.tools.is_empty());
    assert!(matches!(card.thinking, Thinking::Budget { max: 24576, .. }));
    let newest = Cards::builtin().get("gemini-3.8-flash").unwrap();
    assert_eq!(newest.ranges.candidate_count, [1, 1]);
    assert_eq!(newest.served_by(&local).ranges.candidate_count, [1, 8]);
}

#[test]
fn the_guide_of_2025_is_a_profile() {
    let card = Card::for_local("x", 100).under(Profile::May2025);
    assert_eq!(
        (card.ranges.temperature, card.ranges.candidate_count),
        ([0.0, 1.0], [1, 8])
    );
}

#[test]
fn models_get_says_what_the_card_says() {
    let model = Cards::builtin().get("gemini-2.5-flash").unwrap().model();
    assert_eq!(
        serde_json::to_string(&model).unwrap(),
        r#"{"name":"models/gemini-2.5-flash","version":"001","displayName":"Gemini 2.5 Flash","inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent","countTokens","createCachedContent","batchGenerateContent"],"temperature":1.0,"topP":0.95,"topK":64,"maxTemperature":2.0,"thinking":true}"#
    );
}

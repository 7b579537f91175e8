use super::*;

fn check(profile: Profile, tier: Tier, model: &str, expected: [Option<u64>; 4]) {
    let limits = LimitTable::builtin().limits(profile, tier, model);
    let found = [limits.rpm, limits.tpm, limits.rpd, limits.tpd];
    assert_eq!(found, expected, "{profile:?} {tier:?} {model}");
}

#[test]
fn rows_are_those_of_the_pages() {
    use Profile::{Current, May2025};
    use Tier::{Free, Tier1, Tier2, Tier3};
    let million = 1_000_000;
    let pro = "gemini-2.5-pro";
    check(
        Current,
        Free,
        pro,
        [Some(5), Some(250_000), Some(100), None],
    );
    check(
        Current,
        Tier1,
        pro,
        [Some(150), Some(2 * million), Some(10_000), None],
    );
    check(
        Current,
        Tier2,
        pro,
        [Some(1_000), Some(5 * million), Some(50_000), None],
    );
    check(
        Current,
        Tier3,
        pro,
        [Some(2_000), Some(8 * million), None, None],
    );
    let flash = "gemini-2.0-flash";
    check(
        Current,
        Free,
        flash,
        [Some(15), Some(million), Some(200), None],
    );
    check(
        May2025,
        Free,
        flash,
        [Some(15), Some(million), Some(1_500), None],
    );
    check(
        May2025,
        Tier1,
        flash,
        [Some(2_000), Some(4 * million), None, None],
    );
    let experimental = "gemini-2.5-pro-exp-03-25";
    check(
        May2025,
        Free,
        experimental,
        [Some(5), Some(250_000), Some(25), Some(million)],
    );
    check(
        May2025,
        Free,
        "gemini-1.5-pro",
        [Some(0), Some(0), Some(0), None],
    );
    check(
        May2025,
        Free,
        "gemini-embedding-exp-03-07",
        [Some(5), None, Some(100), None],
    );
}

#[test]
fn names_find_the_row_that_fits_best() {
    use {Profile::Current, Tier::Free, Tier::Tier1};
    let flash = [Some(15), Some(1_000_000), Some(200), None];
    check(Current, Free, "models/gemini-2.0-flash", flash);
    check(Current, Free, "gemini-2.0-flash-001", flash);
    let gemma = [Some(30), Some(15_000), Some(14_400), None];
    check(Current, Free, "gemma-3-27b-it", gemma);
    check(Current, Free, "gemma-3n-e4b-it", gemma);
    check(
        Current,
        Tier1,
        "imagen-4.0-generate-001",
        [Some(10), None, Some(70), None],
    );
    check(
        Current,
        Tier1,
        "imagen-4.0-ultra-generate-001",
        [Some(5), None, Some(30), None],
    );
    check(
        Current,
        Free,
        "never-heard-of",
        [Some(10), Some(250_000), Some(250), None],
    );
}

#[test]
fn every_tier_has_a_default() {
    for profile in [Profile::Current, Profile::May2025] {
        for tier in [Tier::Free, Tier::Tier1, Tier::Tier2, Tier::Tier3] {
            let limits = LimitTable::builtin().limits(profile, tier, "");
            assert!(limits.rpm > Some(0) && limits.tpm > Some(0), "{limits:?}");
        }
    }
}

#[test]
fn a_file_changes_the_keys_it_holds() {
    let table = LimitTable::builtin().overridden(
        r#"
        [current.free]
        "models/gemini-2.5-pro" = { rpm = 7, rpd = "unlimited" }
        "my-model" = { rpm = 1 }
        "*" = { tpd = 9 }
        "#,
    );
    let table = table.unwrap();
    let limits = |model| table.limits(Profile::Current, Tier::Free, model);
    let pro = limits("gemini-2.5-pro");
    assert_eq!((pro.rpm, pro.tpm, pro.rpd), (Some(7), Some(250_000), None));
    assert_eq!(
        limits("my-model"),
        Limits {
            rpm: Some(1),
            ..Limits::UNLIMITED
        }
    );
    assert_eq!(
        (limits("other").rpm, limits("other").tpd),
        (Some(10), Some(9))
    );
}

#[test]
fn faulty_files_are_refused_with_their_place() {
    let check = |text: &str, word: &str| {
        let error = LimitTable::builtin().overridden(text).unwrap_err();
        assert!(error.to_string().contains(word), "{text}: {error}");
    };
    check("current.free.x.rpm = -1", "0 or greater");
    check("current.free.x.rpm = 1.5", "whole number");
    check("current.free.x.rpm = 'none'", "unlimited");
    check("current.free.x.rpx = 1", "rpx");
    check("current.tier4.x.rpm = 1", "tier4");
    check("newest.free.x.rpm = 1", "newest");
}

#[test]
fn a_project_survives_its_json_form() {
    let text = r#"{"tier":"tier2","models":{"*":{"rpm":"unlimited","tpd":4}}}"#;
    let project: Project = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&project).unwrap(), text);
    let limits = LimitTable::builtin().limits_of(Profile::Current, &project, "gemini-2.5-pro");
    assert_eq!((limits.rpm, limits.tpd), (None, Some(4)));
    assert_eq!((limits.tpm, limits.rpd), (Some(5_000_000), Some(50_000)));
}

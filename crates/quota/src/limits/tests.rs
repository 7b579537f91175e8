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

/// The names that Google serves or served, from lists of 2025 and 2026, and what is offered of
/// them without payment.
#[test]
fn no_model_gets_the_row_of_another_family() {
    use Profile::Current;
    let none = [Some(0), Some(0), Some(0), None];
    let paid_only = "imagen-4.0-generate-001 imagen-4.0-ultra-generate-001 veo-2.0-generate-001 \
        veo-3.0-fast-generate-001 veo-3.1-lite-generate-preview gemini-2.5-flash-image \
        gemini-2.5-flash-image-preview gemini-3.1-flash-image-preview gemini-3.1-flash-lite-image \
        gemini-3-pro-image gemini-3-pro-image-preview nano-banana-pro-preview \
        gemini-nano-banana-2.1 gemini-2.5-pro-preview-tts gemini-3.1-pro-preview \
        gemini-3.1-pro-preview-customtools gemini-2.5-pro-preview-06-05 gemini-1.5-pro-002 \
        gemini-1.5-pro-latest lyria-3.5";
    for model in paid_only.split_whitespace() {
        check(Current, Tier::Free, model, none);
        for tier in [Tier::Tier1, Tier::Tier2, Tier::Tier3] {
            let limits = LimitTable::builtin().limits(Current, tier, model);
            assert_ne!(limits.rpm, Some(0), "{tier} {model}");
        }
    }
    let lite = [Some(4_000), Some(4_000_000), None, None];
    check(Current, Tier::Tier1, "gemini-3.5-flash-lite", lite);
    let pro = [Some(150), Some(2_000_000), Some(10_000), None];
    check(Current, Tier::Tier1, "gemini-3.1-pro-preview", pro);
    let audio = [None, Some(25_000), Some(5), None];
    let name = "gemini-2.5-flash-native-audio-preview-12-2025";
    check(Current, Tier::Free, name, audio);
    let embedding = [Some(100), Some(30_000), Some(1_000), None];
    check(Current, Tier::Free, "gemini-embedding-2", embedding);
    let live = [None, Some(4_000_000), None, None];
    check(Current, Tier::Tier1, "gemini-3.1-flash-live-preview", live);
    check(Current, Tier::Tier1, "gemini-3.8-live", live);
    let speech = [Some(3), Some(10_000), Some(15), None];
    check(Current, Tier::Free, "gemini-3.8-flash-lite-tts", speech);
    let image = [Some(500), Some(500_000), Some(2_000), None];
    check(Current, Tier::Tier1, "gemini-3.1-flash-lite-image", image);
    check(Current, Tier::Tier1, "gemini-3-pro-image", image);
}

#[test]
fn a_tier_without_a_row_has_that_of_the_tier_below() {
    use Profile::{Current, May2025};
    let gemma = [Some(30), Some(15_000), Some(14_400), None];
    check(Current, Tier::Tier3, "gemma-3-27b-it", gemma);
    check(Current, Tier::Tier2, "gemma-4-31b-it", gemma);
    let ultra = [Some(5), None, Some(30), None];
    check(Current, Tier::Tier3, "imagen-4.0-ultra-generate-001", ultra);
    let veo = [Some(2), None, Some(50), None];
    check(May2025, Tier::Tier3, "veo-2.0-generate-001", veo);
    let zero = [Some(0), Some(0), Some(0), None];
    check(Current, Tier::Tier3, "gemini-2.5-pro-exp-03-25", zero);
    let thinking = "gemini-2.5-flash-exp-native-audio-thinking-dialog";
    check(
        Current,
        Tier::Tier1,
        thinking,
        [None, Some(10_000), Some(5), None],
    );
}

#[test]
fn a_row_in_a_higher_tier_alone_says_not_offered() {
    let table = LimitTable::builtin().overridden(
        "[current.tier2]\n'house-*-large' = { rpm = 7 }\n[current.free]\n'other' = { rpm = 0 }",
    );
    let table = table.unwrap();
    let rpm = |tier, model| table.limits(Profile::Current, tier, model).rpm;
    let found = Tier::ALL.map(|tier| rpm(tier, "models/house-9-large"));
    assert_eq!(found, [Some(0), Some(0), Some(7), Some(7)]);
    // A zero of the free tier is not inherited: the row `*` holds.
    assert_eq!(rpm(Tier::Free, "other"), Some(0));
    assert_eq!(rpm(Tier::Tier1, "other"), Some(1_000));
}

#[test]
fn a_star_stands_for_any_letters() {
    let check = |pattern: &str, name: &str, expected| {
        assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
    };
    check("gemini-*-image*", "gemini-3-pro-image", true);
    check("gemini-*-image*", "gemini-image", false);
    check("gemini-*-pro*tts", "gemini-2.5-pro-preview-tts", true);
    check("gemini-*-pro*tts", "gemini-2.5-pro-tts-x", false);
    check("*", "", true);
    check("a*a", "a", false);
    check("a*a", "aa", true);
    check("*b*b*", "abcb", true);
    check("*b*b*", "abc", false);
    check("abc", "abc", true);
    check("ab", "abc", false);
}

proptest::proptest! {
    #[test]
    fn patterns_match_as_a_slow_matcher_does(pattern in "[ab*]{0,7}", name in "[abä]{0,8}") {
        fn slow(pattern: &[char], name: &[char]) -> bool {
            match (pattern.split_first(), name.split_first()) {
                (None, _) => name.is_empty(),
                (Some(('*', rest)), None) => slow(rest, name),
                (Some(('*', rest)), Some((_, shorter))) => slow(rest, name) || slow(pattern, shorter),
                (Some((wanted, rest)), Some((found, shorter))) => wanted == found && slow(rest, shorter),
                (Some(_), None) => false,
            }
        }
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        proptest::prop_assert_eq!(matches(&pattern, &name), slow(&letters(&pattern), &letters(&name)));
    }
}

#[test]
fn a_change_survives_its_json_form() {
    let text = r#"{"rpm":0,"tpm":"unlimited","tpd":18446744073709551615}"#;
    let change: LimitChange = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&change).unwrap(), text);
    let limits = Limits {
        rpd: Some(3),
        tpm: Some(4),
        ..Limits::UNLIMITED
    }
    .with(&change);
    let found = [limits.rpm, limits.tpm, limits.rpd, limits.tpd];
    assert_eq!(found, [Some(0), None, Some(3), Some(u64::MAX)]);
    let kept: LimitChange = serde_json::from_str(r#"{"rpm":null}"#).unwrap();
    assert_eq!(kept, LimitChange::default());
}

/// Nobody pays more to get less, whatever rows are added.
#[test]
fn a_higher_paid_tier_never_has_less() {
    let table = LimitTable::builtin();
    for (profile, tiers) in &table.tables {
        let names = tiers.values().flat_map(|rows| rows.keys());
        for name in names.map(|name| name.replace('*', "x")) {
            let limits = |tier| {
                let limits = table.limits(*profile, tier, &name);
                [limits.rpm, limits.tpm, limits.rpd, limits.tpd]
                    .map(|limit| limit.unwrap_or(u64::MAX))
            };
            for pair in Tier::ALL[1..].windows(2) {
                let (lower, higher) = (limits(pair[0]), limits(pair[1]));
                let grows = lower
                    .iter()
                    .zip(&higher)
                    .all(|(lower, higher)| lower <= higher);
                assert!(grows, "{profile:?} {name}: {lower:?} {higher:?}");
            }
        }
    }
}

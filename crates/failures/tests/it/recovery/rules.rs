//! Every rule of recovery by cases.

use super::{ALL, after_one, example, named, seconds};
use crate::requests::{BROKEN, cases};
use propus_failures::{
    Cards,
    amend::{Kind, amend},
    catalogue, inspect,
    recovery::{
        Available, Budget, Decision, Fault, History, Outcome, Policy, Progress, Rest, Scope, Share,
        Situation, Why, decide, is_safe, retry_after,
    },
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

fn give_up(why: Why) -> Decision {
    Decision::GiveUp { why }
}

fn retry(wait: Duration) -> Decision {
    Decision::Retry { wait }
}

/// A 429 with a message and details.
fn quota(message: &str, details: &str) -> Outcome {
    let body = format!(
        r#"{{"error": {{"code": 429, "message": "{message}", "status": "RESOURCE_EXHAUSTED",
            "details": [{details}]}}}}"#
    );
    Outcome::of_http(429, None, body.as_bytes())
}

const MINUTE: &str = r#"{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{
    "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
    "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "10"}]}"#;

fn retry_info(delay: &str) -> String {
    format!(
        r#"{MINUTE}, {{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "{delay}"}}"#
    )
}

#[test]
fn named_waits_are_kept_exactly() {
    #[track_caller]
    fn check(outcome: &Outcome, expected: Option<Duration>) {
        assert_eq!(outcome.failure, "quota-per-minute");
        assert_eq!(outcome.retry_after, expected);
        let decision = after_one(outcome, &Policy::sdk(), |now| now.jitter = 0.5);
        // Half of the first backoff where no wait is named.
        let wait = expected.unwrap_or(Duration::from_millis(500));
        assert_eq!(decision, retry(wait));
    }
    let text = "You exceeded your current quota. Please retry in 33.25s.";
    let ms = Duration::from_millis;
    check(&quota(text, &retry_info("34s")), Some(seconds(34)));
    check(&quota("x", &retry_info("1.5s")), Some(ms(1500)));
    check(&quota(text, MINUTE), Some(ms(33_250)));
    check(&quota("Please retry in 250ms.", MINUTE), Some(ms(250)));
    check(&quota("Please retry in 1m10s.", MINUTE), Some(seconds(70)));
    // A delay of 0 names no wait.
    check(&quota(text, &retry_info("0s")), Some(ms(33_250)));
    check(&quota("x", &retry_info("0s")), None);
    check(&quota("x", MINUTE), None);
}

#[test]
fn the_header_counts_where_the_body_names_no_wait() {
    #[track_caller]
    fn check(header: &str, body: &str, expected: Option<u64>) {
        let now = SystemTime::UNIX_EPOCH + seconds(1_796_040_000);
        let wait = retry_after(header, now);
        let outcome = Outcome::of_http(503, wait, body.as_bytes());
        assert_eq!(outcome.retry_after, expected.map(seconds), "{header}");
    }
    check("7", "", Some(7));
    check(" 7 ", "", Some(7));
    check("0", "", None);
    check("-7", "", None);
    check("7.0", "", Some(7));
    check("inf", "", None);
    check("1e300", "", None);
    check("", "", None);
    // The three dates of HTTP; it is noon.
    check("Mon, 30 Nov 2026 12:00:30 GMT", "", Some(30));
    check("Monday, 30-Nov-26 12:01:00 GMT", "", Some(60));
    check("Mon Nov 30 12:00:09 2026", "", Some(9));
    // One that is over, and one that is none.
    check("Mon, 30 Nov 2026 12:00:00 GMT", "", None);
    check("Mon, 30 Nov 2026 11:59:59 GMT", "", None);
    check("Mon, 31 Nov 2026 12:00:30 GMT", "", None);
    check("2026-11-30T12:00:30Z", "", None);
    check(
        "Mon, 30 Nov 2026 12:00:30 GMT",
        "Please retry in 9s.",
        Some(9),
    );
    check("7", "Please retry in 9s.", Some(9));
}

#[test]
fn waits_without_a_name_double_up_to_their_limit() {
    let policy = Policy {
        attempts: 20,
        ..Policy::gateway()
    };
    let waits = (0..7).map(|waits| {
        let history = History {
            attempts: 1 + waits,
            waits,
            ..History::default()
        };
        decide(
            &example("overloaded-503"),
            &Situation::new(&policy, &history),
        )
        .wait()
    });
    let expected = [1, 2, 4, 8, 16, 32, 32].map(seconds);
    assert_eq!(waits.collect::<Vec<_>>(), expected);
}

/// What an SDK with one route and one key does about every failure that the service answers.
#[test]
fn an_sdk_waits_for_what_passes_and_for_nothing_else() {
    const WAITED_FOR: [&str; 8] = [
        "cancelled-499",
        "internal-500",
        "overloaded-503",
        "quota-per-minute",
        "quota-shared-capacity",
        "quota-tokens-per-minute",
        "quota-unspecified",
        "spend-rate-limit",
    ];
    for problem in catalogue::examples() {
        let outcome = super::answered(&problem);
        let decision = after_one(&outcome, &Policy::sdk(), |now| {
            now.deadline = Some(seconds(30));
        });
        let name = problem.name();
        match name {
            "deadline-503" | "deadline-504" => {
                let deadline = seconds(60);
                assert_eq!(decision, Decision::LongerDeadline { deadline }, "{name}");
            }
            name if WAITED_FOR.contains(&name) => {
                let wait = outcome.retry_after.unwrap_or(seconds(1));
                assert_eq!(decision, retry(wait), "{problem}");
            }
            _ => {
                assert_eq!(decision, give_up(Why::Final(outcome.failure)), "{problem}");
            }
        }
    }
}

#[test]
fn a_day_is_final_in_one_attempt_whatever_delay_it_names() {
    let mut days = 0;
    for problem in catalogue::examples() {
        if !matches!(problem.name(), "quota-per-day" | "quota-tokens-per-day") {
            continue;
        }
        days += 1;
        let outcome = super::answered(&problem);
        assert!(outcome.retry_after.is_some(), "{problem}");
        assert_eq!(outcome.rest(), Rest::UntilMidnightPacific);
        for policy in [Policy::sdk(), Policy::gateway()] {
            let Decision::GiveUp { why } = after_one(&outcome, &policy, |_| ()) else {
                panic!("{problem}");
            };
            let why = why.to_string();
            assert!(why.ends_with("until midnight Pacific time"), "{why}");
        }
    }
    assert!(days >= 8, "{days}");
}

/// Whether a gateway goes to another route, by what kind of other route there is.
#[test]
fn other_routes_are_tried_beyond_what_failed() {
    #[track_caller]
    fn check(outcome: &Outcome, scope: Scope, helps: &[&str]) {
        assert_eq!(outcome.scope, scope, "{outcome:?}");
        let kinds = [
            (
                "routes",
                Available {
                    routes: true,
                    ..Available::NONE
                },
            ),
            (
                "keys",
                Available {
                    keys: true,
                    ..Available::NONE
                },
            ),
            (
                "models",
                Available {
                    models: true,
                    ..Available::NONE
                },
            ),
            (
                "projects",
                Available {
                    projects: true,
                    ..Available::NONE
                },
            ),
            (
                "accounts",
                Available {
                    accounts: true,
                    ..Available::NONE
                },
            ),
        ];
        let helping = kinds.iter().filter(|(_, available)| {
            let decision = after_one(outcome, &Policy::gateway(), |now| {
                now.available = *available;
            });
            let next = Decision::NextRoute {
                exclude: scope,
                rest: outcome.rest(),
            };
            assert_eq!(
                decision.goes_on() && decision.wait().is_zero(),
                decision == next
            );
            decision == next
        });
        let helping: Vec<_> = helping.map(|(name, _)| *name).collect();
        assert_eq!(helping, helps, "{outcome:?}");
        // An SDK knows no other route.
        let sdk = after_one(outcome, &Policy::sdk(), |now| now.available = ALL);
        assert!(!matches!(sdk, Decision::NextRoute { .. }), "{sdk:?}");
    }
    let any = ["routes", "keys", "models", "projects", "accounts"];
    for name in [
        "overloaded-503",
        "internal-500",
        "quota-shared-capacity",
        "quota-unspecified",
    ] {
        check(&example(name), Scope::Route, &any);
    }
    let other_project_or_model = ["models", "projects", "accounts"];
    for name in [
        "quota-per-minute",
        "quota-tokens-per-minute",
        "quota-per-day",
        "quota-free-tier-zero",
    ] {
        check(&example(name), Scope::ProjectModel, &other_project_or_model);
    }
    for name in ["service-disabled", "quota-region-zero", "spend-cap"] {
        check(&example(name), Scope::Project, &["projects", "accounts"]);
    }
    for name in [
        "prepay-depleted",
        "spend-rate-limit",
        "location-unsupported",
    ] {
        check(&example(name), Scope::Account, &["accounts"]);
    }
    for name in ["invalid-api-key", "leaked-api-key", "key-restricted-ip"] {
        check(
            &example(name),
            Scope::Key,
            &["keys", "projects", "accounts"],
        );
    }
    check(&named("model-retired"), Scope::Model, &["models"]);
    // The whole account's cap, and a quota of all models together, in the form of before 2025.
    check(
        &quota(
            "Your billing account has exceeded its monthly spending cap.",
            "",
        ),
        Scope::Account,
        &["accounts"],
    );
    check(
        &quota(
            "Quota exceeded for quota metric 'Generate Content API requests per minute' and limit \
             'GenerateContent request limit per minute for a region' of service \
             'generativelanguage.googleapis.com' for consumer 'project_number:1'.",
            r#"{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED",
                "domain": "googleapis.com", "metadata": {
                "quota_limit": "GenerateContentRequestsPerMinutePerProjectPerRegion",
                "quota_limit_value": "60"}}"#,
        ),
        Scope::Project,
        &["projects", "accounts"],
    );
}

#[test]
fn refusals_end_a_call_where_hiding_them_is_not_allowed() {
    let policy = Policy {
        past_refusals: false,
        ..Policy::gateway()
    };
    for name in [
        "invalid-api-key",
        "location-unsupported",
        "service-disabled",
    ] {
        let decision = after_one(&example(name), &policy, |now| now.available = ALL);
        assert_eq!(decision, give_up(Why::Final(example(name).failure)));
    }
    // Money and quotas are no refusals: the next account pays for itself.
    let decision = after_one(&example("prepay-depleted"), &policy, |now| {
        now.available = ALL
    });
    assert!(matches!(
        decision,
        Decision::NextRoute {
            exclude: Scope::Account,
            ..
        }
    ));
}

#[test]
fn too_little_time_becomes_more_or_a_stream_and_never_the_same() {
    #[track_caller]
    fn check(had: Option<u64>, left: Option<u64>, streams: bool, expected: Decision) {
        for outcome in [
            example("deadline-504"),
            example("deadline-503"),
            Outcome::of_fault(Fault::Timeout, Progress::Sent),
        ] {
            let decision = after_one(&outcome, &Policy::gateway(), |now| {
                now.deadline = had.map(seconds);
                now.remaining = left.map(seconds);
                now.available.can_stream = streams;
            });
            assert_eq!(decision, expected, "{outcome:?}");
        }
    }
    let longer = |deadline| Decision::LongerDeadline {
        deadline: seconds(deadline),
    };
    check(Some(30), None, true, longer(60));
    check(Some(400), None, true, longer(600));
    check(Some(600), None, true, Decision::StreamInstead);
    check(Some(30), Some(50), true, longer(50));
    // Ten seconds more than thirty would hardly do.
    check(Some(30), Some(40), true, Decision::StreamInstead);
    check(
        Some(30),
        Some(40),
        false,
        give_up(Why::Deadline(Some(seconds(30)))),
    );
    check(
        Some(0),
        None,
        false,
        give_up(Why::Deadline(Some(seconds(0)))),
    );
    check(None, None, true, Decision::StreamInstead);
    check(None, None, false, give_up(Why::Deadline(None)));

    let decision = after_one(&example("deadline-504"), &Policy::gateway(), |now| {
        now.available.routes = true;
    });
    assert!(matches!(
        decision,
        Decision::NextRoute {
            exclude: Scope::Route,
            ..
        }
    ));
}

#[test]
fn a_stream_is_tried_once() {
    let history = History {
        attempts: 2,
        streamed: true,
        ..History::default()
    };
    let policy = Policy::gateway();
    let mut situation = Situation::new(&policy, &history);
    situation.available.can_stream = true;
    let decision = decide(&example("deadline-504"), &situation);
    assert_eq!(decision, give_up(Why::Deadline(None)));
}

#[test]
fn a_context_that_is_too_long_goes_to_the_larger_model_once() {
    let outcome = example("context-too-long");
    let is_final = give_up(Why::Final("context-too-long"));
    let policy = Policy::gateway();
    let decide_with = |larger: bool, tried: bool| {
        let history = History {
            attempts: 1,
            larger_model: tried,
            ..History::default()
        };
        let mut situation = Situation::new(&policy, &history);
        situation.available = Available {
            larger_model: larger,
            ..ALL
        };
        decide(&outcome, &situation)
    };
    assert_eq!(decide_with(true, false), Decision::LargerModel);
    assert_eq!(decide_with(true, true), is_final);
    assert_eq!(decide_with(false, false), is_final);
    assert_eq!(
        after_one(&outcome, &Policy::sdk(), |now| now.available = ALL),
        is_final
    );
}

#[test]
fn a_reply_that_is_none_is_asked_for_again_as_often_as_allowed() {
    const AGAIN: [&str; 4] = [
        "empty-response",
        "finish-other",
        "malformed-function-call",
        "recitation",
    ];
    for (name, reply) in catalogue::replies("gemini-2.5-flash") {
        let outcome = Outcome::of_reply(&reply).expect("a failure");
        assert_eq!(outcome.failure, name);
        let sdk = after_one(&outcome, &Policy::sdk(), |now| now.available = ALL);
        assert_eq!(sdk, give_up(Why::Final(name)));
        let gateway = after_one(&outcome, &Policy::gateway(), |now| now.available = ALL);
        let expected = match AGAIN.contains(&name) {
            true => Decision::AskAgain { temperature: None },
            false => give_up(Why::Final(name)),
        };
        assert_eq!(gateway, expected, "{name}");
    }
    let history = History {
        attempts: 2,
        replies: 1,
        ..History::default()
    };
    let policy = Policy::gateway();
    let decision = decide(&named("recitation"), &Situation::new(&policy, &history));
    assert_eq!(decision, give_up(Why::Replies(1)));
}

#[test]
fn the_temperature_rises_only_after_recitation_and_where_that_is_allowed() {
    #[track_caller]
    fn check(failure: &str, step: f64, had: Option<f64>, expected: Option<f64>) {
        let policy = Policy {
            temperature_step: step,
            ..Policy::gateway()
        };
        let decision = after_one(&named(failure), &policy, |now| now.temperature = had);
        let temperature = expected;
        assert_eq!(decision, Decision::AskAgain { temperature });
    }
    check("recitation", 0.5, None, Some(1.5));
    check("recitation", 0.5, Some(0.25), Some(0.75));
    check("recitation", 0.5, Some(1.75), Some(2.0));
    check("recitation", 0.5, Some(2.0), None);
    check("recitation", 0.0, Some(0.25), None);
    check("finish-other", 0.5, None, None);
    check("malformed-function-call", 0.5, None, None);
}

#[test]
fn a_stream_that_breaks_is_begun_anew_only_before_its_first_chunk() {
    for (zero, some) in [
        (Outcome::of_stream_end(0), Outcome::of_stream_end(3)),
        (
            Outcome::of_fault(Fault::Cut, Progress::Answered),
            Outcome::of_fault(Fault::Cut, Progress::Passed(3)),
        ),
    ] {
        let decision = after_one(&zero, &Policy::sdk(), |now| now.jitter = 0.25);
        assert_eq!(decision, retry(Duration::from_millis(250)));
        for policy in [Policy::sdk(), Policy::gateway()] {
            let decision = after_one(&some, &policy, |now| now.available = ALL);
            assert_eq!(decision, give_up(Why::Begun(3)));
        }
        let policy = Policy {
            resumes: 1,
            ..Policy::gateway()
        };
        let decision = after_one(&some, &policy, |now| now.available = ALL);
        assert_eq!(
            decision,
            Decision::Resume {
                wait: Duration::ZERO
            }
        );
        let decision = after_one(&some, &policy, |_| ());
        assert_eq!(
            decision,
            give_up(Why::Begun(3)),
            "what cannot be continued is not"
        );
    }
}

#[test]
fn an_error_within_a_stream_counts_by_its_own_code() {
    let body = br#"{"error": {"code": 503, "message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}}"#;
    let policy = Policy {
        resumes: 1,
        ..Policy::gateway()
    };
    let early = Outcome::of_stream_error(body, 0);
    assert_eq!(early.failure, "overloaded-503");
    assert_eq!(after_one(&early, &policy, |_| ()), retry(seconds(1)));
    let late = Outcome::of_stream_error(body, 2);
    let decision = after_one(&late, &policy, |now| now.available = ALL);
    assert_eq!(decision, Decision::Resume { wait: seconds(1) });
    let odd = br#"{"error": {"code": 14, "message": "unavailable"}}"#;
    assert_eq!(
        Outcome::of_stream_error(odd, 0).failure,
        "stream-error-midway"
    );
    let list = [b"[".as_slice(), body, b"]"].concat();
    assert_eq!(Outcome::of_stream_error(&list, 2), late);
    assert_eq!(
        Outcome::of_stream_error(b"oops", 0).failure,
        "stream-error-midway"
    );

    // The answer ended for good: a continuation would be refused as well.
    let day = example("quota-per-day").at(Progress::Passed(2));
    let decision = after_one(&day, &policy, |now| now.available = ALL);
    assert_eq!(decision, give_up(Why::Final("quota-per-day")));
    let ended = named("blocked-safety-output").at(Progress::Passed(2));
    let decision = after_one(&ended, &policy, |now| now.available = ALL);
    assert_eq!(decision, give_up(Why::Final("blocked-safety-output")));
}

#[test]
fn calls_that_must_not_be_made_twice_are_repeated_only_if_nothing_was_done() {
    #[track_caller]
    fn check(outcome: &Outcome, expected: bool) {
        for safe in [true, false] {
            let decision = after_one(outcome, &Policy::gateway(), |now| {
                now.safe = safe;
                now.deadline = Some(seconds(10));
            });
            assert_eq!(
                decision.goes_on(),
                safe || expected,
                "{outcome:?}: {decision:?}"
            );
            if !decision.goes_on() {
                assert_eq!(decision, give_up(Why::NotSafe));
            }
        }
    }
    check(&Outcome::of_fault(Fault::Connect, Progress::NotSent), true);
    check(&Outcome::of_fault(Fault::Reset, Progress::NotSent), true);
    check(&Outcome::of_fault(Fault::Reset, Progress::Sent), false);
    check(&Outcome::of_fault(Fault::Timeout, Progress::NotSent), true);
    check(&Outcome::of_fault(Fault::Timeout, Progress::Sent), false);
    check(&Outcome::of_fault(Fault::Cut, Progress::Answered), false);
    check(
        &Outcome::of_fault(Fault::Unreadable, Progress::Answered),
        false,
    );
    check(&example("quota-per-minute"), true);
    check(&example("quota-unspecified"), true);
    check(&example("overloaded-503"), true);
    check(&example("internal-500"), false);
    check(&example("deadline-503"), false);
    check(&example("deadline-504"), false);
    check(&named("empty-response"), false);
}

#[test]
fn which_calls_may_be_made_twice() {
    for method in [
        "generateContent",
        "streamGenerateContent",
        "countTokens",
        "embedContent",
    ] {
        assert!(is_safe("POST", Some(method)), "{method}");
    }
    assert!(is_safe("GET", None));
    for method in [
        "batchGenerateContent",
        "asyncBatchEmbedContent",
        "register",
        "cancel",
    ] {
        assert!(!is_safe("POST", Some(method)), "{method}");
    }
    assert!(!is_safe("POST", None));
    assert!(!is_safe("DELETE", None));
}

#[test]
fn a_certificate_is_not_waited_for_and_a_caller_who_left_neither() {
    let outcome = Outcome::of_fault(Fault::Certificate, Progress::NotSent);
    let decision = after_one(&outcome, &Policy::sdk(), |_| ());
    assert_eq!(decision, give_up(Why::Final("tls-error")));
    for progress in [Progress::NotSent, Progress::Sent, Progress::Passed(1)] {
        let outcome = Outcome::of_fault(Fault::CallerGone, progress);
        let decision = after_one(&outcome, &Policy::gateway(), |now| now.available = ALL);
        assert_eq!(decision, give_up(Why::CallerGone));
    }
}

#[test]
fn corrections_are_made_once_and_only_those_allowed() {
    #[track_caller]
    fn check(failure: &str, allowed: &[Kind], tried: &[Kind], expected: &[Kind]) {
        let policy = Policy {
            amend: allowed.into(),
            ..Policy::gateway()
        };
        let history = History {
            attempts: 1,
            amended: tried.into(),
            ..History::default()
        };
        let outcome = named(failure);
        let decision = decide(&outcome, &Situation::new(&policy, &history));
        let kinds = expected.to_vec();
        let expected = match kinds.is_empty() {
            true => give_up(Why::Final(outcome.failure)),
            false => Decision::Amend { kinds },
        };
        assert_eq!(decision, expected, "{failure}");
    }
    use Kind::{Fields, History as Turns, Names, Ranges, Schema};
    check("schema-unsupported", &Kind::ALL, &[], &[Schema, Fields]);
    check("schema-unsupported", &Kind::ALL, &[Schema], &[Fields]);
    check("schema-unsupported", &[Names], &[], &[]);
    check("schema-unsupported", &[], &[], &[]);
    check("function-name-invalid", &Kind::ALL, &[], &[Names]);
    check("thought-signature-missing", &Kind::ALL, &[], &[Turns]);
    check("function-call-order", &Kind::ALL, &[Names], &[Turns]);
    check("param-out-of-range", &[Ranges, Names], &[], &[Ranges]);
    check(
        "invalid-argument-generic",
        &[Names, Fields],
        &[],
        &[Fields, Names],
    );
    check(
        "invalid-argument-generic",
        &[Names, Fields],
        &[Fields],
        &[Names],
    );
    check("malformed-json", &Kind::ALL, &[], &[]);
    check("image-invalid", &Kind::ALL, &[], &[]);
}

#[test]
fn the_other_version_is_tried_once_where_this_one_lacks_something() {
    let policy = Policy {
        other_version: true,
        ..Policy::gateway()
    };
    for name in ["api-version-mismatch", "model-not-found", "unknown-field"] {
        let decision = after_one(&named(name), &policy, |_| ());
        assert_eq!(decision, Decision::OtherVersion, "{name}");
        let history = History {
            attempts: 2,
            other_version: true,
            ..History::default()
        };
        let decision = decide(&named(name), &Situation::new(&policy, &history));
        assert_eq!(decision, give_up(Why::Final(named(name).failure)));
        let decision = after_one(&named(name), &Policy::gateway(), |_| ());
        assert_eq!(decision, give_up(Why::Final(named(name).failure)));
    }
}

#[test]
fn limits_end_a_call_with_their_reason() {
    let outcome = quota("x", &retry_info("34s"));
    let decide_with = |policy: &Policy, attempts, change: &dyn Fn(&mut Situation)| {
        let history = History {
            attempts,
            ..History::default()
        };
        let mut situation = Situation::new(policy, &history);
        change(&mut situation);
        decide(&outcome, &situation)
    };
    let sdk = Policy::sdk();
    let wait = seconds(34);
    assert_eq!(decide_with(&sdk, 4, &|_| ()), retry(wait));
    assert_eq!(decide_with(&sdk, 5, &|_| ()), give_up(Why::Attempts(5)));
    assert_eq!(decide_with(&Policy::off(), 1, &|_| ()), give_up(Why::Off));
    let patient = Policy {
        longest_wait: seconds(33),
        ..Policy::sdk()
    };
    let most = seconds(33);
    let too_long = give_up(Why::WaitTooLong { wait, most });
    assert_eq!(decide_with(&patient, 1, &|_| ()), too_long);
    for left in [0, 10, 34] {
        let remaining = seconds(left);
        let decision = decide_with(&sdk, 1, &|now| now.remaining = Some(remaining));
        assert_eq!(decision, give_up(Why::NoTime { wait, remaining }));
    }
    let decision = decide_with(&sdk, 1, &|now| now.remaining = Some(seconds(35)));
    assert_eq!(decision, retry(wait));

    let share = Share {
        most: 1,
        ..Share::default()
    };
    let mut budget = Budget::new(share);
    let with = |policy, available, budget: &Budget| {
        let history = History {
            attempts: 1,
            ..History::default()
        };
        let mut situation = Situation::new(policy, &history);
        situation.budget = Some(budget);
        situation.available = available;
        decide(&outcome, &situation)
    };
    assert_eq!(with(&sdk, Available::NONE, &budget), retry(wait));
    assert!(budget.withdraw());
    assert_eq!(with(&sdk, Available::NONE, &budget), give_up(Why::Budget));
    // Another route has a budget of its own.
    assert!(with(&Policy::gateway(), ALL, &budget).goes_on());
}

#[test]
fn a_definite_cause_is_the_reason_even_where_a_limit_is_reached() {
    let policy = Policy::off();
    let decision = after_one(&example("leaked-api-key"), &policy, |now| {
        now.remaining = Some(Duration::ZERO);
    });
    assert_eq!(decision, give_up(Why::Final("leaked-api-key")));
}

/// Of requests with one kind of fault, those that corrections mend are mended by the corrections that
/// are tried for that fault.
#[test]
fn the_corrections_that_help_are_tried() {
    let policy = Policy {
        amend: Kind::ALL.to_vec(),
        ..Policy::gateway()
    };
    let (mut mended, mut wrong) = (0, Vec::new());
    for case in cases(BROKEN) {
        let faults = |body: &str| {
            let findings = inspect(body.as_bytes(), &case.sending, Cards::builtin());
            let names = findings.into_iter().map(|finding| finding.failure);
            names.collect::<BTreeSet<_>>()
        };
        let (before, Ok(body)) = (faults(case.body), json5::from_str::<Value>(case.body)) else {
            continue;
        };
        let is_mended_by = |kinds: &[Kind]| {
            let mut body = body.clone();
            amend(&mut body, &case.sending, Cards::builtin(), kinds);
            faults(&body.to_string()).is_empty()
        };
        let (Some(failure), true) = (before.first(), before.len() == 1) else {
            continue;
        };
        if !is_mended_by(&Kind::ALL) {
            continue;
        }
        mended += 1;
        let outcome = named(failure);
        let tried = match after_one(&outcome, &policy, |_| ()) {
            Decision::Amend { kinds } => kinds,
            _ => Vec::new(),
        };
        if !is_mended_by(&tried) {
            let help = Kind::ALL.into_iter().filter(|kind| is_mended_by(&[*kind]));
            let help: Vec<_> = help.collect();
            wrong.push(format!(
                "{failure}: {help:?} and not {tried:?}: {}",
                case.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(mended >= 30, "{mended}");
}

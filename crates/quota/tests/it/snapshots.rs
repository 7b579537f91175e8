//! A ledger that was written down and read again goes on as before.

use crate::{MODEL, NOON, PROJECT, ask, at, rpm};
use proptest::prelude::*;
use propus_quota::{Ledger, Snapshot};

#[test]
fn the_form_is_plain() {
    let ledger = Ledger::new();
    ask(&ledger, NOON + 7, &rpm(9), 10).unwrap().settle(12);
    ask(&ledger, NOON + 250, &rpm(9), 10).unwrap().settle(10);
    let json = serde_json::to_string(&ledger.snapshot()).unwrap();
    assert_eq!(
        json,
        r#"{"accounts":[{"project":"project","model":"gemini-2.5-flash","minute":[{"at":1780315200000,"requests":1,"tokens":12},{"at":1780315200200,"requests":1,"tokens":10}],"day":{"requests":2,"tokens":22},"day_ends":1780383600000}]}"#
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_restored_ledger_answers_the_same(gaps in prop::collection::vec(0..9_000_u64, 1..60)) {
        let (mut ledger, mut other) = (Ledger::new(), Ledger::new());
        let mut now = NOON;
        for gap in gaps {
            now += gap;
            let answers = [&ledger, &other].map(|ledger| ask(ledger, now, &rpm(5), 3).map(drop));
            prop_assert_eq!(&answers[0], &answers[1]);
            let json = serde_json::to_string(&other.snapshot()).unwrap();
            let snapshot: Snapshot = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&snapshot, &ledger.snapshot());
            other = Ledger::restore(&snapshot);
            std::mem::swap(&mut ledger, &mut other);
        }
    }

    #[test]
    fn any_snapshot_can_be_used(
        moments in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 0..20),
        day_ends in any::<u64>(),
        tokens in any::<u64>(),
    ) {
        let minute: Vec<_> = moments
            .iter()
            .map(|(at, requests, tokens)| {
                serde_json::json!({ "at": at, "requests": requests, "tokens": tokens })
            })
            .collect();
        let day = serde_json::json!({ "requests": tokens, "tokens": tokens });
        let account = serde_json::json!({
            "project": PROJECT, "model": MODEL, "minute": minute, "day": day, "day_ends": day_ends,
        });
        let json = serde_json::json!({ "accounts": [account, account] }).to_string();
        let ledger = Ledger::restore(&serde_json::from_str(&json).unwrap());
        prop_assert_eq!(ledger.len(), 1);
        drop(ask(&ledger, NOON, &rpm(1), tokens));
        ledger.usage(at(NOON + 1), PROJECT, MODEL);
        // No fault of a snapshot lasts longer than a minute and a day.
        prop_assert!(ask(&ledger, NOON + 61_000, &rpm(1), tokens).is_ok());
        let later = NOON + 26 * 3_600_000;
        prop_assert_eq!(ledger.usage(at(later), PROJECT, MODEL), Default::default());
    }
}

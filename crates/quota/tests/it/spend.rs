//! Money against a slow model of itself, its promises, and among threads.

use crate::{NOON, PROJECT, at, threads::sum};
use proptest::{collection::vec, prelude::*, sample::Index};
use propus_quota::{
    Money, Overspent, Spend, SpendLimits, SpendReservation,
    spend::{Reached, SpendLimit, SpendSnapshot, Spending},
};
use std::{sync::LazyLock, time::Duration};

/// Beginnings of months in Mountain View around one that begins in a night of 25 hours.
static MONTHS: LazyLock<[u64; 3]> =
    LazyLock::new(|| ["10-01T07", "11-01T07", "12-01T08"].map(millis));

fn millis(text: &str) -> u64 {
    let time: jiff::Timestamp = format!("2026-{text}:00:00Z").parse().unwrap();
    u64::try_from(time.as_millisecond()).unwrap()
}

fn nanos(nanos: u64) -> Money {
    Money::of_nanos(nanos)
}

fn ask(
    spend: &Spend,
    time: u64,
    limits: &SpendLimits,
    asked: u64,
) -> Result<SpendReservation, Overspent> {
    spend.reserve(at(time), PROJECT, limits, nanos(asked))
}

/// A list of all that was admitted, added up anew at each question.
#[derive(Default)]
struct Model {
    latest: u64,
    admitted: Vec<Admission>,
}

struct Admission {
    at: u64,
    spent: u64,
    of_credit: bool,
}

impl Model {
    fn spent(&self, limit: SpendLimit, time: u64) -> u64 {
        let month = |time| MONTHS.iter().filter(|month| **month <= time).count();
        let counts = |admission: &&Admission| match limit {
            SpendLimit::Credit => admission.of_credit,
            SpendLimit::TenMinutes => time < leaves(admission),
            SpendLimit::ProjectMonth | SpendLimit::AccountMonth => {
                month(admission.at) == month(time)
            }
        };
        let counted = self.admitted.iter().filter(counts);
        counted.map(|admission| admission.spent).sum()
    }

    fn reserve(
        &mut self,
        now: u64,
        limits: &SpendLimits,
        asked: u64,
    ) -> Result<usize, Vec<Reached>> {
        self.latest = self.latest.max(now);
        let mut reached = Vec::new();
        for (limit, allowed) in [
            (SpendLimit::Credit, limits.credit),
            (SpendLimit::ProjectMonth, limits.project_month),
            (SpendLimit::AccountMonth, limits.account_month),
            (SpendLimit::TenMinutes, limits.ten_minutes),
        ] {
            let Some(allowed) = allowed else { continue };
            let fits = |time| {
                let spent = self.spent(limit, time);
                spent < allowed.nanos() && spent + asked <= allowed.nanos()
            };
            if fits(self.latest) {
                continue;
            }
            let leave = self.admitted.iter().map(leaves);
            let times = leave.chain(MONTHS.iter().copied());
            let free = times
                .filter(|time| *time > self.latest && fits(*time))
                .min();
            reached.push(Reached {
                limit,
                allowed,
                spent: nanos(self.spent(limit, self.latest)),
                asked: nanos(asked),
                wait: free.map_or(Duration::MAX, |free| Duration::from_millis(free - now)),
            });
        }
        if !reached.is_empty() {
            return Err(reached);
        }
        self.admitted.push(Admission {
            at: self.latest,
            spent: asked,
            of_credit: limits.credit.is_some(),
        });
        Ok(self.admitted.len() - 1)
    }
}

/// Ten minutes after the end of the second in which it was admitted.
fn leaves(admission: &Admission) -> u64 {
    admission.at - admission.at % 1_000 + 601_000
}

#[derive(Clone, Debug)]
enum Step {
    Reserve(u64, SpendLimits),
    Settle(Index, u64),
    Cancel(Index),
    /// Written down and read again; what ran stays at its estimate.
    Restore,
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let limit = |most| prop_oneof![1 => Just(None), 3 => (0..=most).prop_map(Some)];
    let limits = (limit(3_000_u64), limit(2_500), limit(2_500), limit(700));
    let limits = limits.prop_map(|(credit, project, account, minutes)| SpendLimits {
        credit: credit.map(nanos),
        project_month: project.map(nanos),
        account_month: account.map(nanos),
        ten_minutes: minutes.map(nanos),
    });
    // A few limits, used again and again, so that they fill.
    let step = (0..10_u8, 0..300_u64, any::<Index>());
    let gap = prop_oneof![
        10 => 0..60_000_i64,
        3 => -30_000..0_i64,
        2 => 200_000..900_000_i64,
        1 => 0..20 * 24 * 3_600_000_i64,
    ];
    (vec(limits, 1..3), vec((gap, step), 1..120)).prop_map(|(limits, steps)| {
        let step = |(kind, amount, which): (u8, u64, Index)| match kind {
            0..6 => Step::Reserve(amount, *which.get(&limits)),
            6 | 7 => Step::Settle(which, amount * 2),
            8 => Step::Cancel(which),
            _ => Step::Restore,
        };
        steps
            .into_iter()
            .map(|(gap, kind)| (gap, step(kind)))
            .collect()
    })
}

/// What was promised with a refusal: the same request passes after the wait, and not earlier.
fn check_wait(spend: &Spend, now: u64, limits: &SpendLimits, asked: u64, refused: &Overspent) {
    let wait = refused.wait();
    if wait == Duration::MAX {
        return;
    }
    let wait = u64::try_from(wait.as_millis()).unwrap();
    let then = |time| ask(&restored(spend), time, limits, asked).is_ok();
    assert!(then(now + wait), "{refused:?}");
    assert!(!then(now + wait - 1), "{refused:?}");
}

fn restored(spend: &Spend) -> Spend {
    let json = serde_json::to_string(&spend.snapshot()).unwrap();
    let snapshot: SpendSnapshot = serde_json::from_str(&json).unwrap();
    assert_eq!(snapshot, spend.snapshot());
    Spend::restore(&snapshot)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn money_is_counted_as_the_model_does(steps in steps(), start in 0..50 * 24 * 3_600_000_u64) {
        let mut now = MONTHS[0] + start;
        let (mut spend, mut model) = (Spend::new(), Model::default());
        let mut running: Vec<(SpendReservation, usize)> = Vec::new();
        // Never settled, so that the purse, and with it the greatest time, is remembered.
        let mut held = ask(&spend, now, &SpendLimits::UNLIMITED, 1).unwrap();
        model.reserve(now, &SpendLimits::UNLIMITED, 1).unwrap();
        for (gap, step) in steps {
            now = now.saturating_add_signed(gap).max(model.latest.saturating_sub(40_000));
            // The last month of the list is still ahead, so that waits can end there.
            if now >= MONTHS[2] { break; }
            match step {
                Step::Reserve(asked, limits) => {
                    match (ask(&spend, now, &limits, asked), model.reserve(now, &limits, asked)) {
                        (Ok(reservation), Ok(index)) => running.push((reservation, index)),
                        (Err(refused), Err(expected)) => {
                            prop_assert_eq!(&refused.reached, &expected);
                            check_wait(&spend, now, &limits, asked, &refused);
                        }
                        (found, expected) => prop_assert!(false, "{found:?}, not {expected:?}"),
                    }
                }
                Step::Settle(which, actual) if !running.is_empty() => {
                    let (reservation, index) = running.swap_remove(which.index(running.len()));
                    reservation.settle(nanos(actual));
                    model.admitted[index].spent = actual;
                }
                Step::Cancel(which) if !running.is_empty() => {
                    let (reservation, index) = running.swap_remove(which.index(running.len()));
                    reservation.cancel();
                    model.admitted[index].spent = 0;
                }
                Step::Restore => {
                    // The greatest time seen is not written down, only what counts.
                    now = now.max(model.latest);
                    running.clear();
                    spend = restored(&spend);
                    held = ask(&spend, now, &SpendLimits::UNLIMITED, 1).unwrap();
                    model.reserve(now, &SpendLimits::UNLIMITED, 1).unwrap();
                }
                _ => {}
            }
            model.latest = model.latest.max(now);
            let spent = |limit| nanos(model.spent(limit, model.latest));
            let expected = Spending {
                ten_minutes: spent(SpendLimit::TenMinutes),
                month: spent(SpendLimit::ProjectMonth),
                of_credit: spent(SpendLimit::Credit),
            };
            prop_assert_eq!(spend.spending(at(now), PROJECT), expected);
        }
        drop(held);
    }

    #[test]
    fn any_snapshot_can_be_used(
        moments in vec((any::<u64>(), any::<u64>()), 0..20),
        sums in (any::<u64>(), any::<u64>(), any::<u64>()),
        asked in any::<u64>(),
    ) {
        let moment = |(at, spent): &(u64, u64)| serde_json::json!({ "at": at, "spent": nanos(*spent) });
        let project = serde_json::json!({
            "project": PROJECT,
            "ten_minutes": moments.iter().map(moment).collect::<Vec<_>>(),
            "month": nanos(sums.0), "month_ends": sums.1, "of_credit": nanos(sums.2),
        });
        let json = serde_json::json!({ "projects": [project, project] }).to_string();
        let spend = Spend::restore(&serde_json::from_str(&json).unwrap());
        prop_assert_eq!(spend.len(), 1);
        let limits = SpendLimits { ten_minutes: Some(Money::dollars(1)), ..SpendLimits::UNLIMITED };
        drop(ask(&spend, NOON, &limits, asked));
        spend.spending(at(NOON + 1), PROJECT);
        // No fault of a snapshot lasts longer than ten minutes and a month.
        prop_assert!(ask(&spend, NOON + 661_000, &limits, asked.min(1_000_000_000)).is_ok());
        let later = NOON + 32 * 24 * 3_600_000;
        let month = spend.spending(at(later), PROJECT).month;
        prop_assert_eq!(month, Money::ZERO);
    }
}

#[test]
fn refusals_name_all_limits_and_their_waits() {
    let limits = SpendLimits {
        credit: Some(nanos(100)),
        project_month: Some(nanos(90)),
        account_month: Some(nanos(95)),
        ten_minutes: Some(nanos(80)),
    };
    let spend = Spend::new();
    ask(&spend, NOON, &limits, 10).unwrap().settle(nanos(101));
    let refused = ask(&spend, NOON + 1_500, &limits, 0).unwrap_err();
    // Until 2026-07-01T07:00:00Z.
    let month = Duration::from_millis(30 * 24 * 3_600_000 - 5 * 3_600_000 - 1_500);
    let waits = [
        (SpendLimit::Credit, 100, Duration::MAX),
        (SpendLimit::ProjectMonth, 90, month),
        (SpendLimit::AccountMonth, 95, month),
        (SpendLimit::TenMinutes, 80, Duration::from_millis(599_500)),
    ];
    let expected = waits.map(|(limit, allowed, wait)| Reached {
        limit,
        allowed: nanos(allowed),
        spent: nanos(101),
        asked: Money::ZERO,
        wait,
    });
    assert_eq!(refused.reached, expected);
    assert_eq!(refused.wait(), Duration::MAX);
    let text = refused.to_string();
    assert!(
        text.starts_with(
            "0.0000001 dollars of prepaid credit leave no room: 0.000000101 are spent, 0"
        ),
        "{text}"
    );
}

#[test]
fn more_credit_lets_a_project_go_on() {
    let spend = Spend::new();
    let credit = |credit| SpendLimits {
        credit: Some(nanos(credit)),
        ..SpendLimits::UNLIMITED
    };
    // What was paid afterwards is not taken from credit that comes later.
    ask(&spend, NOON, &SpendLimits::UNLIMITED, 500)
        .unwrap()
        .settle(nanos(500));
    ask(&spend, NOON, &credit(10), 10)
        .unwrap()
        .settle(nanos(10));
    assert!(ask(&spend, NOON + 40 * 24 * 3_600_000, &credit(10), 0).is_err());
    assert!(ask(&spend, NOON + 40 * 24 * 3_600_000, &credit(11), 1).is_ok());
}

#[test]
fn what_never_fits_says_so() {
    let limits = SpendLimits {
        ten_minutes: Some(nanos(10)),
        ..SpendLimits::UNLIMITED
    };
    let spend = Spend::new();
    let refused = ask(&spend, NOON, &limits, 11).unwrap_err();
    assert_eq!(refused.wait(), Duration::MAX);
    assert!(spend.is_empty(), "a refused request is not remembered");
    let none = SpendLimits {
        ten_minutes: Some(Money::ZERO),
        ..SpendLimits::UNLIMITED
    };
    assert_eq!(
        ask(&spend, NOON, &none, 0).unwrap_err().wait(),
        Duration::MAX
    );
}

#[test]
fn idle_projects_are_forgotten_and_credit_is_not() {
    let spend = Spend::new();
    let visit = |name: &str, time, limits: &SpendLimits| {
        for number in 0..200 {
            let project = format!("{name}-{number}");
            let reservation = spend.reserve(at(time), &project, limits, nanos(1));
            reservation.unwrap().settle(nanos(1));
        }
    };
    let credit = SpendLimits {
        credit: Some(nanos(9)),
        ..SpendLimits::UNLIMITED
    };
    visit("old", NOON, &SpendLimits::UNLIMITED);
    visit("paid", NOON, &credit);
    visit("next", NOON + 40 * 24 * 3_600_000, &SpendLimits::UNLIMITED);
    assert_eq!(spend.len(), 400);
    let paid = spend.spending(at(NOON + 40 * 24 * 3_600_000), "paid-7");
    assert_eq!((paid.of_credit, paid.month), (nanos(1), Money::ZERO));
}

#[test]
fn a_clock_that_was_set_back_is_followed() {
    let spend = Spend::new();
    let limits = SpendLimits {
        ten_minutes: Some(nanos(10)),
        ..SpendLimits::UNLIMITED
    };
    ask(&spend, NOON, &limits, 10).unwrap().settle(nanos(10));
    let back = NOON - 5_000_000;
    let refused = ask(&spend, back, &limits, 1).unwrap_err();
    assert_eq!(refused.wait(), Duration::from_secs(601));
    assert!(ask(&spend, back + 600_999, &limits, 1).is_err());
    assert!(ask(&spend, back + 601_000, &limits, 1).is_ok());
    for time in [0, u64::MAX / 2, NOON, 0] {
        let _ = ask(&spend, time, &limits, u64::MAX);
    }
}

#[test]
fn many_threads_spend_exactly_the_limit() {
    let spend = Spend::new();
    let limits = SpendLimits {
        credit: Some(nanos(7 * 10_007 + 6)),
        project_month: Some(Money::dollars(1)),
        ..SpendLimits::UNLIMITED
    };
    let admitted = sum(|_| {
        let admitted = |_: &u64| ask(&spend, NOON, &limits, 7).is_ok();
        (0..2_000).filter(admitted).count() as u64
    });
    assert_eq!(admitted, 10_007);
    let spending = spend.spending(at(NOON), PROJECT);
    assert_eq!(spending.of_credit, nanos(7 * 10_007));
    assert_eq!(
        (spending.month, spending.ten_minutes),
        (spending.of_credit, spending.of_credit)
    );
}

#[test]
fn no_amount_is_lost_among_threads_that_settle_and_write_down() {
    let spend = Spend::new();
    let kept = sum(|thread| {
        let mut kept = 0;
        for number in 0..3_000 {
            let now = NOON + number;
            let reservation = ask(&spend, now, &SpendLimits::UNLIMITED, 100).unwrap();
            match (thread + number) % 3 {
                0 => reservation.cancel(),
                1 => {
                    reservation.settle(nanos(number));
                    kept += number;
                }
                _ => kept += 100,
            }
            if number % 100 == 0 {
                assert_eq!(spend.snapshot().projects.len(), 1);
            }
        }
        kept
    });
    let spending = spend.spending(at(NOON + 3_000), PROJECT);
    assert_eq!(spending.month, nanos(kept));
    assert_eq!(spending.ten_minutes, spending.month);
}

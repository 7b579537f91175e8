use super::*;
use Verdict::*;
use proptest::prelude::*;

const RULES: Ejection = Ejection {
    failures: 2,
    seconds: 10,
    longest_seconds: 30,
    return_seconds: 100,
};

struct Play {
    standings: Standings,
    start: Instant,
}

impl Play {
    fn of(count: usize) -> Self {
        Self {
            standings: Standings::new(count, RULES),
            start: Instant::now(),
        }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn begin(&mut self, seconds: u64) -> Option<usize> {
        self.standings.begin(self.at(seconds), &[])
    }

    fn end(&mut self, member: usize, verdict: Verdict, seconds: u64) {
        let now = self.at(seconds);
        self.standings.end(member, verdict, now);
    }

    fn call(&mut self, verdict: Verdict, seconds: u64) -> Option<usize> {
        let member = self.begin(seconds)?;
        self.end(member, verdict, seconds);
        Some(member)
    }
}

#[test]
fn the_least_loaded_is_asked_and_ties_go_round() {
    let mut play = Play::of(3);
    let first: Vec<_> = (0..3).filter_map(|_| play.begin(0)).collect();
    assert_eq!(first, [0, 1, 2]);
    play.end(1, Good, 0);
    assert_eq!(play.begin(0), Some(1));
    assert_eq!(play.standings.running(), 3);
}

#[test]
fn a_call_goes_to_each_once() {
    let mut play = Play::of(2);
    let now = play.at(0);
    assert_eq!(play.standings.begin(now, &[0]), Some(1));
    assert_eq!(play.standings.begin(now, &[0, 1]), None);
}

#[test]
fn failures_in_a_row_eject_for_longer_each_time() {
    let mut play = Play::of(2);
    let mut now = 0;
    // Member 0 fails, member 1 is busy.
    for _ in 0..9 {
        assert_eq!(play.standings.begin(play.start, &[0]), Some(1));
    }
    let mut until = Vec::new();
    for _ in 0..2 {
        assert_eq!(play.call(Bad, now), Some(0));
    }
    for _ in 0..4 {
        // The first second in which it is tried again.
        let ejected = now;
        loop {
            let member = play.begin(now).unwrap();
            if member == 0 {
                break;
            }
            play.end(member, Unknown, now);
            now += 1;
        }
        until.push(now - ejected);
        // Only one call tries.
        assert_eq!(play.begin(now), Some(1));
        play.end(1, Unknown, now);
        play.end(0, Bad, now);
    }
    assert_eq!(until, [10, 20, 30, 30]);
}

#[test]
fn one_that_returns_gets_a_growing_share() {
    let mut play = Play::of(2);
    for _ in 0..2 {
        play.standings.begin(play.start, &[1]);
        play.end(0, Bad, 0);
    }
    assert_eq!(play.call(Good, 10), Some(0));
    let shares: Vec<_> = [10, 60, 110]
        .map(|second| {
            let mut begun = Vec::new();
            for _ in 0..20 {
                begun.extend(play.begin(second));
            }
            let share = begun.iter().filter(|member| **member == 0).count();
            for member in begun {
                play.end(member, Unknown, second);
            }
            share
        })
        .to_vec();
    assert_eq!(shares, [1, 7, 10]);
}

#[test]
fn a_try_that_says_nothing_is_repeated() {
    let mut play = Play::of(1);
    for _ in 0..2 {
        play.call(Bad, 0);
    }
    assert_eq!(play.begin(10), Some(0));
    play.end(0, Unknown, 11);
    assert_eq!(play.standings.members[0].state, State::Ejected(play.at(11)));
    assert_eq!(play.call(Good, 11), Some(0));
    assert_eq!(
        play.standings.members[0].state,
        State::Returning(play.at(11))
    );
}

#[test]
fn a_reply_that_begins_ends_the_trial() {
    let mut play = Play::of(1);
    play.call(Bad, 0);
    assert_eq!(play.begin(0), Some(0));
    let now = play.at(0);
    let alone = play.standings.end(0, Bad, now);
    assert_eq!(alone, Some(Duration::from_secs(10)));
    assert_eq!(play.begin(10), Some(0));
    let now = play.at(12);
    play.standings.answer(0, now);
    assert_eq!(play.standings.members[0].state, State::Returning(now));
    // It is still busy with that reply.
    assert_eq!(play.standings.running(), 1);
}

#[test]
fn where_all_are_out_the_first_to_return_is_asked() {
    let mut play = Play::of(2);
    for (member, second) in [(0, 0), (1, 5)] {
        for _ in 0..2 {
            let now = play.at(second);
            play.standings.begin(now, &[1 - member]);
            play.end(member, Bad, second);
        }
    }
    assert_eq!(play.begin(6), Some(0));
}

proptest! {
    /// Whatever happens, a call that tried nobody finds somebody, and what began ends.
    #[test]
    fn somebody_is_always_asked(
        count in 1usize..4,
        steps in prop::collection::vec((0u64..20, 0u8..4), 1..200),
    ) {
        let mut play = Play::of(count);
        let mut now = 0;
        let mut open = Vec::new();
        for (wait, step) in steps {
            now += wait;
            match (step, open.pop()) {
                (0, last) => {
                    open.extend(last);
                    let picked = play.begin(now);
                    prop_assert!(picked.is_some_and(|at| at < count));
                    open.extend(picked);
                }
                (1, Some(at)) => play.end(at, Good, now),
                (2, Some(at)) => play.end(at, Bad, now),
                (_, Some(at)) => play.end(at, Unknown, now),
                (_, None) => {}
            }
            prop_assert_eq!(play.standings.running(), open.len());
        }
    }
}

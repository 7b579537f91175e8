//! What came of the calls, and whether that is enough.

use crate::{plan::Plan, upstream::Report};
use std::collections::BTreeMap;

/// The least part served of the calls that could be saved.
const SERVED: f64 = 0.999;
/// The most attempts for each call.
const AMPLIFICATION: f64 = 1.6;

/// What the caller got.
pub(crate) enum Came {
    Answer,
    /// An error, be it the last event of a stream.
    Error(String),
    /// Less than an answer, and nothing that says so.
    Silence,
}

/// What came of the calls, by their kinds.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<&'static str, Kind>);

/// What came of the calls of one kind.
#[derive(Debug, Default)]
struct Kind {
    calls: u64,
    served: u64,
    /// Calls that nobody could have saved and that ended with an error.
    honest: u64,
    silent: u64,
    failed: BTreeMap<String, u64>,
}

impl Tally {
    pub(crate) fn note(&mut self, plan: &Plan, came: Came) {
        let kind = self.0.entry(plan.kind()).or_default();
        kind.calls += 1;
        match came {
            Came::Answer => kind.served += 1,
            Came::Silence => kind.silent += 1,
            Came::Error(_) if plan.is_lost() => kind.honest += 1,
            Came::Error(text) => {
                let cause = plan.fails.unwrap_or("nothing");
                let count = kind.failed.entry(cause.to_owned()).or_default();
                *count += 1;
                if *count == 1 {
                    eprintln!("{} after {cause}: {text}", plan.kind());
                }
            }
        }
    }

    fn sum(&self, count: fn(&Kind) -> u64) -> u64 {
        self.0.values().map(count).sum()
    }

    /// Prints it; whether it is enough.
    pub(crate) fn tell(&self, seen: &Report) -> bool {
        for (name, kind) in &self.0 {
            println!("{name}: {kind:?}");
        }
        let calls = self.sum(|kind| kind.calls);
        let amplification = seen.attempts as f64 / calls as f64;
        println!("amplification: {amplification:.3}");
        println!("created twice: {}", seen.created_twice);
        let served = self.sum(|kind| kind.served);
        let saveable = calls - self.sum(|kind| kind.honest);
        let part = served as f64 / saveable as f64;
        println!(
            "served: {served} of {saveable} that could be: {:.4} %",
            part * 100.0
        );
        let silent = self.sum(|kind| kind.silent);
        println!("silent truncations: {silent}");
        part >= SERVED && amplification <= AMPLIFICATION && seen.created_twice == 0 && silent == 0
    }
}

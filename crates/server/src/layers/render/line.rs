//! The one line that is logged of a request, at its end, under the target `propus::request`.
//!
//! It never holds a query, which may hold a key, and nothing of what was asked or answered.

use crate::metrics::Facts;
use tracing::Level;

const TARGET: &str = "propus::request";

/// Writes the line: what failed at `warn` from 500 on and at `info` otherwise, what was answered at
/// `info` where `answers` says so and at `debug` else.
pub fn write(facts: &Facts, answers: bool) {
    match facts.failure {
        Some("cancelled-499") => at(Level::INFO, facts, "the client went away"),
        Some(_) if facts.status >= 500 => at(Level::WARN, facts, "failed"),
        Some(_) if facts.status < 400 => at(Level::WARN, facts, "failed inside a stream"),
        Some(_) => at(Level::INFO, facts, "refused"),
        None if answers && !facts.is_probe() => at(Level::INFO, facts, "answered"),
        None => at(Level::DEBUG, facts, "answered"),
    }
}

/// The level of an event is part of its place in the code, so each needs a line of its own.
fn at(level: Level, facts: &Facts, message: &'static str) {
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                target: TARGET,
                id = facts.id,
                method = %facts.verb,
                path = facts.path,
                model = facts.model,
                project = facts.caller.map(|(project, _)| project),
                key = facts.caller.map(|(_, key)| key),
                status = facts.status,
                failure = facts.failure,
                ms = milliseconds(facts.took),
                ttfb_ms = facts.first_byte.map(milliseconds),
                tokens_in = facts.tokens.map(|tokens| tokens.input),
                tokens_out = facts.tokens.map(|tokens| tokens.output),
                route = facts.route,
                attempts = facts.attempts,
                repairs = facts.repairs,
                log = facts.log,
                "{message}"
            )
        };
    }
    match level {
        Level::WARN => event!(warn),
        Level::INFO => event!(info),
        _ => event!(debug),
    }
}

fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

//! Quotas in evidence: which one is exhausted, where the id was cut off or the limit is nothing.

use super::{index, signs::Hit, whole};
use crate::entry::Sure;

/// Requests a day that Google's free tiers have had; limits of a minute are smaller. Seen in public
/// error reports.
const DAILY: [u32; 9] = [20, 25, 50, 100, 200, 250, 500, 1000, 1500];

/// Adds what the words of a quota error do not say by themselves.
pub(super) fn refine(words: &str, hits: &mut Vec<Hit>) {
    let named = words.contains(" quotaid ");
    let violations = words.contains(" violations ") && words.contains(" freetier ");
    if named && violations && !words.contains(" quotavalue ") && ends(words) {
        // Protocol buffers leave out a zero: the quota's value is 0.
        hits.push(whole("quota-free-tier-zero", Sure::Likely, words));
    }
    of_region(words, hits);
    if named {
        return;
    }
    let Some(limit) = limit_of_requests(words) else {
        return;
    };
    match limit {
        0 => (),
        limit if DAILY.contains(&limit) => {
            hits.push(whole("quota-per-day", Sure::Likely, words));
        }
        _ => hits.push(whole("quota-per-minute", Sure::Likely, words)),
    }
    let tokens = index("quota-tokens-per-minute");
    hits.retain(|hit| hit.entry != tokens || hit.sure == Sure::Certain);
}

/// Older quotas are counted by region; only where the limit of a region is 0 is it the region's fault.
fn of_region(words: &str, hits: &mut [Hit]) {
    let region = index("quota-region-zero");
    let value = [" quotalimitvalue value ", " quotalimitvalue "]
        .iter()
        .find_map(|key| {
            words
                .split_once(key)?
                .1
                .split(' ')
                .next()?
                .parse::<u64>()
                .ok()
        });
    if value.is_some_and(|value| value > 0) {
        for hit in hits.iter_mut().filter(|hit| hit.entry == region) {
            hit.entry = index("quota-per-minute");
        }
    }
}

/// Whether the list of violations is whole.
fn ends(words: &str) -> bool {
    words.contains(" retryinfo ") || words.contains(" retrydelay ") || words.contains(" help ")
}

/// The limit of a metric that counts requests, from the message.
fn limit_of_requests(words: &str) -> Option<u32> {
    let (_, after) = words.split_once(" quota exceeded for metric ")?;
    let (metric, after) = after.split_once(" limit ")?;
    let counts_requests = metric.ends_with("requests") && metric.len() < 200;
    let number = after.split(' ').next()?;
    counts_requests.then(|| number.parse().ok()).flatten()
}

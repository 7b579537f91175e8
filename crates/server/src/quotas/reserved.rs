//! What a call has reserved: settled with its reply, or given back.

use super::{Needed, counts::Counted};
use futures::StreamExt;
use propus_engines::Chunks;
use propus_quota::{Price, SpendReservation, prices::Tokens};
use propus_wire::generate::UsageMetadata;

/// What a call has reserved. Dropped, it stays counted with its estimates.
#[derive(Default)]
pub struct Reserved {
    pub(super) counted: Vec<Counted>,
    pub(super) money: Vec<SpendReservation>,
    pub(super) price: Option<Price>,
}

impl Reserved {
    /// What tokens cost; nothing where calls are free or the price is not known.
    pub fn price(&self) -> Option<Price> {
        self.price
    }

    /// Takes it out of all counts: what fails costs nothing.
    pub async fn cancel(self) {
        for counted in self.counted {
            counted.cancel().await;
        }
        self.money.into_iter().for_each(SpendReservation::cancel);
    }

    /// Counts what the call really used.
    pub async fn settle(self, usage: &UsageMetadata) {
        let prompt = count(usage.prompt_token_count);
        let tokens = tokens(usage);
        for counted in self.counted {
            counted.settle(prompt).await;
        }
        if let Some(price) = self.price {
            for money in self.money {
                money.settle(price.cost(&tokens));
            }
        }
    }

    /// Counts a better estimate than the one that was reserved, where no reply tells what was used.
    pub async fn estimate(self, needed: Needed) {
        for counted in self.counted {
            counted.settle(needed.input).await;
        }
        if let Some(price) = self.price {
            let cost = price.estimate(needed.input, needed.output);
            for money in self.money {
                money.settle(cost);
            }
        }
    }

    /// A call's chunks; with the last one it is settled by the usage that it tells.
    pub fn settled_by(self, mut chunks: Chunks) -> Chunks {
        if self.counted.is_empty() && self.money.is_empty() {
            return chunks;
        }
        async_stream::stream! {
            let mut usage = None;
            // Dropped before its end, a call counts with its estimate.
            while let Some(chunk) = chunks.next().await {
                if let Ok(chunk) = &chunk {
                    let told = chunk.usage_metadata.as_ref();
                    usage = told.filter(|told| told.prompt_token_count.is_some()).cloned().or(usage);
                }
                yield chunk;
            }
            if let Some(usage) = usage {
                self.settle(&usage).await;
            }
        }
        .boxed()
    }
}

/// The tokens of a call, as its reply tells them.
pub fn tokens(usage: &UsageMetadata) -> Tokens {
    Tokens {
        input: count(usage.prompt_token_count) + count(usage.tool_use_prompt_token_count),
        cached: count(usage.cached_content_token_count),
        output: count(usage.candidates_token_count) + count(usage.thoughts_token_count),
    }
}

fn count(told: Option<i32>) -> u64 {
    u64::from(told.unwrap_or_default().unsigned_abs())
}

//! What a request costs, by tables that a user may override.

use crate::{
    limits::{self, LimitsError, Tier},
    money::Money,
    spend::SpendLimits,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};

/// The output tokens that an estimate is made with where a request bounds them nowhere. A guess of
/// ours: answers are mostly shorter than a model could make them, and the true ones are settled.
pub const GUESSED_OUTPUT_TOKENS: u64 = 1_024;

/// What a million tokens of a model cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of the prompt.
    pub input: Money,
    /// Of the answer, with its thoughts.
    pub output: Money,
    /// Of what the prompt has from a cache; as `input` where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<Money>,
    /// What holds instead for long prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<LongPrice>,
}

/// What a million tokens cost in a request with a long prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongPrice {
    /// A prompt is long if it has more tokens than these.
    pub above: u64,
    /// Of the prompt.
    pub input: Money,
    /// Of the answer, with its thoughts.
    pub output: Money,
    /// Of what the prompt has from a cache; as `input` where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<Money>,
}

/// The tokens of a request, as the reply's `usageMetadata` tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Of the whole prompt, with what came from a cache: `promptTokenCount`, and
    /// `toolUsePromptTokenCount`.
    pub input: u64,
    /// Of the prompt, those that came from a cache: `cachedContentTokenCount`.
    pub cached: u64,
    /// Of the answer, with its thoughts: `candidatesTokenCount` and `thoughtsTokenCount`.
    pub output: u64,
}

impl Price {
    /// What a request costs, rounded up to a billionth of a dollar.
    ///
    /// ```
    /// use propus_quota::{PriceTable, prices::Tokens};
    ///
    /// let price = PriceTable::builtin().price("gemini-2.5-pro").unwrap();
    /// let tokens = Tokens { input: 11_500, cached: 10_000, output: 11_000 };
    /// assert_eq!(price.cost(&tokens).to_string(), "0.113125");
    /// ```
    pub fn cost(&self, tokens: &Tokens) -> Money {
        let (input, output, cached) = match self.long {
            Some(long) if tokens.input > long.above => (long.input, long.output, long.cached),
            _ => (self.input, self.output, self.cached),
        };
        let from_cache = tokens.cached.min(tokens.input);
        let parts = [
            (tokens.input - from_cache, input),
            (from_cache, cached.unwrap_or(input)),
            (tokens.output, output),
        ];
        // 64 bits times 64 bits, three times, is more than 128 bits hold.
        let sum = parts.iter().fold(0_u128, |sum, (tokens, price)| {
            sum.saturating_add(u128::from(*tokens) * u128::from(price.nanos()))
        });
        Money::of_nanos(u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }

    /// What a request may cost, to be reserved before it is made: with all the output that it allows,
    /// or [`GUESSED_OUTPUT_TOKENS`], and nothing from a cache.
    pub fn estimate(&self, input_tokens: u64, max_output_tokens: Option<u64>) -> Money {
        self.cost(&Tokens {
            input: input_tokens,
            cached: 0,
            output: max_output_tokens.unwrap_or(GUESSED_OUTPUT_TOKENS),
        })
    }
}

/// The prices of all models, and what tiers may spend.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    #[serde(default)]
    models: BTreeMap<String, Price>,
    #[serde(default)]
    tiers: BTreeMap<Tier, TierSpend>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierSpend {
    month: Option<Money>,
    ten_minutes: Option<Money>,
}

impl PriceTable {
    /// The prices that are known, from `prices.toml`, which names its sources.
    pub fn builtin() -> &'static PriceTable {
        static BUILTIN: LazyLock<PriceTable> = LazyLock::new(|| {
            toml::from_str(include_str!("prices.toml")).expect("a test reads the built-in prices")
        });
        &BUILTIN
    }

    /// These prices, changed by a file of the same form: a model in it replaces the one here.
    pub fn overridden(&self, text: &str) -> Result<PriceTable, LimitsError> {
        let changes: PriceTable = toml::from_str(text).map_err(LimitsError::of)?;
        let mut table = self.clone();
        table.models.extend(changes.models);
        for (tier, above) in changes.tiers {
            let below = table.tiers.entry(tier).or_default();
            below.month = above.month.or(below.month);
            below.ten_minutes = above.ten_minutes.or(below.ten_minutes);
        }
        Ok(table)
    }

    /// What a model costs, if that is known. Names and patterns are as those of
    /// [`limits::Rows`]; aliases are for the caller to resolve.
    pub fn price(&self, model: &str) -> Option<&Price> {
        let model = limits::bare(model);
        let fits = self
            .models
            .iter()
            .filter_map(|(name, price)| Some((limits::fit(name, model)?, price)));
        fits.max_by_key(|(fit, _)| *fit).map(|(_, price)| price)
    }

    /// What Google lets the billing account of a tier spend. The free tier costs nothing, so it has
    /// no such limit.
    pub fn spend_limits(&self, tier: Tier) -> SpendLimits {
        let tier = self.tiers.get(&tier).copied().unwrap_or_default();
        SpendLimits {
            account_month: tier.month,
            ten_minutes: tier.ten_minutes,
            ..SpendLimits::UNLIMITED
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(model: &str, [input, cached, output]: [u64; 3], expected: &str) {
        let price = PriceTable::builtin().price(model).unwrap();
        let tokens = Tokens {
            input,
            cached,
            output,
        };
        assert_eq!(
            price.cost(&tokens).to_string(),
            expected,
            "{model} {tokens:?}"
        );
    }

    #[test]
    fn requests_cost_what_the_page_says() {
        let pro = "models/gemini-2.5-pro";
        check(pro, [1_000_000 / 5, 0, 0], "0.25");
        check(pro, [200_001, 0, 0], "0.5000025");
        check(pro, [200_000, 200_000, 1_000_000], "10.025");
        check(pro, [200_001, 200_001, 1_000_000], "15.05000025");
        check("gemini-2.0-flash-001", [10, 10, 10], "0.000005");
        check("gemini-3.5-flash-lite", [1, 1, 0], "0.00000003");
        check("gemini-3.8-flash", [1_000, 0, 1_000], "0.0045");
        check("gemini-2.0-flash", [1, 1, 0], "0.0000001");
        check("gemini-embedding-001", [1_000, 0, 5], "0.00015");
        // More from the cache than there is.
        check("gemini-2.5-flash", [10, 11, 0], "0.0000003");
    }

    #[test]
    fn models_without_a_price_say_so() {
        for model in [
            "gemini-4-argon",
            "gemini-2.5-flash-image",
            "imagen-4.0-generate-001",
            "",
        ] {
            assert_eq!(PriceTable::builtin().price(model), None, "{model}");
        }
    }

    #[test]
    fn a_million_tokens_cost_the_price_and_one_is_rounded_up() {
        let price: Price = toml::from_str("input = '0.0000001'\noutput = 0").unwrap();
        let cost = |input| {
            price
                .cost(&Tokens {
                    input,
                    ..Tokens::default()
                })
                .nanos()
        };
        assert_eq!((cost(1_000_000), cost(1), cost(0)), (100, 1, 0));
        let most = Price {
            input: Money::of_nanos(u64::MAX),
            output: Money::of_nanos(u64::MAX),
            cached: None,
            long: None,
        };
        let tokens = Tokens {
            input: u64::MAX,
            cached: 0,
            output: u64::MAX,
        };
        assert_eq!(most.cost(&tokens).nanos(), u64::MAX);
    }

    #[test]
    fn tiers_may_spend_what_the_page_says() {
        let limits = |tier| PriceTable::builtin().spend_limits(tier);
        assert_eq!(limits(Tier::Free), SpendLimits::UNLIMITED);
        assert_eq!(limits(Tier::Tier1).account_month, Some(Money::dollars(250)));
        assert_eq!(limits(Tier::Tier1).ten_minutes, Some(Money::dollars(10)));
        assert_eq!(limits(Tier::Tier3).ten_minutes, Some(Money::dollars(200)));
    }

    #[test]
    fn a_file_replaces_models_and_keys_of_tiers() {
        let text = "[models]\n'house-*' = { input = 1, output = '2.5' }\n[tiers.tier1]\nmonth = 9";
        let table = PriceTable::builtin().overridden(text).unwrap();
        let price = table.price("house-large").unwrap();
        assert_eq!(price.estimate(1_000_000, Some(0)), Money::dollars(1));
        assert_eq!(
            price.estimate(0, None).nanos(),
            2_500 * GUESSED_OUTPUT_TOKENS
        );
        let limits = table.spend_limits(Tier::Tier1);
        assert_eq!(limits.account_month, Some(Money::dollars(9)));
        assert_eq!(limits.ten_minutes, Some(Money::dollars(10)));
    }

    #[test]
    fn faulty_files_are_refused_with_their_place() {
        let check = |text: &str, word: &str| {
            let error = PriceTable::builtin().overridden(text).unwrap_err();
            assert!(error.to_string().contains(word), "{text}: {error}");
        };
        check("models.x = { input = 0.5, output = 1 }", "in quotes");
        check("models.x = { input = 1 }", "output");
        check("models.x = { input = -1, output = 1 }", "0 or greater");
        check("models.x = { input = 1, output = 1, audio = 1 }", "audio");
        check("tiers.tier4.month = 1", "tier4");
    }
}

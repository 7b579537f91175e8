//! What a tier allows of a model, as data that a user may override.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Deserializer, Serialize, de};
use std::{collections::BTreeMap, fmt, str::FromStr, sync::LazyLock};

/// The limits of one project on one model. `None` is no such limit; 0 means that the model is not
/// offered.
///
/// Google's [page on rate limits](https://ai.google.dev/gemini-api/docs/rate-limits) names the
/// four; each holds by itself, and exceeding any of them is a 429.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests in any 60 seconds.
    pub rpm: Option<u64>,
    /// Input tokens in any 60 seconds.
    pub tpm: Option<u64>,
    /// Requests from one midnight Pacific time to the next.
    pub rpd: Option<u64>,
    /// Input tokens from one midnight Pacific time to the next.
    pub tpd: Option<u64>,
}

impl Limits {
    /// No limit at all.
    pub const UNLIMITED: Limits = Limits {
        rpm: None,
        tpm: None,
        rpd: None,
        tpd: None,
    };

    /// What a tier that does not offer a model allows of it.
    pub const NOT_OFFERED: Limits = Limits {
        rpm: Some(0),
        tpm: Some(0),
        rpd: Some(0),
        tpd: None,
    };

    /// These limits under a change, such as an increase that was granted to a project.
    ///
    /// ```
    /// use propus_quota::{LimitChange, LimitTable, Profile, Tier};
    ///
    /// let limits = LimitTable::builtin().limits(Profile::Current, Tier::Tier1, "gemini-2.5-pro");
    /// let granted: LimitChange = serde_json::from_str(r#"{"rpm":500,"rpd":"unlimited"}"#).unwrap();
    /// let limits = limits.with(&granted);
    /// assert_eq!((limits.rpm, limits.tpm, limits.rpd), (Some(500), Some(2_000_000), None));
    /// ```
    pub fn with(self, change: &LimitChange) -> Limits {
        Limits {
            rpm: change.rpm.over(self.rpm),
            tpm: change.tpm.over(self.tpm),
            rpd: change.rpd.over(self.rpd),
            tpd: change.tpd.over(self.tpd),
        }
    }
}

/// What a project has paid for, in Google's words: its usage tier.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Without billing.
    #[default]
    Free,
    /// With a billing account.
    Tier1,
    /// The second paid tier.
    Tier2,
    /// The third paid tier.
    Tier3,
}

impl Tier {
    /// All of them, in the order in which they are reached.
    pub const ALL: [Tier; 4] = [Tier::Free, Tier::Tier1, Tier::Tier2, Tier::Tier3];

    /// Its name in files and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Free => "free",
            Tier::Tier1 => "tier1",
            Tier::Tier2 => "tier2",
            Tier::Tier3 => "tier3",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Tier {
    type Err = String;

    fn from_str(text: &str) -> Result<Tier, String> {
        let named = |tier: &Tier| tier.name() == text;
        let found = Tier::ALL.into_iter().find(named);
        found.ok_or_else(|| "one of free, tier1, tier2, tier3".into())
    }
}

/// Which of Google's published tables holds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Profile {
    /// The newest row known for each tier and model.
    #[default]
    #[serde(rename = "current")]
    Current,
    /// The page of May 2025.
    #[serde(rename = "2025-05")]
    May2025,
}

/// One limit of a change: kept as it is, taken away, or set.
///
/// In JSON and TOML it is a missing key (or `null`), `"unlimited"`, or a whole number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Setting {
    /// The key is not there.
    #[default]
    Kept,
    /// `"unlimited"`.
    Unlimited,
    /// A number.
    At(u64),
}

impl Setting {
    fn is_kept(&self) -> bool {
        *self == Setting::Kept
    }

    fn over(self, below: Option<u64>) -> Option<u64> {
        match self {
            Setting::Kept => below,
            Setting::Unlimited => None,
            Setting::At(limit) => Some(limit),
        }
    }
}

/// Which limits are different, and how: a row of a table, what a project has of its own, or an
/// increase that was granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitChange {
    /// Requests in any 60 seconds.
    #[serde(skip_serializing_if = "Setting::is_kept")]
    pub rpm: Setting,
    /// Input tokens in any 60 seconds.
    #[serde(skip_serializing_if = "Setting::is_kept")]
    pub tpm: Setting,
    /// Requests in a day.
    #[serde(skip_serializing_if = "Setting::is_kept")]
    pub rpd: Setting,
    /// Input tokens in a day.
    #[serde(skip_serializing_if = "Setting::is_kept")]
    pub tpd: Setting,
}

/// Rows by the name of a model; a `*` in a name stands for any letters or none. The name itself comes
/// before patterns, a pattern with more letters before one with fewer.
pub type Rows = BTreeMap<String, LimitChange>;

/// One project: its tier and what is different for it.
///
/// ```
/// use propus_quota::{LimitTable, Profile, Project};
///
/// let project: Project = toml::from_str(
///     r#"
///     tier = "tier1"
///     models."gemini-2.5-pro" = { rpm = 2, rpd = "unlimited" }
///     "#,
/// ).unwrap();
/// let limits = LimitTable::builtin().limits_of(Profile::Current, &project, "gemini-2.5-pro");
/// assert_eq!((limits.rpm, limits.tpm, limits.rpd), (Some(2), Some(2_000_000), None));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// The tier whose table holds where `models` says nothing.
    pub tier: Tier,
    /// What is different: the row that fits best is laid over the tier's limits.
    pub models: Rows,
}

type Tables = BTreeMap<Profile, BTreeMap<Tier, Rows>>;

/// The limits of all tiers and models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitTable {
    tables: Tables,
}

/// Why a file of limits or prices cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsError(String);

impl fmt::Display for LimitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LimitsError {}

impl LimitsError {
    pub(crate) fn of(error: toml::de::Error) -> LimitsError {
        LimitsError(error.to_string())
    }
}

impl LimitTable {
    /// The limits that Google published, from `limits.toml`, which names its sources.
    pub fn builtin() -> &'static LimitTable {
        static BUILTIN: LazyLock<LimitTable> = LazyLock::new(|| LimitTable {
            tables: toml::from_str(include_str!("limits.toml"))
                .expect("a test reads the built-in limits"),
        });
        &BUILTIN
    }

    /// These limits, changed by a file of the same form: a known name changes only the keys that
    /// the file holds, a new name adds a model without further limits.
    pub fn overridden(&self, text: &str) -> Result<LimitTable, LimitsError> {
        let changes: Tables = toml::from_str(text).map_err(LimitsError::of)?;
        let mut table = self.clone();
        for (profile, tiers) in changes {
            for (tier, rows) in tiers {
                table.change(profile, tier, rows);
            }
        }
        Ok(table)
    }

    fn change(&mut self, profile: Profile, tier: Tier, rows: Rows) {
        let tiers = self.tables.entry(profile).or_default();
        let known = tiers.entry(tier).or_default();
        for (name, row) in rows {
            known
                .entry(bare(&name).to_owned())
                .and_modify(|below| below.lay(row))
                .or_insert(row);
        }
    }

    /// What a tier allows of a model, whose name may begin with `models/` and end in a version
    /// such as `-001`. Aliases are for the caller to resolve.
    ///
    /// A tier without a row for the model has that of the tier below: who pays more gets no less. A
    /// model that has a row only in higher tiers is [not offered](Limits::NOT_OFFERED). The tier's
    /// row `*` is for models without a row in any tier.
    pub fn limits(&self, profile: Profile, tier: Tier, model: &str) -> Limits {
        let model = bare(model);
        let own = self.rows(profile, tier);
        let exact = own.and_then(|rows| rows.get(model));
        if let Some(row) = exact.or_else(|| self.inherited(profile, tier, model)) {
            return Limits::UNLIMITED.with(row);
        }
        if self.is_known(profile, model) {
            return Limits::NOT_OFFERED;
        }
        let rest = own.and_then(|rows| rows.get("*"));
        rest.map_or(Limits::UNLIMITED, |row| Limits::UNLIMITED.with(row))
    }

    /// What a project may do with a model: its tier's limits under its own.
    pub fn limits_of(&self, profile: Profile, project: &Project, model: &str) -> Limits {
        let below = self.limits(profile, project.tier, model);
        let own = best(&project.models, bare(model));
        own.map_or(below, |(_, row)| below.with(row))
    }

    fn rows(&self, profile: Profile, tier: Tier) -> Option<&Rows> {
        self.tables.get(&profile)?.get(&tier)
    }

    /// The row that fits best in this tier and those below, the highest tier where several fit as
    /// well. That the free tier lacks a model says nothing of the tiers that are paid for.
    fn inherited(&self, profile: Profile, tier: Tier, model: &str) -> Option<&LimitChange> {
        let tiers = Tier::ALL.into_iter().filter(|below| *below <= tier);
        let found = tiers.filter_map(|below| {
            let (fit, row) = named(self.rows(profile, below)?, model)?;
            let counts = below == tier || below != Tier::Free || !row.is_zero();
            counts.then_some((fit, row))
        });
        // Of equals, this takes the last.
        found.max_by_key(|(fit, _)| *fit).map(|(_, row)| row)
    }

    fn is_known(&self, profile: Profile, model: &str) -> bool {
        let tiers = self.tables.get(&profile).into_iter().flatten();
        let mut paid = tiers.filter(|(tier, _)| **tier != Tier::Free);
        paid.any(|(_, rows)| named(rows, model).is_some())
    }
}

impl LimitChange {
    /// Takes over what another change does not keep.
    pub fn lay(&mut self, above: LimitChange) {
        for (below, above) in [
            (&mut self.rpm, above.rpm),
            (&mut self.tpm, above.tpm),
            (&mut self.rpd, above.rpd),
            (&mut self.tpd, above.tpd),
        ] {
            if !above.is_kept() {
                *below = above;
            }
        }
    }

    fn is_zero(&self) -> bool {
        [self.rpm, self.tpm, self.rpd, self.tpd].contains(&Setting::At(0))
    }
}

/// The row that fits best, but not one for everything.
fn named<'a>(rows: &'a Rows, model: &str) -> Option<(usize, &'a LimitChange)> {
    best(rows, model).filter(|(fit, _)| *fit > 0)
}

/// The row that fits best, and how well it does.
fn best<'a>(rows: &'a Rows, model: &str) -> Option<(usize, &'a LimitChange)> {
    let fits = rows
        .iter()
        .filter_map(|(name, row)| Some((fit(name, model)?, row)));
    fits.max_by_key(|(fit, _)| *fit)
}

/// How well a row's name fits: the name itself best, then without its version, then patterns by
/// their letters.
pub(crate) fn fit(name: &str, model: &str) -> Option<usize> {
    let name = bare(name);
    if !name.contains('*') {
        return match model.strip_prefix(name)? {
            "" => Some(usize::MAX),
            rest => is_version(rest).then_some(usize::MAX - 1),
        };
    }
    let letters = || name.bytes().filter(|byte| *byte != b'*').count();
    matches(name, model).then(letters)
}

/// Whether a name is one that a pattern stands for. By bytes, since the library's search is slow to
/// begin and names are short.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut place) = (0, 0);
    // Behind the last `*`, and where what it stands for ends as yet.
    let mut star = None;
    while place < name.len() {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                at += 1;
                star = Some((at, place));
            }
            (Some(byte), _) if *byte == name[place] => {
                at += 1;
                place += 1;
            }
            (_, Some((behind, end))) => {
                at = behind;
                place = end + 1;
                star = Some((behind, place));
            }
            (_, None) => return false,
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

pub(crate) fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

/// `-001` of `gemini-2.0-flash-001`.
fn is_version(text: &str) -> bool {
    let version = text.strip_prefix('-').unwrap_or_default();
    version.len() == 3 && version.bytes().all(|byte| byte.is_ascii_digit())
}

impl Serialize for Setting {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Setting::Kept => serializer.serialize_none(),
            Setting::Unlimited => serializer.serialize_str("unlimited"),
            Setting::At(limit) => serializer.serialize_u64(*limit),
        }
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor)
    }
}

struct SettingVisitor;

impl de::Visitor<'_> for SettingVisitor {
    type Value = Setting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, 0 or greater, or \"unlimited\"")
    }

    fn visit_u64<E: de::Error>(self, limit: u64) -> Result<Setting, E> {
        Ok(Setting::At(limit))
    }

    fn visit_i64<E: de::Error>(self, limit: i64) -> Result<Setting, E> {
        let limit = u64::try_from(limit);
        limit
            .map(Setting::At)
            .map_err(|error| E::custom(format!("{error}, expected 0 or greater")))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Setting, E> {
        match text {
            "unlimited" => Ok(Setting::Unlimited),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Setting, E> {
        Ok(Setting::Kept)
    }
}

//! `model`: whether the model is there, is still served, and answers prompts.

use crate::{
    Probe,
    api::{Api, path},
    evidence::{cause, failing, told},
};
use http::Method;
use propus_failures::{Cards, Day};
use propus_wire::{Version, models::Model};

const NAME: &str = "model";
const METHOD: &str = "generateContent";

/// Taken where no model is named, if the server lists it.
const PREFERRED: [&str; 3] = [
    "gemini-flash-latest",
    "gemini-3.6-flash",
    "gemini-3.5-flash",
];

/// A shutdown within so many days deserves a word: Google announces them weeks ahead.
const SOON: i64 = 60;

/// What was found, and the model that is asked from here on.
pub(crate) struct Chosen {
    pub(crate) probe: Probe,
    pub(crate) model: Option<String>,
}

/// Looks for the model, or takes one of the list.
pub(crate) async fn probe(api: &Api, wanted: Option<&str>, models: &[Model], day: Day) -> Chosen {
    let Some(wanted) = wanted else {
        return any(models, day);
    };
    let name = wanted.trim();
    let bare = name.strip_prefix("models/").unwrap_or(name);
    let tried = api.told(&Method::GET, &path(name).unwrap_or_default());
    let Some(path) = path(name) else {
        let probe = Probe::fail(NAME, "the form of the name", "no URL can carry this name");
        return none(probe.is("model-name-format"));
    };
    if let Some(model) = find(models, bare) {
        return there(&format!("{bare} in the list of models"), bare, model, day);
    }
    // Names that are not listed may still answer: routed ones, and models that are restricted.
    match api.get(&path).await {
        Ok(reply) if reply.is_success() => match serde_json::from_str::<Model>(&reply.body) {
            Ok(model) => there(&tried, bare, &model, day),
            Err(_) => none(failing(NAME, &tried, reply.told(), &reply.evidence(), None)),
        },
        Ok(reply) => {
            let evidence = reply.evidence();
            let mut probe = failing(
                NAME,
                &tried,
                reply.told(),
                &evidence,
                Some("model-not-found"),
            );
            probe
                .advice
                .splice(0..0, elsewhere(api, &path, bare, models, &evidence).await);
            none(probe)
        }
        Err(error) => {
            let seen = told(&error);
            none(failing(
                NAME,
                &tried,
                seen.clone(),
                &seen,
                Some("network-error"),
            ))
        }
    }
}

fn none(probe: Probe) -> Chosen {
    Chosen { probe, model: None }
}

fn bare(model: &Model) -> &str {
    let name = model.name.as_deref().unwrap_or_default();
    name.strip_prefix("models/").unwrap_or(name)
}

fn find<'a>(models: &'a [Model], name: &str) -> Option<&'a Model> {
    models.iter().find(|model| bare(model) == name)
}

fn answers(model: &Model) -> bool {
    let methods = &model.supported_generation_methods;
    methods.iter().any(|method| method == METHOD)
}

/// One of the list.
fn any(models: &[Model], day: Day) -> Chosen {
    const TRIED: &str = "the list of models, for one that answers prompts";
    let preferred = PREFERRED.iter().find_map(|name| find(models, name));
    let lives = |model: &&Model| {
        let card = Cards::builtin().get(bare(model));
        card.is_none_or(|card| card.shutdown.is_none_or(|end| end > day))
    };
    let found = preferred.or_else(|| models.iter().filter(|model| answers(model)).find(lives));
    match found {
        Some(model) => Chosen {
            probe: Probe::ok(
                NAME,
                TRIED,
                format!("{} is taken, none was named", bare(model)),
            ),
            model: Some(bare(model).to_owned()),
        },
        None => none(Probe::fail(NAME, TRIED, "none answers prompts").is("model-not-found")),
    }
}

/// The server knows the model.
fn there(tried: &str, name: &str, model: &Model, day: Day) -> Chosen {
    if !answers(model) {
        let methods = model.supported_generation_methods.join(", ");
        let seen = format!("{name} does not answer prompts; it has {methods}");
        return none(Probe::fail(NAME, tried, seen).is("model-method-mismatch"));
    }
    let probe = match ending(name, day) {
        Some((end, replacement)) => {
            let seen = format!("{name} is there; Google shuts it down on {end}");
            let probe = Probe::warn(NAME, tried, seen);
            match replacement {
                Some(replacement) => probe.advise(format!("change to `{replacement}`")),
                None => probe,
            }
        }
        None => Probe::ok(NAME, tried, format!("{name} is there")),
    };
    Chosen {
        probe,
        model: Some(name.to_owned()),
    }
}

/// The day on which a model ends soon, and what is recommended instead.
fn ending(name: &str, day: Day) -> Option<(Day, Option<&'static str>)> {
    let card = Cards::builtin().get(name)?;
    let end = card.shutdown.filter(|end| *end > day)?;
    let soon = days(end)? - days(day)? <= SOON;
    soon.then_some((end, card.replacement.as_deref()))
}

/// Days since 1970.
fn days(day: Day) -> Option<i64> {
    let date: jiff::civil::Date = day.to_string().parse().ok()?;
    let since = date.since(jiff::civil::date(1970, 1, 1)).ok()?;
    Some(i64::from(since.get_days()))
}

/// Where the model is, or what looks like it.
async fn elsewhere(
    api: &Api,
    path: &str,
    name: &str,
    models: &[Model],
    evidence: &str,
) -> Vec<String> {
    let retired = cause(evidence).is_some_and(|cause| cause.failure == "model-retired");
    if retired {
        return Vec::new();
    }
    let other = match api.version {
        Version::V1 => Version::V1Beta,
        Version::V1Beta => Version::V1,
    };
    let there = api.get_in(other, path).await;
    if there.is_ok_and(|reply| reply.is_success()) {
        let (here, other) = (api.version, other.segment());
        return vec![format!(
            "{name} is there in {other}, not in {here}: set the API version to {other} \
             (GOOGLE_GENAI_API_VERSION, or http_options)"
        )];
    }
    let mut alike: Vec<(f64, &str)> = models
        .iter()
        .filter(|model| answers(model))
        .map(|model| {
            (
                strsim::jaro_winkler(&name.to_lowercase(), bare(model)),
                bare(model),
            )
        })
        .filter(|(alike, _)| *alike > 0.8)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    let nearest: Vec<_> = alike
        .iter()
        .take(3)
        .map(|(_, name)| format!("`{name}`"))
        .collect();
    match nearest.is_empty() {
        true => Vec::new(),
        false => vec![format!("did you mean {}?", nearest.join(", "))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_a_number() {
        assert_eq!(days(Day::new(1970, 1, 2)), Some(1));
        assert_eq!(days(Day::new(2026, 11, 24)), Some(20_781));
    }

    #[test]
    fn models_that_end_soon_are_known() {
        let card = Cards::builtin()
            .iter()
            .find(|card| card.shutdown.is_some())
            .unwrap();
        let end = card.shutdown.unwrap();
        assert_eq!(ending(&card.name, end), None, "it has ended");
        assert_eq!(ending(&card.name, Day::new(2000, 1, 1)), None, "not soon");
    }
}

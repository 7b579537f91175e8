//! `vertex`: variables that send Google's SDKs to Vertex AI.

use crate::{Environment, Probe};

const NAME: &str = "vertex";
const TRIED: &str = "GOOGLE_GENAI_USE_ENTERPRISE and GOOGLE_GENAI_USE_VERTEXAI";

/// The first of them that is set counts; so google-genai reads them since its major version 3.
const SWITCHES: [&str; 2] = ["GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_GENAI_USE_VERTEXAI"];

/// Looks at the switches of google-genai; with one of them on the same client takes the paths and
/// the credentials of Vertex AI.
pub(crate) fn probe(environment: &Environment) -> Vec<Probe> {
    let set: Vec<&str> = SWITCHES
        .into_iter()
        .filter(|name| environment.raw(name).is_some())
        .collect();
    let on = |name: &&&str| environment.is_on(name);
    let mut probes = Vec::new();
    if set.len() == 2 && set.iter().filter(on).count() == 1 {
        let seen = "the two disagree; google-genai obeys GOOGLE_GENAI_USE_ENTERPRISE";
        probes.push(Probe::warn(NAME, TRIED, seen).advise("unset the one you do not mean"));
    }
    match set.first().filter(|name| environment.is_on(name)) {
        Some(switch) => probes.push(switched(environment, switch)),
        None if environment.text("GOOGLE_VERTEX_BASE_URL").is_some() => {
            let seen = "neither is on, so GOOGLE_VERTEX_BASE_URL has no effect";
            probes.push(Probe::ok(NAME, TRIED, seen));
        }
        None => {}
    }
    probes
}

fn switched(environment: &Environment, switch: &str) -> Probe {
    // The SDK for Python takes `1`, too; the one for JavaScript does not.
    let whose = match environment.text(switch) {
        Some("1") => " for Python",
        _ => "",
    };
    let seen = format!("{switch} is on: google-genai{whose} calls Vertex AI, not the Gemini API");
    let probe = Probe::warn(NAME, TRIED, seen).advise(format!(
        "unset {switch} if you do not mean Vertex AI; this report is on the Gemini API"
    ));
    let missing: Vec<&str> = ["GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"]
        .into_iter()
        .filter(|name| environment.text(name).is_none())
        .collect();
    match missing.is_empty() {
        true => probe,
        false => probe.advise(format!("for Vertex AI set {}", missing.join(" and "))),
    }
}

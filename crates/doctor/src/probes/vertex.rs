//! `vertex`: variables that send Google's SDKs to Vertex AI.

use crate::{Environment, Probe};

const NAME: &str = "vertex";
const SWITCHES: [&str; 2] = ["GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"];

/// Looks at the switches of google-genai; with one of them on the same client takes the paths and
/// the credentials of Vertex AI.
pub(crate) fn probe(environment: &Environment) -> Option<Probe> {
    let switch = SWITCHES.iter().find(|name| environment.is_on(name));
    let Some(switch) = switch else {
        return idle(environment);
    };
    let missing: Vec<&str> = ["GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"]
        .into_iter()
        .filter(|name| environment.text(name).is_none())
        .collect();
    let mut seen = format!("{switch} is on: google-genai calls Vertex AI, not the Gemini API");
    if !missing.is_empty() {
        seen = format!("{seen}; {} is not set", missing.join(" and "));
    }
    let probe = Probe::warn(NAME, &SWITCHES.join(" and "), seen);
    let probe = probe.advise(format!(
        "unset {switch} if you do not mean Vertex AI; this report is on the Gemini API"
    ));
    Some(match missing.is_empty() {
        true => probe,
        false => probe.advise(format!("for Vertex AI set {}", missing.join(" and "))),
    })
}

/// Variables without effect as long as no switch is on.
fn idle(environment: &Environment) -> Option<Probe> {
    environment.text("GOOGLE_VERTEX_BASE_URL")?;
    Some(Probe::ok(
        NAME,
        &SWITCHES.join(" and "),
        "neither is on, so GOOGLE_VERTEX_BASE_URL has no effect",
    ))
}

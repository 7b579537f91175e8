//! `base-url`: where the calls go, and in which API version.

use crate::{
    Environment, Probe, Settings,
    base_url::{self, GOOGLE, Judged, shown},
};
use propus_wire::Version;
use url::Url;

const NAME: &str = "base-url";

/// The variable that Google's SDKs read.
pub(crate) const VARIABLE: &str = "GOOGLE_GEMINI_BASE_URL";

/// What was found, and the address that is used from here on.
pub(crate) struct Address {
    pub(crate) probes: Vec<Probe>,
    pub(crate) url: Option<Url>,
}

/// Looks at the base URL: the option, or else the variable, or else Google's.
pub(crate) fn probe(environment: &Environment, settings: &Settings) -> Address {
    let (source, text) = match (&settings.base_url, environment.raw(VARIABLE)) {
        (Some(text), _) => ("--base-url", Some(text.as_str())),
        // An empty variable counts as absent, in the SDKs, too.
        (None, Some(value)) if !value.is_empty() => (VARIABLE, value.to_str()),
        _ => return google(),
    };
    let tried = format!("the form of {source}");
    let Some(text) = text else {
        let seen = format!("{source} is set to bytes that are no UTF-8 text");
        return Address {
            probes: vec![Probe::fail(NAME, &tried, seen).is("base-url-wrong")],
            url: None,
        };
    };
    let Judged { url, slips } = base_url::judge(text);
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let from_here = url
        .as_ref()
        .map(|url| format!("; the probes below use {}", shown(url)));
    let mut probes: Vec<Probe> = slips
        .iter()
        .map(|slip| {
            let seen = format!("{source}: {}", slip.what);
            match slip.fatal {
                true => {
                    let seen = seen + from_here.as_deref().unwrap_or_default();
                    let probe = Probe::fail(NAME, &tried, seen);
                    probe.advise(&slip.advice).is("base-url-wrong")
                }
                false => Probe::warn(NAME, &tried, seen).advise(&slip.advice),
            }
        })
        .collect();
    if let (true, Some(url)) = (slips.is_empty(), &url) {
        probes.push(Probe::ok(
            NAME,
            &tried,
            format!("{} (from {source})", shown(url)),
        ));
    }
    Address { probes, url }
}

fn google() -> Address {
    let url = Url::parse(&format!("https://{GOOGLE}/")).expect("Google's address is a URL");
    let seen = format!("{} (the default)", shown(&url));
    Address {
        probes: vec![Probe::ok(NAME, &format!("--base-url and {VARIABLE}"), seen)],
        url: Some(url),
    }
}

/// The version that the calls name. google-genai reads `GOOGLE_GENAI_API_VERSION` since its major
/// version 3 and takes `v1` without it; the versions before take `v1beta`, as we do.
pub(crate) fn version(environment: &Environment) -> (Version, Option<Probe>) {
    const VARIABLE: &str = "GOOGLE_GENAI_API_VERSION";
    let Some(name) = environment.text(VARIABLE) else {
        return (Version::V1Beta, None);
    };
    let known = if name == "beta" { "v1beta" } else { name };
    match Version::from_segment(known) {
        Some(version) => (version, None),
        None => {
            let seen =
                format!("{VARIABLE} names neither v1 nor v1beta; the probes below use v1beta");
            let probe = Probe::warn("version", &format!("the value of {VARIABLE}"), seen);
            (
                Version::V1Beta,
                Some(probe.advise(format!("set {VARIABLE} to v1 or v1beta"))),
            )
        }
    }
}

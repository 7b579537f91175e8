//! Where a call comes from, and whether its key and its project allow it there.

use crate::{
    accounts::{Broken, Caller, Origin},
    app::App,
};
use http::{HeaderMap, Uri};
use propus_failures::{
    Problem,
    account::{
        location_unsupported::LocationUnsupported,
        service_disabled::{ServiceDisabled, Title},
    },
    cards::Profile,
    keys::{
        key_restricted_api::KeyRestrictedApi,
        key_restricted_app::{KeyRestrictedApp, Platform},
        key_restricted_ip::KeyRestrictedIp,
        key_restricted_referer::KeyRestrictedReferer,
        key_suspended::KeySuspended,
    },
};
use propus_wire::{Version, path::Path};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What the headers and the connection tell.
pub fn of<'a>(app: &App, headers: &'a HeaderMap, peer: Option<Peer>) -> Origin<'a> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Origin {
        referrer: text("referer"),
        ip: app.regions.address(headers, peer),
        android_package: text("x-android-package"),
        android_certificate: text("x-android-cert"),
        ios_bundle: text("x-ios-bundle-identifier"),
    }
}

/// Refuses what the project's state or the key's restrictions forbid, in the order in which Google
/// looks: the consumer, the service, the key.
pub fn admit(caller: &Caller, origin: &Origin, uri: &Uri) -> Result<(), Problem> {
    let number = caller.project.number;
    let consumer = format!("projects/{number}");
    if caller.project.suspended {
        return Err(KeySuspended { consumer }.into());
    }
    if caller.project.api_disabled {
        let project = number.to_string();
        let title = Title::Gemini;
        return Err(ServiceDisabled { project, title }.into());
    }
    let Err(broken) = caller.restrictions.admit(origin) else {
        return Ok(());
    };
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Err(match broken {
        Broken::Api => of_api(uri, consumer).into(),
        Broken::Referrer => KeyRestrictedReferer {
            referer: owned(origin.referrer),
            consumer,
        }
        .into(),
        Broken::Ip => KeyRestrictedIp {
            caller: origin.ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            consumer,
        }
        .into(),
        Broken::Android => KeyRestrictedApp {
            platform: Platform::Android,
            app: owned(origin.android_package),
            consumer,
        }
        .into(),
        Broken::Ios => KeyRestrictedApp {
            platform: Platform::Ios,
            app: owned(origin.ios_bundle),
            consumer,
        }
        .into(),
    })
}

/// Refuses projects without billing where the free tier is not offered: in today's words, or in those
/// of Google's troubleshooting guide of May 2025.
pub fn located(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    peer: Option<Peer>,
) -> Result<(), Problem> {
    if caller.project.billing {
        return Ok(());
    }
    match app.regions.country(headers, peer) {
        Some(country) if !app.regions.offers(&country) => {
            Err(match app.registry.cards().profile() {
                Profile::Current => LocationUnsupported::Place,
                Profile::May2025 => LocationUnsupported::FreeTier,
            }
            .into())
        }
        _ => Ok(()),
    }
}

/// The method as the service names it.
fn of_api(uri: &Uri, consumer: String) -> KeyRestrictedApi {
    let (version, method) = match Path::parse(uri.path()) {
        Some(Path::Method(version, _, method)) => (version, method.into_owned()),
        Some(Path::Model(version, _)) => (version, "getModel".to_owned()),
        Some(Path::Models(version)) => (version, "listModels".to_owned()),
        Some(Path::OpenAi(version, _)) => (version, "generateContent".to_owned()),
        None => (Version::V1Beta, "generateContent".to_owned()),
    };
    let service = match method.as_str() {
        "getModel" | "listModels" => "ModelService",
        _ => "GenerativeService",
    };
    let mut letters = method.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    KeyRestrictedApi {
        version,
        service: service.into(),
        method: first.into_iter().chain(letters).collect(),
        consumer,
    }
}

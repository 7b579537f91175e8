//! Where a call comes from, and whether its key and its project allow it there.

use crate::accounts::{Broken, Caller, Origin};
use http::{HeaderMap, Uri};
use propus_failures::{
    Problem,
    account::service_disabled::{ServiceDisabled, Title},
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
pub fn of(headers: &HeaderMap, peer: Option<Peer>) -> Origin<'_> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Origin {
        referrer: text("referer"),
        ip: peer.map(|peer| peer.0.ip()),
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

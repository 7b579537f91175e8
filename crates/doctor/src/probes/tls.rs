//! `tls`: the certificate that is shown, and which programs accept it.

use crate::{
    Probe,
    base_url::is_google,
    certificate::{Certificate, Refusal, Store},
    clock::{Clock, shown, shown_seconds},
    evidence::failing,
    network::{presented, provider, tunnel},
    proxy::Proxy,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::time::{Duration, UNIX_EPOCH};
use tokio::net::TcpStream;
use url::Url;

const NAME: &str = "tls";

/// What was found.
pub(crate) struct Shown {
    pub(crate) probe: Probe,
    /// Why no key is sent there; none where somebody here trusts the server.
    pub(crate) blocked: Option<&'static str>,
    /// The list whose authorities accept it, where the public ones do not.
    pub(crate) authorities: Vec<Vec<u8>>,
}

/// Whom to connect to, and how.
pub(crate) struct Target<'a> {
    pub(crate) url: &'a Url,
    pub(crate) proxy: Option<&'a Proxy>,
    pub(crate) clock: Clock,
    pub(crate) limit: Duration,
}

/// Shakes hands and judges the chain by the lists of Python, Node and Go.
pub(crate) async fn probe(target: Target<'_>, connection: TcpStream, stores: &[Store]) -> Shown {
    let host = target.url.host_str().unwrap_or_default();
    let through = target
        .proxy
        .map(|proxy| format!(" through {}", proxy.shown()));
    let tried = format!("a TLS handshake with {host}{}", through.unwrap_or_default());
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(name) = ServerName::try_from(bare.to_owned()) else {
        let probe = Probe::fail(NAME, &tried, "certificates cannot name this host");
        return blocked(probe.is("base-url-wrong"), UNTRUSTED);
    };
    let chain = match shake(&target, connection, &name).await {
        Ok(chain) => chain,
        Err(Broken { evidence, failure }) => {
            let probe = failing(NAME, &tried, evidence.clone(), &evidence, Some(failure));
            return blocked(probe, "no secured connection came about");
        }
    };
    judge(&target, &tried, &chain, &name, stores)
}

const UNTRUSTED: &str = "no key goes to a server that nobody trusts";

fn blocked(probe: Probe, because: &'static str) -> Shown {
    Shown {
        probe,
        blocked: Some(because),
        authorities: Vec::new(),
    }
}

/// What went wrong before a certificate was shown, and the failure where the words tell none.
struct Broken {
    evidence: String,
    failure: &'static str,
}

async fn shake(
    target: &Target<'_>,
    connection: TcpStream,
    name: &ServerName<'static>,
) -> Result<Vec<CertificateDer<'static>>, Broken> {
    let connection = match target.proxy {
        None => connection,
        Some(proxy) => through(target, proxy).await?,
    };
    let shown = presented(connection, name, target.limit).await;
    shown.map_err(|error| Broken {
        evidence: format!("TLS handshake failed: {error}"),
        failure: "tls-error",
    })
}

async fn through(target: &Target<'_>, proxy: &Proxy) -> Result<TcpStream, Broken> {
    let broken = |error: String| Broken {
        // As gRPC says it: no connection came about, so that this is no slow answer.
        evidence: format!(
            "failed to connect to all addresses; last error: the proxy {} opens no way: {error}",
            proxy.shown()
        ),
        failure: "network-error",
    };
    let port = target.url.port_or_known_default().unwrap_or(443);
    let host = target.url.host_str().unwrap_or_default();
    let to = format!("https://{host}:{port}").parse::<http::Uri>();
    let to = to.map_err(|error| broken(error.to_string()))?;
    tunnel(proxy, &to, target.limit).await.map_err(broken)
}

fn judge(
    target: &Target<'_>,
    tried: &str,
    chain: &[CertificateDer<'static>],
    name: &ServerName<'static>,
    stores: &[Store],
) -> Shown {
    let now = target.clock.now();
    let time = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
    let provider = provider();
    let verdicts: Vec<(&Store, Result<(), Refusal>)> = stores
        .iter()
        .map(|store| (store, store.accepts(chain, name, time, &provider)))
        .collect();
    let public = Store::of("propus", "the public authorities", []).with_public();
    let is_public = public.accepts(chain, name, time, &provider).is_ok();
    let Some(certificate) = chain.first().and_then(|first| Certificate::read(first)) else {
        let probe = Probe::fail(NAME, tried, "the certificate cannot be read").is("tls-error");
        return blocked(probe, UNTRUSTED);
    };
    let issuer = &certificate.issuer;
    let between = is_google(target.url) && !certificate.is_from_google();
    let until = shown_seconds(certificate.until);
    let accepting: Vec<&Store> = accepted(&verdicts).collect();
    let refusing: Vec<String> = verdicts
        .iter()
        .filter(|(_, verdict)| verdict.is_err())
        .map(|(store, _)| format!("{} ({})", store.users, store.list))
        .collect();
    if accepting.is_empty() && !is_public {
        let probe = refused(target, tried, &certificate, &verdicts, between);
        return blocked(probe, UNTRUSTED);
    }
    // propus trusts the public authorities; for a private one it is told.
    let authorities = match is_public {
        true => Vec::new(),
        false => accepting[0].private.clone(),
    };
    let mut probe = match (is_public, refusing.is_empty(), between) {
        (_, true, false) => {
            let seen = format!("signed by `{issuer}`, valid until {until}");
            Probe::ok(NAME, tried, seen)
        }
        (true, false, false) => {
            let refusing = refusing.join(" and ");
            let seen = format!("signed by `{issuer}`; not trusted by {refusing}");
            let probe = Probe::warn(NAME, tried, seen);
            // An empty store is what slim containers have.
            probe.advise("install the package `ca-certificates`")
        }
        (_, _, true) => {
            let seen = format!(
                "somebody in between opens the connection: the certificate is signed by `{issuer}`, \
                 and Google's are signed by Google Trust Services"
            );
            Probe::warn(NAME, tried, seen)
        }
        (false, false, false) => {
            let seen = format!("signed by `{issuer}`, a private authority");
            Probe::warn(NAME, tried, seen)
        }
    };
    if !is_public && !refusing.is_empty() {
        let users: Vec<&str> = accepting.iter().map(|store| store.users).collect();
        probe.seen = format!(
            "{}; trusted by {}, not by {}",
            probe.seen,
            users.join(" and "),
            refusing.join(" and ")
        );
        probe = probe.advise(
            "give the authority's PEM file to the others: SSL_CERT_FILE (Python, with the public \
             authorities in the same file), NODE_EXTRA_CA_CERTS (Node)",
        );
    }
    Shown {
        probe,
        blocked: None,
        authorities,
    }
}

fn accepted<'a>(
    verdicts: &'a [(&'a Store, Result<(), Refusal>)],
) -> impl Iterator<Item = &'a Store> {
    let accepting = verdicts.iter().filter(|(_, verdict)| verdict.is_ok());
    accepting.map(|(store, _)| *store)
}

/// Nobody trusts the server.
fn refused(
    target: &Target<'_>,
    tried: &str,
    certificate: &Certificate,
    verdicts: &[(&Store, Result<(), Refusal>)],
    between: bool,
) -> Probe {
    let refusals = verdicts
        .iter()
        .filter_map(|(_, verdict)| verdict.as_ref().err());
    // That it is for another name or time says more than that one list lacks its issuer.
    let refusal = refusals
        .clone()
        .find(|refusal| **refusal != Refusal::UnknownIssuer)
        .or(refusals.clone().next());
    let Some(refusal) = refusal else {
        return Probe::fail(NAME, tried, "no list of authorities").is("tls-error");
    };
    let mut seen = format!(
        "the certificate is not accepted: {}",
        certificate.told(refusal)
    );
    if between && *refusal == Refusal::UnknownIssuer {
        seen = format!(
            "{seen}; somebody in between opens the connection, for Google Trust Services signs Google's"
        );
    }
    if matches!(refusal, Refusal::Expired | Refusal::NotYetValid) {
        seen = format!("{seen}; the clock here says {}", shown(target.clock.now()));
    }
    failing(NAME, tried, seen, &refusal.to_string(), Some("tls-error"))
}

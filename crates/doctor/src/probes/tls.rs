//! `tls`: the certificate that is shown, and which programs accept it.

use crate::{
    Probe,
    base_url::is_google,
    certificate::{Certificate, Refusal, Store},
    clock::{Clock, shown, shown_seconds},
    evidence::failing,
    network::{presented, provider, tunnel},
    probes::certificates::SSL_CERT_FILE,
    proxy::Proxy,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
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
    let public = Store::of("propus", "the public authorities", []).with_public();
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
            let mut probe = failing(NAME, &tried, evidence.clone(), &evidence, Some(failure));
            if let Some(proxy) = target.proxy {
                let advice = format!(
                    "check that {} names a proxy that may connect to {host}, with user and password \
                     if it wants them",
                    proxy.variable
                );
                probe.advice.insert(0, advice);
            }
            return blocked(probe, "no secured connection came about");
        }
    };
    judge(&target, &tried, &chain, &name, (stores, &public))
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

/// Who accepts a chain, and who does not.
struct Verdicts<'a> {
    accepting: Vec<&'a Store>,
    refusing: Vec<(&'a Store, Refusal)>,
    /// Whether it is signed by a public authority, which propus trusts like browsers do.
    is_public: bool,
}

impl<'a> Verdicts<'a> {
    fn of(
        stores: &'a [Store],
        public: &Store,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: SystemTime,
    ) -> Self {
        let now = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
        let provider = provider();
        let (mut accepting, mut refusing) = (Vec::new(), Vec::new());
        for store in stores {
            match store.accepts(chain, name, now, &provider) {
                Ok(()) => accepting.push(store),
                Err(refusal) => refusing.push((store, refusal)),
            }
        }
        Self {
            accepting,
            refusing,
            is_public: public.accepts(chain, name, now, &provider).is_ok(),
        }
    }

    fn users(stores: impl Iterator<Item = &'a Store>) -> String {
        let users = stores.map(|store| format!("{} ({})", store.users, store.list));
        users.collect::<Vec<_>>().join(" and ")
    }

    /// That it is for another name or time says more than that a list lacks its issuer.
    fn reason(&self) -> Refusal {
        let mut refusals = self.refusing.iter().map(|(_, refusal)| refusal);
        let special = refusals.find(|refusal| **refusal != Refusal::UnknownIssuer);
        special.cloned().unwrap_or(Refusal::UnknownIssuer)
    }
}

fn judge(
    target: &Target<'_>,
    tried: &str,
    chain: &[CertificateDer<'static>],
    name: &ServerName<'static>,
    trust: (&[Store], &Store),
) -> Shown {
    let Some(certificate) = chain.first().and_then(|first| Certificate::read(first)) else {
        let probe = Probe::fail(NAME, tried, "the certificate cannot be read").is("tls-error");
        return blocked(probe, UNTRUSTED);
    };
    let now = target.clock.now();
    let verdicts = Verdicts::of(trust.0, trust.1, chain, name, now);
    let between = is_google(target.url) && !certificate.is_from_google();
    if verdicts.accepting.is_empty() && !verdicts.is_public {
        let probe = refused(tried, &certificate, &verdicts.reason(), between, now);
        return blocked(probe, UNTRUSTED);
    }
    // propus trusts the public authorities by itself; a private one it has to be told.
    let authorities = match (verdicts.is_public, verdicts.accepting.first()) {
        (false, Some(store)) => store.private.clone(),
        _ => Vec::new(),
    };
    Shown {
        probe: accepted(tried, &certificate, &verdicts, between),
        blocked: None,
        authorities,
    }
}

/// Somebody trusts the server.
fn accepted(
    tried: &str,
    certificate: &Certificate,
    verdicts: &Verdicts<'_>,
    between: bool,
) -> Probe {
    let issuer = &certificate.issuer;
    let mut seen = match (between, verdicts.is_public) {
        (true, _) => format!(
            "somebody in between opens the connection: the certificate is signed by `{issuer}`, and \
             Google's are signed by Google Trust Services"
        ),
        (false, true) => format!("signed by `{issuer}`"),
        (false, false) => format!("signed by `{issuer}`, a private authority"),
    };
    if verdicts.refusing.is_empty() {
        seen = format!("{seen}, valid until {}", shown_seconds(certificate.until));
        return match between {
            true => Probe::warn(NAME, tried, seen).advise(EXCEPTION),
            false => Probe::ok(NAME, tried, seen),
        };
    }
    let refusing = verdicts.refusing.iter().map(|(store, _)| *store);
    let refusing = Verdicts::users(refusing);
    let accepting = match verdicts.accepting.is_empty() {
        true => String::new(),
        false => format!(
            "by {}, ",
            Verdicts::users(verdicts.accepting.iter().copied())
        ),
    };
    let mut probe = Probe::warn(
        NAME,
        tried,
        format!("{seen}; accepted {accepting}not by {refusing}"),
    );
    if !verdicts.is_public {
        probe = probe.advise(
            "name the authority's PEM file to the others: SSL_CERT_FILE (Python, with the public \
             authorities in the same file), NODE_EXTRA_CA_CERTS (Node; newer ones also take the \
             system's store with NODE_USE_SYSTEM_CA=1)",
        );
        return if between {
            probe.advise(EXCEPTION)
        } else {
            probe
        };
    }
    let replaced = |(store, _): &(&Store, Refusal)| store.list == SSL_CERT_FILE;
    probe.advise(match verdicts.refusing.iter().any(replaced) {
        true => {
            "SSL_CERT_FILE takes the place of the public authorities: add them to its file, or unset it"
        }
        // Slim containers have an empty store.
        false => "install the package `ca-certificates`",
    })
}

const EXCEPTION: &str = "ask for an exception from interception for *.googleapis.com: whoever opens \
    the connection can read the key";

/// Nobody trusts the server.
fn refused(
    tried: &str,
    certificate: &Certificate,
    refusal: &Refusal,
    between: bool,
    now: SystemTime,
) -> Probe {
    let told = certificate.told(refusal);
    let mut seen = format!("the certificate is not accepted: {told}");
    if between && *refusal == Refusal::UnknownIssuer {
        seen = format!(
            "{seen}; somebody in between opens the connection, for Google's certificates are signed \
             by Google Trust Services"
        );
    }
    if matches!(refusal, Refusal::Expired | Refusal::NotYetValid) {
        seen = format!("{seen}; the clock here says {}", shown(now));
    }
    failing(NAME, tried, seen, &refusal.to_string(), Some("tls-error"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{State, certificate::tests::chain};

    /// Google's host with a certificate of `Example Corp`, and which of Python and Go know that.
    fn check(python: bool, go: bool, is_public: bool, state: State, words: &str, advice: &str) {
        let (chain, root) = chain(1_780_000_000);
        let store =
            |users, list, knows: bool| Store::of(users, list, knows.then_some(root.as_slice()));
        let stores = [
            store("Python", SSL_CERT_FILE, python),
            store("Go", "the system's store", go),
        ];
        let public = store("propus", "", is_public);
        let certificate = Certificate::read(&chain[0]).unwrap();
        let name = ServerName::try_from("host.test").unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1_780_000_100);
        let verdicts = Verdicts::of(&stores, &public, &chain, &name, now);
        let probe = accepted("", &certificate, &verdicts, false);
        assert_eq!(probe.state, state);
        assert!(probe.seen.contains(words), "{}", probe.seen);
        assert_eq!(probe.advice.is_empty(), advice.is_empty());
        assert!(probe.advice.concat().contains(advice), "{:?}", probe.advice);
    }

    #[test]
    fn who_accepts_and_who_does_not_is_told_with_its_cure() {
        use State::{Ok, Warn};
        check(
            true,
            true,
            true,
            Ok,
            "signed by `Example Corp, Interception CA`, valid",
            "",
        );
        check(true, true, false, Ok, "a private authority, valid", "");
        check(
            true,
            false,
            true,
            Warn,
            "by Python (SSL_CERT_FILE), not by Go",
            "ca-certificates",
        );
        check(
            false,
            true,
            true,
            Warn,
            "not by Python (SSL_CERT_FILE)",
            "takes the place",
        );
        check(
            false,
            false,
            true,
            Warn,
            "accepted not by Python",
            "takes the place",
        );
        check(
            false,
            true,
            false,
            Warn,
            "a private authority; accepted by Go",
            "NODE_EXTRA_CA_CERTS",
        );
    }
}

//! What a server's certificate says, and who trusts it.

use crate::clock::shown_seconds;
use rustls::{
    CertificateError, Error, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{fmt, sync::Arc};
use x509_parser::{extensions::GeneralName, prelude::FromDer, x509::X509Name};

/// Who signs the certificates of Google's servers.
const GOOGLE_ISSUER: &str = "Google Trust Services";

/// What the first certificate of a chain says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The names that it is valid for.
    pub names: Vec<String>,
    /// Valid from, in seconds since 1970.
    pub from: i64,
    /// Valid until, in seconds since 1970.
    pub until: i64,
}

/// Why a certificate is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The authority that signed it is not among the trusted ones.
    UnknownIssuer,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It is for other names.
    OtherName,
    /// Something else, in the library's words.
    Other(String),
}

/// A list of authorities, and which program uses it.
#[derive(Clone, Debug)]
pub struct Store {
    /// The programs.
    pub users: &'static str,
    /// The list.
    pub list: String,
    /// The authorities.
    pub roots: RootCertStore,
    /// Those of them that are not public, in DER.
    pub private: Vec<Vec<u8>>,
}

impl Certificate {
    /// Reads a certificate in DER; none where it cannot be read.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map(|names| names.value.general_names.iter().map(name).collect());
        let validity = certificate.validity();
        Some(Self {
            subject: who(certificate.subject()),
            issuer: who(certificate.issuer()),
            names: names.unwrap_or_default(),
            from: validity.not_before.timestamp(),
            until: validity.not_after.timestamp(),
        })
    }

    /// Whether the authority that Google uses signed it, as far as its name says.
    pub fn is_from_google(&self) -> bool {
        self.issuer.contains(GOOGLE_ISSUER)
    }

    /// Why it is refused, with what it says.
    pub fn told(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::UnknownIssuer if self.issuer == self.subject => {
                format!("it is signed by itself (`{}`)", self.issuer)
            }
            Refusal::UnknownIssuer => format!("nobody here trusts its issuer `{}`", self.issuer),
            Refusal::Expired => format!("it expired on {}", shown_seconds(self.until)),
            Refusal::NotYetValid => format!("it is valid only from {}", shown_seconds(self.from)),
            Refusal::OtherName => format!("it is for {}", some(&self.names)),
            Refusal::Other(words) => words.clone(),
        }
    }
}

/// How the TLS libraries of clients say it, for the diagnosis.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid peer certificate: ")?;
        match self {
            Self::UnknownIssuer => f.write_str("UnknownIssuer"),
            Self::Expired => f.write_str("certificate has expired"),
            Self::NotYetValid => f.write_str("NotValidYet"),
            Self::OtherName => f.write_str("NotValidForName"),
            Self::Other(words) => f.write_str(words),
        }
    }
}

impl Store {
    /// A list of authorities in DER; those that cannot be read are left out.
    pub fn of<'a>(
        users: &'static str,
        list: impl Into<String>,
        authorities: impl IntoIterator<Item = &'a [u8]>,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        let usable = |der: &&[u8]| roots.add(CertificateDer::from(der.to_vec())).is_ok();
        let private = authorities.into_iter().filter(usable).map(<[u8]>::to_vec);
        let private = private.collect();
        Self {
            users,
            list: list.into(),
            roots,
            private,
        }
    }

    /// The same list with the public authorities that Mozilla trusts.
    #[must_use]
    pub fn with_public(mut self) -> Self {
        self.roots
            .extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        self
    }

    /// Whether a chain is accepted for a host at a time.
    pub fn accepts(
        &self,
        chain: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        now: UnixTime,
        provider: &Arc<CryptoProvider>,
    ) -> Result<(), Refusal> {
        let Some((first, rest)) = chain.split_first() else {
            return Err(Refusal::Other("no certificate was shown".into()));
        };
        let roots = Arc::new(self.roots.clone());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
        // A list without any authority trusts nobody.
        let verifier = verifier.map_err(|_| Refusal::UnknownIssuer)?;
        let verdict = verifier.verify_server_cert(first, rest, host, &[], now);
        verdict.map(|_| ()).map_err(|error| Refusal::of(&error))
    }
}

impl Refusal {
    fn of(error: &Error) -> Self {
        let Error::InvalidCertificate(error) = error else {
            return Self::Other(error.to_string());
        };
        match error {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherName
            }
            _ => Self::Other(error.to_string()),
        }
    }
}

/// Organisation and name.
fn who(name: &X509Name<'_>) -> String {
    let parts = name.iter_organization().chain(name.iter_common_name());
    let parts: Vec<&str> = parts.filter_map(|part| part.as_str().ok()).collect();
    match parts.is_empty() {
        true => name.to_string(),
        false => parts.join(", "),
    }
}

fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(bytes) => std::net::Ipv4Addr::from(bytes).to_string(),
            Err(_) => <[u8; 16]>::try_from(*bytes)
                .map(|bytes| std::net::Ipv6Addr::from(bytes).to_string())
                .unwrap_or_default(),
        },
        other => other.to_string(),
    }
}

/// A few of many names.
fn some(names: &[String]) -> String {
    const MOST: usize = 4;
    match names {
        [] => "no name at all".to_owned(),
        names if names.len() <= MOST => names.join(", "),
        names => format!(
            "{} and {} more",
            names[..MOST].join(", "),
            names.len() - MOST
        ),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    use std::time::Duration;

    const NOW: u64 = 1_780_000_000;

    /// A chain for `host.test`, valid for a day from a time on, and its authority.
    pub(crate) fn chain(from: u64) -> (Vec<CertificateDer<'static>>, Vec<u8>) {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = &mut authority.distinguished_name;
        name.push(DnType::OrganizationName, "Example Corp");
        name.push(DnType::CommonName, "Interception CA");
        let key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&key).unwrap();
        let mut leaf = CertificateParams::new(["host.test".to_owned()]).unwrap();
        let time = |seconds| (std::time::UNIX_EPOCH + Duration::from_secs(seconds)).into();
        (leaf.not_before, leaf.not_after) = (time(from), time(from + 86_400));
        let signed = leaf
            .signed_by(&KeyPair::generate().unwrap(), &Issuer::new(authority, key))
            .unwrap();
        (vec![signed.der().clone()], root.der().to_vec())
    }

    fn check(from: u64, host: &str, trusted: bool, expected: Result<(), Refusal>) {
        let (chain, root) = chain(from);
        let roots = trusted.then_some(root.as_slice());
        let store = Store::of("Go", "the system's store", roots);
        let host = ServerName::try_from(host).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        assert_eq!(store.accepts(&chain, &host, now, &provider), expected);
    }

    #[test]
    fn chains_are_accepted_or_refused_for_a_reason() {
        check(NOW - 60, "host.test", true, Ok(()));
        check(NOW - 60, "host.test", false, Err(Refusal::UnknownIssuer));
        check(NOW - 90_000, "host.test", true, Err(Refusal::Expired));
        check(NOW + 60, "host.test", true, Err(Refusal::NotYetValid));
        check(NOW - 60, "other.test", true, Err(Refusal::OtherName));
    }

    #[test]
    fn certificates_tell_their_issuer_names_and_time() {
        let (chain, root) = chain(NOW);
        let certificate = Certificate::read(&chain[0]).unwrap();
        assert_eq!(certificate.issuer, "Example Corp, Interception CA");
        assert_eq!(certificate.names, ["host.test"]);
        assert_eq!(
            (certificate.from, certificate.until),
            (NOW as i64, NOW as i64 + 86_400)
        );
        assert!(!certificate.is_from_google());
        let told = |certificate: &Certificate, refusal| certificate.told(&refusal);
        assert!(told(&certificate, Refusal::UnknownIssuer).contains("Interception CA"));
        assert!(told(&certificate, Refusal::Expired).contains("2026-05-29"));
        assert!(told(&certificate, Refusal::OtherName).contains("host.test"));
        let root = Certificate::read(&root).unwrap();
        assert!(told(&root, Refusal::UnknownIssuer).contains("itself"));
        assert_eq!(Certificate::read(b"nothing"), None);
    }

    #[test]
    fn refusals_are_diagnosed_as_what_they_are() {
        for refusal in [
            Refusal::UnknownIssuer,
            Refusal::Expired,
            Refusal::NotYetValid,
            Refusal::OtherName,
        ] {
            let causes = propus_failures::diagnose(&refusal.to_string()).causes;
            assert_eq!(causes[0].failure, "tls-error", "{refusal}");
        }
    }
}

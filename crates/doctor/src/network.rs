//! Names, connections and TLS, looked at one by one; no request is sent here.

use crate::proxy::Proxy;
use http::Uri;
use hyper_util::client::legacy::connect::{HttpConnector, proxy::Tunnel};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{
    error::Error as StdError,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tower::ServiceExt;

/// The addresses of a name.
pub(crate) async fn addresses(
    host: &str,
    port: u16,
    limit: Duration,
) -> io::Result<Vec<SocketAddr>> {
    let found = timeout(limit, lookup_host((host, port))).await??;
    let mut all: Vec<SocketAddr> = found.collect();
    all.dedup();
    match all.is_empty() {
        true => Err(io::Error::other("no address associated with hostname")),
        false => Ok(all),
    }
}

/// A connection to the first of the addresses that accepts one, and what the others before it said.
pub(crate) async fn connect(
    addresses: &[SocketAddr],
    limit: Duration,
) -> (Option<TcpStream>, Vec<(SocketAddr, io::Error)>) {
    let mut refused = Vec::new();
    // All together get the limit: a name may have many addresses that answer nothing.
    let share = limit / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    for address in addresses {
        let tried = timeout(share, TcpStream::connect(address)).await;
        match tried.unwrap_or_else(|elapsed| Err(elapsed.into())) {
            Ok(connection) => return (Some(connection), refused),
            Err(error) => refused.push((*address, error)),
        }
    }
    (None, refused)
}

/// A connection through a proxy, which is asked by CONNECT.
pub(crate) async fn tunnel(proxy: &Proxy, to: &Uri, limit: Duration) -> Result<TcpStream, String> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    let mut tunnel = Tunnel::new(proxy.uri.clone(), connector);
    if let Some(credentials) = &proxy.credentials {
        tunnel = tunnel.with_auth(credentials.clone());
    }
    let connected = timeout(limit, tunnel.oneshot(to.clone())).await;
    match connected {
        Ok(Ok(connection)) => Ok(connection.into_inner()),
        Ok(Err(error)) => Err(chain(&error)),
        Err(_) => Err(format!("timed out after {limit:?}")),
    }
}

/// The chain that a server shows. Nothing is checked but that the server holds the key of its
/// certificate, and the connection is given up at once: whether to trust the chain is another matter.
pub(crate) async fn presented(
    connection: TcpStream,
    host: &ServerName<'static>,
    limit: Duration,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let provider = provider();
    let recorder = Arc::new(Recorder {
        provider: provider.clone(),
        chain: Mutex::default(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(recorder.clone())
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    match timeout(limit, connector.connect(host.clone(), connection)).await {
        Ok(Ok(_)) => {
            let mut chain = recorder
                .chain
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            Ok(std::mem::take(&mut chain))
        }
        Ok(Err(error)) => Err(chain(&error)),
        Err(_) => Err(format!("timed out after {limit:?}")),
    }
}

/// The cryptography of all looks at TLS.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// An error and its causes in one line, none of them twice.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        next = error.source();
    }
    words
}

/// Writes down the chain that a server shows.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let all = [end_entity].into_iter().chain(intermediates);
        let mut chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        *chain = all
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

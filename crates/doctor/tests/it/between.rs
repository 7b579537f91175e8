//! What stands between a client and the API: proxies that tunnel, intercept, refuse and collect.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// An authority, and a certificate that it signed.
pub(crate) struct Signed {
    /// In DER.
    pub(crate) authority: Vec<u8>,
    /// In PEM.
    pub(crate) pem: String,
    config: Arc<ServerConfig>,
}

/// Signs a certificate for a name, valid from so long ago for so long.
pub(crate) fn signed(organization: &str, name: &str, ago: Duration, valid: Duration) -> Signed {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::OrganizationName, organization);
    params
        .distinguished_name
        .push(DnType::CommonName, "Test Root");
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let mut leaf = CertificateParams::new([name.to_owned()]).unwrap();
    let begin = SystemTime::now() - ago;
    (leaf.not_before, leaf.not_after) = (begin.into(), (begin + valid).into());
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = leaf
        .signed_by(&leaf_key, &Issuer::new(params, key))
        .unwrap();
    let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
    let key = PrivateKeyDer::try_from(leaf_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Signed {
        authority: authority.der().to_vec(),
        pem: authority.pem(),
        config: Arc::new(config),
    }
}

const DAY: Duration = Duration::from_secs(86_400);

/// A certificate that is valid now.
pub(crate) fn valid(organization: &str, name: &str) -> Signed {
    signed(organization, name, DAY, 30 * DAY)
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The head of a request and what came behind it.
async fn head(connection: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            return Some((String::from_utf8(bytes).unwrap(), rest));
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A proxy that opens TLS itself, with its own certificate, in front of an API without TLS.
pub(crate) async fn intercepting(signed: &Signed, api: SocketAddr) -> SocketAddr {
    let (listener, address) = listen().await;
    let acceptor = TlsAcceptor::from(signed.config.clone());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let (head, _) = head(&mut connection).await?;
                assert!(head.starts_with("CONNECT "), "{head}");
                connection
                    .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
                    .await
                    .ok()?;
                open(acceptor, connection, api).await
            });
        }
    });
    address
}

/// A server that speaks TLS in front of an API without TLS.
pub(crate) async fn secure(signed: &Signed, api: SocketAddr) -> SocketAddr {
    let (listener, address) = listen().await;
    let acceptor = TlsAcceptor::from(signed.config.clone());
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(open(acceptor.clone(), connection, api));
        }
    });
    address
}

async fn open(acceptor: TlsAcceptor, connection: TcpStream, api: SocketAddr) -> Option<()> {
    let mut secured = acceptor.accept(connection).await.ok()?;
    let mut api = TcpStream::connect(api).await.ok()?;
    copy_bidirectional(&mut secured, &mut api).await.ok()?;
    Some(())
}

/// A server that answers every request with the same bytes and closes.
pub(crate) async fn answering(reply: &'static [u8]) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                if head(&mut connection).await.is_some() {
                    connection.write_all(reply).await.ok();
                }
            });
        }
    });
    address
}

/// A server that accepts connections and says nothing.
pub(crate) async fn silent() -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
        }
    });
    address
}

/// An address at which nobody listens.
pub(crate) async fn nobody() -> SocketAddr {
    listen().await.1
}

/// A gateway that passes a reply on only when it has the whole of it.
pub(crate) async fn collecting(api: SocketAddr) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (head, mut body) = head(&mut connection).await?;
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("content-length")
                        .then(|| value.parse().unwrap())
                });
                while body.len() < length.unwrap_or(0) {
                    connection.read_buf(&mut body).await.ok()?;
                }
                let mut upstream = TcpStream::connect(api).await.ok()?;
                let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
                upstream.write_all(head.as_bytes()).await.ok()?;
                upstream.write_all(&body).await.ok()?;
                let mut reply = Vec::new();
                upstream.read_to_end(&mut reply).await.ok()?;
                let reply = String::from_utf8(reply).unwrap();
                let reply = reply.replacen("\r\n", "\r\nvia: 1.1 collector\r\n", 1);
                connection.write_all(reply.as_bytes()).await.ok()
            });
        }
    });
    address
}

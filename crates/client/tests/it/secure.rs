//! TLS with an authority of one's own, HTTP/2, and connections that serve several calls.

use http_body_util::Full;
use hyper::{Response, Version, body::Bytes, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use propus_client::{
    Client,
    testing::{KEY, text},
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// An authority in PEM, and a server's settings with a certificate that it signed.
pub fn signed() -> (String, ServerConfig) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Ours");
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let leaf = leaf
        .signed_by(&leaf_key, &Issuer::new(params, key))
        .unwrap();
    let private = PrivateKeyDer::try_from(leaf_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (authority.pem(), config)
}

#[derive(Default)]
pub struct Seen {
    connections: AtomicUsize,
    pub versions: Mutex<Vec<Version>>,
}

/// A server of HTTP/2 over TLS. Gives its address and what it saw.
pub async fn secure(config: ServerConfig) -> (String, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let (seen, acceptor) = (
        Arc::new(Seen::default()),
        TlsAcceptor::from(Arc::new(config)),
    );
    let sees = seen.clone();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (acceptor, seen) = (acceptor.clone(), sees.clone());
            tokio::spawn(async move {
                let Ok(secured) = acceptor.accept(connection).await else {
                    return;
                };
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let answer = service_fn(|request: hyper::Request<_>| {
                    seen.versions.lock().unwrap().push(request.version());
                    drop::<hyper::body::Incoming>(request.into_body());
                    async { Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from("{}")))) }
                });
                let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let served = builder.serve_connection(TokioIo::new(secured), answer);
                served.await.ok();
            });
        }
    });
    (url, seen)
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_and_http_2_is_spoken() {
    let (authority, config) = signed();
    let (url, seen) = secure(config).await;
    let builder = || Client::builder().base_url(&url).api_key(KEY).proxy(None);
    let client = builder().trust_pem(authority).build().unwrap();
    client.models().get("a").await.unwrap();
    let both = tokio::join!(client.models().get("b"), client.models().get("c"));
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(*seen.versions.lock().unwrap(), [Version::HTTP_2; 3]);
    assert_eq!(seen.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn without_that_authority_nothing_is_sent() {
    let (_, config) = signed();
    let (url, seen) = secure(config).await;
    let client = Client::builder().base_url(&url).api_key(KEY).proxy(None);
    let error = client.build().unwrap().models().get("a").await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(error.failure(), Some("tls-error"));
    assert!(!error.is_retryable());
    assert!(seen.versions.lock().unwrap().is_empty());
}

#[test]
fn what_is_no_authority_is_refused() {
    for wrong in [
        "",
        "nothing",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    ] {
        let client = Client::builder().api_key(KEY).trust_pem(wrong).build();
        assert!(client.unwrap_err().is_setup(), "{wrong}");
    }
}

#[tokio::test]
async fn a_connection_serves_several_calls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        // One connection only: a second would wait for ever.
        let (connection, _) = listener.accept().await.unwrap();
        let mut connection = BufReader::new(connection);
        for _ in 0..2 {
            let mut length = 0;
            loop {
                let mut line = String::new();
                connection.read_line(&mut line).await.unwrap();
                if let Some(number) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = number.trim().parse().unwrap();
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            connection.read_exact(&mut body).await.unwrap();
            connection.write_all(&text("hi")).await.unwrap();
        }
    });
    let client = Client::builder()
        .base_url(url)
        .api_key(KEY)
        .build()
        .unwrap();
    for _ in 0..2 {
        client.model("x").generate("hello").await.unwrap();
    }
}

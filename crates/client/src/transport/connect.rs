//! How connections come about: directly or through a proxy, with TLS where the address says so.

use super::BoxError;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, Uri};
use http_body_util::{Either, Full, combinators::UnsyncBoxBody};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::{
        legacy::{
            self,
            connect::{
                Connected, Connection, HttpConnector,
                proxy::{SocksV5, Tunnel},
            },
        },
        proxy::matcher::{Intercept, Matcher},
    },
    rt::{TokioExecutor, TokioTimer},
};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tower_service::Service;

/// A connection that nothing happens on is kept for so long.
const IDLE: Duration = Duration::from_secs(90);

/// Whether the other side is still there is asked when nothing came for so long.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// The body of a request.
pub(super) type Sent = Either<Full<Bytes>, UnsyncBoxBody<Bytes, BoxError>>;

/// Connections to servers, and those that wait to be used again.
pub(super) type Pool = legacy::Client<Connector, Sent>;

/// What reaches the server or its proxy.
#[cfg(feature = "rustls")]
type Leg = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "rustls"))]
type Leg = HttpConnector;

#[cfg(feature = "rustls")]
type Io = hyper_rustls::MaybeHttpsStream<<HttpConnector as Service<Uri>>::Response>;
#[cfg(not(feature = "rustls"))]
type Io = <HttpConnector as Service<Uri>>::Response;

/// With TLS to the server.
#[cfg(feature = "rustls")]
type Secured = hyper_rustls::HttpsConnector<Route>;
#[cfg(not(feature = "rustls"))]
type Secured = Route;

/// Where connections go first.
#[derive(Clone)]
pub(super) enum Way {
    /// To the server itself.
    Direct,
    /// To a proxy that is told whole addresses.
    Forward(Uri),
    /// To a proxy that connects with the server and then passes bytes on.
    Tunnel(Uri, Option<HeaderValue>),
    /// To a proxy with SOCKS 5.
    Socks(Uri, Option<(String, String)>),
}

impl Way {
    /// The way that the environment of the process says.
    pub(super) fn of_environment(server: &Uri) -> (Self, Option<HeaderValue>) {
        match Matcher::from_env().intercept(server) {
            Some(proxy) => Self::through(&proxy, server),
            None => (Self::Direct, None),
        }
    }

    /// The way through a proxy; nothing where its address is none.
    pub(super) fn through_named(proxy: &str, server: &Uri) -> Option<(Self, Option<HeaderValue>)> {
        let matcher = Matcher::builder().all(proxy).build();
        Some(Self::through(&matcher.intercept(server)?, server))
    }

    /// The way, and what every request says to the proxy.
    fn through(proxy: &Intercept, server: &Uri) -> (Self, Option<HeaderValue>) {
        let address = proxy.uri().clone();
        let login = proxy.basic_auth().cloned();
        let is_socks = address
            .scheme_str()
            .is_some_and(|scheme| scheme.starts_with("socks"));
        if is_socks {
            let login = proxy.raw_auth();
            let login = login.map(|(name, word)| (name.to_owned(), word.to_owned()));
            return (Self::Socks(address, login), None);
        }
        match server.scheme_str() {
            Some("https") => (Self::Tunnel(address, login), None),
            _ => (Self::Forward(address), login),
        }
    }
}

/// The pool for a way.
pub(super) fn pool(
    way: Way,
    connect_timeout: Duration,
    #[cfg(feature = "rustls")] tls: rustls::ClientConfig,
) -> Pool {
    let mut tcp = HttpConnector::new();
    // Addresses of servers with TLS come here, too.
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    #[cfg(feature = "rustls")]
    let leg = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp.clone());
    #[cfg(not(feature = "rustls"))]
    let leg = tcp.clone();
    let route = Route::new(way, tcp, leg);
    #[cfg(feature = "rustls")]
    let secured = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(route);
    #[cfg(not(feature = "rustls"))]
    let secured = route;
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(Connector {
            secured,
            limit: connect_timeout,
        })
}

/// Connects within a time.
#[derive(Clone)]
pub(super) struct Connector {
    secured: Secured,
    limit: Duration,
}

impl Service<Uri> for Connector {
    type Response = <Secured as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.secured.poll_ready(context)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let (connecting, limit) = (self.secured.call(server), self.limit);
        Box::pin(async move {
            let late = |_| {
                let what = format!("no connection within {limit:?}");
                io::Error::new(io::ErrorKind::TimedOut, what)
            };
            let connected = tokio::time::timeout(limit, connecting).await;
            connected.map_err(late)?
        })
    }
}

/// Reaches a server by its way.
#[derive(Clone)]
pub(super) enum Route {
    Direct(HttpConnector),
    Forward(Leg, Uri),
    Tunnel(Tunnel<Leg>),
    Socks(SocksV5<Leg>),
}

impl Route {
    fn new(way: Way, tcp: HttpConnector, leg: Leg) -> Self {
        match way {
            Way::Direct => Self::Direct(tcp),
            Way::Forward(proxy) => Self::Forward(leg, proxy),
            Way::Tunnel(proxy, login) => {
                let tunnel = Tunnel::new(proxy, leg);
                Self::Tunnel(match login {
                    Some(login) => tunnel.with_auth(login),
                    None => tunnel,
                })
            }
            Way::Socks(proxy, login) => {
                let names_here = proxy.scheme_str() == Some("socks5");
                let socks = SocksV5::new(proxy, leg).local_dns(names_here);
                Self::Socks(match login {
                    Some((name, word)) => socks.with_auth(name, word),
                    None => socks,
                })
            }
        }
    }
}

impl Service<Uri> for Route {
    type Response = Stream;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Stream, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Direct(tcp) => tcp.poll_ready(context).map_err(Into::into),
            Self::Forward(leg, _) => leg.poll_ready(context).map_err(Into::into),
            Self::Tunnel(tunnel) => tunnel.poll_ready(context).map_err(Into::into),
            Self::Socks(socks) => socks.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        match self {
            Self::Direct(tcp) => {
                let connecting = tcp.call(server);
                Box::pin(async move { Ok(Stream::to_server(connecting.await?.into())) })
            }
            Self::Forward(leg, proxy) => {
                let connecting = leg.call(proxy.clone());
                Box::pin(async move {
                    let io = connecting.await?;
                    Ok(Stream { io, is_told: true })
                })
            }
            Self::Tunnel(tunnel) => {
                let connecting = tunnel.call(server);
                Box::pin(async move { Ok(Stream::to_server(connecting.await?)) })
            }
            Self::Socks(socks) => {
                let connecting = socks.call(server);
                Box::pin(async move { Ok(Stream::to_server(connecting.await?)) })
            }
        }
    }
}

/// A connection.
pub(super) struct Stream {
    io: Io,
    /// Whether it leads to a proxy that is told whole addresses.
    is_told: bool,
}

impl Stream {
    fn to_server(io: Io) -> Self {
        Self { io, is_told: false }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.is_told)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

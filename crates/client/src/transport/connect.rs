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
                proxy::{SocksV4, SocksV5, Tunnel},
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

/// The port of a SOCKS proxy whose address names none.
const SOCKS_PORT: u16 = 1080;

/// The body of a request.
pub(super) type Sent = Either<Full<Bytes>, UnsyncBoxBody<Bytes, BoxError>>;

/// Connections to servers, and those that wait to be used again.
pub(super) type Pool = legacy::Client<Connector, Sent>;

/// What reaches the server or its proxy.
#[cfg(feature = "rustls")]
type Leg = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "rustls"))]
type Leg = HttpConnector;

type Tcp = <HttpConnector as Service<Uri>>::Response;
#[cfg(feature = "rustls")]
type Io = hyper_rustls::MaybeHttpsStream<Tcp>;
#[cfg(not(feature = "rustls"))]
type Io = Tcp;

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
    /// To a proxy with SOCKS 4.
    Socks4(Uri),
    /// To a proxy with SOCKS 5.
    Socks5(Uri, Option<(String, String)>),
}

impl Way {
    /// The way that the environment of the process says.
    pub(super) fn of_environment(server: &Uri) -> (Self, Option<HeaderValue>) {
        Self::by(&Matcher::from_env(), server)
    }

    /// The way through a proxy; nothing where its address is none.
    pub(super) fn through_named(proxy: &str, server: &Uri) -> Option<(Self, Option<HeaderValue>)> {
        let matcher = Matcher::builder().all(proxy).build();
        Some(Self::through(&matcher.intercept(server)?, server))
    }

    /// The way that these rules say, and what every request says to the proxy.
    fn by(rules: &Matcher, server: &Uri) -> (Self, Option<HeaderValue>) {
        match rules.intercept(server) {
            Some(proxy) => Self::through(&proxy, server),
            None => (Self::Direct, None),
        }
    }

    /// Whether it cannot be gone without TLS, whatever the server speaks.
    #[cfg(not(feature = "rustls"))]
    pub(super) fn needs_tls(&self) -> bool {
        match self {
            Self::Forward(proxy) | Self::Tunnel(proxy, _) => proxy.scheme_str() == Some("https"),
            Self::Direct | Self::Socks4(_) | Self::Socks5(..) => false,
        }
    }

    fn through(proxy: &Intercept, server: &Uri) -> (Self, Option<HeaderValue>) {
        let address = proxy.uri().clone();
        let login = proxy.basic_auth().cloned();
        match address.scheme_str() {
            Some("socks4" | "socks4a") => (Self::Socks4(with_port(address, SOCKS_PORT)), None),
            Some("socks5" | "socks5h") => {
                let login = proxy.raw_auth();
                let login = login.map(|(name, word)| (name.to_owned(), word.to_owned()));
                (Self::Socks5(with_port(address, SOCKS_PORT), login), None)
            }
            _ if server.scheme_str() == Some("https") => (Self::Tunnel(address, login), None),
            _ => (Self::Forward(address), login),
        }
    }
}

/// An address with this port where it names none.
fn with_port(address: Uri, port: u16) -> Uri {
    let mut parts = address.clone().into_parts();
    parts.authority = match (address.port(), address.host()) {
        (None, Some(host)) => format!("{host}:{port}").parse().ok(),
        _ => parts.authority,
    };
    Uri::from_parts(parts).unwrap_or(address)
}

/// What a proxy with SOCKS is asked for: its connectors take every server for one with TLS.
fn with_its_port(server: Uri) -> Uri {
    match server.scheme_str() {
        Some("http") => with_port(server, 80),
        _ => server,
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
    /// The way to such a proxy is never one of TLS, and its address is none of HTTP.
    Socks4(SocksV4<HttpConnector>),
    Socks5(SocksV5<HttpConnector>),
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
            Way::Socks4(proxy) => {
                let names_here = proxy.scheme_str() == Some("socks4");
                Self::Socks4(SocksV4::new(proxy, tcp).local_dns(names_here))
            }
            Way::Socks5(proxy, login) => {
                let names_here = proxy.scheme_str() == Some("socks5");
                let socks = SocksV5::new(proxy, tcp).local_dns(names_here);
                Self::Socks5(match login {
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
            Self::Socks4(socks) => socks.poll_ready(context).map_err(Into::into),
            Self::Socks5(socks) => socks.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        match self {
            Self::Direct(tcp) => {
                let connecting = tcp.call(server);
                Box::pin(async move { Ok(Stream::plain(connecting.await?)) })
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
            Self::Socks4(socks) => {
                let connecting = socks.call(with_its_port(server));
                Box::pin(async move { Ok(Stream::plain(connecting.await?)) })
            }
            Self::Socks5(socks) => {
                let connecting = socks.call(with_its_port(server));
                Box::pin(async move { Ok(Stream::plain(connecting.await?)) })
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
    fn plain(io: Tcp) -> Self {
        #[cfg(feature = "rustls")]
        let io = Io::Http(io);
        Self::to_server(io)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    /// A way and what requests say to the proxy, in words.
    fn said((way, login): (Way, Option<HeaderValue>)) -> String {
        let told = |login: Option<HeaderValue>| {
            let login = login.map(|login| login.to_str().unwrap().to_owned());
            login.unwrap_or_default()
        };
        let way = match way {
            Way::Direct => "direct".to_owned(),
            Way::Forward(proxy) => format!("forward {proxy}"),
            Way::Tunnel(proxy, login) => format!("tunnel {proxy} {}", told(login)),
            Way::Socks4(proxy) => format!("socks 4 {proxy}"),
            Way::Socks5(proxy, login) => format!("socks 5 {proxy} {login:?}"),
        };
        format!("{way} | {}", told(login))
    }

    #[test]
    fn the_environment_says_the_way() {
        let rules = || {
            let rules = Matcher::builder()
                .http("http://plain:1")
                .https("name:word@safe:2");
            rules.no("inside.test, .below.test, 10.0.0.0/8").build()
        };
        for (server, way) in [
            ("http://out.test", "forward http://plain:1/ | "),
            (
                "https://out.test",
                "tunnel http://safe:2/ Basic bmFtZTp3b3Jk | ",
            ),
            ("https://inside.test", "direct | "),
            ("https://a.inside.test", "direct | "),
            (
                "https://notinside.test",
                "tunnel http://safe:2/ Basic bmFtZTp3b3Jk | ",
            ),
            ("http://a.below.test:8080", "direct | "),
            ("http://10.1.2.3", "direct | "),
            ("http://11.1.2.3", "forward http://plain:1/ | "),
        ] {
            let found = Way::by(&rules(), &server.parse().unwrap());
            assert_eq!(said(found), way, "{server}");
        }
        let none = Way::by(
            &Matcher::builder().build(),
            &Uri::from_static("https://out.test"),
        );
        assert_eq!(said(none), "direct | ");
        let all = Matcher::builder().all("socks5h://all").no("*").build();
        assert_eq!(
            said(Way::by(&all, &Uri::from_static("https://out.test"))),
            "direct | "
        );
    }

    #[test]
    fn the_address_of_a_proxy_says_how_it_is_spoken_to() {
        for (proxy, server, way) in [
            (
                "http://a:b@p:1/x",
                "http://s",
                Some("forward http://p:1/ | Basic YTpi"),
            ),
            ("https://p", "https://s", Some("tunnel https://p/  | ")),
            ("p:3128", "http://s", Some("forward http://p:3128/ | ")),
            (
                "socks4://p",
                "http://s",
                Some("socks 4 socks4://p:1080/ | "),
            ),
            (
                "socks4a://p:9",
                "https://s",
                Some("socks 4 socks4a://p:9/ | "),
            ),
            (
                "socks5://p",
                "https://s",
                Some("socks 5 socks5://p:1080/ None | "),
            ),
            (
                "socks5h://a:b%40@[::1]",
                "http://s",
                Some("socks 5 socks5h://[::1]:1080/ Some((\"a\", \"b@\")) | "),
            ),
            ("ftp://p", "http://s", None),
            ("", "http://s", None),
            ("not a url", "http://s", None),
        ] {
            let found = Way::through_named(proxy, &server.parse().unwrap());
            assert_eq!(found.map(said).as_deref(), way, "{proxy}");
        }
    }

    #[test]
    fn a_server_without_a_port_has_that_of_its_scheme() {
        for (server, asked) in [
            ("http://s/x", "http://s:80/x"),
            ("http://[::1]/", "http://[::1]:80/"),
            ("http://s:8080/", "http://s:8080/"),
            ("https://s/", "https://s/"),
        ] {
            assert_eq!(with_its_port(server.parse().unwrap()), asked, "{server}");
        }
    }
}

//! Ways through proxies: whole addresses, tunnels, SOCKS.

use crate::{
    hand::{head, refused},
    secure::{secure, signed},
};
use http::Version;
use propus_client::{
    Builder, Client,
    testing::{KEY, Server, json},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

fn to(base: &str, proxy: impl Into<String>) -> Builder {
    let builder = Client::builder().base_url(base).api_key(KEY);
    builder.proxy(Some(proxy.into()))
}

fn port(url: &str) -> u16 {
    let port = url.rsplit(':').next().unwrap();
    port.parse().unwrap()
}

/// Connects with this machine's port and passes bytes on, both ways.
async fn pass_on(mut from: TcpStream, port: u16) {
    let mut to = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    copy_bidirectional(&mut from, &mut to).await.ok();
}

#[tokio::test]
async fn a_proxy_is_told_whole_addresses_and_who_asks() {
    let proxy = Server::replies([json("{}"), json("{}")]).await;
    let address = proxy.url().replace("://", "://name:pass%20word@");
    let client = to("http://gemini.test/prefix", address).build().unwrap();
    client.models().get("x").await.unwrap();
    let request = proxy.request();
    let line = "GET http://gemini.test/prefix/v1beta/models/x HTTP/1.1";
    assert_eq!(request.line(), line);
    assert_eq!(request.header("host"), Some("gemini.test"));
    let login = Some("Basic bmFtZTpwYXNzIHdvcmQ=");
    assert_eq!(request.header("proxy-authorization"), login);
    assert_eq!(request.header("x-goog-api-key"), Some(KEY));
    // Without a name nothing is said of it, and a port belongs to the address.
    let client = to("http://gemini.test:81", proxy.url()).build().unwrap();
    client.models().get("x").await.unwrap();
    let request = proxy.request();
    let line = "GET http://gemini.test:81/v1beta/models/x HTTP/1.1";
    assert_eq!(request.line(), line);
    assert_eq!(request.header("host"), Some("gemini.test:81"));
    assert_eq!(request.header("proxy-authorization"), None);
}

/// A proxy that is asked for one connection, says this and then passes bytes on. Gives its address
/// and what it was asked.
async fn tunnel(says: &'static str) -> (String, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, asked) = oneshot::channel();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let asked = head(&mut BufReader::new(&mut connection)).await;
        connection.write_all(says.as_bytes()).await.unwrap();
        let line = asked.lines().next().unwrap();
        let port = port(line.split(' ').nth(1).unwrap());
        sender.send(asked).unwrap();
        pass_on(connection, port).await;
    });
    (address, asked)
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_to_the_server_itself() {
    let (authority, config) = signed();
    let (url, seen) = secure(config).await;
    let (proxy, asked) = tunnel("HTTP/1.1 200 Connection established\r\n\r\n").await;
    let builder = to(&url, format!("http://name:word@{proxy}"));
    let client = builder.trust_pem(authority).build().unwrap();
    client.models().get("x").await.unwrap();
    let asked = asked.await.unwrap();
    let line = format!("CONNECT localhost:{} HTTP/1.1\r\n", port(&url));
    assert!(asked.starts_with(&line), "{asked}");
    let login = "\r\nproxy-authorization: basic bmftztp3b3jk\r\n";
    assert!(asked.to_lowercase().contains(login), "{asked}");
    // What is for the server alone stays within TLS.
    assert!(!asked.contains(KEY), "{asked}");
    assert_eq!(*seen.versions.lock().unwrap(), [Version::HTTP_2]);
}

#[tokio::test]
async fn a_tunnel_that_is_refused_is_no_connection() {
    for (says, why) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "proxy authorization required",
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "unsuccessful"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "unsuccessful"),
    ] {
        let (proxy, _asked) = tunnel(says).await;
        let builder = to(
            "https://gemini.test:1",
            format!("http://name:pass-word@{proxy}"),
        );
        let error = refused(builder).await;
        assert!(error.is_connect(), "{error:?}");
        assert_eq!(error.failure(), Some("network-error"), "{error:?}");
        let all = format!("{error} {error:?}");
        assert!(!all.contains("pass-word"), "{all}");
        let mut causes = std::iter::successors(std::error::Error::source(&error), |e| e.source());
        assert!(causes.any(|cause| cause.to_string().contains(why)), "{all}");
    }
}

/// What a proxy with SOCKS was asked for.
#[derive(Debug, PartialEq)]
struct Asked {
    login: Option<(String, String)>,
    host: Vec<u8>,
    port: u16,
}

/// A proxy with SOCKS 5 that takes one connection to where it is asked to go, on this machine.
async fn socks(port: u16) -> (String, oneshot::Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, asked) = oneshot::channel();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let login = greeted(&mut connection).await;
        let [version, command, _, kind] = read(&mut connection).await;
        assert_eq!((version, command), (5, 1));
        let host = match kind {
            1 => read::<4>(&mut connection).await.to_vec(),
            3 => counted(&mut connection).await,
            4 => read::<16>(&mut connection).await.to_vec(),
            other => panic!("no kind of address: {other}"),
        };
        let asked = Asked {
            login,
            host,
            port: u16::from_be_bytes(read(&mut connection).await),
        };
        sender.send(asked).unwrap();
        let bound = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        connection.write_all(&bound).await.unwrap();
        pass_on(connection, port).await;
    });
    (address, asked)
}

/// Who the client says that it is, where it offers to say so.
async fn greeted(connection: &mut TcpStream) -> Option<(String, String)> {
    let [version] = read(connection).await;
    assert_eq!(version, 5);
    let methods = counted(connection).await;
    if !methods.contains(&2) {
        connection.write_all(&[5, 0]).await.unwrap();
        return None;
    }
    connection.write_all(&[5, 2]).await.unwrap();
    assert_eq!(read(connection).await, [1]);
    let name = String::from_utf8(counted(connection).await).unwrap();
    let word = String::from_utf8(counted(connection).await).unwrap();
    connection.write_all(&[1, 0]).await.unwrap();
    Some((name, word))
}

async fn read<const N: usize>(connection: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    connection.read_exact(&mut bytes).await.unwrap();
    bytes
}

/// Bytes with their number before them.
async fn counted(connection: &mut TcpStream) -> Vec<u8> {
    let [length] = read(connection).await;
    let mut bytes = vec![0; length.into()];
    connection.read_exact(&mut bytes).await.unwrap();
    bytes
}

#[tokio::test]
async fn socks_5_takes_names_and_who_asks() {
    let server = Server::reply(json("{}")).await;
    let (proxy, asked) = socks(port(&server.url())).await;
    let builder = to(
        "http://gemini.test",
        format!("socks5h://name:wo%20rd@{proxy}"),
    );
    builder.build().unwrap().models().get("x").await.unwrap();
    let expected = Asked {
        login: Some(("name".into(), "wo rd".into())),
        host: b"gemini.test".to_vec(),
        port: 80,
    };
    assert_eq!(asked.await.unwrap(), expected);
    // The server sees an ordinary request.
    let request = server.request();
    assert_eq!(request.line(), "GET /v1beta/models/x HTTP/1.1");
    assert_eq!(request.header("host"), Some("gemini.test"));
    assert_eq!(request.header("proxy-authorization"), None);
}

#[tokio::test]
async fn socks_5_without_names_is_given_addresses_and_carries_tls() {
    let (authority, config) = signed();
    let (url, seen) = secure(config).await;
    let (proxy, asked) = socks(port(&url)).await;
    let builder = to(&url, format!("socks5://{proxy}")).trust_pem(authority);
    builder.build().unwrap().models().get("x").await.unwrap();
    let asked = asked.await.unwrap();
    assert_eq!((asked.login, asked.port), (None, port(&url)));
    assert!(
        matches!(asked.host[..], [127, 0, 0, 1] | [.., 0, 1]),
        "{:?}",
        asked.host
    );
    assert_eq!(*seen.versions.lock().unwrap(), [Version::HTTP_2]);
}

#[tokio::test]
async fn socks_4_takes_names_too() {
    let server = Server::reply(json("{}")).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("socks4a://{}", listener.local_addr().unwrap());
    let behind = port(&server.url());
    let asked = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        // Version, command, port, an address that is none, no user, and the name.
        let asked: [u8; 21] = read(&mut connection).await;
        connection
            .write_all(&[0, 90, 0, 0, 0, 0, 0, 0])
            .await
            .unwrap();
        tokio::spawn(pass_on(connection, behind));
        asked
    });
    let client = to("http://gemini.test", proxy).build().unwrap();
    client.models().get("x").await.unwrap();
    let asked = asked.await.unwrap();
    assert_eq!(asked[..4], [4, 1, 0, 80]);
    assert_eq!(asked[8..], *b"\0gemini.test\0");
    assert_eq!(server.request().header("host"), Some("gemini.test"));
}

#[test]
fn what_is_no_proxy_is_refused() {
    for proxy in ["", "ftp://proxy:1", "http://"] {
        let error = to("http://gemini.test", proxy).build().unwrap_err();
        assert!(error.is_setup(), "{proxy}: {error:?}");
    }
}

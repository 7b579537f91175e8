//! The least that a proxy on this stack can do: forward each request over pooled connections and
//! stream both bodies. Near the limit of what HTTP itself costs here.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, combinators::BoxBody};
use hyper::{
    Request, Response, StatusCode, Uri, body::Incoming, header, server::conn::http1, service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use std::{convert::Infallible, env};
use tokio::net::TcpListener;

type Upstream = Client<HttpConnector, Incoming>;
type Body = BoxBody<Bytes, hyper::Error>;

async fn forward(mut request: Request<Incoming>, client: Upstream, to: String) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri: Uri = format!("http://{to}{path}").parse().expect("a path of a request is valid");
    *request.uri_mut() = uri;
    request.headers_mut().remove(header::HOST);
    request.headers_mut().remove(header::CONNECTION);
    Ok(match client.request(request).await {
        Ok(reply) => reply.map(BodyExt::boxed),
        Err(_) => {
            let mut reply = Response::new(Empty::new().map_err(|never| match never {}).boxed());
            *reply.status_mut() = StatusCode::BAD_GATEWAY;
            reply
        }
    })
}

#[tokio::main]
async fn main() {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(to)) = (arguments.next(), arguments.next()) else {
        panic!("usage: proxy ADDRESS UPSTREAM");
    };
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Upstream = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(1024).build(connector);
    let listener = TcpListener::bind(address).await.expect("the address is free");
    println!("ready {}", listener.local_addr().expect("it is bound"));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (client, to) = (client.clone(), to.clone());
        let service = service_fn(move |request| forward(request, client.clone(), to.clone()));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

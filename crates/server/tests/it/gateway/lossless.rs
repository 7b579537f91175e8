//! What needed no repair is the upstream's, byte for byte and piece by piece.

use super::{
    LIST, STREAM, UNARY, before,
    upstream::{Raw, Step, chunk, end, head},
};
use axum::body::Body;
use flate2::{Compression, write::GzEncoder};
use http::Request;
use http_body_util::BodyExt;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use std::io::Write;

#[derive(Clone, Debug)]
struct Exchange {
    path: &'static str,
    bytes: Vec<u8>,
    zipped: bool,
    cuts: Vec<usize>,
    headers: String,
}

fn space() -> impl Strategy<Value = String> {
    "[ \t]{0,3}(\r?\n[ ]{0,2})?"
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap())
}

prop_compose! {
    /// A chunk with odd white space and fields that nobody knows; on one line where it must be.
    fn json(last: bool, line: bool)(
        spaces in proptest::collection::vec(space(), 6),
        text in text(),
        unknown in "[a-z]{1,8}",
        value in prop_oneof![Just("null".to_owned()), text(), Just("[1.50, 1e3]".to_owned()), Just("{\"a\":{}}".to_owned())],
        number in any::<u64>(),
    ) -> String {
        let reason = if last { ",\"finishReason\":\"STOP\"" } else { "" };
        let [a, b, c, d, e, f] = &spaces[..] else { unreachable!() };
        let json = format!(
            "{{{a}\"candidates\"{b}:{c}[{{\"content\":{{\"parts\":[{{\"text\":\"x\"}},{d}{{\"text\":{text}}}]}}{reason}}}],{e}\"later-{unknown}\":{value},\"n\":{number}{f}}}"
        );
        if line { json.replace(['\r', '\n'], " ") } else { json }
    }
}

fn body() -> impl Strategy<Value = (&'static str, String)> {
    let events = (
        proptest::collection::vec(json(false, true), 0..4),
        json(true, true),
        "(\r\n\r\n|\n\n)",
    )
        .prop_map(|(mut chunks, last, between)| {
            chunks.push(last);
            (
                STREAM,
                chunks
                    .iter()
                    .map(|json| format!("data: {json}{between}"))
                    .collect(),
            )
        });
    let list = (
        proptest::collection::vec(json(false, false), 0..4),
        json(true, false),
        space(),
    )
        .prop_map(|(mut chunks, last, between)| {
            chunks.push(last);
            (
                LIST,
                format!(
                    "[{}]{between}",
                    chunks.join(&format!("{between},{between}"))
                ),
            )
        });
    prop_oneof![
        json(true, false).prop_map(|json| (UNARY, json)),
        events,
        list
    ]
}

prop_compose! {
    fn exchange()(
        (path, text) in body(),
        zipped: bool,
        cuts in proptest::collection::vec(1..60_usize, 0..12),
        header in "[a-z]{3,8}",
        value in "[!-~]{1,20}",
    ) -> Exchange {
        let kind = if path == STREAM { "text/event-stream" } else { "application/json" };
        let coding = if zipped { "content-encoding: gzip\r\n" } else { "" };
        let bytes = match zipped {
            false => text.into_bytes(),
            true => {
                let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
                zip.write_all(text.as_bytes()).unwrap();
                zip.finish().unwrap()
            }
        };
        let headers = format!("content-type: {kind}\r\n{coding}x-goog-{header}: {value}\r\n");
        Exchange { path, bytes, zipped, cuts, headers }
    }
}

impl Exchange {
    fn pieces(&self) -> Vec<Vec<u8>> {
        let (mut pieces, mut rest) = (Vec::new(), &self.bytes[..]);
        for cut in &self.cuts {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        pieces.push(rest.to_vec());
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    fn steps(&self) -> Vec<Step> {
        let chunks = self.pieces().into_iter().map(|piece| chunk(&piece));
        [head("200 OK", &self.headers)]
            .into_iter()
            .chain(chunks)
            .chain([end()])
            .collect()
    }
}

#[tokio::test]
async fn replies_are_the_upstreams_bytes_in_its_pieces() {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let exchanges: Vec<Exchange> = (0..500)
        .map(|_| exchange().new_tree(&mut runner).unwrap().current())
        .collect();
    let raw = Raw::start(exchanges.iter().map(Exchange::steps).collect()).await;
    let server = before(&raw.url, "");
    for exchange in &exchanges {
        let mut request = Request::post(exchange.path).header("x-goog-api-key", &server.key);
        if exchange.zipped {
            request = request.header("accept-encoding", "gzip, br");
        }
        let response = server
            .open(request.body(Body::from(super::BODY)).unwrap())
            .await;
        assert_eq!(response.status(), 200, "{exchange:?}");
        for line in exchange.headers.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            assert_eq!(
                response.headers()[name].as_bytes(),
                value.as_bytes(),
                "{exchange:?}"
            );
        }
        let repairs = response.headers().get("x-propus-repairs");
        assert_eq!(repairs, None, "{exchange:?}");
        let (mut body, mut pieces) = (response.into_body(), Vec::new());
        while let Some(frame) = body.frame().await {
            pieces.push(frame.unwrap().into_data().unwrap().to_vec());
        }
        assert_eq!(pieces.concat(), exchange.bytes, "{exchange:?}");
        assert_eq!(pieces, exchange.pieces(), "{exchange:?}");
    }
    assert_eq!(raw.requests().len(), exchanges.len());
}

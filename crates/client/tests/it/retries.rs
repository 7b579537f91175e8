//! Trying again: what is, how long it waits, and what is not. Waits pass at once: the clock stands.

use futures::TryStreamExt;
use propus_client::{
    Policy, Retries,
    testing::{Server, events, json, refusal, reply, stream, text},
};
use std::time::Duration;
use tokio::time::Instant;

const OVERLOADED: &str = "The model is overloaded. Please try again later.";

fn overloaded() -> Vec<u8> {
    refusal(503, "UNAVAILABLE", OVERLOADED)
}

/// Attempts without chance: each wait is what the server says.
fn slow(seconds: &str) -> Vec<u8> {
    let body = format!(
        r#"{{"error":{{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[
        {{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{seconds}s"}}]}}}}"#
    );
    reply("429 Too Many Requests", "application/json", body)
}

fn three() -> Retries {
    let policy = Policy {
        attempts: 3,
        ..Policy::sdk()
    };
    Retries::custom(policy).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_is_made_again_until_it_is_good() {
    let server = Server::replies([overloaded(), overloaded(), text("hi")]).await;
    let client = server.builder().retries(Retries::on()).build().unwrap();
    let reply = client.model("x").generate("hello").await.unwrap();
    assert_eq!(reply.text().unwrap(), "hi");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|one| one.body == requests[0].body));
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_the_one_that_the_server_names() {
    let server = Server::replies([slow("7.5"), text("hi")]).await;
    let client = server.client().with_retries(three());
    let begun = Instant::now();
    client.model("x").generate("hello").await.unwrap();
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(7_500), "{waited:?}");
    assert!(waited < Duration::from_secs(9), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn attempts_come_to_an_end_and_the_error_counts_them() {
    let server = Server::replies(vec![overloaded(); 5]).await;
    let client = server.client().with_retries(three());
    let error = client.model("x").generate("hello").await.unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert_eq!(error.failure(), Some("overloaded-503"));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_succeed_is_not_tried_again() {
    for refused in [
        refusal(
            400,
            "INVALID_ARGUMENT",
            "Request contains an invalid argument.",
        ),
        refusal(
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
        ),
        refusal(
            404,
            "NOT_FOUND",
            "models/x is not found for API version v1beta.",
        ),
    ] {
        let server = Server::replies([refused, text("hi")]).await;
        let client = server.client().with_retries(three());
        let error = client.model("x").generate("hello").await.unwrap_err();
        assert!(!error.is_retryable(), "{error:?}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_limit_is_not_begun() {
    let server = Server::replies([slow("40"), text("hi")]).await;
    let client = server
        .client()
        .with_retries(three().within(Duration::from_secs(30)));
    let begun = Instant::now();
    let error = client.model("x").generate("hello").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn without_a_rule_nothing_is_tried_again() {
    let server = Server::replies([overloaded(), text("hi")]).await;
    let error = server.client().model("x").generate("hello").await;
    assert_eq!(error.unwrap_err().attempts(), 1);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rule_may_hold_for_one_model() {
    let server = Server::replies([overloaded(), text("hi")]).await;
    let model = server.client().model("x").retries(Retries::on());
    assert_eq!(model.generate("hello").await.unwrap().text().unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn what_changes_something_is_repeated_only_if_it_was_surely_not_done() {
    // A 500 may come after the work: a second batch would cost a second time.
    let server = Server::replies(vec![
        refusal(
            500,
            "INTERNAL",
            "An internal error has occurred."
        );
        2
    ])
    .await;
    let client = server.client().with_retries(three());
    let batch = client.batches().create("x", "b", Vec::new()).await;
    assert!(batch.is_err());
    assert_eq!(server.requests().len(), 1);
    let server = Server::replies([slow("1"), json(r#"{"name":"batches/b"}"#)]).await;
    let client = server.client().with_retries(three());
    client.batches().create("x", "b", Vec::new()).await.unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cut_body_is_asked_for_again() {
    let cut =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"ca";
    let server = Server::replies([cut.to_vec(), text("hi")]).await;
    let client = server.client().with_retries(three());
    let reply = client.model("x").generate("hello").await.unwrap();
    assert_eq!(reply.text().unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_tried_again_before_its_first_chunk() {
    let late = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;
    let server = Server::replies([
        overloaded(),
        events(format!("{late}\n\n")),
        events(""),
        stream(&["a", "b"]),
    ])
    .await;
    let client = server.client().with_retries(Retries::on());
    let chunks = client.model("x").stream("hello").await.unwrap();
    assert_eq!(chunks.collect_reply().await.unwrap().text().unwrap(), "ab");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_begun_is_not_tried_again() {
    let first = r#"{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"}}]}"#;
    let server = Server::replies([events(format!("data: {first}\n\n")), stream(&["b"])]).await;
    let client = server.client().with_retries(Retries::on());
    let mut chunks = client.model("x").stream("hello").await.unwrap();
    assert!(chunks.try_next().await.unwrap().is_some());
    let error = chunks.try_next().await.unwrap_err();
    assert!(error.is_truncated());
    assert_eq!(chunks.reply().partial_text().as_deref(), Some("a"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_waits_is_over() {
    let server = Server::replies([slow("30"), text("hi")]).await;
    let client = server.client().with_retries(three());
    let model = client.model("x");
    let waited = tokio::time::timeout(Duration::from_secs(10), model.generate("hello")).await;
    assert!(waited.is_err());
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_said_nothing_may_be_asked_again() {
    let recited = || json(r#"{"candidates":[{"finishReason":"RECITATION"}]}"#);
    let policy = Policy {
        replies: 1,
        temperature_step: 0.5,
        ..Policy::sdk()
    };
    let asked = Retries::custom(policy).unwrap();
    let server = Server::replies([recited(), text("hi")]).await;
    let model = server.client().model("x").temperature(0.25);
    let model = model.retries(asked.clone());
    let reply = model.generate("hello").await.unwrap();
    assert_eq!(reply.text().unwrap(), "hi");
    assert!(server.request().body.contains(r#""temperature":0.75"#));
    // In the end the reply is given as it is.
    let server = Server::replies([recited(), recited()]).await;
    let model = server.client().model("x").retries(asked);
    let reply = model.generate("hello").await.unwrap();
    assert!(reply.text().unwrap_err().is_recitation());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_with_nothing_said_may_be_asked_for_again() {
    let chunk = |json: &str| events(format!("data: {json}\n\n"));
    let recited = || chunk(r#"{"candidates":[{"finishReason":"RECITATION"}]}"#);
    let policy = Policy {
        replies: 1,
        temperature_step: 0.5,
        ..Policy::sdk()
    };
    let asked = Retries::custom(policy).unwrap();
    let server = Server::replies([recited(), stream(&["a", "b"])]).await;
    let model = server.client().model("x").retries(asked.clone());
    let chunks = model.stream("hello").await.unwrap();
    assert_eq!(chunks.collect_reply().await.unwrap().text().unwrap(), "ab");
    assert!(server.requests()[1].body.contains(r#""temperature":1.5"#));
    // In the end it is given as it is, and without leave at once.
    let server = Server::replies([recited(), recited(), recited()]).await;
    for retries in [asked.clone(), Retries::on()] {
        let model = server.client().model("x").retries(retries);
        let reply = model.stream("hello").await.unwrap().collect_reply().await;
        assert!(reply.unwrap().text().unwrap_err().is_recitation());
    }
    assert_eq!(server.requests().len(), 3);
    // What the caller may have is never asked for again.
    let begun = r#"{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"}}]}"#;
    let empty = events(format!(
        "data: {begun}\n\ndata: {{\"candidates\":[{{\"finishReason\":\"RECITATION\"}}]}}\n\n"
    ));
    let server = Server::replies([empty, stream(&["a"])]).await;
    let model = server.client().model("x").retries(asked);
    let reply = model.stream("hello").await.unwrap().collect_reply().await;
    assert!(reply.unwrap().text().unwrap_err().is_recitation());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ran_out_of_time_gets_more() {
    let server = Server::silent_after("").await;
    let client = server.client().with_retries(three());
    let client = client.with_timeout(Duration::from_secs(30));
    let begun = Instant::now();
    let error = client.model("x").generate("hello").await.unwrap_err();
    assert!(error.is_timeout());
    let times = server.requests();
    let times: Vec<_> = times
        .iter()
        .map(|one| one.header("x-server-timeout"))
        .collect();
    assert_eq!(times, [Some("30"), Some("60"), Some("120")]);
    assert!(begun.elapsed() >= Duration::from_secs(210));
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_did_not_begin_in_time_gets_more() {
    let server = Server::silent_after("").await;
    let client = server.builder().first_byte_timeout(Duration::from_secs(30));
    let client = client.retries(three()).build().unwrap();
    let begun = Instant::now();
    let error = client.model("x").stream("hello").await.unwrap_err();
    assert!(error.is_timeout());
    assert!(error.message().ends_with("began within 120s"), "{error}");
    assert_eq!(server.requests().len(), 3);
    assert!(begun.elapsed() >= Duration::from_secs(210));
}

#[tokio::test]
async fn numbers_that_make_no_sense_are_refused() {
    let policy = Policy {
        attempts: 0,
        ..Policy::sdk()
    };
    let error = Retries::custom(policy).unwrap_err();
    assert!(error.message().contains("attempts"), "{error}");
}

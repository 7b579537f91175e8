//! Conversations: what becomes part of them, and what does not.

use futures::TryStreamExt;
use propus_client::{
    Tool,
    testing::{Server, call, events, json, refusal, stream, text},
    wire::generate::Content,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

fn last(server: &Server) -> Value {
    serde_json::from_str(&server.request().body).unwrap()
}

#[tokio::test]
async fn what_was_said_is_sent_again_with_its_signatures() {
    let thought = json(
        r#"{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true},{"text":"Hello.","thoughtSignature":"AAEC"}]},"finishReason":"STOP"}]}"#,
    );
    let server = Server::replies([thought, text("Ada.")]).await;
    let mut chat = server.client().model("x").system("Be brief.").chat();
    chat.send("I am Ada.").await.unwrap();
    chat.send("Who am I?").await.unwrap();
    let request = last(&server);
    assert_eq!(
        request["systemInstruction"]["parts"][0]["text"],
        "Be brief."
    );
    let contents = request["contents"].as_array().unwrap();
    let roles: Vec<_> = contents
        .iter()
        .map(|turn| turn["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "model", "user"]);
    assert_eq!(contents[1]["parts"][1]["thoughtSignature"], "AAEC");
    assert_eq!(contents[1]["parts"][0]["thought"], true);
    assert_eq!(chat.history().len(), 4);
}

#[tokio::test]
async fn failed_and_blocked_turns_are_not_kept() {
    let blocked = json(r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#);
    let stopped = json(
        r#"{"candidates":[{"content":{"parts":[{"text":"half"}]},"finishReason":"RECITATION"}]}"#,
    );
    let empty =
        json(r#"{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}]}"#);
    let server = Server::replies([
        refusal(503, "UNAVAILABLE", "later"),
        blocked,
        stopped,
        empty,
        text("ok"),
    ])
    .await;
    let mut chat = server.client().model("x").chat();
    assert!(chat.send("1").await.is_err());
    assert!(
        chat.send("2")
            .await
            .unwrap()
            .text()
            .unwrap_err()
            .is_blocked()
    );
    assert!(
        chat.send("3")
            .await
            .unwrap()
            .text()
            .unwrap_err()
            .is_recitation()
    );
    assert!(
        chat.send("4")
            .await
            .unwrap()
            .text()
            .unwrap_err()
            .is_empty_answer()
    );
    assert!(chat.history().is_empty());
    chat.send("5").await.unwrap();
    assert_eq!(last(&server)["contents"].as_array().unwrap().len(), 1);
    assert_eq!(chat.history().len(), 2);
}

#[tokio::test]
async fn an_answer_that_was_cut_at_the_most_tokens_is_kept() {
    let cut = json(
        r#"{"candidates":[{"content":{"parts":[{"text":"Once upon"}]},"finishReason":"MAX_TOKENS"}]}"#,
    );
    let server = Server::reply(cut).await;
    let mut chat = server.client().model("x").chat();
    assert!(chat.send("A story").await.unwrap().text().is_err());
    assert_eq!(chat.history().len(), 2);
}

#[tokio::test]
async fn a_streamed_answer_is_kept_when_it_was_read() {
    let server = Server::replies([stream(&["Hello, ", "Ada."]), stream(&["lost"])]).await;
    let mut chat = server.client().model("x").chat();
    let mut chunks = chat.stream("I am Ada.").await.unwrap();
    while chunks.try_next().await.unwrap().is_some() {}
    // The end may be asked for again.
    assert!(chunks.try_next().await.unwrap().is_none());
    drop(chunks);
    assert_eq!(chat.history()[1].texts(), "Hello, Ada.");
    let mut chunks = chat.stream("Go on.").await.unwrap();
    assert!(chunks.try_next().await.unwrap().is_some());
    drop(chunks);
    assert_eq!(chat.history().len(), 2);
}

#[tokio::test]
async fn a_streamed_answer_that_broke_off_is_not_kept() {
    let first = r#"{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"}}]}"#;
    let server = Server::reply(events(format!("data: {first}\n\n"))).await;
    let mut chat = server.client().model("x").chat();
    let error = chat.stream("x").await.unwrap().collect_reply().await;
    assert!(error.unwrap_err().is_truncated());
    assert!(chat.history().is_empty());
}

#[tokio::test]
async fn calls_of_functions_are_part_of_the_conversation() {
    #[derive(Deserialize, JsonSchema)]
    struct Nothing {}
    let now = Tool::function("now", "The time.", |_: Nothing| async { "noon" });
    let server = Server::replies([call("now", json!({})), text("It is noon."), text("Yes.")]).await;
    let mut chat = server.client().model("x").tool(now).chat();
    chat.send("The time?").await.unwrap();
    assert_eq!(chat.history().len(), 4);
    chat.send("Sure?").await.unwrap();
    assert_eq!(last(&server)["contents"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_conversation_can_be_gone_on_with() {
    let server = Server::reply(text("Ada.")).await;
    let history = vec![
        Content::text("user", "I am Ada."),
        Content::text("model", "Hello."),
    ];
    let mut chat = server.client().model("x").chat_after(history);
    chat.send("Who am I?").await.unwrap();
    chat.history_mut().truncate(2);
    assert_eq!(last(&server)["contents"].as_array().unwrap().len(), 3);
    assert_eq!(chat.history().len(), 2);
}

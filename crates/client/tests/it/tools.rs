//! Functions that a model asks for.

use futures::TryStreamExt;
use propus_client::{
    GenerativeModel, Tool,
    testing::{Server, call, events, json, text},
    wire::{
        generate::{FunctionCallingMode, FunctionDeclaration},
        schema::Type,
    },
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Barrier;

#[derive(Deserialize, JsonSchema)]
struct Place {
    /// The city's name.
    city: String,
}

fn weather() -> Tool {
    Tool::function(
        "weather",
        "The weather in a city.",
        |place: Place| async move { json!({ "sky": format!("grey over {}", place.city) }) },
    )
}

fn body(server: &Server, at: usize) -> Value {
    serde_json::from_str(&server.requests()[at].body).unwrap()
}

fn model(server: &Server) -> GenerativeModel {
    server.client().model("x")
}

#[tokio::test]
async fn a_function_is_declared_run_and_answered() {
    let asks = json(
        r#"{"candidates":[{"content":{"role":"model","parts":[
        {"functionCall":{"id":"c1","name":"weather","args":{"city":"Oslo"}},"thoughtSignature":"AAEC"}]},"finishReason":"STOP"}]}"#,
    );
    let server = Server::replies([asks, text("It is grey.")]).await;
    let reply = model(&server)
        .tool(weather())
        .generate("Oslo?")
        .await
        .unwrap();
    assert_eq!(reply.text().unwrap(), "It is grey.");
    let declared = &body(&server, 0)["tools"][0]["functionDeclarations"][0];
    assert_eq!(declared["name"], "weather");
    assert_eq!(
        declared["parameters"]["properties"]["city"],
        json!({"type": "STRING", "description": "The city's name."})
    );
    let contents = &body(&server, 1)["contents"];
    assert_eq!(contents.as_array().unwrap().len(), 3);
    assert_eq!(contents[1]["parts"][0]["thoughtSignature"], "AAEC");
    assert_eq!(contents[2]["role"], "user");
    assert_eq!(
        contents[2]["parts"][0]["functionResponse"],
        json!({"id": "c1", "name": "weather", "response": {"sky": "grey over Oslo"}})
    );
    assert_eq!(reply.turns().len(), 2);
}

#[tokio::test]
async fn calls_of_one_reply_run_at_the_same_time() {
    let both = Arc::new(Barrier::new(2));
    let meeting = Tool::function("meet", "Waits for another.", move |place: Place| {
        let both = both.clone();
        async move {
            both.wait().await;
            place.city
        }
    });
    let asks = json(
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"meet","args":{"city":"a"}}},
        {"functionCall":{"name":"meet","args":{"city":"b"}}}]},"finishReason":"STOP"}]}"#,
    );
    let server = Server::replies([asks, text("met")]).await;
    model(&server).tool(meeting).generate("go").await.unwrap();
    let parts = &body(&server, 1)["contents"][2]["parts"];
    assert_eq!(parts[0]["functionResponse"]["response"]["result"], "a");
    assert_eq!(parts[1]["functionResponse"]["response"]["result"], "b");
}

#[tokio::test]
async fn the_model_is_told_what_went_wrong() {
    let failing = Tool::try_function("weather", "Fails.", |_: Place| async {
        Err::<(), _>("the station is down")
    });
    for (asked, expected) in [
        (
            call("weather", json!({"city": "Oslo"})),
            "the station is down",
        ),
        (
            call("weather", json!({})),
            "the arguments do not fit: missing field `city`",
        ),
        (call("wether", json!({})), "there is no function `wether`"),
    ] {
        let server = Server::replies([asked, text("sorry")]).await;
        let model = model(&server).tool(failing.clone());
        model.generate("Oslo?").await.unwrap();
        let answer = &body(&server, 1)["contents"][2]["parts"][0]["functionResponse"];
        assert_eq!(answer["response"]["error"], expected);
    }
}

#[tokio::test]
async fn rounds_have_a_limit() {
    let asked = call("weather", json!({"city": "Oslo"}));
    let server = Server::replies(vec![asked; 4]).await;
    let model = model(&server).tool(weather()).rounds(2);
    let error = model.generate("Oslo?").await.unwrap_err();
    assert!(error.is_call_limit());
    assert_eq!(
        error.message(),
        "the model asks for `weather` after 2 rounds of functions"
    );
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn with_no_rounds_the_call_is_the_callers() {
    let server = Server::reply(call("weather", json!({"city": "Oslo"}))).await;
    let model = model(&server)
        .tool(weather())
        .function_calling(FunctionCallingMode::Any)
        .rounds(0);
    let reply = model.generate("Oslo?").await.unwrap();
    let asked: Vec<_> = reply
        .function_calls()
        .filter_map(|call| call.name.as_deref())
        .collect();
    assert_eq!(asked, ["weather"]);
    assert_eq!(
        reply.text().unwrap_err().message(),
        "the answer asks for `weather`"
    );
    let config = &body(&server, 0)["toolConfig"]["functionCallingConfig"];
    assert_eq!(config["mode"], "ANY");
}

#[tokio::test]
async fn what_is_only_declared_is_left_to_the_caller() {
    let declared = Tool::declaration(FunctionDeclaration {
        name: Some("transfer".into()),
        ..Default::default()
    });
    let server = Server::reply(call("transfer", json!({}))).await;
    let model = model(&server)
        .tool(weather())
        .tool(declared)
        .tool(Tool::google_search());
    let reply = model.generate("pay").await.unwrap();
    assert_eq!(reply.function_calls().count(), 1);
    let tools = &body(&server, 0)["tools"];
    let functions = tools[0]["functionDeclarations"].as_array().unwrap();
    assert_eq!(functions.len(), 2);
    assert_eq!(tools[1], json!({"googleSearch": {}}));
}

#[tokio::test]
async fn functions_are_run_between_the_chunks_of_a_stream() {
    let asks = events(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Let me look. \"}],\"role\":\"model\"}}]}\n\n\
         data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"weather\",\"args\":{\"city\":\"Oslo\"}}}]},\"finishReason\":\"STOP\"}]}\n\n",
    );
    let answers = propus_client::testing::stream(&["It is ", "grey."]);
    let server = Server::replies([asks, answers]).await;
    let mut chunks = model(&server)
        .tool(weather())
        .stream("Oslo?")
        .await
        .unwrap();
    let mut seen = String::new();
    while let Some(chunk) = chunks.try_next().await.unwrap() {
        seen.push_str(&chunk.text().unwrap_or_default());
    }
    assert_eq!(seen, "Let me look. It is grey.");
    let reply = chunks.reply();
    assert_eq!(reply.text().unwrap(), "It is grey.");
    assert_eq!(reply.turns().len(), 2);
    assert_eq!(reply.turns()[0].parts.len(), 2);
}

#[tokio::test]
async fn arguments_that_the_api_cannot_describe_are_an_error_before_the_call() {
    let server = Server::replies(Vec::<Vec<u8>>::new()).await;
    let bare = Tool::function("say", "Says something.", |_: String| async {});
    let error = model(&server).tool(bare).generate("x").await.unwrap_err();
    assert!(error.is_setup());
    assert!(
        error.message().starts_with("the function `say`: "),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("struct"), "{error}");
}

#[tokio::test]
async fn a_schema_may_be_written_by_hand() {
    let schema = propus_client::wire::schema::Schema {
        r#type: Some(Type::Object),
        ..Default::default()
    };
    let tool =
        Tool::function_with_schema("now", "The time.", schema, |_| async { Ok(json!("noon")) });
    let server = Server::replies([call("now", json!({})), text("noon")]).await;
    model(&server).tool(tool).generate("time?").await.unwrap();
    let answer = &body(&server, 1)["contents"][2]["parts"][0]["functionResponse"];
    assert_eq!(answer["response"]["result"], "noon");
}

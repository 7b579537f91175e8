//! Typed answers, checks before sending, and the settings of a model.

use propus_client::{
    testing::{Server, json, text},
    wire::generate::{HarmBlockThreshold, HarmCategory, Part, ThinkingLevel},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Person {
    name: String,
    born: Option<i32>,
}

fn sent(server: &Server) -> Value {
    serde_json::from_str(&server.request().body).unwrap()
}

#[tokio::test]
async fn an_answer_of_a_form_is_asked_for_and_read() {
    let server = Server::reply(text(r#"{"name":"Ada","born":null}"#)).await;
    let model = server.client().model("x");
    let person: Person = model.generate_as("Who?").await.unwrap();
    assert_eq!(
        person,
        Person {
            name: "Ada".into(),
            born: None
        }
    );
    let config = &sent(&server)["generationConfig"];
    assert_eq!(config["responseMimeType"], "application/json");
    assert_eq!(
        config["responseSchema"]["propertyOrdering"],
        json!(["name", "born"])
    );
    assert_eq!(
        config["responseSchema"]["properties"]["born"]["nullable"],
        true
    );
}

#[tokio::test]
async fn an_answer_of_another_form_says_where_it_differs() {
    let server = Server::reply(text(r#"{"nam":"Ada"}"#)).await;
    let answer = server
        .client()
        .model("x")
        .generate_as::<Person>("Who?")
        .await;
    let error = answer.unwrap_err();
    assert!(error.message().contains("not the JSON"), "{error}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("missing field `name`"), "{source}");
    assert_eq!(error.partial_text(), Some(r#"{"nam":"Ada"}"#));
}

#[tokio::test]
async fn a_typed_answer_that_was_cut_says_so() {
    let cut = json(
        r#"{"candidates":[{"content":{"parts":[{"text":"{\"name\":"}]},"finishReason":"MAX_TOKENS"}]}"#,
    );
    let server = Server::reply(cut).await;
    let answer = server
        .client()
        .model("x")
        .generate_as::<Person>("Who?")
        .await;
    assert!(answer.unwrap_err().is_max_tokens());
}

#[tokio::test]
async fn settings_stand_where_the_api_has_them() {
    let server = Server::reply(text("x")).await;
    let model = server
        .client()
        .model("x")
        .temperature(0.5)
        .top_p(0.25)
        .top_k(40)
        .seed(7)
        .max_output_tokens(100)
        .stop_sequence("END")
        .thinking_level(ThinkingLevel::Low)
        .include_thoughts()
        .safety(HarmCategory::Harassment, HarmBlockThreshold::None)
        .cached_content("cachedContents/c");
    let picture = Part::inline("image/png", vec![0, 1, 2]);
    model
        .generate([Part::text("What is it?"), picture])
        .await
        .unwrap();
    assert_eq!(
        sent(&server),
        json!({
            "contents": [{"role": "user", "parts": [
                {"text": "What is it?"},
                {"inlineData": {"mimeType": "image/png", "data": "AAEC"}},
            ]}],
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            "generationConfig": {
                "stopSequences": ["END"],
                "maxOutputTokens": 100,
                "temperature": 0.5,
                "topP": 0.25,
                "topK": 40,
                "seed": 7,
                "thinkingConfig": {"includeThoughts": true, "thinkingLevel": "LOW"},
            },
            "cachedContent": "cachedContents/c",
        })
    );
}

#[tokio::test]
async fn a_check_refuses_what_the_api_would_and_sends_nothing() {
    let server = Server::reply(text("x")).await;
    let client = server.builder().check(true).build().unwrap();
    let model = client.model("gemini-2.5-flash");
    let error = model.clone().top_p(3.0).generate("x").await.unwrap_err();
    assert!(error.is_checked() && !error.is_retryable());
    assert_eq!(error.failure(), Some("param-out-of-range"));
    assert!(error.message().starts_with("not sent: "), "{error}");
    assert!(error.hint().is_some());
    let error = client
        .model("gemini-1.5-flash")
        .generate("x")
        .await
        .unwrap_err();
    assert_eq!(error.failure(), Some("model-retired"));
    let error = model.generate(Vec::<Part>::new()).await.unwrap_err();
    assert_eq!(error.failure(), Some("missing-required-field"));
    assert_eq!(error.field_violations().len(), 1);
    assert!(server.requests().is_empty());
    // What is not known may be new.
    client.model("gemini-99").generate("x").await.unwrap();
}

#[tokio::test]
async fn tokens_are_counted_with_the_settings() {
    let server = Server::reply(json(r#"{"totalTokens":9}"#)).await;
    let model = server.client().model("x").system("Be brief.");
    model.count_tokens("hello").await.unwrap();
    let inner = &sent(&server)["generateContentRequest"];
    assert_eq!(inner["model"], "models/x");
    assert_eq!(inner["systemInstruction"]["parts"][0]["text"], "Be brief.");
}

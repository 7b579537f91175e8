//! `propus-client` against the real binary with the real default models: each method that the server has.

use crate::binary::{Place, Server};
use futures::TryStreamExt;
use propus_client::{
    Backoff, Client, GenerativeModel, Policy, Retries, Tool,
    wire::generate::{FunctionCallingMode, FunctionDeclaration},
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

const MODEL: &str = "smollm2-135m-instruct";
const EMBEDDER: &str = "all-minilm-l6-v2";

struct Running {
    _place: Place,
    _server: Server,
    client: Client,
}

impl Running {
    fn new() -> Self {
        let place = Place::new();
        let server = place.serve_models(&["--inject", "--threads", "1"]);
        let client = Client::builder()
            .base_url(server.url())
            .api_key(server.key());
        Self {
            client: client.build().unwrap(),
            _place: place,
            _server: server,
        }
    }

    fn model(&self) -> GenerativeModel {
        self.client
            .model(MODEL)
            .temperature(0.0)
            .max_output_tokens(24)
    }
}

#[tokio::test]
async fn a_text_is_one_whole_or_in_chunks_and_counted() {
    let running = Running::new();
    let model = running.model().system("Be brief.");
    let whole = model.generate("Name a colour.").await.unwrap();
    let chunks = model.stream("Name a colour.").await.unwrap();
    let streamed = chunks.collect_reply().await.unwrap();
    let text = whole.partial_text().unwrap();
    assert!(!text.is_empty());
    assert_eq!(streamed.partial_text().unwrap(), text);
    let counted = model.count_tokens("Name a colour.").await.unwrap();
    let usage = whole.usage().unwrap();
    assert_eq!(usage.prompt_token_count, counted.total_tokens);
}

#[tokio::test]
async fn a_chat_holds_both_sides() {
    let running = Running::new();
    let mut chat = running.model().chat();
    chat.send("I am Ada.").await.unwrap();
    let chunks = chat.stream("Who am I?").await.unwrap();
    chunks.collect_reply().await.unwrap();
    let roles: Vec<_> = chat
        .history()
        .iter()
        .map(|turn| turn.role.as_deref())
        .collect();
    assert_eq!(roles, [Some("user"), Some("model")].repeat(2));
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Lighthouse {
    /// In metres.
    height: u32,
    colour: Colour,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    White,
}

#[tokio::test]
async fn an_answer_is_typed() {
    let running = Running::new();
    let model = running.model().max_output_tokens(100);
    let lighthouse: Lighthouse = model.generate_as("Describe a lighthouse.").await.unwrap();
    assert!(matches!(lighthouse.colour, Colour::Red | Colour::White));
    assert!(lighthouse.height < u32::MAX);
}

#[derive(Deserialize, JsonSchema)]
struct Where {
    city: String,
}

#[tokio::test]
async fn a_function_is_run_with_what_the_model_wants() {
    let running = Running::new();
    let weather = Tool::function(
        "weather",
        "The weather in a city.",
        |place: Where| async move { format!("sunny in {}", place.city) },
    );
    let model = running
        .model()
        .max_output_tokens(60)
        .tool(weather)
        .function_calling(FunctionCallingMode::Any)
        .rounds(1);
    // Forced to call again and again, it comes to the limit: both rounds were its own doing.
    let error = model.generate("The weather in Oslo?").await.unwrap_err();
    assert!(
        error
            .message()
            .contains("asks for `weather` after 1 rounds"),
        "{error}"
    );
    let declared = Tool::declaration(FunctionDeclaration {
        name: Some("weather".into()),
        description: Some("The weather here.".into()),
        ..Default::default()
    });
    let model = running
        .model()
        .max_output_tokens(60)
        .tool(declared)
        .function_calling(FunctionCallingMode::Any);
    let reply = model.generate("The weather?").await.unwrap();
    let names: Vec<_> = reply
        .function_calls()
        .map(|call| call.name.as_deref())
        .collect();
    assert_eq!(names, [Some("weather")]);
}

#[tokio::test]
async fn texts_become_vectors() {
    let running = Running::new();
    let model = running.client.embedding_model(EMBEDDER);
    let one = model.embed("a cat").await.unwrap();
    let all = model.embed_all(["a cat", "tax law"]).await.unwrap();
    // All are unit vectors; in a batch the last bits may differ.
    let cosine = |other: &[f32]| -> f32 { one.iter().zip(other).map(|(a, b)| a * b).sum() };
    assert!(cosine(&all[0]) > 0.999, "{}", cosine(&all[0]));
    assert!(cosine(&all[1]) < 0.9, "{}", cosine(&all[1]));
}

#[tokio::test]
async fn models_are_listed_and_described() {
    let running = Running::new();
    let models: Vec<_> = running.client.models().list().try_collect().await.unwrap();
    let own = format!("models/{MODEL}");
    assert!(
        models
            .iter()
            .any(|model| model.name.as_deref() == Some(&own))
    );
    let model = running.client.models().get(MODEL).await.unwrap();
    assert!(model.input_token_limit.unwrap() >= 2048);
}

#[tokio::test]
async fn failures_are_repaired_or_told() {
    let running = Running::new();
    let policy = Policy {
        backoff: Backoff {
            first: Duration::from_millis(1),
            most: Duration::from_millis(1),
        },
        ..Policy::sdk()
    };
    let failing = running
        .client
        .with_header("x-propus-inject", "overloaded-503,internal-500,ok;id=sdk")
        .unwrap()
        .with_retries(Retries::custom(policy).unwrap());
    let reply = failing
        .model(MODEL)
        .max_output_tokens(4)
        .generate("hi")
        .await;
    assert!(reply.unwrap().partial_text().is_some());
    let told = running
        .client
        .with_header("x-propus-inject", "invalid-api-key")
        .unwrap();
    let error = told.model(MODEL).generate("hi").await.unwrap_err();
    assert_eq!(error.failure(), Some("invalid-api-key"));
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn what_the_server_has_not_is_an_error_of_its_own() {
    let running = Running::new();
    let client = &running.client;
    let errors = [
        client.files().get("files/a").await.err(),
        client.caches().get("cachedContents/a").await.err(),
        client.batches().get("batches/a").await.err(),
        client.tunings().get("tunedModels/a").await.err(),
    ];
    for error in errors {
        let error = error.unwrap();
        assert_eq!(error.http_status(), Some(404), "{error:?}");
    }
}

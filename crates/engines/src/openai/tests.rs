//! The engine against servers that send what each flavour sends. The replies are retyped from the
//! servers' documents and code of autumn 2026.

use super::*;
use futures::StreamExt;
use propus_client::testing::{Request, Server, events, json, reply};
use propus_wire::{Message, Mode, generate::FinishReason};
use serde_json::json;

fn request(json: Value) -> GenerateContentRequest {
    GenerateContentRequest::from_json(json.to_string().as_bytes(), Mode::Lenient).unwrap()
}

fn hello() -> GenerateContentRequest {
    request(json!({ "model": "models/m", "contents": { "parts": { "text": "hi" } } }))
}

fn settings(server: &Server, flavour: Flavour) -> Settings {
    Settings {
        flavour,
        ..Settings::of(server.url())
    }
}

fn engine(server: &Server, flavour: Flavour) -> OpenAi {
    OpenAi::new(settings(server, flavour)).unwrap()
}

async fn ask(
    engine: &OpenAi,
    call: GenerateContentRequest,
) -> Result<GenerateContentResponse, Problem> {
    let mut chunks = engine.generate(call, None).await?;
    let mut whole = GenerateContentResponse::default();
    while let Some(chunk) = chunks.next().await {
        whole.absorb(chunk?);
    }
    Ok(whole)
}

fn sent(request: &Request) -> Value {
    serde_json::from_str(&request.body).unwrap()
}

fn written(response: &GenerateContentResponse) -> Value {
    serde_json::to_value(response).unwrap()
}

/// vLLM: the role alone first, the usage in a chunk without choices.
const VLLM: &str = r#"data: {"id":"chatcmpl-8f","object":"chat.completion.chunk","created":1764500000,"model":"google/gemma-3-27b-it","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"prompt_token_ids":null}

data: {"id":"chatcmpl-8f","object":"chat.completion.chunk","created":1764500000,"model":"google/gemma-3-27b-it","choices":[{"index":0,"delta":{"content":"It is "},"logprobs":null,"finish_reason":null,"token_ids":null}]}

data: {"id":"chatcmpl-8f","object":"chat.completion.chunk","created":1764500000,"model":"google/gemma-3-27b-it","choices":[{"index":0,"delta":{"content":"sunny."},"logprobs":null,"finish_reason":"stop","stop_reason":106,"token_ids":null}]}

data: {"id":"chatcmpl-8f","object":"chat.completion.chunk","created":1764500000,"model":"google/gemma-3-27b-it","choices":[],"usage":{"prompt_tokens":11,"total_tokens":15,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":8}}}

data: [DONE]

"#;

#[tokio::test]
async fn vllm_streams_an_answer() {
    let server = Server::reply(events(VLLM)).await;
    let whole = ask(&engine(&server, Flavour::Vllm), hello()).await.unwrap();
    assert_eq!(
        written(&whole),
        json!({
            "candidates": [{
                "content": { "parts": [{ "text": "It is sunny." }], "role": "model" },
                "finishReason": "STOP",
            }],
            "usageMetadata": {
                "promptTokenCount": 11,
                "cachedContentTokenCount": 8,
                "candidatesTokenCount": 4,
                "totalTokenCount": 15,
            },
        })
    );
    let request = server.request();
    assert_eq!(request.line(), "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(
        sent(&request),
        json!({
            "model": "m",
            "messages": [{ "role": "user", "content": "hi" }],
            "stream": true,
            "stream_options": { "include_usage": true },
        })
    );
}

#[tokio::test]
async fn the_last_chunk_has_reason_and_usage() {
    let server = Server::reply(events(VLLM)).await;
    let engine = engine(&server, Flavour::Vllm);
    let chunks = engine.generate(hello(), None).await.unwrap();
    let chunks: Vec<_> = chunks.map(Result::unwrap).collect().await;
    assert_eq!(chunks.len(), 2);
    let last = &chunks[1];
    assert_eq!(last.candidates[0].finish_reason, Some(FinishReason::Stop));
    assert!(last.usage_metadata.is_some());
    assert!(chunks[0].candidates[0].finish_reason.is_none());
}

/// llama-server, not streamed.
const LLAMA_SERVER: &str = r#"{"choices":[{"finish_reason":"stop","index":0,"message":{"role":"assistant","reasoning_content":"A greeting.","content":"Hello!"}}],"created":1764500000,"model":"gemma","system_fingerprint":"b7000","object":"chat.completion","usage":{"completion_tokens":7,"prompt_tokens":10,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":0}},"id":"chatcmpl-ec","timings":{"cache_n":0,"prompt_n":10}}"#;

#[tokio::test]
async fn llama_server_answers_at_once() {
    let server = Server::replies([json(LLAMA_SERVER), json(LLAMA_SERVER)]).await;
    let engine = OpenAi::new(Settings {
        stream: false,
        ..settings(&server, Flavour::LlamaServer)
    })
    .unwrap();
    let whole = ask(&engine, hello()).await.unwrap();
    assert_eq!(whole.text().as_deref(), Some("Hello!"));
    assert_eq!(
        written(&whole)["candidates"][0]["content"]["parts"],
        json!([{ "text": "Hello!" }])
    );
    assert!(sent(&server.request()).get("stream").is_none());
    let mut call = hello();
    call.generation_config = request(json!({
        "generationConfig": { "thinkingConfig": { "includeThoughts": true } }
    }))
    .generation_config;
    let whole = ask(&engine, call).await.unwrap();
    assert_eq!(
        written(&whole)["candidates"][0]["content"]["parts"],
        json!([{ "text": "A greeting.", "thought": true }, { "text": "Hello!" }])
    );
}

#[tokio::test]
async fn an_unknown_server_is_looked_at_once() {
    let models = json(
        r#"{"object":"list","data":[{"id":"m","object":"model","owned_by":"vllm","max_model_len":8192}]}"#,
    );
    let server = Server::replies([models, events(VLLM), events(VLLM)]).await;
    let engine = engine(&server, Flavour::Auto);
    let mut call = hello();
    call.generation_config =
        request(json!({ "generationConfig": { "topK": 3 } })).generation_config;
    ask(&engine, call.clone()).await.unwrap();
    ask(&engine, call).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].line(), "GET /v1/models HTTP/1.1");
    assert_eq!(sent(&requests[1])["top_k"], 3);
}

#[tokio::test]
async fn an_error_keeps_our_key_to_itself() {
    let body = r#"{"error":{"message":"Incorrect API key provided: sk-secret-secret","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#;
    let server = Server::reply(reply("401 Unauthorized", "application/json", body)).await;
    let engine = OpenAi::new(Settings {
        api_key: Some(Key::from("sk-secret-secret")),
        ..settings(&server, Flavour::Openai)
    })
    .unwrap();
    let problem = ask(&engine, hello()).await.unwrap_err();
    assert_eq!(problem.name(), "internal-500");
    let log = problem.log().unwrap();
    assert!(log.contains("api_key"), "{log}");
    assert!(!log.contains("sk-secret"), "{log}");
    assert_eq!(
        server.request().header("authorization"),
        Some("Bearer sk-secret-secret")
    );
    assert!(!format!("{engine:?}").contains("sk-secret"));
}

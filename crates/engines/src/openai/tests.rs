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
async fn a_list_tells_flavour_and_context() {
    #[track_caller]
    fn model(owner: &str) -> Vec<u8> {
        json(format!(
            r#"{{"object":"list","data":[{{"id":"m","object":"model","owned_by":"{owner}","max_model_len":8192}}]}}"#
        ))
    }
    let owners = [
        ("vllm", Flavour::Vllm),
        ("sglang", Flavour::Sglang),
        ("llamacpp", Flavour::LlamaServer),
        ("library", Flavour::Ollama),
        ("openai", Flavour::Other),
    ];
    for (owner, flavour) in owners {
        let server = Server::replies([model(owner), model(owner)]).await;
        let engine = engine(&server, Flavour::Auto);
        assert_eq!(engine.flavour().await, flavour);
        assert_eq!(engine.context_tokens("models/m").await, Some(8192));
    }
    // A server without a list.
    let none = || reply("404 Not Found", "text/plain", "404 page not found");
    let server = Server::replies([none(), none()]).await;
    let engine = engine(&server, Flavour::Auto);
    assert_eq!(engine.flavour().await, Flavour::Other);
    assert_eq!(engine.flavour().await, Flavour::Other);
    assert_eq!(engine.context_tokens("m").await, None);
    assert_eq!(server.requests().len(), 2);
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
    assert!(!format!("{engine:?} {:?}", engine.pool).contains("sk-secret"));
}

/// Ollama 0.3x: whole calls, no `logprobs`, the usage apart.
const OLLAMA: &str = r#"data: {"id":"chatcmpl-512","object":"chat.completion.chunk","created":1764500000,"model":"qwen3","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"The user wants"},"finish_reason":null}]}

data: {"id":"chatcmpl-512","object":"chat.completion.chunk","created":1764500000,"model":"qwen3","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"","tool_calls":[{"id":"call_x1","index":0,"type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}}]},"finish_reason":null}]}

data: {"id":"chatcmpl-512","object":"chat.completion.chunk","created":1764500000,"model":"qwen3","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"tool_calls"}]}

data: {"id":"chatcmpl-512","object":"chat.completion.chunk","created":1764500000,"model":"qwen3","system_fingerprint":"fp_ollama","choices":[],"usage":{"prompt_tokens":160,"completion_tokens":23,"total_tokens":183}}

data: [DONE]

"#;

#[tokio::test]
async fn ollama_calls_a_function() {
    let server = Server::reply(events(OLLAMA)).await;
    let whole = ask(&engine(&server, Flavour::Ollama), hello())
        .await
        .unwrap();
    let call = json!({ "id": "call_x1", "name": "weather", "args": { "city": "Paris" } });
    assert_eq!(
        written(&whole)["candidates"][0],
        json!({
            "content": { "parts": [{ "functionCall": call }], "role": "model" },
            "finishReason": "STOP",
        })
    );
    assert_eq!(whole.usage_metadata.unwrap().total_token_count, Some(183));
}

/// OpenAI: every chunk has `usage`, and `obfuscation` beside it.
const OPENAI: &str = r#"data: {"id":"chatcmpl-B","object":"chat.completion.chunk","created":1764500000,"model":"gpt-5-mini","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null,"obfuscation":"kL"}

data: {"id":"chatcmpl-B","object":"chat.completion.chunk","created":1764500000,"model":"gpt-5-mini","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"usage":null,"obfuscation":"x"}

data: {"id":"chatcmpl-B","object":"chat.completion.chunk","created":1764500000,"model":"gpt-5-mini","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null,"obfuscation":"q"}

data: {"id":"chatcmpl-B","object":"chat.completion.chunk","created":1764500000,"model":"gpt-5-mini","service_tier":"default","system_fingerprint":null,"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":74,"total_tokens":83,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":64,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"obfuscation":""}

data: [DONE]

"#;

#[tokio::test]
async fn openai_counts_its_thoughts() {
    let server = Server::reply(events(OPENAI)).await;
    let whole = ask(&engine(&server, Flavour::Openai), hello())
        .await
        .unwrap();
    assert_eq!(whole.text().as_deref(), Some("Hi"));
    assert_eq!(
        written(&whole)["usageMetadata"],
        json!({
            "promptTokenCount": 9,
            "candidatesTokenCount": 10,
            "thoughtsTokenCount": 64,
            "totalTokenCount": 83,
        })
    );
}

/// SGLang: comments of its router, the thoughts under DeepSeek's name, no `[DONE]` before the end.
const SGLANG: &str = ": ping\n\ndata: {\"id\":\"7c\",\"object\":\"chat.completion.chunk\",\"created\":1764500000,\"model\":\"qwen\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"reasoning_content\":null,\"tool_calls\":null},\"logprobs\":null,\"finish_reason\":null,\"matched_stop\":null}],\"usage\":null}\n\ndata: {\"id\":\"7c\",\"object\":\"chat.completion.chunk\",\"created\":1764500000,\"model\":\"qwen\",\"choices\":[{\"index\":0,\"delta\":{\"role\":null,\"content\":\"Paris\",\"reasoning_content\":null,\"tool_calls\":null},\"logprobs\":null,\"finish_reason\":\"stop\",\"matched_stop\":151645}],\"usage\":null}\n\n";

#[tokio::test]
async fn a_stream_may_end_without_a_mark() {
    let server = Server::reply(events(SGLANG)).await;
    let whole = ask(&engine(&server, Flavour::Sglang), hello())
        .await
        .unwrap();
    assert_eq!(whole.text().as_deref(), Some("Paris"));
    assert_eq!(whole.candidates[0].finish_reason, Some(FinishReason::Stop));
}

const BEGINNING: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"It is \"},\"finish_reason\":null}]}\n\n";

/// The text before a reply's problem, and the problem.
async fn broken(engine: &OpenAi) -> (Option<String>, Problem) {
    let mut chunks = engine.generate(hello(), None).await.unwrap();
    let mut whole = GenerateContentResponse::default();
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => whole.absorb(chunk),
            Err(problem) => {
                assert!(chunks.next().await.is_none());
                return (whole.text(), problem);
            }
        }
    }
    panic!("the reply is whole");
}

#[tokio::test]
async fn a_stream_that_is_cut_is_a_problem() {
    let marked = format!("{BEGINNING}data: [DONE]\n\n");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n";
    let torn = format!("{head}{BEGINNING}").into_bytes();
    for reply in [events(BEGINNING), events(marked), torn] {
        let server = Server::reply(reply).await;
        let (text, problem) = broken(&engine(&server, Flavour::Vllm)).await;
        assert_eq!(text.as_deref(), Some("It is "));
        assert_eq!(problem.name(), "overloaded-503");
        assert!(problem.log().unwrap().contains(&server.url()));
    }
}

#[tokio::test]
async fn an_error_in_the_stream_is_a_problem() {
    // vLLM, whose stream goes on to its mark.
    let error = r#"data: {"error":{"message":"EngineCore encountered an issue for sk-secret-secret","type":"InternalServerError","param":null,"code":500}}"#;
    let body = format!("{BEGINNING}{error}\n\ndata: [DONE]\n\n");
    let server = Server::replies([events(&body), events(format!("{error}\n\n"))]).await;
    let engine = OpenAi::new(Settings {
        api_key: Some(Key::from("sk-secret-secret")),
        ..settings(&server, Flavour::Vllm)
    })
    .unwrap();
    let (text, problem) = broken(&engine).await;
    assert_eq!(text.as_deref(), Some("It is "));
    assert_eq!(problem.name(), "internal-500");
    let log = problem.log().unwrap();
    assert!(log.contains("EngineCore") && log.contains("<key>"), "{log}");
    // Before the first chunk it is the call's own.
    let problem = engine.generate(hello(), None).await.err().unwrap();
    assert_eq!(problem.name(), "internal-500");
}

#[tokio::test]
async fn what_is_no_completion_is_a_problem() {
    for body in ["<html>", "{\"choices\":3}", "{}", ""] {
        let server = Server::reply(json(body)).await;
        let problem = ask(&engine(&server, Flavour::Vllm), hello())
            .await
            .unwrap_err();
        assert!(
            matches!(problem.name(), "internal-500" | "overloaded-503"),
            "{body}"
        );
    }
}

fn two(first: &str, second: &Server) -> OpenAi {
    OpenAi::new(Settings {
        base_urls: vec![first.into(), second.url()],
        flavour: Flavour::Vllm,
        ..Settings::default()
    })
    .unwrap()
}

#[tokio::test]
async fn another_server_helps_out() {
    let loading = reply(
        "503 Service Unavailable",
        "application/json",
        r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
    );
    let first = Server::reply(loading).await;
    let second = Server::reply(events(VLLM)).await;
    let engine = two(&first.url(), &second);
    ask(&engine, hello()).await.unwrap();
    assert_eq!(first.requests().len(), 1);
    assert_eq!(first.request().body, second.request().body);
    assert_eq!(engine.load().running, 0);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_left_alone() {
    let nobody = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let second = Server::replies((0..8).map(|_| events(VLLM))).await;
    let engine = two(&nobody, &second);
    for _ in 0..8 {
        ask(&engine, hello()).await.unwrap();
    }
    assert_eq!(second.requests().len(), 8);
    let alone = OpenAi::new(Settings {
        flavour: Flavour::Vllm,
        ..Settings::of(nobody.as_str())
    });
    let problem = ask(&alone.unwrap(), hello()).await.unwrap_err();
    assert_eq!(problem.name(), "overloaded-503");
    assert!(problem.log().unwrap().contains("could not connect"));
}

#[tokio::test]
async fn a_fault_of_the_call_goes_nowhere_else() {
    let wrong = r#"{"error":{"message":"Invalid schema","param":"response_format","code":null}}"#;
    let first = Server::reply(reply("400 Bad Request", "application/json", wrong)).await;
    let second = Server::reply(events(VLLM)).await;
    let problem = ask(&two(&first.url(), &second), hello()).await.unwrap_err();
    assert_eq!(
        problem.status().message,
        "* GenerateContentRequest.generation_config.response_schema: Invalid schema\n"
    );
    assert!(second.requests().is_empty());
}

#[tokio::test]
async fn a_call_that_is_late_is_not_sent() {
    let server = Server::reply(events(VLLM)).await;
    let engine = engine(&server, Flavour::Vllm);
    let problem = engine.generate(hello(), Some(Instant::now())).await.err();
    assert_eq!(problem.unwrap().name(), "deadline-504");
    assert!(server.requests().is_empty());
}

const SILENT: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"It is \"},\"finish_reason\":null}]}\n\n";

#[tokio::test]
async fn the_deadline_holds_within_a_reply() {
    let server = Server::silent_after(SILENT).await;
    let engine = engine(&server, Flavour::Vllm);
    let until = Instant::now() + Duration::from_millis(300);
    // A slow machine may not see the first chunk in time.
    let problem = match engine.generate(hello(), Some(until)).await {
        Ok(chunks) => {
            let mut chunks: Vec<_> = chunks.collect().await;
            chunks.pop().unwrap().unwrap_err()
        }
        Err(problem) => problem,
    };
    assert_eq!(problem.name(), "deadline-504");
    // That says nothing of the server.
    assert_eq!(engine.load().running, 0);
}

#[tokio::test]
async fn a_reply_that_falls_silent_ends() {
    let server = Server::silent_after(SILENT).await;
    let engine = engine(&server, Flavour::Vllm);
    let asked = engine.asked(Some("m"), "generateContent", None);
    let path = Path::Api("chat/completions");
    let (lease, reply) = engine.send(Method::POST, path, None, &asked).await.unwrap();
    let silence = Duration::from_millis(200);
    let chunks: Vec<_> = stream::read(reply, lease, asked, false, silence)
        .collect()
        .await;
    let problem = chunks.last().unwrap().as_ref().unwrap_err();
    assert_eq!(problem.name(), "deadline-504");
    assert!(problem.log().unwrap().contains("said nothing for 200ms"));
}

#[tokio::test]
async fn a_dropped_reply_frees_its_server() {
    let server = Server::silent_after(SILENT).await;
    let engine = engine(&server, Flavour::Vllm);
    let chunks = engine.generate(hello(), None).await.unwrap();
    assert_eq!(engine.load().running, 1);
    drop(chunks);
    assert_eq!(engine.load().running, 0);
}

#[tokio::test]
async fn a_filtered_prompt_is_blocked() {
    let body = r#"{"error":{"message":"The response was filtered","code":"content_filter"}}"#;
    let server = Server::reply(reply("400 Bad Request", "application/json", body)).await;
    let whole = ask(&engine(&server, Flavour::Other), hello())
        .await
        .unwrap();
    assert_eq!(
        written(&whole),
        json!({ "promptFeedback": { "blockReason": "SAFETY" } })
    );
}

#[tokio::test]
async fn a_rate_limit_is_told_with_its_wait() {
    let body = r#"{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}"#;
    let limited = reply(
        "429 Too Many Requests",
        "application/json\r\nretry-after: 7",
        body,
    );
    let server = Server::reply(limited).await;
    let problem = ask(&engine(&server, Flavour::Openai), hello())
        .await
        .unwrap_err();
    assert_eq!(
        problem.downcast_ref::<Busy>().unwrap().retry_after,
        Some(Duration::from_secs(7))
    );
}

#[tokio::test]
async fn the_settings_name_the_model() {
    let missing = r#"{"error":{"message":"The model `own` does not exist.","type":"NotFoundError","code":404}}"#;
    let server = Server::reply(reply("404 Not Found", "application/json", missing)).await;
    let engine = OpenAi::new(Settings {
        model: Some("own".into()),
        ..settings(&server, Flavour::Vllm)
    })
    .unwrap();
    let problem = ask(&engine, hello()).await.unwrap_err();
    assert_eq!(sent(&server.request())["model"], "own");
    assert_eq!(problem.name(), "internal-500");
    assert!(problem.log().unwrap().contains("check `model`"));
}

async fn total(engine: &OpenAi, call: GenerateContentRequest) -> Option<i32> {
    engine.count_tokens(call).await.unwrap().total_tokens
}

#[tokio::test]
async fn vllm_counts_messages() {
    let server = Server::reply(json(
        r#"{"count":11,"max_model_len":8192,"tokens":[2,105,2364],"token_strs":null}"#,
    ))
    .await;
    let mut call = hello();
    // What the server lacks for an answer does not matter to a count.
    call.generation_config = request(json!({
        "generationConfig": { "responseModalities": ["AUDIO"] }
    }))
    .generation_config;
    assert_eq!(total(&engine(&server, Flavour::Vllm), call).await, Some(11));
    let request = server.request();
    assert_eq!(request.line(), "POST /tokenize HTTP/1.1");
    assert_eq!(sent(&request)["messages"][0]["content"], "hi");
}

#[tokio::test]
async fn llama_server_counts_the_templates_text() {
    let prompt = json(r#"{"prompt":"<bos>hi<turn>"}"#);
    let server = Server::replies([prompt, json(r#"{"tokens":[1,2,3,4]}"#)]).await;
    assert_eq!(
        total(&engine(&server, Flavour::LlamaServer), hello()).await,
        Some(4)
    );
    let requests = server.requests();
    assert_eq!(requests[0].line(), "POST /apply-template HTTP/1.1");
    assert_eq!(sent(&requests[1])["content"], "<bos>hi<turn>");
}

#[tokio::test]
async fn where_no_server_counts_the_settings_do() {
    let server = Server::replies([""; 0]).await;
    let engine = engine(&server, Flavour::Ollama);
    let call = request(json!({ "contents": { "parts": { "text": "twelve bytes" } } }));
    assert_eq!(total(&engine, call.clone()).await, Some(3));
    let engine = engine.with_counter(Arc::new(|call| call.contents.len() as u64 + 41));
    assert_eq!(total(&engine, call).await, Some(42));
}

#[tokio::test]
async fn texts_become_vectors_in_their_order() {
    let server = Server::reply(json(
        r#"{"object":"list","data":[{"object":"embedding","index":1,"embedding":[0.5]},{"object":"embedding","index":0,"embedding":[0.25]}],"model":"e","usage":{"prompt_tokens":2,"total_tokens":2}}"#,
    ))
    .await;
    let text = |text: &str| {
        let json = json!({ "model": "models/e", "content": { "parts": { "text": text } } });
        EmbedContentRequest::from_json(json.to_string().as_bytes(), Mode::Lenient).unwrap()
    };
    let engine = engine(&server, Flavour::Vllm);
    let vectors = engine.embed(vec![text("a"), text("b")]).await.unwrap();
    assert_eq!(vectors[0].values, [0.25]);
    assert_eq!(vectors[1].values, [0.5]);
    let request = server.request();
    assert_eq!(request.line(), "POST /v1/embeddings HTTP/1.1");
    assert_eq!(
        sent(&request),
        json!({ "model": "e", "input": ["a", "b"], "encoding_format": "float" })
    );
}

use super::*;
use proptest::prelude::*;
use propus_client::sse::{Decoder, Event};
use serde_json::json;

/// Reads a stream that arrives in these pieces.
fn read_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<GenerateContentResponse> {
    let mut decoder = Decoder::default();
    let mut reader = Reader::new(true);
    let mut out = Vec::new();
    let mut take = |decoder: &mut Decoder| {
        while let Some(Event::Data(text) | Event::Bare(text)) = decoder.next() {
            if text != "[DONE]" {
                out.extend(reader.take(serde_json::from_str(&text).unwrap()));
            }
        }
    };
    for piece in pieces {
        decoder.push(piece);
        take(&mut decoder);
    }
    decoder.finish();
    take(&mut decoder);
    assert!(reader.is_complete());
    out.extend(reader.finish());
    out
}

fn read(chunks: &[Value]) -> GenerateContentResponse {
    summed(read_pieces([stream(chunks).as_bytes()]))
}

fn summed(chunks: Vec<GenerateContentResponse>) -> GenerateContentResponse {
    let mut whole = GenerateContentResponse::default();
    for chunk in chunks {
        whole.absorb(chunk);
    }
    whole
}

fn stream(chunks: &[Value]) -> String {
    let events = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    events.collect::<String>() + "data: [DONE]\n\n"
}

fn delta(delta: Value) -> Value {
    json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })
}

fn end(reason: &str) -> Value {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })
}

fn calls(calls: Value) -> Value {
    delta(json!({ "tool_calls": calls }))
}

#[track_caller]
fn check_parts(chunks: &[Value], expected: Value) {
    let whole = read(chunks);
    let candidate = serde_json::to_value(&whole.candidates[0]).unwrap();
    assert_eq!(candidate["content"]["parts"], expected);
    assert_eq!(candidate["finishReason"], "STOP");
}

#[test]
fn calls_are_put_together() {
    // OpenAI, vLLM, llama-server: one after the other, in fragments.
    check_parts(
        &[
            delta(json!({ "role": "assistant", "content": null })),
            calls(
                json!([{ "index": 0, "id": "call_a", "type": "function", "function": { "name": "weather", "arguments": "" } }]),
            ),
            calls(json!([{ "index": 0, "function": { "arguments": "{\"city\":" } }])),
            calls(json!([{ "index": 0, "function": { "arguments": "\"Paris\"}" } }])),
            calls(
                json!([{ "index": 1, "id": "call_b", "type": "function", "function": { "name": "time", "arguments": "{}" } }]),
            ),
            end("tool_calls"),
        ],
        json!([
            { "functionCall": { "id": "call_a", "name": "weather", "args": { "city": "Paris" } } },
            { "functionCall": { "id": "call_b", "name": "time", "args": {} } },
        ]),
    );
}

#[test]
fn calls_that_are_all_numbered_0_stay_apart() {
    // Ollama before 0.6: whole calls, each numbered 0.
    check_parts(
        &[
            calls(json!([
                { "id": "call_1", "index": 0, "type": "function", "function": { "name": "a", "arguments": "{\"x\":1}" } },
                { "id": "call_2", "index": 0, "type": "function", "function": { "name": "a", "arguments": "{\"x\":2}" } },
            ])),
            end("tool_calls"),
        ],
        json!([
            { "functionCall": { "id": "call_1", "name": "a", "args": { "x": 1 } } },
            { "functionCall": { "id": "call_2", "name": "a", "args": { "x": 2 } } },
        ]),
    );
}

#[test]
fn calls_without_numbers_go_by_their_order() {
    check_parts(
        &[
            calls(json!([{ "function": { "name": "a", "arguments": "{\"x\":" } }])),
            calls(json!([{ "function": { "arguments": "1}" } }])),
            calls(json!([{ "function": { "name": "b", "arguments": { "y": 2 } } }])),
            end("stop"),
        ],
        json!([
            { "functionCall": { "name": "a", "args": { "x": 1 } } },
            { "functionCall": { "name": "b", "args": { "y": 2 } } },
        ]),
    );
}

#[test]
fn thoughts_have_two_names() {
    check_parts(
        &[
            delta(json!({ "reasoning_content": "One " })),
            delta(json!({ "reasoning": "two", "content": "" })),
            delta(json!({ "content": "Three" })),
            end("stop"),
        ],
        json!([{ "text": "One two", "thought": true }, { "text": "Three" }]),
    );
}

#[test]
fn endings_have_googles_names() {
    #[track_caller]
    fn check(reason: &str, expected: FinishReason) {
        let whole = read(&[delta(json!({ "content": "a" })), end(reason)]);
        assert_eq!(whole.candidates[0].finish_reason, Some(expected));
    }
    check("stop", FinishReason::Stop);
    check("tool_calls", FinishReason::Stop);
    check("length", FinishReason::MaxTokens);
    check("content_filter", FinishReason::Safety);
    check("abort", FinishReason::Other);
    let whole = read(&[end("abort")]);
    let message = whole.candidates[0].finish_message.as_deref();
    assert_eq!(message, Some("the model's server says `abort`"));
}

#[test]
fn a_refusal_is_a_matter_of_safety() {
    let whole = read(&[
        delta(json!({ "refusal": "I cannot " })),
        delta(json!({ "refusal": "help." })),
        end("stop"),
    ]);
    let candidate = &whole.candidates[0];
    assert_eq!(candidate.finish_reason, Some(FinishReason::Safety));
    assert_eq!(candidate.finish_message.as_deref(), Some("I cannot help."));
}

#[test]
fn a_call_that_cannot_be_read_is_malformed_unless_it_was_cut() {
    let call = calls(
        json!([{ "index": 0, "id": "c", "function": { "name": "f", "arguments": "{\"a\"" } }]),
    );
    let candidate = read(&[call.clone(), end("tool_calls")])
        .candidates
        .remove(0);
    assert_eq!(
        candidate.finish_reason,
        Some(FinishReason::MalformedFunctionCall)
    );
    assert_eq!(
        candidate.finish_message.as_deref(),
        Some("Malformed function call: f({\"a\")")
    );
    let candidate = read(&[call, end("length")]).candidates.remove(0);
    assert_eq!(candidate.finish_reason, Some(FinishReason::MaxTokens));
}

#[test]
fn several_answers_are_kept_apart() {
    let both = |a: &str, b: &str, reason: Option<&str>| {
        json!({ "choices": [
            { "index": 1, "delta": { "content": b }, "finish_reason": null },
            { "index": 0, "delta": { "content": a }, "finish_reason": reason },
        ] })
    };
    let usage = json!({ "choices": [], "usage": { "prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5 } });
    let mut last = end("length");
    last["choices"][0]["index"] = json!(1);
    let whole = read(&[
        both("a", "x", None),
        both("b", "y", Some("stop")),
        last,
        usage,
    ]);
    let written = serde_json::to_value(&whole).unwrap();
    assert_eq!(
        written["candidates"],
        json!([
            { "content": { "parts": [{ "text": "ab" }], "role": "model" }, "finishReason": "STOP" },
            { "content": { "parts": [{ "text": "xy" }], "role": "model" }, "finishReason": "MAX_TOKENS", "index": 1 },
        ])
    );
    assert_eq!(whole.usage_metadata.unwrap().total_token_count, Some(5));
}

#[test]
fn log_probabilities_add_up() {
    let token = |text: &str, logprob: f32| {
        let top = json!([{ "token": text, "logprob": logprob, "bytes": null }]);
        json!({ "token": text, "logprob": logprob, "bytes": null, "top_logprobs": top })
    };
    let chunk = |text: &str, logprob: f32, reason: Value| {
        let logprobs = json!({ "content": [token(text, logprob)], "refusal": null });
        json!({ "choices": [{ "index": 0, "delta": { "content": text }, "logprobs": logprobs, "finish_reason": reason }] })
    };
    let whole = read(&[
        chunk("a", -0.5, Value::Null),
        chunk("b", -1.5, json!("stop")),
    ]);
    let candidate = serde_json::to_value(&whole.candidates[0]).unwrap();
    assert_eq!(candidate["avgLogprobs"], -1.0);
    assert_eq!(candidate["logprobsResult"]["logProbabilitySum"], -2.0);
    assert_eq!(
        candidate["logprobsResult"]["chosenCandidates"],
        json!([{ "token": "a", "logProbability": -0.5 }, { "token": "b", "logProbability": -1.5 }])
    );
    assert_eq!(
        candidate["logprobsResult"]["topCandidates"][1]["candidates"][0]["token"],
        "b"
    );
}

#[test]
fn thoughts_are_counted_apart() {
    let told = |usage: Value| {
        let whole = read(&[end("stop"), json!({ "choices": [], "usage": usage })]);
        serde_json::to_value(whole.usage_metadata).unwrap()
    };
    let expected = json!({
        "promptTokenCount": 10,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 7,
        "totalTokenCount": 22,
    });
    // OpenAI.
    let details = json!({ "reasoning_tokens": 7, "audio_tokens": 0 });
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 12, "total_tokens": 22, "completion_tokens_details": details });
    assert_eq!(told(usage), expected);
    // SGLang.
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 12, "reasoning_tokens": 7, "prompt_tokens_details": null });
    assert_eq!(told(usage), expected);
}

/// Texts, and then calls with their arguments.
type Words = (Vec<String>, Vec<(String, Map<String, Value>)>);

/// What a model may say.
fn said() -> impl Strategy<Value = Words> {
    let text = "[a-zA-Zäß\u{1F600} \n\"\\\\]{1,8}";
    let args = prop::collection::btree_map("[a-z]{1,4}", ".{0,6}", 0..3);
    let args = args.prop_map(|map| map.into_iter().map(|(k, v)| (k, json!(v))).collect());
    (
        prop::collection::vec(text, 0..4),
        prop::collection::vec(("[a-z_]{1,6}", args), 0..4),
    )
}

/// How a server streams it: calls in fragments of their arguments' characters.
fn streamed(texts: &[String], functions: &[(String, Map<String, Value>)], step: usize) -> String {
    let mut chunks: Vec<_> = texts
        .iter()
        .map(|text| delta(json!({ "content": text })))
        .collect();
    for (index, (name, args)) in functions.iter().enumerate() {
        let id = format!("call_{index}");
        let first = json!({ "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": "" } });
        chunks.push(calls(json!([first])));
        let letters: Vec<_> = json!(args).to_string().chars().collect();
        for piece in letters.chunks(step) {
            let piece: String = piece.iter().collect();
            chunks.push(calls(
                json!([{ "index": index, "function": { "arguments": piece } }]),
            ));
        }
    }
    chunks.push(end("stop"));
    chunks.push(json!({ "choices": [], "usage": { "prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7 } }));
    stream(&chunks)
}

proptest! {
    /// However the bytes are cut, the reply is the same; and it is what was said.
    #[test]
    fn pieces_do_not_matter(
        (texts, functions) in said(),
        step in 1usize..5,
        cuts in prop::collection::vec(1usize..40, 1..50),
    ) {
        let text = streamed(&texts, &functions, step);
        let mut bytes = text.as_bytes();
        let mut pieces = Vec::new();
        for cut in cuts.into_iter().cycle() {
            if bytes.is_empty() {
                break;
            }
            let (piece, rest) = bytes.split_at(cut.min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        let cut = read_pieces(pieces);
        prop_assert_eq!(&cut, &read_pieces([text.as_bytes()]));
        prop_assert!(cut.last().unwrap().usage_metadata.is_some());

        let whole = summed(cut);
        let parts = &whole.candidates[0].content.as_ref().unwrap().parts;
        let joined: String = parts.iter().filter_map(|part| part.text.as_deref()).collect();
        prop_assert_eq!(joined, texts.concat());
        let heard: Vec<_> = parts.iter().filter_map(|part| part.function_call.clone()).collect();
        let expected = functions.into_iter().enumerate().map(|(at, (name, args))| FunctionCall {
            id: Some(format!("call_{at}")),
            name: Some(name),
            args: Some(args),
        });
        prop_assert_eq!(heard, expected.collect::<Vec<_>>());
    }

    /// Whatever JSON a server sends, reading it does not panic.
    #[test]
    fn any_fragment_is_taken(
        pieces in prop::collection::vec((prop::option::of(0usize..3), "[a-c]{0,1}", prop::option::of("[a-b]"), ".{0,5}"), 0..20),
    ) {
        let mut reader = Reader::new(false);
        for (index, id, name, arguments) in pieces {
            let fragment = json!([{ "index": index, "id": id, "function": { "name": name, "arguments": arguments } }]);
            reader.take(serde_json::from_value(calls(fragment)).unwrap());
        }
        reader.take(serde_json::from_value(end("stop")).unwrap());
        prop_assert!(reader.finish().is_some());
    }
}

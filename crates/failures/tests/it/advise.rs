//! Advice: each rule where it applies, and silence over a plain request.

use propus_failures::{Cards, Day, Sending, advise};
use propus_wire::Version;
use serde_json::{Value, json};

fn rules(model: &str, body: &Value) -> Vec<&'static str> {
    let sending = Sending::new(
        "generateContent",
        model,
        Version::V1Beta,
        Day::new(2026, 11, 1),
    );
    let body = body.to_string();
    let advice = advise(body.as_bytes(), &sending, Cards::builtin());
    for one in &advice {
        assert!(one.place.is_some() || one.field == "tools", "{one:?}");
    }
    advice.iter().map(|advice| advice.rule).collect()
}

#[track_caller]
fn text(prompt: &str, expected: &[&str]) {
    let body = json!({"contents": [{"parts": [{"text": prompt}]}]});
    assert_eq!(rules("gemini-2.0-flash", &body), expected, "{prompt:.80}");
}

#[test]
fn plain_prompts_need_no_advice() {
    text("Why is the sky blue?", &[]);
    text("Translate into French: Good morning, everybody.", &[]);
    text("Write a poem about the sea with <b>bold</b> words.", &[]);
}

#[test]
fn words_of_the_prompt_are_read() {
    text(
        &"Sort the incoming letters by their topics. ".repeat(40),
        &["no-examples"],
    );
    text(&"Input: a\nOutput: b\n".repeat(30), &["too-many-examples"]);
    let context = "The meadow lies behind the house. ".repeat(600);
    text(
        &format!("What does the text say of cows?\n{context}"),
        &["question-before-context"],
    );
    text(&format!("{context}\nWhat does the text say of cows?"), &[]);
    text(
        &format!("2026-11-24T10:11:12 {context}\nWhat of cows?"),
        &["cache-unfriendly-prefix"],
    );
    text("# Task\n<a>x</a>\n# Data\n<b>y</b>", &["mixed-delimiters"]);
    text("<data>x</data> <rules>be kind", &["unclosed-tag"]);
    text("Answer with caf\\u00e9 where it fits", &["unicode-escapes"]);
    text(
        "Be concise, and explain in detail.",
        &["contradictory-rules"],
    );
    text("List three cities in JSON format.", &["json-by-prose"]);
    text("Show prices as a table.", &["table-no-guidance"]);
    text("Give me the lyrics of Yesterday.", &["recitation-risk"]);
    text("What is the weather today?", &["no-date"]);
    text("Calculate 1234 * 5678.", &["arithmetic-no-tool"]);
    text("1. a\n2. b\n3. c\n4. d\n5. e\n6. f", &["many-tasks"]);
}

#[test]
fn settings_are_read() {
    let hi = json!([{"parts": [{"text": "Hi"}]}]);
    let with = |config: Value| json!({"contents": hi, "generationConfig": config});
    assert_eq!(
        rules("gemini-3-flash-preview", &with(json!({"temperature": 0.2}))),
        ["sampling-on-new-model"]
    );
    assert_eq!(
        rules("gemini-2.5-pro", &with(json!({"maxOutputTokens": 50}))),
        ["low-max-output"]
    );
    assert_eq!(
        rules(
            "gemini-2.0-flash",
            &with(json!({"responseMimeType": "application/json", "stopSequences": ["}"]}))
        ),
        ["stop-sequence-in-output"]
    );
    let schema = json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}});
    assert_eq!(
        rules(
            "gemini-2.0-flash",
            &with(json!({"responseMimeType": "application/json", "responseSchema": schema}))
        ),
        ["optional-fields"]
    );
    let strict: Vec<Value> = ["HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT", "HARASSMENT"]
        .iter()
        .map(|category| {
            json!({"category": format!("HARM_CATEGORY_{category}"), "threshold": "BLOCK_LOW_AND_ABOVE"})
        })
        .collect();
    assert_eq!(
        rules(
            "gemini-2.0-flash",
            &json!({"contents": hi, "safetySettings": strict})
        ),
        ["safety-threshold-too-strict"]
    );
    assert_eq!(
        rules(
            "gemini-2.5-pro",
            &json!({"contents": [{"parts": [{"text": "Think step by step: is 7 prime?"}]}]})
        ),
        ["cot-with-thinking"]
    );
    assert_eq!(
        rules(
            "gemini-2.0-flash",
            &json!({"contents": [{"parts": [{"text": "What colour?"},
                {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]}]})
        ),
        ["media-not-referenced"]
    );
    assert_eq!(
        rules(
            "gemini-2.0-flash",
            &json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]},
                {"role": "model", "parts": [{"text": "Ho"}]},
                {"role": "user", "parts": [{"text": "You are a pirate. Say it again."}]}]})
        ),
        ["persona-in-user-turn"]
    );
}

#[test]
fn what_cannot_be_read_gets_no_advice() {
    assert!(rules("gemini-2.5-pro", &json!({"contents": 3})).is_empty());
    assert!(
        rules(
            "no-such-model",
            &json!({"contents": [{"parts": [{"text": "Hi"}]}]})
        )
        .is_empty()
    );
}

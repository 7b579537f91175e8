//! Bodies are retyped from the servers' code and from public reports, each with its server.

use super::*;
use propus_failures::limits::context_too_long::ContextTooLong;
use propus_wire::status::Code;

fn asked() -> Asked {
    Asked {
        model: "gemini-flash-latest".into(),
        is_renamed: true,
        method: "generateContent",
        until: None,
    }
}

fn fault(http: u16, body: &str) -> Fault {
    refused(http, body, None, "told", &asked())
}

#[track_caller]
fn check(http: u16, body: &str, expected: &str) {
    assert_eq!(fault(http, body).problem.name(), expected, "{body}");
}

#[test]
fn prompts_that_are_too_long_are_counted() {
    #[track_caller]
    fn check(http: u16, body: &str, tokens: u64, limit: u64) {
        let problem = fault(http, body).problem;
        let found = problem.downcast_ref::<ContextTooLong>();
        assert_eq!(found, Some(&ContextTooLong { tokens, limit }), "{body}");
    }
    // OpenAI.
    check(
        400,
        r#"{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 10041 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
        10041,
        8192,
    );
    // vLLM 0.9, flat.
    check(
        400,
        r#"{"object":"error","message":"This model's maximum context length is 16384 tokens. However, you requested 122946 tokens (112946 in the messages, 10000 in the completion). Please reduce the length of the messages or completion.","type":"BadRequestError","param":null,"code":400}"#,
        112_946,
        16384,
    );
    // vLLM of 2026.
    check(
        400,
        r#"{"error":{"message":"This model's maximum context length is 4096 tokens. However, you requested 100 output tokens and your prompt contains at least 4101 input tokens, for a total of at least 4201 tokens.","type":"BadRequestError","param":"input_tokens","code":400}}"#,
        4101,
        4096,
    );
    // llama-server.
    check(
        400,
        r#"{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":15953,"n_ctx":8192}}"#,
        15953,
        8192,
    );
    // SGLang.
    check(
        400,
        r#"{"object":"error","message":"The input (5000 tokens) is longer than the model's context length (4096 tokens).","type":"BadRequestError","param":null,"code":400}"#,
        5000,
        4096,
    );
}

#[test]
fn prompts_that_nobody_counted_are_too_long_all_the_same() {
    // Ollama.
    let body = r#"{"error":{"message":"the input length exceeds the context length","type":"api_error","param":null,"code":null}}"#;
    // llama-server before autumn 2025.
    let older = r#"{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"invalid_request_error"}}"#;
    for (http, body) in [(500, body), (400, older)] {
        let problem = fault(http, body).problem;
        assert_eq!(problem.name(), "context-too-long");
        let causes = propus_failures::diagnose(&problem.status().to_pretty()).causes;
        assert_eq!(causes[0].failure, "context-too-long");
    }
}

#[test]
fn an_answer_without_room_is_told_how_much_there_is() {
    let body = r#"{"error":{"message":"'max_tokens' or 'max_completion_tokens' is too large: 10000. This model's maximum context length is 8192 tokens and your request has 25 input tokens (10000 > 8192 - 25).","type":"BadRequestError","param":"max_tokens","code":400}}"#;
    let problem = fault(400, body).problem;
    assert_eq!(
        problem.status().message,
        "* GenerateContentRequest.generation_config.max_output_tokens: the prompt has 25 of at \
         most 8192 tokens; the answer may have 8167 at most\n"
    );
}

#[test]
fn statuses_become_failures() {
    // OpenAI.
    check(
        401,
        r#"{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}"#,
        "internal-500",
    );
    check(
        403,
        r#"{"error":{"message":"Country, region, or territory not supported","code":"unsupported_country_region_territory"}}"#,
        "internal-500",
    );
    check(
        429,
        r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#,
        "internal-500",
    );
    check(
        429,
        r#"{"error":{"message":"Rate limit reached for gpt-5","type":"tokens","code":"rate_limit_exceeded"}}"#,
        "quota-shared-capacity",
    );
    check(
        500,
        r#"{"error":{"message":"The server had an error"}}"#,
        "internal-500",
    );
    check(
        503,
        r#"{"error":{"message":"Slow Down"}}"#,
        "overloaded-503",
    );
    // vLLM.
    check(401, r#"{"error":"Unauthorized"}"#, "internal-500");
    check(
        404,
        r#"{"error":{"message":"The model `m` does not exist.","type":"NotFoundError","param":"model","code":404}}"#,
        "internal-500",
    );
    check(
        400,
        r#"{"error":{"message":"m is not a multimodal model None","type":"BadRequestError","param":null,"code":400}}"#,
        "modality-unsupported",
    );
    check(
        400,
        r#"{"error":{"message":"cannot identify image file <_io.BytesIO object>","type":"BadRequestError","param":null,"code":400}}"#,
        "image-invalid",
    );
    // llama-server.
    check(
        503,
        r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
        "overloaded-503",
    );
    check(
        500,
        r#"{"error":{"code":500,"message":"image input is not supported - hint: if this is unexpected, you may need to provide the mmproj","type":"server_error"}}"#,
        "modality-unsupported",
    );
    // Templates of Gemma and Mistral.
    check(
        400,
        r#"{"error":{"message":"Conversation roles must alternate user/assistant/user/assistant/...","code":400}}"#,
        "invalid-argument-generic",
    );
    // Google's own layer.
    check(
        400,
        r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#,
        "internal-500",
    );
    // FastAPI.
    check(
        422,
        r#"{"detail":[{"loc":["body","messages"],"msg":"field required"}]}"#,
        "invalid-argument-generic",
    );
    // Proxies.
    check(404, "404 page not found", "internal-500");
    check(502, "<html>Bad Gateway</html>", "overloaded-503");
    check(504, "", "deadline-504");
    check(524, "<html>", "deadline-504");
    check(
        413,
        "<html>413 Request Entity Too Large</html>",
        "invalid-argument-generic",
    );
    check(302, "", "internal-500");
}

#[test]
fn a_model_that_the_caller_named_is_the_callers_to_mend() {
    let asked = Asked {
        is_renamed: false,
        ..asked()
    };
    // Ollama.
    let body = r#"{"error":{"message":"model 'm' not found","type":"not_found_error","param":null,"code":null}}"#;
    // Google's own layer.
    let list = r#"[{"error":{"code":404,"message":"models/m is not found for API version v1main","status":"NOT_FOUND"}}]"#;
    for body in [body, list] {
        let fault = refused(404, body, None, "told", &asked);
        assert_eq!(fault.problem.name(), "model-not-found");
        assert_eq!(fault.verdict, Verdict::Good);
    }
}

#[test]
fn a_field_that_the_server_names_gets_its_gemini_name() {
    let body = r#"{"error":{"message":"Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.","type":"invalid_request_error","param":"temperature","code":"decimal_above_max_value"}}"#;
    let problem = fault(400, body).problem;
    assert_eq!(
        problem.field().as_deref(),
        Some("generation_config.temperature")
    );
    let body = r#"{"error":{"message":"Invalid type","param":"messages[0].content","code":null}}"#;
    assert_eq!(
        fault(400, body).problem.field().as_deref(),
        Some("contents")
    );
}

#[test]
fn a_wait_is_passed_on() {
    let body = r#"{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}"#;
    let wait = Some(Duration::from_secs(20));
    let fault = refused(429, body, wait, "told", &asked());
    let status = fault.problem.status();
    assert_eq!(status.code, Code::ResourceExhausted);
    assert!(status.details.contains(&Detail::RetryInfo {
        retry_delay: Duration::from_secs(20)
    }));
    assert!(fault.elsewhere);
    assert_eq!(fault.verdict, Verdict::Good);
}

#[test]
fn filters_block_and_do_not_fail() {
    // Azure.
    let body = r#"{"error":{"message":"The response was filtered due to the prompt triggering our content management policy.","type":null,"param":"prompt","code":"content_filter","status":400}}"#;
    assert!(fault(400, body).is_blocked);
}

#[test]
fn what_a_status_says_of_the_server() {
    #[track_caller]
    fn check(http: u16, verdict: Verdict, elsewhere: bool) {
        let fault = fault(http, "{}");
        assert_eq!(
            (fault.verdict, fault.elsewhere),
            (verdict, elsewhere),
            "{http}"
        );
    }
    check(400, Verdict::Good, false);
    check(401, Verdict::Bad, true);
    check(404, Verdict::Good, true);
    check(429, Verdict::Good, true);
    check(500, Verdict::Bad, false);
    check(503, Verdict::Bad, true);
}

proptest::proptest! {
    /// Servers may send anything.
    #[test]
    fn any_body_is_some_problem(http in 300u16..600, body in ".{0,200}") {
        let fault = fault(http, &body);
        proptest::prop_assert!(fault.problem.status().code.http() >= 400);
    }
}

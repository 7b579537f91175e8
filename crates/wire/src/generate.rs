//! Messages of `generateContent`, `streamGenerateContent` and `countTokens`.
//!
//! Source of names, numbers and versions: the published protos of September 2026, and what the
//! SDKs (google-genai 3.4, @google/genai 3.1) send beyond them.

use crate::schema::Schema;
use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::{borrow::Borrow, time::Duration};

crate::message! {
    /// What a caller asks of a model.
    pub struct GenerateContentRequest {
        /// `models/...`; the path names it too.
        model: Option<String>;
        /// Instructions that stand above the conversation.
        system_instruction: Option<Content>, beta;
        /// The conversation so far; required.
        contents: Vec<Content>;
        /// What the model may call.
        tools: Vec<Tool>, beta;
        /// How it may call.
        tool_config: Option<ToolConfig>, beta;
        /// Thresholds of the safety filters.
        safety_settings: Vec<SafetySetting>;
        /// Sampling, lengths and output format.
        generation_config: Option<GenerationConfig>;
        /// `cachedContents/...`.
        cached_content: Option<String>, beta;
        /// `standard`, `flex` or `priority`.
        service_tier: Option<String>, beta;
        /// Whether the exchange may be stored.
        store: Option<bool>, beta;
        /// The caller's own marks, for billing.
        labels: IndexMap<String, String>, beta;
        /// Continues an earlier long reply (SDK 3.x).
        continuation_token: Option<String>, beta;
    }

    /// One turn of a conversation.
    pub struct Content {
        /// Its parts, in order.
        parts: Vec<Part>;
        /// `user` or `model`; empty counts as `user`.
        role: Option<String>;
    }

    /// One piece of a turn. At most one of the fields of the oneof `data` is set.
    pub struct Part {
        /// Plain text.
        text: Option<String>, @oneof(data);
        /// Media in the request itself.
        inline_data: Option<Blob>, @oneof(data);
        /// A call that the model wants made.
        function_call: Option<FunctionCall>, @oneof(data), beta;
        /// The result of such a call.
        function_response: Option<FunctionResponse>, @oneof(data), beta;
        /// Media uploaded before.
        file_data: Option<FileData>, @oneof(data), beta;
        /// Code that the model wants run.
        executable_code: Option<ExecutableCode>, @oneof(data), beta;
        /// What it printed.
        code_execution_result: Option<CodeExecutionResult>, @oneof(data), beta;
        /// A call of a built-in tool, made on the server (2026 SDKs).
        tool_call: Option<Map<String, Value>>, @oneof(data), beta;
        /// Its result.
        tool_response: Option<Map<String, Value>>, @oneof(data), beta;
        /// Text heard in audio (2026 SDKs).
        audio_transcription: Option<Map<String, Value>>, @oneof(data), beta;
        /// Where in a video to look.
        video_metadata: Option<VideoMetadata>;
        /// Whether this is the model's thinking.
        thought: Option<bool>, beta;
        /// To be sent back unchanged with the part.
        thought_signature: Option<Bytes>, beta;
        /// The caller's own marks.
        part_metadata: Option<Map<String, Value>>, beta;
        /// How finely to look at this medium (2026 SDKs).
        media_resolution: Option<Value>, beta;
        /// SDK 3.x.
        media_processing: Option<Value>, beta;
        /// SDK 3.x.
        speech_metadata: Option<Value>, beta;
        /// SDK 3.x.
        document_metadata: Option<Value>, beta;
        /// SDK 3.x.
        spreadsheet_metadata: Option<Value>, beta;
        /// SDK 3.x.
        audio_metadata: Option<Value>, beta;
    }

    /// Media bytes and their type.
    pub struct Blob {
        /// IANA type.
        mime_type: Option<String>;
        /// The bytes.
        data: Option<Bytes>;
    }

    /// A reference to an uploaded file or a URL.
    pub struct FileData {
        /// IANA type.
        mime_type: Option<String>;
        /// Where it is.
        file_uri: Option<String>;
    }

    /// A function call that the model asks for.
    pub struct FunctionCall {
        /// Matches the response to the call.
        id: Option<String>;
        /// The declared function.
        name: Option<String>;
        /// Arguments by name.
        args: Option<Map<String, Value>>;
    }

    /// What a function returned.
    pub struct FunctionResponse {
        /// The call's id.
        id: Option<String>;
        /// The called function.
        name: Option<String>;
        /// Its result.
        response: Option<Map<String, Value>>;
        /// Media that belong to the result.
        parts: Vec<FunctionResponsePart>;
        /// Whether more results follow.
        will_continue: Option<bool>;
        /// When the model may use it (Live API).
        scheduling: Option<Scheduling>;
    }

    /// A medium in a function's result.
    pub struct FunctionResponsePart {
        /// The medium itself.
        inline_data: Option<FunctionResponseBlob>, @oneof(data);
        /// A reference to it (2026 SDKs).
        file_data: Option<FileData>, @oneof(data);
    }

    /// Media bytes in a function's result.
    pub struct FunctionResponseBlob {
        /// IANA type.
        mime_type: Option<String>;
        /// The bytes.
        data: Option<Bytes>;
        /// What it is called (2026 SDKs).
        display_name: Option<String>;
    }

    /// Code written by the model.
    pub struct ExecutableCode {
        /// Its language.
        language: Option<Language>;
        /// Its text.
        code: Option<String>;
        /// Matches the result to the code (2026 SDKs).
        id: Option<String>;
    }

    /// What running the code gave.
    pub struct CodeExecutionResult {
        /// Whether it ran.
        outcome: Option<Outcome>;
        /// What it printed.
        output: Option<String>;
        /// The code's id (2026 SDKs).
        id: Option<String>;
    }

    /// A part of a video.
    pub struct VideoMetadata {
        /// Where it begins.
        start_offset: Option<Duration>;
        /// Where it ends.
        end_offset: Option<Duration>;
        /// Frames per second to look at.
        fps: Option<f64>;
    }

    /// A set of tools.
    pub struct Tool {
        /// Functions of the caller.
        function_declarations: Vec<FunctionDeclaration>;
        /// Search of the 1.5 models.
        google_search_retrieval: Option<GoogleSearchRetrieval>;
        /// Runs code on Google's side.
        code_execution: Option<Map<String, Value>>;
        /// Search of newer models.
        google_search: Option<Map<String, Value>>;
        /// Drives a browser.
        computer_use: Option<Map<String, Value>>;
        /// Reads URLs.
        url_context: Option<Map<String, Value>>;
        /// Searches a file store.
        file_search: Option<Map<String, Value>>;
        /// Looks things up on a map.
        google_maps: Option<Map<String, Value>>;
        /// Remote tool servers (2026 SDKs).
        mcp_servers: Vec<Map<String, Value>>;
    }

    /// Search of the 1.5 models.
    pub struct GoogleSearchRetrieval {
        /// When to search.
        dynamic_retrieval_config: Option<DynamicRetrievalConfig>;
    }

    /// When to search.
    pub struct DynamicRetrievalConfig {
        /// Always or by need.
        mode: Option<DynamicRetrievalMode>;
        /// The need from which on to search, 0 to 1.
        dynamic_threshold: Option<f32>;
    }

    /// A function that the model may ask for.
    pub struct FunctionDeclaration {
        /// Required; letters, digits, `_`, `.`, `:` and `-`.
        name: Option<String>;
        /// What it does, for the model.
        description: Option<String>;
        /// Its arguments, in Google's schema form.
        parameters: Option<Schema>;
        /// Its arguments as JSON Schema.
        parameters_json_schema: Option<Value>;
        /// Its result, in Google's schema form.
        response: Option<Schema>;
        /// Its result as JSON Schema.
        response_json_schema: Option<Value>;
        /// Live API: whether the model waits for it.
        behavior: Option<Behavior>;
    }

    /// How tools may be used.
    pub struct ToolConfig {
        /// For functions.
        function_calling_config: Option<FunctionCallingConfig>;
        /// For retrieval.
        retrieval_config: Option<Map<String, Value>>;
        /// Shows calls of built-in tools in the reply (2026 SDKs).
        include_server_side_tool_invocations: Option<bool>;
    }

    /// How functions may be called.
    pub struct FunctionCallingConfig {
        /// Free, forced, forbidden or validated.
        mode: Option<FunctionCallingMode>;
        /// With `ANY` or `VALIDATED`: only these.
        allowed_function_names: Vec<String>;
        /// Streams arguments while they are written (2026 SDKs).
        stream_function_call_arguments: Option<bool>;
    }

    /// A threshold for one category of harm.
    pub struct SafetySetting {
        /// Which harm.
        category: Option<HarmCategory>;
        /// From which probability on to block.
        threshold: Option<HarmBlockThreshold>;
    }

    /// Sampling, lengths and output format.
    pub struct GenerationConfig {
        /// How many answers; 1 to 8.
        candidate_count: Option<i32>;
        /// Texts that end the answer, up to five; not part of it.
        stop_sequences: Vec<String>;
        /// The longest answer, in tokens.
        max_output_tokens: Option<i32>;
        /// 0 is greedy.
        temperature: Option<f32>;
        /// Keeps the most probable tokens up to this sum.
        top_p: Option<f32>;
        /// Keeps this many most probable tokens. Clients send it as a float too.
        top_k: Option<i32>;
        /// Makes a request repeatable.
        seed: Option<i32>;
        /// `text/plain`, `application/json` or `text/x.enum`.
        response_mime_type: Option<String>, beta;
        /// The form of a JSON answer, in Google's schema form.
        response_schema: Option<Schema>, beta;
        /// The form of a JSON answer as JSON Schema (name of the preview).
        private_response_json_schema: Option<Value>, @json("_responseJsonSchema", "_response_json_schema"), beta;
        /// The form of a JSON answer as JSON Schema.
        response_json_schema: Option<Value>;
        /// Lowers every token that was used.
        presence_penalty: Option<f32>;
        /// Lowers a token for each use.
        frequency_penalty: Option<f32>;
        /// Returns the log probabilities.
        response_logprobs: Option<bool>;
        /// Of how many most probable tokens, besides the chosen one.
        logprobs: Option<i32>;
        /// Obsolete.
        enable_enhanced_civic_answers: Option<bool>;
        /// Kinds of output.
        response_modalities: Vec<ResponseModality>, beta;
        /// The voice.
        speech_config: Option<Map<String, Value>>, beta;
        /// How long to think.
        thinking_config: Option<ThinkingConfig>, beta;
        /// The form of images.
        image_config: Option<Map<String, Value>>, beta;
        /// How finely to look at media.
        media_resolution: Option<MediaResolution>, beta;
        /// SDK 3.x.
        audio_transcription_config: Option<Map<String, Value>>, beta;
    }

    /// How long a model thinks.
    pub struct ThinkingConfig {
        /// Whether the thoughts are part of the reply.
        include_thoughts: Option<bool>;
        /// In tokens; 0 is off, -1 leaves it to the model.
        thinking_budget: Option<i32>;
        /// For models since Gemini 3.
        thinking_level: Option<ThinkingLevel>;
    }

    /// A reply, or one chunk of a streamed one.
    pub struct GenerateContentResponse {
        /// The answers.
        candidates: Vec<Candidate>;
        /// Why the prompt was refused, if it was.
        prompt_feedback: Option<PromptFeedback>;
        /// What it cost.
        usage_metadata: Option<UsageMetadata>;
        /// The model that answered.
        model_version: Option<String>;
        /// When the request came (RFC 3339).
        create_time: Option<String>;
        /// Names this reply.
        response_id: Option<String>;
    }

    /// One answer.
    pub struct Candidate {
        /// What the model said.
        content: Option<Content>;
        /// Why it ended; absent while it goes on.
        finish_reason: Option<FinishReason>;
        /// More on why it ended.
        finish_message: Option<String>;
        /// Its place among the answers; 0 is left out by Google and by us.
        index: Option<i32>;
        /// What the safety filters saw.
        safety_ratings: Vec<SafetyRating>;
        /// What it quotes.
        citation_metadata: Option<CitationMetadata>;
        /// Its length.
        token_count: Option<i32>;
        /// What it builds on.
        grounding_metadata: Option<Map<String, Value>>;
        /// Mean log probability of its tokens.
        avg_logprobs: Option<f64>;
        /// Log probabilities of each token.
        logprobs_result: Option<LogprobsResult>;
        /// URLs that were read.
        url_context_metadata: Option<Map<String, Value>>;
    }

    /// Why a prompt was refused.
    pub struct PromptFeedback = "GenerateContentResponse.PromptFeedback" {
        /// The reason.
        block_reason: Option<BlockReason>;
        /// What the safety filters saw.
        safety_ratings: Vec<SafetyRating>;
    }

    /// What one safety filter saw.
    pub struct SafetyRating {
        /// Which harm.
        category: Option<HarmCategory>;
        /// How probable.
        probability: Option<HarmProbability>;
        /// Whether it was blocked for it.
        blocked: Option<bool>;
    }

    /// What an answer quotes.
    pub struct CitationMetadata {
        /// Each source.
        citation_sources: Vec<CitationSource>;
    }

    /// One quoted source.
    pub struct CitationSource {
        /// First byte of the quote.
        start_index: Option<i32>;
        /// Byte after the quote.
        end_index: Option<i32>;
        /// Where it comes from.
        uri: Option<String>;
        /// Under which licence.
        license: Option<String>;
    }

    /// Log probabilities of an answer.
    pub struct LogprobsResult {
        /// Their sum.
        log_probability_sum: Option<f32>;
        /// For each place, the most probable tokens.
        top_candidates: Vec<TopCandidates>;
        /// For each place, the token that was taken.
        chosen_candidates: Vec<LogprobsCandidate>;
    }

    /// The most probable tokens of one place.
    pub struct TopCandidates = "LogprobsResult.TopCandidates" {
        /// Best first.
        candidates: Vec<LogprobsCandidate>;
    }

    /// A token and its log probability.
    pub struct LogprobsCandidate = "LogprobsResult.Candidate" {
        /// Its text.
        token: Option<String>;
        /// Its number.
        token_id: Option<i32>;
        /// Natural logarithm, 0 or less.
        log_probability: Option<f32>;
    }

    /// What a request cost, in tokens.
    pub struct UsageMetadata = "GenerateContentResponse.UsageMetadata" {
        /// The whole prompt, the cached part included.
        prompt_token_count: Option<i32>;
        /// The cached part.
        cached_content_token_count: Option<i32>;
        /// All answers.
        candidates_token_count: Option<i32>;
        /// Results of built-in tools.
        tool_use_prompt_token_count: Option<i32>;
        /// Thinking.
        thoughts_token_count: Option<i32>;
        /// The sum of all.
        total_token_count: Option<i32>;
        /// The prompt by modality.
        prompt_tokens_details: Vec<ModalityTokenCount>;
        /// The cached part by modality.
        cache_tokens_details: Vec<ModalityTokenCount>;
        /// The answers by modality.
        candidates_tokens_details: Vec<ModalityTokenCount>;
        /// Results of built-in tools by modality.
        tool_use_prompt_tokens_details: Vec<ModalityTokenCount>;
        /// `standard`, `flex` or `priority` (2026).
        service_tier: Option<String>;
    }

    /// Tokens of one modality.
    pub struct ModalityTokenCount {
        /// Which.
        modality: Option<Modality>;
        /// How many.
        token_count: Option<i32>;
    }

    /// Asks how long a prompt is; either `contents` or `generateContentRequest`.
    pub struct CountTokensRequest {
        /// `models/...`.
        model: Option<String>;
        /// A conversation.
        contents: Vec<Content>;
        /// A whole request.
        generate_content_request: Option<GenerateContentRequest>;
    }

    /// How long a prompt is.
    pub struct CountTokensResponse {
        /// All of it.
        total_tokens: Option<i32>;
        /// The cached part.
        cached_content_token_count: Option<i32>;
        /// By modality.
        prompt_tokens_details: Vec<ModalityTokenCount>;
        /// The cached part by modality.
        cache_tokens_details: Vec<ModalityTokenCount>;
    }
}

crate::open_enum! {
    /// Why an answer ended.
    pub enum FinishReason = "Candidate.FinishReason" {
        /// Never sent.
        Unspecified = "FINISH_REASON_UNSPECIFIED" 0,
        /// A natural end or a stop sequence.
        Stop = "STOP" 1,
        /// `maxOutputTokens` was reached.
        MaxTokens = "MAX_TOKENS" 2,
        /// A safety filter.
        Safety = "SAFETY" 3,
        /// Too close to known text.
        Recitation = "RECITATION" 4,
        /// Unknown.
        Other = "OTHER" 5,
        /// Unsupported language.
        Language = "LANGUAGE" 6,
        /// Forbidden terms.
        Blocklist = "BLOCKLIST" 7,
        /// Prohibited content.
        ProhibitedContent = "PROHIBITED_CONTENT" 8,
        /// Personal data.
        Spii = "SPII" 9,
        /// A function call that cannot be read.
        MalformedFunctionCall = "MALFORMED_FUNCTION_CALL" 10,
        /// An unsafe image.
        ImageSafety = "IMAGE_SAFETY" 11,
        /// A tool that was not declared.
        UnexpectedToolCall = "UNEXPECTED_TOOL_CALL" 12,
        /// Too many calls in a row.
        TooManyToolCalls = "TOO_MANY_TOOL_CALLS" 13,
        /// A prohibited image.
        ImageProhibitedContent = "IMAGE_PROHIBITED_CONTENT" 14,
        /// Another fault of an image.
        ImageOther = "IMAGE_OTHER" 15,
        /// An image was due and none came.
        NoImage = "NO_IMAGE" 16,
        /// An image too close to a known one.
        ImageRecitation = "IMAGE_RECITATION" 17,
    }

    /// Why a prompt was refused.
    pub enum BlockReason = "GenerateContentResponse.PromptFeedback.BlockReason" {
        /// Never sent.
        Unspecified = "BLOCK_REASON_UNSPECIFIED" 0,
        /// An adjustable filter.
        Safety = "SAFETY" 1,
        /// Unknown, or the terms of service.
        Other = "OTHER" 2,
        /// Forbidden terms.
        Blocklist = "BLOCKLIST" 3,
        /// Prohibited content.
        ProhibitedContent = "PROHIBITED_CONTENT" 4,
        /// An unsafe image.
        ImageSafety = "IMAGE_SAFETY" 5,
    }

    /// Kinds of harm.
    pub enum HarmCategory = "HarmCategory" {
        /// Never sent.
        Unspecified = "HARM_CATEGORY_UNSPECIFIED" 0,
        /// PaLM.
        Derogatory = "HARM_CATEGORY_DEROGATORY" 1,
        /// PaLM.
        Toxicity = "HARM_CATEGORY_TOXICITY" 2,
        /// PaLM.
        Violence = "HARM_CATEGORY_VIOLENCE" 3,
        /// PaLM.
        Sexual = "HARM_CATEGORY_SEXUAL" 4,
        /// PaLM.
        Medical = "HARM_CATEGORY_MEDICAL" 5,
        /// PaLM.
        Dangerous = "HARM_CATEGORY_DANGEROUS" 6,
        /// Hostile remarks about identity.
        Harassment = "HARM_CATEGORY_HARASSMENT" 7,
        /// Rude, disrespectful, profane.
        HateSpeech = "HARM_CATEGORY_HATE_SPEECH" 8,
        /// Sexual acts.
        SexuallyExplicit = "HARM_CATEGORY_SEXUALLY_EXPLICIT" 9,
        /// Helps harmful acts.
        DangerousContent = "HARM_CATEGORY_DANGEROUS_CONTENT" 10,
        /// Elections; obsolete.
        CivicIntegrity = "HARM_CATEGORY_CIVIC_INTEGRITY" 11,
        /// Attempts to get around the model's rules. Refused in 2025, taken since 2026 (public
        /// reports of both); its number is not published, and this one is the next free.
        Jailbreak = "HARM_CATEGORY_JAILBREAK" 12,
    }

    /// How probable a harm is.
    pub enum HarmProbability = "SafetyRating.HarmProbability" {
        /// Never sent.
        Unspecified = "HARM_PROBABILITY_UNSPECIFIED" 0,
        /// Hardly.
        Negligible = "NEGLIGIBLE" 1,
        /// A little.
        Low = "LOW" 2,
        /// Rather.
        Medium = "MEDIUM" 3,
        /// Very.
        High = "HIGH" 4,
    }

    /// From which probability on to block.
    pub enum HarmBlockThreshold = "SafetySetting.HarmBlockThreshold" {
        /// The model's default.
        Unspecified = "HARM_BLOCK_THRESHOLD_UNSPECIFIED" 0,
        /// Low and above.
        LowAndAbove = "BLOCK_LOW_AND_ABOVE" 1,
        /// Medium and above.
        MediumAndAbove = "BLOCK_MEDIUM_AND_ABOVE" 2,
        /// High.
        OnlyHigh = "BLOCK_ONLY_HIGH" 3,
        /// Never, but rate.
        None = "BLOCK_NONE" 4,
        /// No filter.
        Off = "OFF" 5,
    }

    /// How functions may be called.
    pub enum FunctionCallingMode = "FunctionCallingConfig.Mode" {
        /// The default, which is `AUTO`.
        Unspecified = "MODE_UNSPECIFIED" 0,
        /// The model decides.
        Auto = "AUTO" 1,
        /// It must call.
        Any = "ANY" 2,
        /// It must not.
        None = "NONE" 3,
        /// It decides, and its calls fit the declarations.
        Validated = "VALIDATED" 4,
    }

    /// When to search.
    pub enum DynamicRetrievalMode = "DynamicRetrievalConfig.Mode" {
        /// Always.
        Unspecified = "MODE_UNSPECIFIED" 0,
        /// By need.
        Dynamic = "MODE_DYNAMIC" 1,
    }

    /// Whether the model waits for a function (Live API).
    pub enum Behavior = "FunctionDeclaration.Behavior" {
        /// The default.
        Unspecified = "UNSPECIFIED" 0,
        /// It waits.
        Blocking = "BLOCKING" 1,
        /// It goes on.
        NonBlocking = "NON_BLOCKING" 2,
    }

    /// When the model may use a function's result (Live API).
    pub enum Scheduling = "FunctionResponse.Scheduling" {
        /// The default.
        Unspecified = "SCHEDULING_UNSPECIFIED" 0,
        /// Without a word.
        Silent = "SILENT" 1,
        /// At the next pause.
        WhenIdle = "WHEN_IDLE" 2,
        /// At once.
        Interrupt = "INTERRUPT" 3,
    }

    /// Languages of executable code.
    pub enum Language = "ExecutableCode.Language" {
        /// Never sent.
        Unspecified = "LANGUAGE_UNSPECIFIED" 0,
        /// Python.
        Python = "PYTHON" 1,
    }

    /// Whether code ran.
    pub enum Outcome = "CodeExecutionResult.Outcome" {
        /// Never sent.
        Unspecified = "OUTCOME_UNSPECIFIED" 0,
        /// It ran.
        Ok = "OUTCOME_OK" 1,
        /// It failed.
        Failed = "OUTCOME_FAILED" 2,
        /// It took too long.
        DeadlineExceeded = "OUTCOME_DEADLINE_EXCEEDED" 3,
    }

    /// Kinds of input.
    pub enum Modality = "Modality" {
        /// Never sent.
        Unspecified = "MODALITY_UNSPECIFIED" 0,
        /// Text.
        Text = "TEXT" 1,
        /// Images.
        Image = "IMAGE" 2,
        /// Video.
        Video = "VIDEO" 3,
        /// Audio.
        Audio = "AUDIO" 4,
        /// Documents.
        Document = "DOCUMENT" 5,
    }

    /// Kinds of output.
    pub enum ResponseModality = "GenerationConfig.Modality" {
        /// The default.
        Unspecified = "MODALITY_UNSPECIFIED" 0,
        /// Text.
        Text = "TEXT" 1,
        /// Images.
        Image = "IMAGE" 2,
        /// Speech.
        Audio = "AUDIO" 3,
    }

    /// How finely to look at media.
    pub enum MediaResolution = "GenerationConfig.MediaResolution" {
        /// The default.
        Unspecified = "MEDIA_RESOLUTION_UNSPECIFIED" 0,
        /// 64 tokens an image.
        Low = "MEDIA_RESOLUTION_LOW" 1,
        /// 256 tokens an image.
        Medium = "MEDIA_RESOLUTION_MEDIUM" 2,
        /// 256 tokens an image, zoomed.
        High = "MEDIA_RESOLUTION_HIGH" 3,
    }

    /// How long a model since Gemini 3 thinks.
    pub enum ThinkingLevel = "ThinkingConfig.ThinkingLevel" {
        /// The model's default.
        Unspecified = "THINKING_LEVEL_UNSPECIFIED" 0,
        /// Little.
        Low = "LOW" 1,
        /// Some.
        Medium = "MEDIUM" 2,
        /// Much.
        High = "HIGH" 3,
        /// Next to nothing.
        Minimal = "MINIMAL" 4,
    }
}

impl Content {
    /// A turn of one text part.
    pub fn text(role: &str, text: impl Into<String>) -> Self {
        Self {
            parts: vec![Part::text(text)],
            role: Some(role.into()),
        }
    }

    /// The texts of its parts, each on a line of its own.
    pub fn texts(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| part.text.as_deref());
        texts.collect::<Vec<_>>().join("\n")
    }
}

impl Part {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// Media in the request itself, with their IANA type.
    pub fn inline(mime_type: impl Into<String>, data: impl Into<Bytes>) -> Self {
        Self {
            inline_data: Some(Blob {
                mime_type: Some(mime_type.into()),
                data: Some(data.into()),
            }),
            ..Self::default()
        }
    }

    /// Media that were uploaded before, or that lie at an address.
    pub fn file(mime_type: impl Into<String>, uri: impl Into<String>) -> Self {
        Self {
            file_data: Some(FileData {
                mime_type: Some(mime_type.into()),
                file_uri: Some(uri.into()),
            }),
            ..Self::default()
        }
    }
}

impl GenerateContentResponse {
    /// The text of the first answer, thoughts left out; `None` where it has no text part.
    pub fn text(&self) -> Option<String> {
        let parts = &self.candidates.first()?.content.as_ref()?.parts;
        let mut texts = parts
            .iter()
            .filter(|part| part.thought != Some(true))
            .filter_map(|part| part.text.as_deref())
            .peekable();
        texts.peek()?;
        Some(texts.collect())
    }

    /// Takes in the next chunk of a stream, so that the chunks add up to the unary reply: text
    /// parts that follow each other become one, the latest usage and finish reason count. The chunk
    /// may be borrowed: what is new in it is copied, and no more.
    pub fn absorb(&mut self, chunk: impl Borrow<GenerateContentResponse>) {
        let chunk = chunk.borrow();
        for candidate in &chunk.candidates {
            let index = candidate.index.unwrap_or(0);
            let place = self
                .candidates
                .iter()
                .position(|known| known.index.unwrap_or(0) == index);
            match place {
                Some(place) => self.candidates[place].absorb(candidate),
                None => self.candidates.push(candidate.clone()),
            }
        }
        self.candidates
            .sort_by_key(|known| known.index.unwrap_or(0));
        replace(&mut self.prompt_feedback, &chunk.prompt_feedback);
        replace(&mut self.usage_metadata, &chunk.usage_metadata);
        replace(&mut self.model_version, &chunk.model_version);
        replace(&mut self.create_time, &chunk.create_time);
        replace(&mut self.response_id, &chunk.response_id);
    }
}

impl Candidate {
    fn absorb(&mut self, chunk: &Candidate) {
        if let Some(content) = &chunk.content {
            match &mut self.content {
                Some(known) => known.absorb(content),
                None => self.content = Some(content.clone()),
            }
        }
        if !chunk.safety_ratings.is_empty() {
            self.safety_ratings.clone_from(&chunk.safety_ratings);
        }
        if let Some(result) = &chunk.logprobs_result {
            match &mut self.logprobs_result {
                Some(known) => known.absorb(result),
                None => self.logprobs_result = Some(result.clone()),
            }
        }
        replace(&mut self.finish_reason, &chunk.finish_reason);
        replace(&mut self.finish_message, &chunk.finish_message);
        replace(&mut self.citation_metadata, &chunk.citation_metadata);
        replace(&mut self.token_count, &chunk.token_count);
        replace(&mut self.grounding_metadata, &chunk.grounding_metadata);
        replace(&mut self.avg_logprobs, &chunk.avg_logprobs);
        replace(&mut self.url_context_metadata, &chunk.url_context_metadata);
    }
}

impl Content {
    fn absorb(&mut self, chunk: &Content) {
        replace(&mut self.role, &chunk.role);
        for part in &chunk.parts {
            if part.text.as_deref() == Some("") && !self.parts.is_empty() {
                // The last chunk of a stream may have nothing to say but why it ends.
                continue;
            }
            match self.parts.last_mut() {
                Some(last) if last.continues_with(part) => {
                    let more = part.text.as_deref().unwrap_or_default();
                    last.text.get_or_insert_default().push_str(more);
                    replace(&mut last.thought_signature, &part.thought_signature);
                }
                _ => self.parts.push(part.clone()),
            }
        }
    }
}

impl Part {
    /// Whether both are text (or both thoughts) and may be written as one part.
    fn continues_with(&self, next: &Part) -> bool {
        self.text.is_some()
            && next.text.is_some()
            && self.thought == next.thought
            && self.thought_signature.is_none()
    }
}

impl LogprobsResult {
    fn absorb(&mut self, chunk: &LogprobsResult) {
        let (tops, chosen) = (&chunk.top_candidates, &chunk.chosen_candidates);
        self.top_candidates.extend_from_slice(tops);
        self.chosen_candidates.extend_from_slice(chosen);
        if let Some(more) = chunk.log_probability_sum {
            *self.log_probability_sum.get_or_insert(0.0) += more;
        }
    }
}

/// Chunks repeat much of what they say, such as the model: that needs no new copy.
fn replace<T: Clone + PartialEq>(known: &mut Option<T>, newer: &Option<T>) {
    if newer.is_some() && known != newer {
        known.clone_from(newer);
    }
}

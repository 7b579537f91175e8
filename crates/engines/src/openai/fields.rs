//! What becomes of every field of a Gemini request: the promise that nothing is lost in silence.
//!
//! A test walks the tables of the wire's messages and compares: a field without a row, a row
//! without a field, and a field that neither changes what is sent nor is refused all fail.

/// One field of one message.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Message and field, such as `GenerationConfig.topK`; settings name a field so.
    pub field: &'static str,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is sent, under this name or in this way; refused where a server or a value lacks it.
    Sent(&'static str),
    /// It is refused wherever it asks for something.
    Refused,
    /// It matters when the reply is read.
    Reply(&'static str),
    /// It asks nothing of the model, for this reason.
    Silent(&'static str),
}

/// The row of a field, such as `GenerationConfig.topK`.
pub fn row(field: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.field == field)
}

macro_rules! rows {
    ($($field:literal => $fate:expr;)*) => {
        /// All fields that a request may have.
        pub const ROWS: &[Row] = &[$(Row { field: $field, fate: $fate }),*];
    };
}

use Fate::{Refused, Reply, Sent, Silent};

rows! {
    "GenerateContentRequest.model" => Silent("the settings or the path name the model");
    "GenerateContentRequest.systemInstruction" => Sent("a message of the role system");
    "GenerateContentRequest.contents" => Sent("messages");
    "GenerateContentRequest.tools" => Sent("tools");
    "GenerateContentRequest.toolConfig" => Sent("tool_choice");
    "GenerateContentRequest.safetySettings" => Silent("BLOCK_NONE and OFF are kept by having no filters; others are refused");
    "GenerateContentRequest.generationConfig" => Sent("fields of the body");
    "GenerateContentRequest.cachedContent" => Refused;
    "GenerateContentRequest.serviceTier" => Sent("service_tier, of OpenAI");
    "GenerateContentRequest.store" => Sent("store, of OpenAI");
    "GenerateContentRequest.labels" => Sent("metadata, of OpenAI");
    "GenerateContentRequest.continuationToken" => Refused;

    "Content.parts" => Sent("content, tool_calls or messages of the role tool");
    "Content.role" => Sent("user, assistant or tool");

    "Part.text" => Sent("content; thoughts as reasoning or reasoning_content");
    "Part.inlineData" => Sent("image_url, input_audio, video_url, file or text");
    "Part.functionCall" => Sent("tool_calls");
    "Part.functionResponse" => Sent("a message of the role tool");
    "Part.fileData" => Sent("image_url, where the settings allow addresses");
    "Part.executableCode" => Refused;
    "Part.codeExecutionResult" => Refused;
    "Part.toolCall" => Refused;
    "Part.toolResponse" => Refused;
    "Part.audioTranscription" => Refused;
    "Part.videoMetadata" => Refused;
    "Part.thought" => Sent("the field of thoughts; left out where a server takes none back, as Google counts none of them");
    "Part.thoughtSignature" => Silent("means something only to the model that made it");
    "Part.partMetadata" => Silent("the caller's own marks, which no model reads");
    "Part.mediaResolution" => Refused;
    "Part.mediaProcessing" => Refused;
    "Part.speechMetadata" => Refused;
    "Part.documentMetadata" => Refused;
    "Part.spreadsheetMetadata" => Refused;
    "Part.audioMetadata" => Refused;

    "Blob.mimeType" => Sent("the data URL's type, or the format");
    "Blob.data" => Sent("base64");
    "FileData.mimeType" => Sent("tells images from others");
    "FileData.fileUri" => Sent("image_url.url");

    "FunctionCall.id" => Sent("tool_calls.id; made from the place where there is none");
    "FunctionCall.name" => Sent("tool_calls.function.name");
    "FunctionCall.args" => Sent("tool_calls.function.arguments");

    "FunctionResponse.id" => Sent("finds the call");
    "FunctionResponse.name" => Sent("finds the call where there is no id");
    "FunctionResponse.response" => Sent("content, as JSON");
    "FunctionResponse.parts" => Refused;
    "FunctionResponse.willContinue" => Refused;
    "FunctionResponse.scheduling" => Refused;

    "Tool.functionDeclarations" => Sent("tools.function");
    "Tool.googleSearchRetrieval" => Refused;
    "Tool.codeExecution" => Refused;
    "Tool.googleSearch" => Refused;
    "Tool.computerUse" => Refused;
    "Tool.urlContext" => Refused;
    "Tool.fileSearch" => Refused;
    "Tool.googleMaps" => Refused;
    "Tool.mcpServers" => Refused;

    "FunctionDeclaration.name" => Sent("function.name");
    "FunctionDeclaration.description" => Sent("function.description");
    "FunctionDeclaration.parameters" => Sent("function.parameters");
    "FunctionDeclaration.parametersJsonSchema" => Sent("function.parameters");
    "FunctionDeclaration.response" => Sent("a line of function.description");
    "FunctionDeclaration.responseJsonSchema" => Sent("a line of function.description");
    "FunctionDeclaration.behavior" => Refused;

    "ToolConfig.functionCallingConfig" => Sent("tool_choice");
    "ToolConfig.retrievalConfig" => Refused;
    "ToolConfig.includeServerSideToolInvocations" => Refused;
    "FunctionCallingConfig.mode" => Sent("tool_choice");
    "FunctionCallingConfig.allowedFunctionNames" => Sent("only these are declared");
    "FunctionCallingConfig.streamFunctionCallArguments" => Refused;

    "GenerationConfig.candidateCount" => Sent("n");
    "GenerationConfig.stopSequences" => Sent("stop");
    "GenerationConfig.maxOutputTokens" => Sent("max_completion_tokens of OpenAI, max_tokens of others");
    "GenerationConfig.temperature" => Sent("temperature");
    "GenerationConfig.topP" => Sent("top_p");
    "GenerationConfig.topK" => Sent("top_k");
    "GenerationConfig.seed" => Sent("seed");
    "GenerationConfig.responseMimeType" => Sent("response_format");
    "GenerationConfig.responseSchema" => Sent("response_format.json_schema");
    "GenerationConfig._responseJsonSchema" => Sent("response_format.json_schema");
    "GenerationConfig.responseJsonSchema" => Sent("response_format.json_schema");
    "GenerationConfig.presencePenalty" => Sent("presence_penalty");
    "GenerationConfig.frequencyPenalty" => Sent("frequency_penalty");
    "GenerationConfig.responseLogprobs" => Sent("logprobs");
    "GenerationConfig.logprobs" => Sent("top_logprobs");
    "GenerationConfig.enableEnhancedCivicAnswers" => Refused;
    "GenerationConfig.responseModalities" => Silent("TEXT is what there is; others are refused");
    "GenerationConfig.speechConfig" => Refused;
    "GenerationConfig.thinkingConfig" => Sent("reasoning_effort and its like");
    "GenerationConfig.imageConfig" => Refused;
    "GenerationConfig.mediaResolution" => Sent("image_url.detail, of OpenAI");
    "GenerationConfig.audioTranscriptionConfig" => Refused;

    "ThinkingConfig.includeThoughts" => Reply("whether thoughts are parts of it");
    "ThinkingConfig.thinkingBudget" => Sent("thinking_token_budget, reasoning_effort or enable_thinking");
    "ThinkingConfig.thinkingLevel" => Sent("reasoning_effort");

    "Schema.type" => Sent("type, in lower case");
    "Schema.format" => Sent("format");
    "Schema.title" => Sent("title");
    "Schema.description" => Sent("description");
    "Schema.nullable" => Sent("the type null");
    "Schema.enum" => Sent("enum");
    "Schema.items" => Sent("items");
    "Schema.maxItems" => Sent("maxItems");
    "Schema.minItems" => Sent("minItems");
    "Schema.properties" => Sent("properties");
    "Schema.required" => Sent("required");
    "Schema.minProperties" => Sent("minProperties");
    "Schema.maxProperties" => Sent("maxProperties");
    "Schema.minimum" => Sent("minimum");
    "Schema.maximum" => Sent("maximum");
    "Schema.minLength" => Sent("minLength");
    "Schema.maxLength" => Sent("maxLength");
    "Schema.pattern" => Sent("pattern");
    "Schema.example" => Sent("examples");
    "Schema.anyOf" => Sent("anyOf");
    "Schema.propertyOrdering" => Sent("the order of properties");
    "Schema.default" => Sent("default");

    "EmbedContentRequest.model" => Silent("the settings or the path name the model");
    "EmbedContentRequest.content" => Sent("input");
    "EmbedContentRequest.taskType" => Sent("the prefix of the settings before the text");
    "EmbedContentRequest.title" => Refused;
    "EmbedContentRequest.outputDimensionality" => Sent("dimensions");
    "EmbedContentRequest.embedContentConfig" => Refused;
}

#[cfg(test)]
mod tests;

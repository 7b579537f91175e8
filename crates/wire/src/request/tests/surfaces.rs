//! Which fields `v1` had before 2026, compared with the published lists.

use super::{read, refusal};
use crate::{
    Message, Surface, Version,
    embed::BatchEmbedContentsRequest,
    generate::{
        CountTokensRequest, CountTokensResponse, GenerateContentRequest, GenerateContentResponse,
    },
    message::{Descriptor, Kind},
};
use std::collections::{BTreeMap, BTreeSet};

/// Fields of messages in both versions that only `v1beta` has: published protos of September 2026.
/// Those in [`NOT_MODELLED`] and [`IN_REPLIES`] are not marked.
const ONLY_BETA: [&str; 25] = [
    "Candidate.groundingAttributions",
    "CountTokensResponse.cachedContentTokenCount",
    "GenerateContentRequest.systemInstruction",
    "GenerateContentRequest.tools",
    "GenerateContentRequest.toolConfig",
    "GenerateContentRequest.cachedContent",
    "GenerateContentResponse.UsageMetadata.cachedContentTokenCount",
    "GenerationConfig.responseMimeType",
    "GenerationConfig.responseSchema",
    "GenerationConfig._responseJsonSchema",
    "GenerationConfig.responseModalities",
    "GenerationConfig.speechConfig",
    "GenerationConfig.thinkingConfig",
    "GenerationConfig.imageConfig",
    "GenerationConfig.mediaResolution",
    "GroundingChunk.retrievedContext",
    "GroundingChunk.maps",
    "Part.functionCall",
    "Part.functionResponse",
    "Part.fileData",
    "Part.executableCode",
    "Part.codeExecutionResult",
    "Part.thought",
    "Part.thoughtSignature",
    "Part.partMetadata",
];

/// Fields whose message is kept as free JSON, or that nobody sends any more.
const NOT_MODELLED: [&str; 3] = [
    "Candidate.groundingAttributions",
    "GroundingChunk.retrievedContext",
    "GroundingChunk.maps",
];

/// Fields of replies: the mark decides what a request may have.
const IN_REPLIES: [&str; 2] = [
    "CountTokensResponse.cachedContentTokenCount",
    "GenerateContentResponse.UsageMetadata.cachedContentTokenCount",
];

/// Fields that the SDKs of 2026 send and the protos do not list, so no old `v1` knew them.
const SINCE_2026: [&str; 15] = [
    "GenerateContentRequest.serviceTier",
    "GenerateContentRequest.store",
    "GenerateContentRequest.labels",
    "GenerateContentRequest.continuationToken",
    "GenerationConfig.audioTranscriptionConfig",
    "Part.toolCall",
    "Part.toolResponse",
    "Part.audioTranscription",
    "Part.mediaResolution",
    "Part.mediaProcessing",
    "Part.speechMetadata",
    "Part.documentMetadata",
    "Part.spreadsheetMetadata",
    "Part.audioMetadata",
    "EmbedContentRequest.embedContentConfig",
];

fn collect(table: &'static Descriptor, messages: &mut BTreeMap<&'static str, &'static Descriptor>) {
    if messages.insert(table.name, table).is_some() {
        return;
    }
    for field in table.fields {
        if let Kind::Message(inner) = field.kind {
            collect(inner(), messages);
        }
    }
}

fn messages() -> BTreeMap<&'static str, &'static Descriptor> {
    let mut messages = BTreeMap::new();
    collect(GenerateContentRequest::descriptor(), &mut messages);
    collect(BatchEmbedContentsRequest::descriptor(), &mut messages);
    collect(GenerateContentResponse::descriptor(), &mut messages);
    collect(CountTokensRequest::descriptor(), &mut messages);
    collect(CountTokensResponse::descriptor(), &mut messages);
    messages
}

fn fields(is_listed: impl Fn(&crate::message::Field) -> bool) -> BTreeSet<String> {
    let names = |(message, table): (&str, &'static Descriptor)| {
        let listed = table.fields.iter().filter(|field| is_listed(field));
        let names = listed.map(|field| format!("{message}.{}", field.json));
        names.collect::<Vec<_>>()
    };
    messages().into_iter().flat_map(names).collect()
}

#[test]
fn the_marks_are_the_published_differences() {
    let published: BTreeSet<_> = ONLY_BETA.iter().collect();
    let unmarked: BTreeSet<_> = NOT_MODELLED.iter().chain(&IN_REPLIES).collect();
    assert!(unmarked.is_subset(&published));
    let expected: BTreeSet<String> = published
        .difference(&unmarked)
        .copied()
        .chain(&SINCE_2026)
        .map(|name| name.to_string())
        .collect();
    assert_eq!(fields(|field| field.beta_only), expected);
    let known = fields(|_| true);
    for name in NOT_MODELLED {
        assert!(!known.contains(name), "{name} is modelled: mark it");
    }
    for name in IN_REPLIES {
        assert!(known.contains(name), "{name}");
    }
}

#[test]
fn a_legacy_v1_does_not_know_them() {
    for name in fields(|field| field.beta_only) {
        let (message, json) = name.split_once('.').unwrap();
        let (body, place) = match message {
            "GenerateContentRequest" => (format!("{{\"{json}\": null}}"), ""),
            "GenerationConfig" => (
                format!("{{\"generationConfig\": {{\"{json}\": null}}}}"),
                " at 'generation_config'",
            ),
            "Part" => (
                format!("{{\"contents\": [{{\"parts\": [{{\"{json}\": null}}]}}]}}"),
                " at 'contents[0].parts[0]'",
            ),
            "EmbedContentRequest" => (
                format!("{{\"requests\": [{{\"{json}\": null}}]}}"),
                " at 'requests[0]'",
            ),
            other => panic!("{other} is not part of a request"),
        };
        let refused = format!(
            "Invalid JSON payload received. Unknown name \"{json}\"{place}: Cannot find field."
        );
        assert_eq!(outcome(message, &body, Surface::LegacyV1), refused);
        assert_eq!(outcome(message, &body, Surface::Modern), "read");
    }
    assert!(refusal(r#"{"tools": 5}"#).contains("v1beta.Tool)"));
}

fn outcome(message: &str, body: &str, surface: Surface) -> String {
    let result = match message {
        "EmbedContentRequest" => {
            read::<BatchEmbedContentsRequest>(body.as_bytes(), surface, Version::V1).map(drop)
        }
        _ => read::<GenerateContentRequest>(body.as_bytes(), surface, Version::V1).map(drop),
    };
    result.map_or_else(|violations| violations.to_string(), |()| "read".into())
}

#[test]
fn names_are_unambiguous() {
    for (message, table) in messages() {
        let mut names = BTreeSet::new();
        for field in table.fields {
            assert!(names.insert(field.name), "{message}.{}", field.name);
            assert!(
                field.json == field.name || names.insert(field.json),
                "{message}.{}",
                field.json
            );
        }
    }
}

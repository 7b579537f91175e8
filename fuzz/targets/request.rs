//! Bodies of any bytes: read or refused in Google's words; what is read is written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use propus_wire::{
    Message, Mode, Surface, Version,
    embed::{BatchEmbedContentsRequest, EmbedContentRequest},
    generate::{CountTokensRequest, GenerateContentRequest, GenerateContentResponse},
    request,
    status::Status,
};

fuzz_target!(|bytes: &[u8]| {
    for surface in [Surface::Modern, Surface::LegacyV1] {
        let read = request::read::<GenerateContentRequest>(bytes, surface, Version::V1);
        match read {
            Ok(message) => {
                let written = serde_json::to_vec(&message).expect("a message can be written");
                let again = request::read::<GenerateContentRequest>(&written, surface, Version::V1);
                assert!(again.is_ok(), "{}", String::from_utf8_lossy(&written));
            }
            Err(violations) => assert!(!Status::from(violations).message.is_empty()),
        }
    }
    let _ = request::read::<CountTokensRequest>(bytes, Surface::Modern, Version::V1Beta);
    let _ = request::read::<EmbedContentRequest>(bytes, Surface::Modern, Version::V1Beta);
    let _ = request::read::<BatchEmbedContentsRequest>(bytes, Surface::Modern, Version::V1Beta);
    let _ = GenerateContentResponse::from_json(bytes, Mode::Lenient);
    if let Ok(json) = serde_json::from_slice(bytes) {
        let _ = Status::from_json(&json);
    }
});

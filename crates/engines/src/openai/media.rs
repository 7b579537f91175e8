//! Media of a turn as content parts.

use super::{gaps::Gaps, request::Target};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use propus_wire::generate::{Blob, FileData, MediaResolution};
use serde_json::{Value, json};

/// Media in the request itself. `at` is the part's path.
pub(super) fn inline(blob: &Blob, at: &str, target: &Target<'_>, gaps: &Gaps<'_>) -> Option<Value> {
    let mime_type = blob.mime_type.as_deref().unwrap_or_default();
    let data = blob.data.as_deref().unwrap_or_default();
    let url = || format!("data:{mime_type};base64,{}", STANDARD.encode(data));
    let traits = target.traits;
    match mime_type.split_once('/') {
        Some(("image", _)) => return Some(image(url(), target)),
        Some(("audio", kind)) if traits.audio => {
            if let Some(format) = audio_format(kind) {
                let data = STANDARD.encode(data);
                let audio = json!({ "data": data, "format": format });
                return Some(json!({ "type": "input_audio", "input_audio": audio }));
            }
        }
        Some(("video", _)) if traits.video => {
            return Some(json!({ "type": "video_url", "video_url": { "url": url() } }));
        }
        Some(("application", "pdf")) if traits.documents => {
            let file = json!({ "filename": "document.pdf", "file_data": url() });
            return Some(json!({ "type": "file", "file": file }));
        }
        Some(("text", _)) => {
            if let Ok(text) = std::str::from_utf8(data) {
                return Some(json!({ "type": "text", "text": text }));
            }
        }
        _ => {}
    }
    gaps.refuse(
        "Part.inlineData",
        &format!("{at}.inline_data"),
        format!("media of the type `{mime_type}` cannot be sent to this model"),
    );
    None
}

/// Media that lie elsewhere. An address is passed on only where the operator allows it: the server
/// that fetches it may stand where callers do not reach.
pub(super) fn elsewhere(
    file: &FileData,
    at: &str,
    target: &Target<'_>,
    gaps: &Gaps<'_>,
) -> Option<Value> {
    let uri = file.file_uri.as_deref().unwrap_or_default();
    let mime_type = file.mime_type.as_deref().unwrap_or_default();
    let is_address = uri.starts_with("https://") || uri.starts_with("http://");
    let is_fetched = target.fetch_images && target.traits.fetches;
    if is_fetched && is_address && mime_type.starts_with("image/") {
        return Some(image(uri.to_owned(), target));
    }
    gaps.refuse(
        "Part.fileData",
        &format!("{at}.file_data"),
        "files cannot be sent to this model; send the bytes as inline_data",
    );
    None
}

fn image(url: String, target: &Target<'_>) -> Value {
    let mut image = json!({ "url": url });
    if let Some(detail) = target.detail {
        image["detail"] = detail.into();
    }
    json!({ "type": "image_url", "image_url": image })
}

/// How finely images are looked at, in OpenAI's words.
pub(super) fn detail(resolution: &MediaResolution) -> Option<&'static str> {
    match resolution {
        MediaResolution::Low => Some("low"),
        MediaResolution::Medium => Some("auto"),
        MediaResolution::High => Some("high"),
        _ => None,
    }
}

/// OpenAI names the format, not the type.
fn audio_format(kind: &str) -> Option<&'static str> {
    match kind {
        "wav" | "x-wav" | "wave" | "vnd.wave" => Some("wav"),
        "mp3" | "mpeg" => Some("mp3"),
        "flac" | "x-flac" => Some("flac"),
        _ => None,
    }
}

//! The content of a message: text, or a list of text, images, audio and files.

use super::item::Item;
use bytes::Bytes;
use propus_wire::generate::{Blob, FileData, Part};

/// What a user says and shows.
pub(super) fn of_user(message: &Item<'_>) -> Vec<Part> {
    let content = message.required("content");
    content
        .map(|content| read(&content, user_part))
        .unwrap_or_default()
}

/// What the system instructs.
pub(super) fn of_system(message: &Item<'_>) -> Vec<Part> {
    let content = message.get("content");
    content
        .map(|content| read(&content, text_part))
        .unwrap_or_default()
}

/// What the assistant said; an empty text beside calls is left out.
pub(super) fn of_assistant(message: &Item<'_>) -> Vec<Part> {
    let content = message.get("content");
    let mut parts = content
        .map(|content| read(&content, text_part))
        .unwrap_or_default();
    if is_marked_as_thought(message) {
        parts.iter_mut().for_each(drop_thought);
    }
    parts.retain(|part| part.text.as_deref() != Some(""));
    if let Some(last) = parts.last_mut() {
        last.thought_signature = thought_signature(message);
    }
    parts
}

fn is_marked_as_thought(message: &Item<'_>) -> bool {
    let google = message
        .get("extra_content")
        .and_then(|extra| extra.get("google"));
    google.is_some_and(|google| google.value["thought"] == true)
}

/// Clients send an answer back as they got it, the thought before it included; the model shall not
/// take that for what it said.
fn drop_thought(part: &mut Part) {
    let text = part.text.as_deref().unwrap_or_default();
    let tagged = text.strip_prefix("<thought>");
    if let Some((_, rest)) = tagged.and_then(|tagged| tagged.split_once("</thought>")) {
        part.text = Some(rest.to_owned());
    }
}

/// The text of a message, its parts joined.
pub(super) fn plain_text(message: &Item<'_>) -> String {
    let parts = of_system(message).into_iter();
    parts.filter_map(|part| part.text).collect()
}

/// Google lets signatures travel in `extra_content.google.thought_signature`.
pub(super) fn thought_signature(holder: &Item<'_>) -> Option<Bytes> {
    let google = holder.get("extra_content")?.get("google")?;
    google.get("thought_signature")?.bytes()
}

fn read(content: &Item<'_>, part: fn(&Item<'_>) -> Option<Part>) -> Vec<Part> {
    match content.value.as_str() {
        Some(text) => vec![Part::text(text)],
        None => content.list().iter().filter_map(part).collect(),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Refusal,
    Image,
    Audio,
    File,
}

const OF_TEXT: [(&str, Kind); 2] = [("text", Kind::Text), ("refusal", Kind::Refusal)];

const OF_USER: [(&str, Kind); 4] = [
    ("text", Kind::Text),
    ("image_url", Kind::Image),
    ("input_audio", Kind::Audio),
    ("file", Kind::File),
];

fn text_part(item: &Item<'_>) -> Option<Part> {
    part(item, &OF_TEXT)
}

fn user_part(item: &Item<'_>) -> Option<Part> {
    part(item, &OF_USER)
}

fn part(item: &Item<'_>, kinds: &[(&str, Kind)]) -> Option<Part> {
    item.object()?;
    match item.required("type")?.word(kinds)? {
        Kind::Text => Some(Part::text(item.required("text")?.text()?)),
        Kind::Refusal => Some(Part::text(item.required("refusal")?.text()?)),
        Kind::Image => image(&item.required("image_url")?),
        Kind::Audio => audio(&item.required("input_audio")?),
        Kind::File => file(&item.required("file")?),
    }
}

/// `detail` has no counterpart that means the same, so it is not read.
fn image(holder: &Item<'_>) -> Option<Part> {
    if holder.value.is_string() {
        return medium(holder);
    }
    holder.object()?;
    medium(&holder.required("url")?)
}

fn audio(holder: &Item<'_>) -> Option<Part> {
    holder.object()?;
    let format = holder.required("format")?.text()?;
    let data = holder.required("data")?.bytes()?;
    Some(inline(format!("audio/{format}"), data))
}

/// Files of OpenAI's own store do not exist here, so only the bytes themselves are taken.
fn file(holder: &Item<'_>) -> Option<Part> {
    holder.object()?;
    medium(&holder.required("file_data")?)
}

/// A data URL is the medium itself; another URL says where it is.
fn medium(url: &Item<'_>) -> Option<Part> {
    let text = url.text()?;
    let Some(data) = text.strip_prefix("data:") else {
        return elsewhere(url, text);
    };
    let Some((mime_type, base64)) = data.split_once(";base64,") else {
        url.wrong("a data URL must look like data:image/png;base64,... .");
        return None;
    };
    // What follows the type is a parameter such as `charset=utf-8`.
    let mime_type = mime_type.split(';').next().unwrap_or_default();
    Some(inline(mime_type.into(), url.decode(base64)?))
}

fn elsewhere(url: &Item<'_>, text: &str) -> Option<Part> {
    let is_url = ["https://", "http://", "gs://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if !is_url {
        url.wrong("a medium is a data URL or an https URL.");
        return None;
    }
    let file_data = FileData {
        mime_type: mime_type_of(text).map(str::to_owned),
        file_uri: Some(text.into()),
    };
    Some(Part {
        file_data: Some(file_data),
        ..Part::default()
    })
}

fn mime_type_of(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit_once('.')?;
    let types = [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("webp", "image/webp"),
        ("gif", "image/gif"),
        ("heic", "image/heic"),
        ("heif", "image/heif"),
        ("pdf", "application/pdf"),
    ];
    let known = types
        .iter()
        .find(|(known, _)| ending.eq_ignore_ascii_case(known));
    known.map(|(_, mime_type)| *mime_type)
}

fn inline(mime_type: String, data: Bytes) -> Part {
    Part {
        inline_data: Some(Blob {
            mime_type: Some(mime_type),
            data: Some(data),
        }),
        ..Part::default()
    }
}

//! Reading a reply while it passes by: what its events say, without touching its bytes.

mod list;

use crate::gateway::asked::Form;
use flate2::write::GzDecoder;
use http::{HeaderMap, header};
use list::List;
use propus_engines::google::sse::{Decoder, Event};
use propus_wire::{
    Message, Mode,
    frame::Frame,
    generate::{GenerateContentResponse, Part},
};
use serde::{Deserialize, de::IgnoredAny};
use std::io::Write;

/// What an event says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// A chunk of an answer.
    Chunk(Box<GenerateContentResponse>),
    /// An error in place of a chunk, as its JSON.
    Error(String),
    /// Something of another surface; whether it ends the answer.
    Other { ends: bool },
    /// What no API sends.
    Unreadable,
}

/// Takes a body apart as it passes by.
pub(super) struct Watch {
    unzip: Option<GzDecoder<Vec<u8>>>,
    splitter: Splitter,
    openai: bool,
    /// Candidates that began, and whether each has ended.
    candidates: Vec<(i32, bool)>,
    ended: bool,
    /// What cannot be unpacked cannot be judged.
    blind: bool,
}

enum Splitter {
    Events(Decoder),
    List(List),
}

impl Watch {
    /// For a streamed reply of this form; none for what is no stream.
    pub fn of(form: Form, headers: &HeaderMap) -> Option<Self> {
        let splitter = match form {
            Form::Stream(Frame::List | Frame::Json) => Splitter::List(List::default()),
            Form::Stream(Frame::Events) | Form::OpenAiStream => {
                Splitter::Events(Decoder::default())
            }
            _ => return None,
        };
        let coding = headers.get(header::CONTENT_ENCODING);
        let coding = coding.and_then(|coding| coding.to_str().ok());
        Some(Self {
            unzip: (coding == Some("gzip")).then(|| GzDecoder::new(Vec::new())),
            splitter,
            openai: form == Form::OpenAiStream,
            candidates: Vec::new(),
            ended: false,
            blind: !matches!(coding, None | Some("gzip" | "identity")),
        })
    }

    /// Takes the next piece and says which events it completes.
    pub fn push(&mut self, piece: &[u8]) -> Vec<Said> {
        if self.blind {
            return Vec::new();
        }
        let texts = match &mut self.unzip {
            None => self.splitter.push(piece),
            Some(unzip) => {
                let whole = unzip.write_all(piece).and_then(|()| unzip.flush());
                let plain = std::mem::take(unzip.get_mut());
                let mut texts = self.splitter.push(&plain);
                if whole.is_err() {
                    texts.push(String::new());
                }
                texts
            }
        };
        texts.iter().map(|text| self.read(text)).collect()
    }

    /// Says which events the end of the body completes.
    pub fn finish(&mut self) -> Vec<Said> {
        let texts = self.splitter.finish();
        texts.iter().map(|text| self.read(text)).collect()
    }

    /// Whether a part of an event has come.
    pub fn is_within(&self) -> bool {
        !self.blind
            && match &self.splitter {
                Splitter::Events(decoder) => decoder.held() > 0,
                Splitter::List(list) => list.is_within(),
            }
    }

    /// Whether the answer has come to its end: every candidate that began has a finish reason, or the
    /// prompt was blocked. What cannot be read is taken to have.
    pub fn has_ended(&self) -> bool {
        self.blind || self.ended || {
            !self.candidates.is_empty() && self.candidates.iter().all(|(_, ended)| *ended)
        }
    }

    /// Whether nothing of it can be read.
    pub fn is_blind(&self) -> bool {
        self.blind
    }

    fn read(&mut self, text: &str) -> Said {
        if self.openai {
            let said = of_openai(text);
            self.ended |= said == Said::Other { ends: true };
            return said;
        }
        let said = of_google(text);
        if let Said::Chunk(chunk) = &said {
            self.note(chunk);
        }
        said
    }

    fn note(&mut self, chunk: &GenerateContentResponse) {
        let feedback = chunk.prompt_feedback.as_ref();
        self.ended |= feedback.is_some_and(|feedback| feedback.block_reason.is_some());
        for candidate in &chunk.candidates {
            let index = candidate.index.unwrap_or(0);
            let ended = candidate.finish_reason.is_some();
            match self
                .candidates
                .iter_mut()
                .find(|(known, _)| *known == index)
            {
                Some((_, known)) => *known |= ended,
                None => self.candidates.push((index, ended)),
            }
        }
    }
}

impl Splitter {
    fn push(&mut self, piece: &[u8]) -> Vec<String> {
        match self {
            Self::Events(decoder) => {
                decoder.push(piece);
                drained(decoder)
            }
            Self::List(list) => list.push(piece),
        }
    }

    fn finish(&mut self) -> Vec<String> {
        match self {
            Self::Events(decoder) => {
                decoder.finish();
                drained(decoder)
            }
            Self::List(list) => list.finish(),
        }
    }
}

fn drained(decoder: &mut Decoder) -> Vec<String> {
    let events = std::iter::from_fn(|| decoder.next());
    let text = |event| match event {
        Event::Data(text) | Event::Bare(text) => text,
    };
    events.map(text).collect()
}

fn of_google(text: &str) -> Said {
    if is_error(text) {
        return Said::Error(text.to_owned());
    }
    match GenerateContentResponse::from_json(text.as_bytes(), Mode::Lenient) {
        Ok(chunk) => Said::Chunk(Box::new(chunk)),
        Err(_) => Said::Unreadable,
    }
}

/// Whether it is an error in the place of a chunk. Only what could be one is looked at twice.
pub(super) fn is_error(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Glance {
        error: Option<IgnoredAny>,
    }
    text.contains("\"error\"")
        && (serde_json::from_str::<Glance>(text).is_ok_and(|glance| glance.error.is_some())
            || serde_json::from_str::<Vec<Glance>>(text)
                .is_ok_and(|list| list.iter().any(|glance| glance.error.is_some())))
}

fn of_openai(text: &str) -> Said {
    #[derive(Deserialize)]
    struct Chunk {
        #[serde(default)]
        choices: Vec<Choice>,
    }
    #[derive(Deserialize)]
    struct Choice {
        finish_reason: Option<IgnoredAny>,
    }
    if text.trim() == "[DONE]" {
        return Said::Other { ends: true };
    }
    if is_error(text) {
        return Said::Error(text.to_owned());
    }
    match serde_json::from_str::<Chunk>(text) {
        Ok(chunk) => Said::Other {
            ends: chunk
                .choices
                .iter()
                .any(|choice| choice.finish_reason.is_some()),
        },
        Err(_) => Said::Unreadable,
    }
}

/// Whether a chunk has anything of an answer in it, be it a thought: from there on the caller has it.
pub(super) fn has_content(chunk: &GenerateContentResponse) -> bool {
    let contents = chunk.candidates.iter().flat_map(|one| &one.content);
    contents.flat_map(|content| &content.parts).any(|part| {
        let bare = Part {
            thought: part.thought,
            thought_signature: part.thought_signature.clone(),
            ..Part::default()
        };
        match &part.text {
            Some(text) => !text.is_empty(),
            None => *part != bare,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn watch(form: Form) -> Watch {
        Watch::of(form, &HeaderMap::new()).unwrap()
    }

    const CHUNK: &str = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
    const LAST: &str =
        r#"{"candidates":[{"content":{"parts":[{"text":"b]},"}]},"finishReason":"STOP"}]}"#;
    const ERROR: &str = r#"{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}"#;

    #[test]
    fn an_answer_ends_with_its_finish_reasons() {
        let mut events = watch(Form::Stream(Frame::Events));
        events.push(format!("data: {CHUNK}\r\n\r\n").as_bytes());
        assert!(!events.has_ended() && !events.is_within());
        events.push(b"data: {");
        assert!(events.is_within());
        let mut list = watch(Form::Stream(Frame::List));
        assert_eq!(list.push(format!("[{CHUNK}").as_bytes()).len(), 1);
        assert!(!list.has_ended());
        assert_eq!(list.push(format!(",\r\n{LAST}]").as_bytes()).len(), 1);
        assert!(list.has_ended());
        let mut blocked = watch(Form::Stream(Frame::Events));
        blocked.push(b"data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\n\n");
        assert!(blocked.has_ended());
        let mut openai = watch(Form::OpenAiStream);
        openai.push(b"data: {\"choices\":[{\"delta\":{}}]}\n\n");
        assert!(!openai.has_ended());
        openai.push(b"data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n");
        assert!(openai.has_ended());
    }

    #[test]
    fn each_candidate_needs_its_own_end() {
        let mut two = watch(Form::Stream(Frame::Events));
        two.push(
            b"data: {\"candidates\":[{\"index\":0,\"finishReason\":\"STOP\"},{\"index\":1}]}\n\n",
        );
        assert!(!two.has_ended());
        two.push(b"data: {\"candidates\":[{\"index\":1,\"finishReason\":\"STOP\"}]}\n\n");
        assert!(two.has_ended());
    }

    #[test]
    fn errors_are_seen_whatever_their_form() {
        for (form, text) in [
            (Form::Stream(Frame::Events), format!("data: {ERROR}\n\n")),
            (Form::Stream(Frame::Events), format!("{ERROR}\n\n")),
            (Form::Stream(Frame::List), format!("[{ERROR}]")),
            (Form::Stream(Frame::List), format!("[{CHUNK},\n{ERROR}\n]")),
        ] {
            let mut watch = watch(form);
            let mut said = watch.push(text.as_bytes());
            said.extend(watch.finish());
            assert!(
                matches!(said.last(), Some(Said::Error(_))),
                "{text}: {said:?}"
            );
        }
        let talks_of_errors = CHUNK.replace("\"a\"", "\"an \\\"error\\\":\"");
        assert!(matches!(of_google(&talks_of_errors), Said::Chunk(_)));
        assert_eq!(of_google("<html>"), Said::Unreadable);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(cuts in proptest::collection::vec(1..40_usize, 0..40), zipped: bool, list: bool) {
            let text = match list {
                true => format!("[{CHUNK}\n,\r\n{CHUNK},{LAST}\n]\n"),
                false => format!("data: {CHUNK}\r\n\r\ndata: {CHUNK}\n\ndata: {LAST}\r\n\r\n"),
            };
            let form = Form::Stream(if list { Frame::List } else { Frame::Events });
            let mut headers = HeaderMap::new();
            let mut bytes = text.clone().into_bytes();
            if zipped {
                let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                zip.write_all(&bytes).unwrap();
                bytes = zip.finish().unwrap();
                headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
            }
            let mut watch = Watch::of(form, &headers).unwrap();
            let mut said = Vec::new();
            let mut rest = &bytes[..];
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                said.extend(watch.push(piece));
                rest = after;
            }
            said.extend(watch.push(rest));
            said.extend(watch.finish());
            prop_assert_eq!(said.len(), 3);
            let chunks = said.iter().all(|said| matches!(said, Said::Chunk(_)));
            prop_assert!(chunks);
            prop_assert!(watch.has_ended());
        }

        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>, list: bool) {
            let form = Form::Stream(if list { Frame::List } else { Frame::Events });
            let mut watch = watch(form);
            watch.push(&bytes);
            watch.finish();
        }
    }
}

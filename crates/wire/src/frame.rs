//! How replies are framed: one JSON object, server-sent events, or a JSON array.
//!
//! The SDKs are strict in different places (measured): no comments, no `event:` or `id:` lines, no
//! closing sentinel, a blank line behind every event, and an error as one bare line of its own.

use crate::status::Status;
use bytes::Bytes;

/// The frame of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Frame {
    /// One JSON value.
    #[default]
    Json,
    /// `alt=sse` on a streaming method.
    Events,
    /// A streaming method without `alt=sse`.
    List,
}

impl Frame {
    /// The reply's content type. An error before the first event keeps it, too.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::List => "application/json; charset=UTF-8",
            Self::Events => "text/event-stream",
        }
    }

    /// The body of an error before the first byte.
    pub fn error(self, status: &Status) -> String {
        match self {
            Self::Json | Self::Events => status.to_pretty(),
            Self::List => status.to_pretty_list(),
        }
    }

    /// One chunk of a stream. `first` opens a list.
    pub fn chunk(self, json: &[u8], first: bool) -> Bytes {
        let mut out = Vec::with_capacity(json.len() + 10);
        match self {
            Self::Events => {
                out.extend_from_slice(b"data: ");
                out.extend_from_slice(json);
                out.extend_from_slice(b"\r\n\r\n");
            }
            Self::List => {
                out.extend_from_slice(if first { b"[" } else { b",\r\n" });
                out.extend_from_slice(json);
            }
            Self::Json => out.extend_from_slice(json),
        }
        out.into()
    }

    /// What follows the last chunk; nothing may come behind it. A list that never began is empty.
    pub fn end(self, began: bool) -> Bytes {
        match self {
            Self::List if began => Bytes::from_static(b"]"),
            Self::List => Bytes::from_static(b"[]"),
            Self::Json | Self::Events => Bytes::new(),
        }
    }

    /// An error behind chunks, to be flushed by itself; the stream ends with it.
    pub fn late_error(self, status: &Status) -> Bytes {
        match self {
            Self::Events | Self::Json => format!("{}\n\n", status.to_line()).into(),
            Self::List => format!(",\r\n{}]", status.to_line()).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Code;

    #[test]
    fn a_list_is_one_json_value() {
        let list = Frame::List;
        let text = [
            list.chunk(b"{}", true),
            list.chunk(b"{}", false),
            list.end(true),
        ]
        .concat();
        assert_eq!(text, b"[{},\r\n{}]");
        let status = Status::new(Code::Unavailable, "x");
        let text = [list.chunk(b"{}", true), list.late_error(&status)].concat();
        assert!(serde_json::from_slice::<Vec<serde_json::Value>>(&text).is_ok());
    }

    #[test]
    fn a_late_error_is_one_bare_line_with_error_first() {
        let status = Status::new(Code::Unavailable, "x");
        let text = Frame::Events.late_error(&status);
        assert!(text.starts_with(b"{\"error\":{"));
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 2);
    }
}

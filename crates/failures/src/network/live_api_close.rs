//! The Live API closed the connection.

use crate::entry::{Entry, Guide, Retry, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "live-api-close",
    page: include_str!("live_api_close.md"),
    guide: Some(Guide::ClientSdk),
    retry: Retry::Maybe,
    over: &[
        "invalid-argument-generic",
        "mime-unsupported",
        "file-not-found-or-expired",
        "model-not-found",
    ],
    signs: &[
        likely("websocket ** 1007"),
        likely("websocket ** 1008"),
        likely("websocket ** 1011"),
        likely("received 1007"),
        likely("received 1008"),
        likely("received 1011"),
        likely("received 1000 ** live"),
        likely("close 1007"),
        likely("close 1008"),
        likely("close 1011"),
        likely("closed code 1007"),
        likely("closed code 1008"),
        likely("closed code 1011"),
        likely("code 1007"),
        likely("code 1008"),
        likely("code 1011"),
        likely("live ** 1006"),
        likely("closed 1007"),
        likely("closed 1008"),
        likely("closed 1011"),
        likely("websocketclose 1007"),
        likely("websocketclose 1008"),
        likely("websocketclose 1011"),
        likely("bidigeneratecontent ** 1007"),
        likely("bidigeneratecontent ** 1008"),
        likely("bidigeneratecontent ** 1011"),
    ],
};

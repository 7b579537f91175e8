//! The client gave up waiting.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "client-timeout",
    page: include_str!("client_timeout.md"),
    guide: Some(Guide::DeadlineExceeded),
    retry: Retry::LongerDeadline,
    over: &["network-error"],
    signs: &[
        certain("disconnected without sending a response"),
        certain("operation was aborted due to timeout"),
        certain("fetch failed sending request"),
        certain("socket connection was closed unexpectedly"),
        likely("readtimeout"),
        likely("read timed out"),
        likely("read timeout"),
        likely("request timed out"),
        likely("requesttimeout"),
        likely("timed out after"),
        likely("timeout of * exceeded"),
        likely("timeouterror"),
        likely("connecttimeout"),
        likely("headerstimeouterror"),
        likely("headers timeout"),
        likely("bodytimeouterror"),
        likely("body timeout"),
        likely("apitimeouterror"),
        likely("sockettimeout"),
        likely("context deadline exceeded"),
        likely("undersheaderstimeout"),
        likely("sockettimeoutexception"),
        likely("aborterror"),
        likely("operation was aborted"),
        likely("request was aborted"),
        likely("etimedout"),
        likely("timed out"),
        possible("internal error has occurred"),
        possible("timeout"),
        possible("deadline exceeded"),
    ],
};

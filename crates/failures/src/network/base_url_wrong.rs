//! The address is none of the API's.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "base-url-wrong",
    page: include_str!("base_url_wrong.md"),
    guide: Some(Guide::NotFound),
    retry: Retry::Never,
    over: &[
        "model-not-found",
        "stream-parse-error",
        "invalid-argument-generic",
    ],
    signs: &[
        certain("baseurl https generativelanguage googleapis com v1beta openai chat completions"),
        certain("v1beta chat completions was not found"),
        certain("requested url ** was not found on this server"),
        certain("thats all we know"),
        possible("api version v1main"),
        likely("error 404 not found 1"),
        likely("v1beta v1beta"),
        likely("v1 v1beta"),
        likely("v1beta v1 "),
        likely("doctype ** is not valid json"),
        likely("unexpected token ** doctype"),
        likely("404 page not found"),
        possible("failed to fetch models"),
        possible("doctype html"),
    ],
};

//! The client asks for text where the reply has none.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "sdk-accessor-non-text",
    page: include_str!("sdk_accessor_non_text.md"),
    guide: Some(Guide::ClientSdk),
    retry: Retry::Never,
    over: &[],
    signs: &[
        certain("only supports text parts"),
        certain("there are non text parts"),
        certain("non text parts in the response"),
        likely("nonetype object has no attribute"),
        likely("nonetype object is not subscriptable"),
        likely("nonetype object is not iterable"),
        likely("cannot read properties of undefined reading"),
        likely("could not convert part"),
        likely("only works for simple single part text responses"),
    ],
};

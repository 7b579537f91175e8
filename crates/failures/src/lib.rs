//! The catalogue of failures of the Gemini API.
//!
//! Pure: values in, values out; no IO, no clock, no engine. One cause is one file in one of the
//! folders, such as [`request`], [`keys`] or [`quota`]: a struct of facts that implements [`Failure`],
//! or, for what comes with status 200, a [`reply`]. Faults of the network and of clients are only
//! recognised. [`mod@check`] finds the failures that a request carries in itself, by what its model's
//! [`Card`] says:
//!
//! ```
//! use propus_failures::{Call, Cards, check};
//! use propus_wire::{Version, generate::GenerateContentRequest};
//!
//! let card = Cards::builtin().get("gemini-2.5-flash").unwrap();
//! let request = GenerateContentRequest::default();
//! let problem = check(&Call::GenerateContent(&request), card, Version::V1).unwrap_err();
//! assert_eq!(problem.name(), "missing-required-field");
//! assert_eq!(
//!     problem.status().message,
//!     "* GenerateContentRequest.contents: contents is not specified\n"
//! );
//! ```

pub mod account;
pub mod advise;
pub mod amend;
pub mod cards;
pub mod catalogue;
pub mod check;
pub mod client;
pub mod content;
pub mod day;
pub mod diagnose;
pub mod entry;
pub mod exhausted;
pub mod explain;
pub mod inspect;
pub mod keys;
pub mod limits;
pub mod models;
pub mod network;
pub mod page;
pub mod problem;
pub mod quota;
pub mod recovery;
pub mod reply;
pub mod request;
pub mod service;
pub mod several;
pub mod violation;

pub use advise::{Advice, advise};
pub use amend::amend;
pub use cards::{Card, Cards};
pub use check::{Call, check, findings};
pub use day::Day;
pub use diagnose::{Cause, Diagnosis, diagnose};
pub use entry::Entry;
pub use exhausted::{Exhausted, Exhaustion};
pub use explain::explain;
pub use inspect::{Finding, Sending, inspect};
pub use problem::{Failure, Problem};
pub use violation::Violation;

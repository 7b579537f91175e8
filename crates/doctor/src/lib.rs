//! Examines an environment as an experienced person would, from the key to the last chunk of a stream.
//!
//! [`examine`] looks at values that its caller read: the variables, the folder, the clock and the
//! system's certificate authorities. It then asks the network, one step at a time, and says of each
//! step what was tried, what was seen and what to do. A step that needs an earlier one which failed
//! is skipped. Failures have the names of the catalogue of `propus-failures`, and where a server
//! replied, its reply was diagnosed there: the doctor and `propus diagnose` cannot disagree.
//!
//! ```no_run
//! use propus_doctor::{Environment, Settings, examine};
//!
//! # async fn example() {
//! let environment = Environment {
//!     variables: std::env::vars_os().collect(),
//!     folder: ".".into(),
//!     now: std::time::SystemTime::now(),
//!     authorities: Vec::new(),
//! };
//! let report = examine(&environment, &Settings::default()).await;
//! print!("{report}");
//! # }
//! ```
//!
//! Keys and passwords are in no report: of a key at most its kind and its length are told.

mod api;
pub mod arrival;
pub mod base_url;
pub mod certificate;
mod clock;
mod environment;
mod evidence;
mod examine;
pub mod key;
mod network;
mod probes;
mod proxy;
mod report;
mod secrets;
mod text;

pub use environment::{Environment, Settings};
pub use examine::examine;
pub use report::{Probe, Report, State};

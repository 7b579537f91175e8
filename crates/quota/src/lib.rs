//! Quotas as the Gemini API has them: requests and input tokens, by minute and by day, for each
//! project and model; and money, by ten minutes and by month, for each project.
//!
//! Pure: no HTTP and no clock. Whoever asks passes the time and the [`Limits`]; the answer is a
//! [`Reservation`] or a [`Refused`] that holds the facts of a 429. [`Spend`] does the same with
//! [`SpendLimits`] and what a request costs by the [`PriceTable`].
//!
//! ```
//! use propus_quota::{LimitTable, Ledger, Profile, Tier, Unit, Window};
//! use std::time::SystemTime;
//!
//! let limits = LimitTable::builtin().limits(Profile::Current, Tier::Free, "gemini-2.5-pro");
//! assert_eq!(limits.rpm, Some(5));
//!
//! let ledger = Ledger::new();
//! let now = SystemTime::UNIX_EPOCH;
//! for _ in 0..5 {
//!     let reservation = ledger.reserve(now, "my-project", "gemini-2.5-pro", &limits, 1_000);
//!     reservation.unwrap().settle(1_017);
//! }
//! let refused = ledger.reserve(now, "my-project", "gemini-2.5-pro", &limits, 1_000);
//! let exhausted = &refused.unwrap_err().exhausted[0];
//! assert_eq!((exhausted.unit, exhausted.window), (Unit::Requests, Window::Minute));
//! assert_eq!(exhausted.limit, 5);
//! ```

mod account;
pub mod ledger;
pub mod limits;
pub mod money;
mod pacific;
pub mod prices;
pub mod refused;
#[cfg(feature = "shared")]
pub mod shared;
pub mod snapshot;
pub mod spend;
pub mod usage;

pub use ledger::{Ledger, Reservation};
pub use limits::{LimitChange, LimitTable, Limits, Profile, Project, Setting, Tier};
pub use money::Money;
pub use prices::{Price, PriceTable};
pub use refused::{Exhausted, Refused, Unit, Window};
pub use snapshot::Snapshot;
pub use spend::{Overspent, Spend, SpendLimits, SpendReservation};
pub use usage::{Usage, Used};

//! Waiting for work that goes on behind the API.

use crate::error::{Error, Kind};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often to look whether something is done, and for how long.
///
/// ```
/// use propus_client::Poll;
/// use std::time::Duration;
///
/// let patient = Poll::default().every(Duration::from_secs(30)).within(Duration::from_secs(24 * 3600));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Poll {
    first: Duration,
    most: Duration,
    within: Option<Duration>,
}

impl Default for Poll {
    /// After a second, then less and less often, up to every 20 seconds; without an end.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_secs(20),
            within: None,
        }
    }
}

impl Poll {
    /// As often as this, from the beginning.
    #[must_use]
    pub fn every(mut self, pause: Duration) -> Self {
        (self.first, self.most) = (pause, pause);
        self
    }

    /// For no longer than this; then the wait is an error ([`Error::is_timeout`]), and the work
    /// goes on.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// Looks until something is there. `what` says what is not done yet, for the error.
    pub(crate) async fn until<T, L, F>(
        self,
        what: impl Fn() -> String,
        mut look: L,
    ) -> Result<T, Error>
    where
        L: FnMut() -> F,
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let begun = Instant::now();
        let mut pause = self.first;
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if let Some(allowed) = self.within
                && begun.elapsed() + pause > allowed
            {
                let what = what();
                return Err(Error::new(Kind::Unfinished { what, allowed }));
            }
            sleep(pause).await;
            pause = (pause.saturating_mul(3) / 2).min(self.most);
        }
    }
}

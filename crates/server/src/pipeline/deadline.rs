//! Until when a call must be answered: what the client said it waits, and what the server allows.

use crate::app::Settings;
use futures::StreamExt;
use http::HeaderMap;
use propus_engines::Chunks;
use propus_failures::{Problem, service::deadline_504::Deadline504};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What the SDKs send where a timeout is set: whole seconds, rounded up.
const HEADER: &str = "x-server-timeout";

/// The end of a call. Work that is not done by then is dropped, which stops the engine.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    allowed: Duration,
}

impl Deadline {
    /// The deadline of a call that arrives now: the shorter of both.
    pub fn of(settings: &Settings, headers: &HeaderMap) -> Self {
        let asked = headers.get(HEADER).and_then(|value| value.to_str().ok());
        // Anything but a positive number of seconds is no deadline, as for Google.
        let asked = asked.and_then(|asked| seconds(asked.trim()));
        let allowed = asked
            .filter(|allowed| !allowed.is_zero())
            .map_or(settings.deadline, |asked| asked.min(settings.deadline));
        Self {
            at: Instant::now() + allowed,
            allowed,
        }
    }

    /// When it is.
    pub fn until(self) -> Option<std::time::Instant> {
        Some(self.at.into_std())
    }

    /// The same by tokio's clock.
    pub fn at(self) -> Instant {
        self.at
    }

    /// What is left; zero when it has passed.
    pub fn remaining(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Waits for work, at most until the deadline.
    pub async fn bound<T>(
        self,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        match timeout_at(self.at, work).await {
            Ok(done) => done,
            Err(_) => Err(self.passed()),
        }
    }

    /// A stream that ends with a problem at the deadline.
    pub fn bound_chunks(self, mut chunks: Chunks) -> Chunks {
        async_stream::stream! {
            loop {
                match timeout_at(self.at, chunks.next()).await {
                    Ok(Some(chunk)) => yield chunk,
                    Ok(None) => return,
                    Err(_) => {
                        // The engine stops before the caller hears of it.
                        drop(chunks);
                        yield Err(self.passed());
                        return;
                    }
                }
            }
        }
        .boxed()
    }

    /// The problem of a call that was not done by then.
    pub fn passed(self) -> Problem {
        let cause = Some(format!("not done within {} s", self.allowed.as_secs_f64()));
        Deadline504 { cause }.into()
    }
}

/// A number of seconds, with or without decimals.
pub fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use propus_wire::generate::GenerateContentResponse;

    fn deadline(header: &'static str) -> Deadline {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_static(header));
        Deadline::of(&Settings::default(), &headers)
    }

    #[tokio::test(start_paused = true)]
    async fn the_shorter_deadline_counts() {
        assert_eq!(deadline("3").allowed, Duration::from_secs(3));
        assert_eq!(deadline("0.5").allowed, Duration::from_millis(500));
        let own = Settings::default().deadline;
        for header in ["", "0", "-1", "soon", "NaN", "inf", "1e9"] {
            assert_eq!(deadline(header).allowed, own, "{header}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn work_ends_at_the_deadline() {
        let never = std::future::pending::<Result<(), Problem>>();
        let problem = deadline("2").bound(never).await.unwrap_err();
        assert_eq!(problem.name(), "deadline-504");
        assert_eq!(problem.log().unwrap(), "not done within 2 s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_at_the_deadline_and_its_engine_stops() {
        let (alive, stopped) = tokio::sync::oneshot::channel::<()>();
        let chunks = async_stream::stream! {
            let _alive = alive;
            yield Ok(GenerateContentResponse::default());
            std::future::pending::<()>().await;
        };
        let mut chunks = deadline("2").bound_chunks(chunks.boxed());
        assert!(chunks.next().await.unwrap().is_ok());
        let problem = chunks.next().await.unwrap().unwrap_err();
        assert_eq!(problem.name(), "deadline-504");
        assert!(stopped.await.is_err());
        assert!(chunks.next().await.is_none());
    }
}

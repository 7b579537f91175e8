//! Looks at a server again and again.

use anyhow::Context;
use propus_client::{Method, transport::Transport};
use propus_server::metrics::view::{Differences, HeadRoom, View};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// A server that takes longer to tell of itself has something else to do.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest text of metrics that is read, in bytes.
const LONGEST: usize = 16 << 20;

/// How many looks the course of the traffic goes back.
const REMEMBERED: usize = 240;

/// A server that is looked at.
pub struct Watch {
    transport: Transport,
    project: String,
    has_token: bool,
    /// What was seen.
    pub seen: Seen,
}

/// What was seen of a server.
#[derive(Debug)]
pub struct Seen {
    /// Its address.
    pub url: String,
    /// What it counts.
    pub view: View,
    /// When it was looked at last.
    at: Option<Instant>,
    /// What came between the last two looks.
    pub came: Differences,
    /// Requests a second, the newest at the end.
    pub course: VecDeque<f64>,
    /// What quotas leave.
    pub rooms: Rooms,
    /// Why the last look saw nothing.
    pub trouble: Option<String>,
}

/// What is known of the quotas.
#[derive(Debug, PartialEq)]
pub enum Rooms {
    /// For each model of which something was used.
    Known(Vec<HeadRoom>),
    /// Why nothing is known.
    Unknown(String),
}

impl Watch {
    /// Takes the address of a server and, for its quotas, the admin token. Nothing is asked yet.
    pub fn new(url: &str, project: &str, token: Option<String>) -> anyhow::Result<Self> {
        let mut builder = Transport::builder(url).timeout(PATIENCE);
        if let Some(token) = &token {
            builder = builder.secret("authorization", "Bearer ", token);
        }
        let transport = builder.build().context("--url")?;
        Ok(Self {
            seen: Seen::nothing(transport.base_url()),
            transport,
            project: project.to_owned(),
            has_token: token.is_some(),
        })
    }

    /// Looks once.
    ///
    /// # Errors
    ///
    /// Nobody answers, or it is no Propus.
    pub async fn look(&mut self) -> anyhow::Result<()> {
        let reply = self.transport.call(Method::GET, "metrics").send().await?;
        let view = View::parse(&reply.text(LONGEST).await?)?;
        self.seen.take(view, Instant::now());
        self.seen.rooms = self.rooms().await;
        Ok(())
    }

    /// The same; a server that is away for a while is waited for.
    pub async fn look_again(&mut self) {
        let looked = self.look().await;
        self.seen.trouble = looked.err().map(|error| format!("{error:#}"));
    }

    async fn rooms(&self) -> Rooms {
        if !self.has_token {
            return Rooms::Unknown(
                "needs the admin token: --data-dir or PROPUS_ADMIN_TOKEN".into(),
            );
        }
        let call = self.transport.call(Method::GET, "propus/v1/quota");
        let sent = call.query("project", &self.project).send().await;
        let reply = match sent {
            Ok(reply) => reply.json().await,
            Err(error) => Err(error),
        };
        match reply {
            Ok(reply) => HeadRoom::read(&reply)
                .map_or_else(|odd| Rooms::Unknown(odd.to_string()), Rooms::Known),
            Err(error) => Rooms::Unknown(match error.status() {
                Some(status) => status.message.clone(),
                None => error.message(),
            }),
        }
    }
}

impl Seen {
    /// Nothing yet.
    pub fn nothing(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            view: View::default(),
            at: None,
            came: Differences::default(),
            course: VecDeque::new(),
            rooms: Rooms::Known(Vec::new()),
            trouble: None,
        }
    }

    /// Takes in the next look.
    pub fn take(&mut self, view: View, now: Instant) {
        let since = self.at.map_or(Duration::ZERO, |then| now - then);
        self.came = Differences::between(&self.view, &view, since.as_secs_f64());
        if !since.is_zero() {
            self.course.push_back(self.came.requests.values().sum());
            let old = self.course.len().saturating_sub(REMEMBERED);
            self.course.drain(..old);
        }
        self.view = view;
        self.at = Some(now);
    }
}

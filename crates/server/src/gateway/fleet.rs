//! The gateways that stand in front of the same upstream and share a store: what they have used of its
//! limits, and what they tell each other of its refusals.
//!
//! Their clocks must agree to within half a second, which the second that the minute is longer here leaves
//! room for. No key is in the store, only a hash of those whose project has no name.

use crate::{
    app::Clock,
    gateway::{
        pacing::MINUTE,
        settings::{Pacing, Unfit},
    },
};
use propus_engines::secret::Secrets;
use propus_quota::{
    Limits, Refused, Unit, Window,
    shared::{Denied, Informed, Note, Outage, Shared, SharedReservation},
};
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::Instant;

/// How long the store may take to answer: a call waits for it.
const PATIENCE: Duration = Duration::from_millis(50);
/// Where notes are pinned.
const BOARD: &str = "gateways";

/// Those who share a store.
pub(super) struct Fleet {
    address: String,
    store: Shared,
    clock: Clock,
    /// Whether it was said that the store is away.
    is_away: AtomicBool,
    /// The version of the board as it is known.
    version: AtomicU64,
    notes: Mutex<HashMap<String, Note>>,
}

/// The store's answer to a request.
pub(super) enum Answer {
    /// It counts, and it is one of so many of all gateways in this minute.
    Admitted(SharedReservation, u64),
    /// There will be room after this time; with the limit, if all have used up that of requests.
    Full(Duration, Option<u64>),
    /// Others have told something; nothing counts.
    News,
    /// There is none.
    Away,
}

/// The same moment by two clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub now: Instant,
    pub time: SystemTime,
}

impl Fleet {
    /// As the settings say; none where no store is named. Connects with the first call.
    ///
    /// # Errors
    ///
    /// The address cannot be read or makes no sense.
    pub fn of(settings: &Pacing, secrets: &mut Secrets) -> Result<Option<Arc<Self>>, Unfit> {
        let Some(store) = settings.store.as_ref().filter(|_| settings.enabled) else {
            return Ok(None);
        };
        let address = secrets.read(&store.0).map_err(|error| {
            let (what, hint) = (format!("cannot be read: {}", error.message()), error.hint());
            unfit(&what, hint)
        })?;
        let fleet = Self::new(&address, Arc::new(SystemTime::now));
        // The address may hold a password.
        let fleet = fleet.ok_or_else(|| {
            let hint = "redis://HOST:PORT/ or redis://USER:PASSWORD@HOST:PORT/";
            unfit("is no address of a Valkey or Redis", hint)
        })?;
        Ok(Some(Arc::new(fleet)))
    }

    /// By the store of an address; none where that makes no sense.
    pub fn new(address: &str, clock: Clock) -> Option<Self> {
        Some(Self {
            address: address.to_owned(),
            store: Shared::patient(address, PATIENCE, MINUTE).ok()?,
            clock,
            is_away: AtomicBool::new(false),
            version: AtomicU64::new(0),
            notes: Mutex::default(),
        })
    }

    /// Whether both share the same store.
    pub fn has_store_of(&self, other: &Self) -> bool {
        self.address == other.address
    }

    /// Asks for room for a request.
    pub async fn reserve(&self, account: (&str, &str), limits: &Limits, tokens: u64) -> Answer {
        let known = (BOARD, self.version());
        let now = (self.clock)();
        let asked = self
            .store
            .reserve_informed(now, account, limits, tokens, known);
        let answer = asked.await;
        if let Err(Denied::Outage(outage)) = &answer {
            self.say_away(outage);
            return Answer::Away;
        }
        if self.is_away.swap(false, Relaxed) {
            tracing::info!("the store that gateways share answers again");
        }
        match answer {
            Ok(Informed::Admitted(reservation, of)) => Answer::Admitted(reservation, of),
            Ok(Informed::News(news)) => {
                let notes = news.notes.into_iter();
                *self.notes() = notes.map(|note| (note.name.clone(), note)).collect();
                self.version.store(news.version, Release);
                Answer::News
            }
            Err(Denied::Refused(refused)) => Answer::Full(wait(&refused), requests(&refused)),
            Err(Denied::Outage(_)) => Answer::Away,
        }
    }

    fn say_away(&self, outage: &Outage) {
        if !self.is_away.swap(true, Relaxed) {
            tracing::warn!(
                "the store that gateways share is away, and limits are kept to apart: {outage}"
            );
        }
    }

    /// Tells the others something. Where the store is away, nobody hears it.
    pub fn tell(self: &Arc<Self>, name: String, text: String, lasts: Duration) {
        let now = (self.clock)();
        let until = now + lasts;
        let note = Note { name, text, until };
        let fleet = self.clone();
        tokio::spawn(async move { fleet.store.post(now, BOARD, &note).await });
    }

    /// The version of what is known from the others.
    pub fn version(&self) -> u64 {
        self.version.load(Acquire)
    }

    /// What was told under this name, if it still holds.
    pub fn told(&self, name: &str) -> Option<Note> {
        let now = (self.clock)();
        let notes = self.notes();
        notes.get(name).filter(|note| now < note.until).cloned()
    }

    /// Now.
    pub fn moment(&self) -> Moment {
        Moment {
            now: Instant::now(),
            time: (self.clock)(),
        }
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, HashMap<String, Note>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address may hold a password.
impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").finish_non_exhaustive()
    }
}

impl Moment {
    /// A moment near this one, in milliseconds since 1970.
    pub fn millis(&self, at: Instant) -> u64 {
        let time = match at.checked_duration_since(self.now) {
            Some(ahead) => self.time + ahead,
            None => self.time - (self.now - at),
        };
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// The moment that was so many milliseconds after 1970 began; this one where it is too far away.
    pub fn instant(&self, millis: u64) -> Instant {
        let time = UNIX_EPOCH + Duration::from_millis(millis);
        let at = match time.duration_since(self.time) {
            Ok(ahead) => self.now.checked_add(ahead),
            Err(behind) => self.now.checked_sub(behind.duration()),
        };
        at.unwrap_or(self.now)
    }
}

/// How long until all limits leave room; a minute at most.
fn wait(refused: &Refused) -> Duration {
    let waits = refused.exhausted.iter().map(|one| one.wait);
    waits.max().unwrap_or_default().min(MINUTE)
}

/// The limit on requests, if it leaves no room.
fn requests(refused: &Refused) -> Option<u64> {
    let mut full = refused.exhausted.iter();
    let full = full.find(|one| (one.unit, one.window) == (Unit::Requests, Window::Minute));
    full.map(|one| one.limit)
}

fn unfit(what: &str, hint: &str) -> Unfit {
    Unfit {
        field: "pacing.store".into(),
        what: what.to_owned(),
        hint: hint.to_owned(),
    }
}

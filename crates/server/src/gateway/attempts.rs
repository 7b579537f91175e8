//! The attempts of one call: the only place where recovery's decisions are carried out.
//!
//! It decides nothing: after each failure [`decide`] says what is to be done. What it needs to know, such as
//! which ways are left, is gathered here.

use crate::{
    accounts::{Caller, Project},
    app::App,
    gateway::{
        State,
        asked::{Asked, Form, Named},
        attempt::Attempted,
        cache,
        pacing::{Full, learnt},
        rests::{By, Kind as RestKind, Resting},
        seen,
        told::{Failed, Passed, Told, mark},
        ways::{Upstream, Way},
    },
    layers::origin::Peer,
    metrics::Record,
    quotas::{Needed, Quotas, Reserved, Work},
};
use axum::response::Response;
use bytes::Bytes;
use propus_engines::google::path;
use propus_failures::{
    Call, Problem, Sending, amend,
    amend::Kind,
    check,
    exhausted::{Exhausted, Exhaustion, Quota, Tier, Window},
    recovery::{
        Available, Decision, History, Outcome, Repairs, Scope, Situation, Why, decide, most_telling,
    },
};
use propus_wire::{
    Message, Mode, Version,
    embed::{BatchEmbedContentsRequest, EmbedContentRequest},
    generate::{CountTokensRequest, GenerateContentRequest, GenerateContentResponse},
    request,
};
use rand::Rng;
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, sleep};

/// One call on its way.
pub(super) struct Course {
    pub app: Arc<App>,
    pub state: Arc<State>,
    pub asked: Asked,
    pub extensions: http::Extensions,
    /// What the request's log line will say.
    pub record: Record,
    /// Whether its caller has heard how it ended.
    pub has_ended: bool,
    ways: Vec<Way>,
    /// Those that failed since the last wait.
    tried: Vec<String>,
    /// When the last attempt began.
    sent: Instant,
    pub history: History,
    failed: Vec<Arc<Failed>>,
    /// Corrections that changed something.
    amended: Vec<Kind>,
    /// The request's body as it is sent.
    pub body: Bytes,
    /// The path as it is sent, but for the model.
    pub path: String,
    /// How long the beginning of the reply may take, where recovery has given more.
    pub longer: Option<Duration>,
    temperature: Option<f64>,
    /// Whether the answer is streamed from the upstream and put together here.
    pub streamed: bool,
    pub caller: String,
    reserved: Option<Reserved>,
    /// The body whose length was counted in place of its tokens.
    guessed: Option<Bytes>,
    tokens: Option<u64>,
    /// Under which key the reply may be kept.
    cached_as: Option<cache::Key>,
}

/// What comes next.
enum Next {
    /// An attempt on this way.
    Attempt(Way),
    /// The caller is told.
    Tell,
}

impl Course {
    pub fn new(
        app: Arc<App>,
        state: Arc<State>,
        asked: Asked,
        ways: Vec<Way>,
        extensions: http::Extensions,
    ) -> Self {
        Self {
            body: asked.body.clone(),
            path: asked.uri.path().to_owned(),
            caller: caller(&extensions),
            record: seen::record(&extensions, asked.model.as_deref()),
            has_ended: false,
            app,
            state,
            asked,
            extensions,
            ways,
            tried: Vec::new(),
            sent: Instant::now(),
            history: History::default(),
            failed: Vec::new(),
            amended: Vec::new(),
            longer: None,
            temperature: None,
            streamed: false,
            reserved: None,
            guessed: None,
            tokens: None,
            cached_as: None,
        }
    }

    /// Makes attempts until one serves or nothing more is to be done.
    pub async fn run(mut self) -> Response {
        let first = self.begin().await;
        let mut next = match first {
            Ok(way) => Next::Attempt(way),
            Err(response) => return response,
        };
        while let Next::Attempt(way) = next {
            self.send_by(&way);
            let (way, attempted) = self.attempt_hedged(way).await;
            next = match attempted {
                Attempted::Served(response) => {
                    self.served(&way);
                    self.tell_answer(None);
                    self.settle(None).await;
                    return self.marked(response);
                }
                Attempted::Answered(passed, reply) => {
                    self.served(&way);
                    self.tell_answer(Some(&reply));
                    self.settle(Some(reply)).await;
                    self.keep(&passed);
                    return self.marked(passed.into_response());
                }
                Attempted::Begun(begun) => {
                    self.served(&way);
                    return self.stream(way, *begun);
                }
                Attempted::Failed(failed) => self.after(&way, failed).await,
            };
        }
        self.give_up().await
    }

    /// The first way, once the request is found good and counted.
    async fn begin(&mut self) -> Result<Way, Response> {
        let Some(first) = self.ways.first().cloned() else {
            return Err(self.give_up().await);
        };
        while let Err(problem) = self.check(&first) {
            let failed = Failed::own(problem);
            let outcome = failed.outcome.clone();
            self.failed.push(Arc::new(failed));
            let Decision::Amend { kinds } = self.decide(&first, &outcome) else {
                return Err(self.give_up().await);
            };
            self.history.note(&Decision::Amend {
                kinds: kinds.clone(),
            });
            self.amend(&kinds);
        }
        self.failed.clear();
        if let Some(known) = self.known_reply() {
            self.tell_answer(None);
            return Err(known);
        }
        if let Err(problem) = self.reserve(&first).await {
            self.failed.push(Arc::new(Failed::own(problem)));
            return Err(self.give_up().await);
        }
        first.line.deposit();
        match self.choose().await {
            Ok(way) => Ok(way),
            Err(failed) => {
                self.failed.push(failed);
                Err(self.give_up().await)
            }
        }
    }

    /// A failed attempt: what is learnt of it, what is decided, and what of that is carried out.
    async fn after(&mut self, way: &Way, failed: Failed) -> Next {
        let outcome = failed.outcome.clone();
        let failed = Arc::new(failed);
        self.note(way, &failed);
        self.failed.push(failed);
        self.tried.push(way.name.clone());
        loop {
            let decision = self.decide(way, &outcome);
            if let Decision::GiveUp { why } = &decision {
                self.log(&outcome, why);
                return Next::Tell;
            }
            if decision.is_repetition() && !way.line.withdraw() {
                return Next::Tell;
            }
            self.history.note(&decision);
            if let Some(next) = self.carry_out(way, decision).await {
                return next;
            }
        }
    }

    /// A stream broke behind its beginning: where recovery lets it be continued, the text so far becomes the
    /// model's turn, and this is the way for the rest.
    pub async fn resume(&mut self, way: &Way, outcome: &Outcome, text: &str) -> Option<Way> {
        let decision = self.decided(way, outcome, true);
        let Decision::Resume { wait } = decision else {
            return None;
        };
        let mut request: Value = serde_json::from_slice(&self.asked.body).ok()?;
        let turn = json!({"role": "model", "parts": [{"text": text}]});
        request.get_mut("contents")?.as_array_mut()?.push(turn);
        if !self.set_body(&request) || !way.line.withdraw() {
            return None;
        }
        self.history.note(&decision);
        self.wait(wait).await;
        let next = self.choose().await.ok()?;
        self.send_by(&next);
        Some(next)
    }

    /// An attempt begins.
    fn send_by(&mut self, way: &Way) {
        self.history.begin(&way.name);
        way.line.enter();
        self.sent = Instant::now();
    }

    /// Carries a decision out; none where it changed nothing.
    async fn carry_out(&mut self, way: &Way, decision: Decision) -> Option<Next> {
        match decision {
            Decision::Retry { wait } => {
                self.wait(wait).await;
                self.tried.clear();
                return Some(self.chosen().await);
            }
            Decision::NextRoute { exclude, .. } => {
                return Some(match self.other(way, exclude) {
                    Some(other) if other.line.withdraw() => self.enter(other).await,
                    _ => Next::Tell,
                });
            }
            Decision::LargerModel => {
                self.ways = self.larger().unwrap_or_default();
                self.tried.clear();
                return Some(self.chosen().await);
            }
            Decision::LongerDeadline { deadline } => self.longer = Some(deadline),
            Decision::StreamInstead => self.streamed = true,
            Decision::OtherVersion => self.path = path::of_other_version(&self.path)?,
            Decision::AskAgain { temperature } => {
                if let Some(temperature) = temperature {
                    self.warm(temperature);
                }
            }
            Decision::Amend { kinds } => {
                if !self.amend(&kinds) {
                    return None;
                }
            }
            // Only a stream that has begun is resumed.
            Decision::Resume { .. } | Decision::GiveUp { .. } => return Some(Next::Tell),
        }
        Some(self.enter(way.clone()).await)
    }

    fn decide(&self, way: &Way, outcome: &Outcome) -> Decision {
        self.decided(way, outcome, false)
    }

    fn decided(&self, way: &Way, outcome: &Outcome, can_resume: bool) -> Decision {
        let budget = way.line.budget();
        let mut situation = Situation::new(&self.state.policy, &self.history);
        situation.safe = self.asked.safe;
        situation.available = Available {
            can_resume,
            ..self.available(way, outcome)
        };
        situation.remaining = Some(self.asked.deadline.remaining());
        situation.deadline = self.allowed(way);
        situation.temperature = self.temperature.or_else(|| temperature(&self.body));
        situation.budget = budget.as_ref();
        situation.jitter = rand::rng().random_range(0.0..=1.0);
        match decide(outcome, &situation) {
            // The body is gone.
            decision if decision.goes_on() && self.asked.is_spent() => {
                Decision::GiveUp { why: Why::NotSafe }
            }
            decision => decision,
        }
    }

    /// The time that an attempt has for the beginning of its reply.
    fn allowed(&self, way: &Way) -> Option<Duration> {
        let Upstream::Google(google, _) = &way.upstream else {
            return None;
        };
        self.longer.or(google.first_byte())
    }

    /// What could still be done. Whether anything is beyond the failure is asked of each way by itself.
    fn available(&self, way: &Way, outcome: &Outcome) -> Available {
        let there = self.other(way, outcome.scope).is_some();
        Available {
            routes: there,
            keys: there,
            models: there,
            projects: there,
            accounts: there,
            larger_model: self.larger_model().is_some(),
            can_stream: self.asked.form == Form::Answer
                && !self.streamed
                && matches!(way.upstream, Upstream::Google(..)),
            can_resume: false,
        }
    }

    /// A way that the failure does not concern, was not tried, does not rest and can bear a call more.
    pub fn other(&self, failed: &Way, scope: Scope) -> Option<Way> {
        let fit = |way: &&Way| {
            way.is_beyond(failed, scope)
                && !self.tried.contains(&way.name)
                && way.line.is_closed()
                && way.line.can_pay()
                && self.resting(way).is_none()
        };
        self.ways.iter().find(fit).cloned()
    }

    fn resting(&self, way: &Way) -> Option<Resting> {
        self.state.rests.of(way.parts.all())
    }

    /// The model with a longer context that is configured.
    fn larger_model(&self) -> Option<&str> {
        let model = self.state.map.model(self.asked.model.as_deref()?)?;
        let larger = model.larger.as_deref()?;
        self.state.model(&self.app, larger)?;
        Some(larger)
    }

    /// The ways of that model.
    fn larger(&self) -> Option<Vec<Way>> {
        let bound = || self.asked.is_bound();
        self.state.ways_of(&self.app, self.larger_model()?, &bound)
    }

    async fn chosen(&mut self) -> Next {
        match self.choose().await {
            Ok(way) => Next::Attempt(way),
            Err(failed) => {
                self.failed.push(failed);
                Next::Tell
            }
        }
    }

    /// The best way at the moment. Waits where all rest for a time that is named, and answers from memory
    /// where the day's quota is known to be used up.
    async fn choose(&mut self) -> Result<Way, Arc<Failed>> {
        loop {
            let open: Vec<Way> = {
                let ways = self.ways.iter();
                let awake = ways.filter(|way| self.resting(way).is_none());
                awake.cloned().collect()
            };
            if !open.is_empty() {
                return self.with_room(open).await;
            }
            let resting: Vec<Resting> = self
                .ways
                .iter()
                .filter_map(|way| self.resting(way))
                .collect();
            if let Some(over) = resting.iter().find(|one| one.kind == RestKind::Day)
                && resting.iter().all(|one| one.kind == RestKind::Day)
            {
                return Err(over.told.clone());
            }
            let named = resting.iter().filter(|one| one.kind == RestKind::Named);
            let until = named.map(|one| one.until).min();
            let wait = until.map(|until| until.saturating_duration_since(Instant::now()));
            match wait.filter(|wait| self.may_wait(*wait)) {
                Some(wait) => {
                    self.wait(wait).await;
                    self.history.waited += wait;
                }
                // Nothing better is known than to try, if there is room.
                None => {
                    return self
                        .with_room(self.ways.iter().take(1).cloned().collect())
                        .await;
                }
            }
        }
    }

    async fn wait(&self, wait: Duration) {
        sleep(wait).await;
        self.waited(wait);
    }

    fn may_wait(&self, wait: Duration) -> bool {
        wait <= self.state.policy.longest_wait && wait < self.asked.deadline.remaining()
    }

    fn nothing(&self) -> Arc<Failed> {
        Arc::new(Failed::own(self.asked.deadline.passed()))
    }

    /// The first way whose breaker is closed and whose quota has room; else the first that will have.
    async fn with_room(&mut self, ways: Vec<Way>) -> Result<Way, Arc<Failed>> {
        let tokens = self.tokens_for(&ways);
        if let [way] = &ways[..] {
            return self.admitted(way.clone(), tokens).await;
        }
        let closed: Vec<&Way> = ways.iter().filter(|way| way.line.is_closed()).collect();
        let best = match closed.is_empty() {
            true => ways.iter().collect(),
            false => closed,
        };
        let free = |way: &&Way| way.lane.as_ref().is_none_or(|lane| lane.has_room(tokens));
        let (mut order, busy): (Vec<&Way>, Vec<&Way>) = best.into_iter().partition(free);
        order.extend(busy);
        let mut refused = None;
        for way in order {
            match self.admitted(way.clone(), tokens).await {
                Ok(way) => return Ok(way),
                Err(failed) => refused.get_or_insert(failed),
            };
        }
        Err(refused.unwrap_or_else(|| self.nothing()))
    }

    async fn enter(&mut self, way: Way) -> Next {
        let tokens = self.tokens_for(std::slice::from_ref(&way));
        match self.admitted(way, tokens).await {
            Ok(way) => Next::Attempt(way),
            Err(failed) => {
                self.failed.push(failed);
                Next::Tell
            }
        }
    }

    /// Waits for room in the way's lane.
    async fn admitted(&mut self, way: Way, tokens: u64) -> Result<Way, Arc<Failed>> {
        let Some(lane) = &way.lane else {
            return Ok(way);
        };
        let place = way.queue.place();
        let entered = lane.enter(&self.caller, tokens, self.asked.deadline.at());
        let entered = entered.await;
        drop(place);
        let waited = entered.unwrap_or_else(|full| full.waited);
        self.history.waited += waited;
        self.waited(waited);
        match entered {
            Ok(_) => Ok(way),
            Err(full) => Err(Arc::new(Failed::own(exhausted(&way, full)))),
        }
    }

    /// The prompt's tokens, if any of the ways counts them.
    fn tokens_for(&mut self, ways: &[Way]) -> u64 {
        let counts = |way: &Way| way.lane.as_ref().is_some_and(|lane| lane.counts_tokens());
        if !ways.iter().any(counts) {
            return 0;
        }
        *self.tokens.get_or_insert_with(|| {
            let request = GenerateContentRequest::from_json(&self.body, Mode::Lenient);
            request.map_or(0, |request| propus_tokens::count_request(&request).tokens)
        })
    }

    /// What a failure tells of its way, for the calls to come.
    pub fn note(&self, way: &Way, failed: &Arc<Failed>) {
        let outcome = &failed.outcome;
        // Callers with little time say nothing about a route.
        let in_time = !self.asked.deadline.remaining().is_zero();
        match outcome.scope {
            Scope::Route if in_time => way.failed(),
            Scope::Route => {}
            _ => way.served(),
        }
        if let Some(lane) = &way.lane
            && let Told::Passed(passed) = &failed.told
            && passed.status.as_u16() == 429
        {
            lane.refused(learnt(&passed.whole()));
        }
        // What was answered from here has no key that could rest.
        if let (Upstream::Google(_, key), Some(part)) = (&way.upstream, way.parts.of(outcome.scope))
        {
            let today = (self.app.settings.clock)();
            let by = By {
                engine: way.engine.clone(),
                key: *key,
            };
            let rests = &self.state.rests;
            rests.add(part.clone(), outcome.rest(), by, failed, today);
        }
    }

    /// A way has served.
    pub fn served(&self, way: &Way) {
        way.served();
        if let Some(lane) = &way.lane {
            lane.served(self.sent);
        }
        if let Some(model) = &self.asked.model
            && !self.state.is_known(&self.app, model)
        {
            self.state.map.meet(model);
        }
    }

    fn log(&self, outcome: &Outcome, why: &Why) {
        let (failure, attempts) = (outcome.failure, self.history.attempts);
        let cause = self.failed.last().and_then(|failed| failed.cause());
        let model = self.asked.model.as_deref().unwrap_or_default();
        tracing::info!(failure, attempts, model, %why, cause, "a call was given up");
    }

    /// Tells the caller the failure that tells most.
    async fn give_up(&mut self) -> Response {
        if let Some(reserved) = self.reserved.take() {
            reserved.cancel().await;
        }
        let outcomes: Vec<Outcome> = self.failed.iter().map(|one| one.outcome.clone()).collect();
        let most = most_telling(&outcomes);
        let at = outcomes
            .iter()
            .position(|one| most.is_some_and(|most| std::ptr::eq(one, most)));
        let failed = at.map_or_else(|| self.nothing(), |at| self.failed[at].clone());
        self.tell_failure(&failed);
        let response = failed.response();
        self.marked(response)
    }

    /// The reply to an identical request, where such are kept.
    fn known_reply(&mut self) -> Option<Response> {
        let cache = self.state.cache.as_ref()?;
        self.cached_as = cache::key(&self.asked, &self.caller);
        cache.get(self.cached_as.as_ref()?)
    }

    /// Keeps a reply for identical requests, unless recovery has changed what was asked.
    fn keep(&self, passed: &Passed) {
        let as_asked = self.body == self.asked.body && self.path == self.asked.uri.path();
        if let (Some(cache), Some(key)) = (&self.state.cache, self.cached_as)
            && as_asked
            && !self.history.larger_model
        {
            cache.put(key, passed);
        }
    }

    /// What was done so far.
    pub fn repairs(&self) -> Repairs {
        let mut repairs = self.history.repairs();
        repairs.amend.retain(|kind| self.amended.contains(kind));
        repairs
    }

    /// The reply with what was done for it.
    pub fn marked(&self, mut response: Response) -> Response {
        mark(&mut response, &self.repairs());
        response
    }

    /// Corrects the request; false where that changes nothing.
    fn amend(&mut self, kinds: &[Kind]) -> bool {
        let Ok(mut value) = serde_json::from_slice::<Value>(&self.body) else {
            return false;
        };
        let (method, model) = (self.asked.method(), self.asked.model.as_deref());
        let (Some(method), Some(model), Some(version)) = (method, model, self.asked.version) else {
            return false;
        };
        let day = self.app.registry.today();
        let sending = Sending::new(method, model, version, day);
        let changes = amend(&mut value, &sending, self.app.registry.cards(), kinds);
        self.amended
            .extend(changes.iter().map(|change| change.kind));
        self.set_body(&value) && !changes.is_empty()
    }

    fn set_body(&mut self, value: &Value) -> bool {
        let written = serde_json::to_vec(value);
        written.map(|body| self.body = body.into()).is_ok()
    }

    fn warm(&mut self, temperature: f64) {
        self.temperature = Some(temperature);
        let Ok(mut value) = serde_json::from_slice::<Value>(&self.body) else {
            return;
        };
        let name = match value.get("generation_config") {
            Some(_) => "generation_config",
            None => "generationConfig",
        };
        if let Some(request) = value.as_object_mut() {
            let config = request.entry(name).or_insert_with(|| json!({}));
            if let Some(config) = config.as_object_mut() {
                config.insert("temperature".into(), json!(temperature));
                self.set_body(&value);
            }
        }
    }

    /// Refuses what the upstream would refuse, where the asked model is known and every field of the
    /// request is: what is newer than we are is the upstream's to judge.
    fn check(&self, way: &Way) -> Result<(), Problem> {
        let (Upstream::Google(google, _), Named::Method { model, method }) =
            (&way.upstream, &self.asked.named)
        else {
            return Ok(());
        };
        let Some(card) = self
            .app
            .registry
            .cards()
            .get(model)
            .filter(|_| google.checks())
        else {
            return Ok(());
        };
        let version = self.asked.version.unwrap_or(Version::V1Beta);
        let surface = self.app.settings.surface(version);
        let body = &self.body;
        match method.as_str() {
            "generateContent" | "streamGenerateContent" => {
                let read = request::read::<GenerateContentRequest>(body, surface, version);
                read.map_or(Ok(()), |read| {
                    check(&Call::GenerateContent(&read), card, version)
                })
            }
            "countTokens" => {
                let read = request::read::<CountTokensRequest>(body, surface, version);
                read.map_or(Ok(()), |read| {
                    check(&Call::CountTokens(&read), card, version)
                })
            }
            "embedContent" => {
                let read = request::read::<EmbedContentRequest>(body, surface, version);
                read.map_or(Ok(()), |read| {
                    check(&Call::EmbedContent(&read), card, version)
                })
            }
            "batchEmbedContents" => {
                let read = request::read::<BatchEmbedContentsRequest>(body, surface, version);
                read.map_or(Ok(()), |read| {
                    check(&Call::BatchEmbedContents(&read), card, version)
                })
            }
            _ => Ok(()),
        }
    }

    /// Counts the call against the quota of the caller's own project. What is answered here counts there.
    async fn reserve(&mut self, way: &Way) -> Result<(), Problem> {
        let (Upstream::Google(..), Named::Method { model, method }) =
            (&way.upstream, &self.asked.named)
        else {
            return Ok(());
        };
        let (Some(quotas), Some(caller)) = (&self.app.quotas, self.extensions.get::<Caller>())
        else {
            return Ok(());
        };
        let (now, project) = ((self.app.settings.clock)(), &caller.project);
        let (work, needed) = match method.as_str() {
            "generateContent" | "streamGenerateContent" => {
                let (needed, is_guess) = generating(&self.body, quotas, now, project, model);
                self.guessed = is_guess.then(|| self.body.clone());
                (Work::Generate, vec![needed])
            }
            "embedContent" => (Work::Embed, vec![Needed::default()]),
            "batchEmbedContents" => (Work::Embed, vec![Needed::default(); texts(&self.body)]),
            _ => return Ok(()),
        };
        let reserved = quotas.reserve(now, project, model, work, &needed);
        let reserved = reserved.await.inspect_err(|problem| {
            self.app.metrics.quota_refused(problem);
        })?;
        self.record.priced(reserved.price());
        self.reserved = Some(reserved);
        Ok(())
    }

    /// Counts what the call really used. Where no reply tells it, the prompt is counted now, unless it was
    /// before; a call that costs something counts with what it may have cost.
    pub async fn settle(&mut self, reply: Option<Box<GenerateContentResponse>>) {
        let Some(reserved) = self.reserved.take() else {
            return;
        };
        let usage = reply.and_then(|reply| reply.usage_metadata);
        let told = usage.filter(|usage| usage.prompt_token_count.is_some());
        match (told, self.guessed.take()) {
            (Some(usage), _) => reserved.settle(&usage).await,
            (None, Some(body)) => reserved.estimate(exactly(&body)).await,
            (None, None) => {}
        }
    }
}

/// Who waits, for fairness: a key, or else an address.
fn caller(extensions: &http::Extensions) -> String {
    let key = extensions
        .get::<Caller>()
        .map(|caller| caller.key.to_string());
    let peer = || extensions.get::<Peer>().map(|peer| peer.0.ip().to_string());
    key.or_else(peer).unwrap_or_default()
}

/// The quota that a lane keeps, as its upstream would say it: of the tier that it has named before.
fn exhausted(way: &Way, full: Full) -> Problem {
    let tier = full.tier.unwrap_or(Tier::Free);
    let quota = Quota::new(tier, full.unit, Window::Minute);
    let model = way.model.as_deref().unwrap_or_default();
    let limit = Exhausted::of_model(quota, model, full.limit.max(1));
    let part = u64::from(full.wait.subsec_nanos() > 0);
    let wait = Duration::from_secs(full.wait.as_secs().saturating_add(part).max(1));
    Exhaustion::of(limit, wait).problem()
}

/// The temperature that a request sets.
fn temperature(body: &[u8]) -> Option<f64> {
    let request = GenerateContentRequest::from_json(body, Mode::Lenient).ok()?;
    Some(f64::from(request.generation_config?.temperature?))
}

/// What a call needs at most, and whether that is a guess: a prompt has no more tokens than bytes, and its
/// reply will tell how many they were. Only where that is much beside what is left are they counted now, which
/// takes longer than all else that is done for a call.
fn generating(
    body: &[u8],
    quotas: &Quotas,
    now: SystemTime,
    project: &Project,
    model: &str,
) -> (Needed, bool) {
    let mut needed = Needed {
        input: body.len() as u64,
        output: None,
    };
    let is_ample = |needed| quotas.has_ample_room(now, project, model, needed);
    if !quotas.bills(project, model) && is_ample(needed) {
        return (needed, true);
    }
    let request = GenerateContentRequest::from_json(body, Mode::Lenient).unwrap_or_default();
    needed.output = crate::pipeline::most_output(&request);
    if is_ample(needed) {
        return (needed, true);
    }
    needed.input = propus_tokens::count_request(&request).tokens;
    (needed, false)
}

/// What a call needs, with its prompt counted.
fn exactly(body: &[u8]) -> Needed {
    let request = GenerateContentRequest::from_json(body, Mode::Lenient).unwrap_or_default();
    Needed {
        input: propus_tokens::count_request(&request).tokens,
        output: crate::pipeline::most_output(&request),
    }
}

fn texts(body: &[u8]) -> usize {
    let read = BatchEmbedContentsRequest::from_json(body, Mode::Lenient);
    read.map_or(1, |read| read.requests.len().max(1))
}

//! What operators see of a call that other servers answer: the counters, and the request's log line.

use crate::{
    app::App,
    gateway::{
        attempts::Course,
        told::{Failed, Told},
        ways::Way,
    },
    metrics::Record,
};
use propus_wire::generate::GenerateContentResponse;
use std::{sync::Arc, time::Duration};

/// An attempt. It counts once: when it ends, or as cancelled where it is dropped before, be it that the
/// caller left or that another attempt was quicker.
pub(super) struct Running {
    app: Arc<App>,
    route: String,
    failure: Option<&'static str>,
}

impl Running {
    pub fn new(app: &Arc<App>, way: &Way) -> Self {
        Self {
            app: app.clone(),
            route: way.name.clone(),
            failure: Some("cancelled-499"),
        }
    }

    /// It came to its end; the failure is the catalogue's name, `None` where it served.
    pub fn ended(mut self, failure: Option<&'static str>) {
        self.failure = failure;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.app.metrics.attempt(&self.route, self.failure);
    }
}

impl Course {
    /// A wait was over.
    pub fn waited(&self, wait: Duration) {
        if !wait.is_zero() {
            self.app.metrics.wait(wait);
        }
    }

    /// The way that was taken, for the log line.
    pub fn tell_course(&self) {
        let route = self.history.routes.last().map(String::as_str);
        let (attempts, repairs) = (self.history.attempts, self.repairs());
        self.record.went_by(route, attempts, &repairs);
    }

    /// The caller has a whole answer.
    pub fn tell_answer(&mut self, reply: Option<&GenerateContentResponse>) {
        self.record.mended();
        if let Some(reply) = reply {
            self.record.saw_reply(reply);
        }
        self.end("helped");
    }

    /// The caller has a failure. One of our own is told by its response.
    pub fn tell_failure(&mut self, failed: &Failed) {
        match &failed.told {
            // A reply that is no answer is passed on as it came, and as good as any other.
            Told::Passed(passed) if passed.status.is_success() => self.record.mended(),
            Told::Passed(_) => self.record.refused(failed.outcome.failure),
            Told::Own(_) => {}
        }
        self.end("failed");
    }

    /// The caller's stream ended with an error, which is the upstream's word where it has no problem.
    pub fn tell_late_failure(&mut self, failure: &'static str, told: Option<&Told>) {
        match told {
            Some(Told::Own(problem)) => self.record.failed(problem),
            _ => self.record.refused(failure),
        }
        self.end("failed");
    }

    /// Counts what was repaired by how the call ended.
    fn end(&mut self, outcome: &'static str) {
        self.tell_course();
        if !std::mem::replace(&mut self.has_ended, true) {
            self.count_repairs(outcome);
        }
    }

    fn count_repairs(&self, outcome: &'static str) {
        for kind in self.repairs().kinds() {
            self.app.metrics.repair(kind, outcome);
        }
    }
}

impl Drop for Course {
    /// Who left before the end does not know whether the repairs were of use.
    fn drop(&mut self) {
        if !self.has_ended {
            self.tell_course();
            self.count_repairs("applied");
        }
    }
}

/// The record of a request that the gateway answers.
pub(super) fn record(extensions: &http::Extensions, model: Option<&str>) -> Record {
    let record: Record = extensions.get().cloned().unwrap_or_default();
    if let Some(model) = model {
        record.asked_for(model);
    }
    record
}

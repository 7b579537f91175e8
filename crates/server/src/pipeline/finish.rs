//! What every chunk of a reply carries besides the answer.

use crate::{app::App, registry::Route};
use jiff::Timestamp;
use propus_wire::generate::GenerateContentResponse;
use rand::{Rng, distr::Alphanumeric};

/// `modelVersion`, `responseId` and `createTime`: the same on every chunk of one reply.
pub struct Stamp {
    model_version: String,
    response_id: String,
    create_time: String,
}

impl Stamp {
    /// Makes the marks of one reply.
    pub fn new(app: &App, route: &Route) -> Self {
        let now = Timestamp::try_from((app.settings.clock)()).unwrap_or(Timestamp::UNIX_EPOCH);
        let letters = rand::rng().sample_iter(Alphanumeric).map(char::from);
        Self {
            model_version: route.card.name.clone(),
            response_id: letters.take(22).collect(),
            create_time: format!("{now:.6}"),
        }
    }

    /// Marks one chunk.
    pub fn on(&self, mut chunk: GenerateContentResponse) -> GenerateContentResponse {
        chunk
            .model_version
            .get_or_insert_with(|| self.model_version.clone());
        chunk
            .create_time
            .get_or_insert_with(|| self.create_time.clone());
        chunk
            .response_id
            .get_or_insert_with(|| self.response_id.clone());
        chunk
    }
}

//! `models`: whether the key lists models; the first call, by which address, key and reply are judged.

use crate::{
    Probe,
    api::Api,
    evidence::{Reply, cause, failing, is_page, told},
    text::count,
};
use http::Method;
use propus_client::Error;
use propus_wire::models::{ListModelsResponse, Model};

const NAME: &str = "models";

/// What was found.
pub(crate) struct Listed {
    pub(crate) probe: Probe,
    /// The models; none where the list did not come.
    pub(crate) models: Option<Vec<Model>>,
    /// The `Date` of the reply, whatever it was.
    pub(crate) date: Option<String>,
}

/// Lists the models.
pub(crate) async fn probe(api: &Api) -> Listed {
    let tried = api.told(&Method::GET, "models");
    let reply = match api.list_models().await {
        Ok(reply) => reply,
        Err(error) => return unanswered(&tried, &error),
    };
    let date = reply.head.date.clone();
    let (probe, models) = judged(&tried, &reply);
    Listed {
        probe,
        models,
        date,
    }
}

fn unanswered(tried: &str, error: &Error) -> Listed {
    let seen = told(error);
    Listed {
        probe: failing(NAME, tried, seen.clone(), &seen, Some("network-error")),
        models: None,
        date: None,
    }
}

fn judged(tried: &str, reply: &Reply) -> (Probe, Option<Vec<Model>>) {
    let seen = format!("{}{}", reply.told(), reply.head.told());
    if !reply.is_success() {
        return (refused(tried, reply, seen), None);
    }
    let list = serde_json::from_str::<ListModelsResponse>(&reply.body);
    let is_list = reply
        .json()
        .is_some_and(|json| json.get("models").is_some());
    match list {
        Ok(list) if is_list => {
            let seen = format!("{}{}", count(list.models.len(), "model"), reply.head.told());
            (Probe::ok(NAME, tried, seen), Some(list.models))
        }
        _ => {
            let wrong = failing(NAME, tried, seen, &reply.evidence(), Some("base-url-wrong"));
            (wrong, None)
        }
    }
}

/// The list of models needs no name, so a 404 is the address, whatever the words are.
fn refused(tried: &str, reply: &Reply, seen: String) -> Probe {
    let evidence = reply.evidence();
    let failure = cause(&evidence).map(|cause| cause.failure);
    let of_a_model = failure.is_some_and(|failure| failure.starts_with("model-"));
    let redirected = (300..400).contains(&reply.status);
    let page = is_page(&reply.body) && matches!(reply.status, 200 | 404 | 405);
    if redirected || page || of_a_model {
        let probe = Probe::fail(NAME, tried, seen);
        let probe = match redirected {
            true => probe.advise("give the address that it leads to as the base URL"),
            false => probe,
        };
        return probe.is("base-url-wrong");
    }
    let otherwise = match reply.status {
        404 | 405 => Some("base-url-wrong"),
        407 | 502..=504 => Some("network-error"),
        _ => None,
    };
    failing(NAME, tried, seen, &evidence, otherwise)
}

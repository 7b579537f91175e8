//! `models.list`, `models.get`, and the names of models.

use crate::{Client, Error, transport::segment};
use propus_wire::models::{ListModelsResponse, Model};
use reqwest::Method;

/// The most that the API puts on one page.
const PAGE_SIZE: &str = "1000";

/// The models that the server offers.
#[derive(Clone, Copy, Debug)]
pub struct Models<'a> {
    client: &'a Client,
}

impl<'a> Models<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// All models, of all pages.
    pub async fn list(&self) -> Result<Vec<Model>, Error> {
        let mut models = Vec::new();
        let mut token = String::new();
        loop {
            let page = self.page(&token).await?;
            models.extend(page.models);
            match page.next_page_token {
                // A server that names the same page again would keep us here for good.
                Some(next) if !next.is_empty() && next != token => token = next,
                _ => return Ok(models),
            }
        }
    }

    /// One model. The name is `x`, `models/x` or `tunedModels/x`.
    pub async fn get(&self, model: &str) -> Result<Model, Error> {
        let call = self.client.call(Method::GET, &path(model)?);
        call.send().await?.json().await
    }

    async fn page(&self, token: &str) -> Result<ListModelsResponse, Error> {
        let mut call = self
            .client
            .call(Method::GET, "models")
            .query("pageSize", PAGE_SIZE);
        if !token.is_empty() {
            call = call.query("pageToken", token);
        }
        call.send().await?.json().await
    }
}

/// The full name: a bare one is one of `models/`, as is everything else that names no collection.
pub(crate) fn full_name(model: &str) -> String {
    let model = model.trim();
    let is_full = ["models/", "tunedModels/", "dynamic/"]
        .iter()
        .any(|collection| model.starts_with(collection));
    if is_full {
        model.to_owned()
    } else {
        format!("models/{model}")
    }
}

/// The path of a model.
pub(crate) fn path(model: &str) -> Result<String, Error> {
    let name = full_name(model);
    let segments: Option<Vec<_>> = name.split('/').map(segment).collect();
    segments.map(|segments| segments.join("/")).ok_or_else(|| {
        Error::setup(
            format!("`{model}` is not the name of a model"),
            "names look like `gemini-flash-latest` or `tunedModels/mine`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(model: &str, expected: Option<&str>) {
        assert_eq!(path(model).ok().as_deref(), expected, "{model}");
    }

    #[test]
    fn names_become_paths() {
        check("gemini-x", Some("models/gemini-x"));
        check(" models/x ", Some("models/x"));
        check("tunedModels/x", Some("tunedModels/x"));
        // As in Google's SDKs; the server does not know such paths.
        check("google/x", Some("models/google/x"));
        check("a:b?c#d%e f/é", Some("models/a:b%3Fc%23d%25e%20f/%C3%A9"));
    }

    #[test]
    fn names_stay_within_their_path() {
        for name in ["", "models/", "..", "models/../files/x", "/x", "x//y", "."] {
            check(name, None);
        }
    }
}

//! `models.list`, `models.get`, and the names of models.

use crate::{Client, Error, Pages, pages::page, transport::segment};
use http::Method;
use propus_wire::models::{ListModelsResponse, Model};

/// The most that the API puts on one page.
const PAGE_SIZE: u32 = 1000;

/// The models that the server offers.
#[derive(Clone, Copy, Debug)]
pub struct Models<'a> {
    client: &'a Client,
}

impl<'a> Models<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// All models.
    pub fn list(self) -> Pages<Model> {
        Pages::of::<ListModelsResponse>(self.client, Ok("models".into()), PAGE_SIZE)
    }

    /// One model. The name is `x`, `models/x` or `tunedModels/x`.
    ///
    /// ```
    /// # let model = propus_client::testing::json(r#"{"name":"models/gemini-flash-latest","inputTokenLimit":1048576}"#);
    /// # propus_client::testing::example([model], async |client| {
    /// let model = client.models().get("gemini-flash-latest").await?;
    /// assert_eq!(model.input_token_limit, Some(1_048_576));
    /// # Ok(()) });
    /// ```
    pub async fn get(self, model: &str) -> Result<Model, Error> {
        let call = self.client.call(Method::GET, &path(model)?);
        self.client.json(call).await
    }
}

page! { ListModelsResponse { models: Model } }

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
    encoded(&full_name(model)).ok_or_else(|| {
        Error::setup(
            format!("`{model}` is not the name of a model"),
            "names look like `gemini-flash-latest` or `tunedModels/mine`",
        )
    })
}

/// The path of something in a collection, named with the collection or without.
pub(crate) fn resource(collection: &'static str, name: &str) -> Result<String, Error> {
    let trimmed = name.trim();
    let full = match trimmed.strip_prefix(collection) {
        Some(rest) if rest.starts_with('/') => trimmed.to_owned(),
        _ => format!("{collection}/{trimmed}"),
    };
    encoded(&full).ok_or_else(|| {
        Error::setup(
            format!("`{name}` is not a name in `{collection}`"),
            format!("names look like `{collection}/abc123`"),
        )
    })
}

/// A path with its segments percent-encoded; `None` if one of them cannot be.
pub(crate) fn encoded(path: &str) -> Option<String> {
    let segments: Option<Vec<_>> = path.split('/').map(segment).collect();
    segments.map(|segments| segments.join("/"))
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
    fn resources_are_named_with_their_collection_or_without() {
        let path = |name| resource("files", name).ok();
        assert_eq!(path("abc").as_deref(), Some("files/abc"));
        assert_eq!(path("files/abc").as_deref(), Some("files/abc"));
        assert_eq!(path("filesabc").as_deref(), Some("files/filesabc"));
        for name in ["", "files/", "..", "files/../models/x"] {
            assert_eq!(path(name), None, "{name}");
        }
    }

    #[test]
    fn names_stay_within_their_path() {
        for name in ["", "models/", "..", "models/../files/x", "/x", "x//y", "."] {
            check(name, None);
        }
    }
}

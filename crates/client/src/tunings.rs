//! Models that callers tuned.
//!
//! Google tunes none since May 2025: `create` is refused there. What was made before can be listed,
//! asked and deleted as far as the server still has it.

use crate::{Client, Error, Pages, models, pages::page};
use http::Method;
use propus_wire::{
    operations::Operation,
    tuning::{ListTunedModelsResponse, TunedModel},
};

/// Models that callers tuned. To ask one, name it: `client.model("tunedModels/mine")`.
#[derive(Clone, Copy, Debug)]
pub struct Tunings<'a> {
    client: &'a Client,
}

page! { ListTunedModelsResponse { tuned_models: TunedModel } }

impl<'a> Tunings<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// Begins to tune a model, which [`Operations::wait`](crate::Operations::wait) waits for.
    pub async fn create(self, model: &TunedModel, id: Option<&str>) -> Result<Operation, Error> {
        let mut call = self.client.call(Method::POST, "tunedModels");
        if let Some(id) = id {
            call = call.query("tunedModelId", id);
        }
        self.client.json(call.json(model)).await
    }

    /// What is known of it.
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::json(r#"{"name":"tunedModels/mine","state":"ACTIVE"}"#)], async |client| {
    /// use propus_client::wire::tuning::TunedModelState;
    ///
    /// let model = client.tunings().get("tunedModels/mine").await?;
    /// assert_eq!(model.state, Some(TunedModelState::Active));
    /// # Ok(()) });
    /// ```
    pub async fn get(self, name: &str) -> Result<TunedModel, Error> {
        let call = self.client.call(Method::GET, &path(name)?);
        self.client.json(call).await
    }

    /// All that the key may see.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"tunedModels":[{"name":"tunedModels/mine"}]}"#)], async |client| {
    /// assert_eq!(client.tunings().list().await?.len(), 1);
    /// # Ok(()) });
    /// ```
    pub fn list(self) -> Pages<TunedModel> {
        let path = Ok("tunedModels".into());
        Pages::of::<ListTunedModelsResponse>(self.client, path, 1000)
    }

    /// Changes the fields that are named, such as `displayName`.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"tunedModels/mine","displayName":"Mine"}"#)], async |client| {
    /// use propus_client::wire::tuning::TunedModel;
    ///
    /// let change = TunedModel { display_name: Some("Mine".into()), ..Default::default() };
    /// client.tunings().update("tunedModels/mine", &change, &["displayName"]).await?;
    /// # Ok(()) });
    /// ```
    pub async fn update(
        self,
        name: &str,
        change: &TunedModel,
        fields: &[&str],
    ) -> Result<TunedModel, Error> {
        let call = self.client.call(Method::PATCH, &path(name)?);
        let call = call.query("updateMask", &fields.join(",")).json(change);
        self.client.json(call).await
    }

    /// Forgets it.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json("{}")], async |client| {
    /// client.tunings().delete("tunedModels/mine").await?;
    /// # Ok(()) });
    /// ```
    pub async fn delete(self, name: &str) -> Result<(), Error> {
        let call = self.client.call(Method::DELETE, &path(name)?);
        self.client.done(call).await
    }
}

fn path(name: &str) -> Result<String, Error> {
    models::resource("tunedModels", name)
}

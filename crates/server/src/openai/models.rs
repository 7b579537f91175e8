//! `models`: the models in OpenAI's form. Like Google, we keep `models/` in the id and say nothing
//! of when a model was made.

use propus_wire::models::Model;
use serde_json::{Value, json};

/// Writes all models.
pub(crate) fn list(models: &[Model]) -> Value {
    let data: Vec<_> = models.iter().map(model).collect();
    json!({ "object": "list", "data": data })
}

/// Writes one model.
pub(crate) fn model(model: &Model) -> Value {
    let mut written = json!({
        "id": model.name.as_deref().unwrap_or_default(),
        "object": "model",
        "owned_by": "google",
    });
    if let Some(name) = &model.display_name {
        written["display_name"] = json!(name);
    }
    written
}

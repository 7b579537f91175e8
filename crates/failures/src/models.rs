//! Failures of which model is asked.

pub mod model_method_mismatch;
pub mod model_name_format;
pub mod model_not_found;
pub mod model_retired;

use propus_wire::{
    Version,
    status::{Code, Status},
};

/// The text that Google uses for every model that does not answer here, whatever the cause.
pub(super) fn not_found(model: &str, version: Version, method: &str) -> Status {
    let method = listed(method);
    let message = format!(
        "models/{model} is not found for API version {version}, or is not supported for {method}. \
         Call ListModels to see the list of available models and their supported methods."
    );
    Status::new(Code::NotFound, message)
}

/// Streams and batches are named like the method they belong to (seen in public error reports).
fn listed(method: &str) -> &str {
    match method {
        "streamGenerateContent" => "generateContent",
        "batchEmbedContents" => "embedContent",
        other => other,
    }
}

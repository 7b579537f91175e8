//! The model does not read, or does not make, this kind of content.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use crate::{Failure, cards::Medium};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "modality-unsupported",
    page: include_str!("modality_unsupported.md"),
    guide: Some(Guide::RightModel),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("combination of response modalities"),
        certain("response modalities * is not supported"),
        certain("requested response modalities"),
        likely("responsemodalities ** not supported"),
        likely("program instantiation for language"),
        likely("non audio request"),
        likely("only supports text output"),
        likely("does not support the * modality"),
        possible("1007 ** request contains an invalid argument"),
        possible("received 1007"),
        certain("input modality is not enabled"),
        likely("image input is not supported"),
        likely("audio input is not supported"),
        certain("multi modal output is not supported"),
        certain("multimodal output is not supported"),
    ],
};

/// The model does not read, or does not make, this kind of content.
///
/// Source of the wordings: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModalityUnsupported {
    /// `responseModalities` that the model does not make together.
    Output {
        /// The model's name, without `models/`.
        model: String,
        /// What was asked.
        asked: Vec<String>,
        /// The combinations there are.
        combinations: Vec<Vec<String>>,
    },
    /// A part of a kind that the model does not read.
    Input {
        /// The model's name, without `models/`.
        model: String,
        /// The kind.
        medium: Medium,
        /// The MIME type that was sent.
        mime_type: String,
    },
}

impl ModalityUnsupported {
    fn message(&self) -> String {
        match self {
            Self::Output {
                model,
                combinations,
                ..
            } => {
                let lines = combinations
                    .iter()
                    .map(|one| format!("* {}\n", one.join(", ")));
                format!(
                    "The requested combination of response modalities is not supported by the \
                     model. models/{model} accepts the following combination of response \
                     modalities:\n{}",
                    lines.collect::<String>()
                )
            }
            Self::Input { model, medium, .. } => {
                let medium = medium.name();
                format!("{medium} input modality is not enabled for models/{model}")
            }
        }
    }
}

impl Failure for ModalityUnsupported {
    fn name(&self) -> &'static str {
        "modality-unsupported"
    }

    fn status(&self) -> Status {
        Status::new(Code::InvalidArgument, self.message())
    }

    fn examples() -> Vec<Self> {
        vec![
            Self::Output {
                model: "gemini-2.5-flash-preview-tts".into(),
                asked: vec!["TEXT".into()],
                combinations: vec![vec!["AUDIO".into()]],
            },
            Self::Input {
                model: "gemma-3-1b-it".into(),
                medium: Medium::Image,
                mime_type: "image/png".into(),
            },
        ]
    }
}

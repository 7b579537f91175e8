//! The card of one model.

use super::Route;
use crate::Day;
use propus_wire::{Version, models::Model};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What a model is, can do and allows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Card {
    /// Its name, without `models/`.
    pub name: String,
    /// The release; empty where it is not known.
    pub version: String,
    /// For people.
    pub display_name: String,
    /// For people.
    pub description: String,
    /// The longest prompt, in tokens, where it is known.
    pub input_token_limit: Option<u32>,
    /// The longest answer, in tokens, where it is known.
    pub output_token_limit: Option<u32>,
    /// What it can be asked, as `models.list` names it; streaming and batches of embeddings are
    /// not listed apart.
    pub methods: Vec<String>,
    /// The API versions that know it.
    pub versions: Vec<String>,
    /// A name that always leads to another model.
    pub alias: bool,
    /// The default.
    pub temperature: Option<f32>,
    /// The default.
    pub top_p: Option<f32>,
    /// The default.
    pub top_k: Option<i32>,
    /// The highest, as `models.get` says it.
    pub max_temperature: Option<f32>,
    /// Whether temperature, topP and topK are read and then ignored.
    pub sampling_ignored: bool,
    /// What parameters may be.
    pub ranges: Ranges,
    /// What they may be by Google's troubleshooting guide of May 2025.
    pub ranges_2025_05: Ranges,
    /// Whether presence and frequency penalties are enabled.
    pub penalties: bool,
    /// How many log probabilities may be asked for at each place; 0 is not enabled.
    pub logprobs: i32,
    /// How its thinking is controlled.
    pub thinking: Thinking,
    /// Whether function calls of the current turn must come back with their signatures.
    pub thought_signatures: bool,
    /// Whether it takes a system instruction.
    pub system_instruction: bool,
    /// Whether it can be held to JSON.
    pub json_mode: bool,
    /// Whether it calls functions.
    pub function_calling: bool,
    /// The built-in tools it has, by their field in `Tool`, such as `googleSearch`.
    pub tools: Vec<String>,
    /// Whether functions and JSON mode go together.
    pub functions_with_json: bool,
    /// Whether functions and built-in tools go together.
    pub functions_with_tools: bool,
    /// Whether the last turn may be the model's, to be continued by it.
    pub prefill: bool,
    /// What it reads.
    pub input: Vec<Medium>,
    /// What may be asked of it in `responseModalities`: combinations of `TEXT`, `IMAGE`, `AUDIO`.
    pub output: Vec<Vec<String>>,
    /// The first day.
    pub released: Option<Day>,
    /// The first day without it.
    pub shutdown: Option<Day>,
    /// From this day on it answers only those who used it before.
    pub restricted_since: Option<Day>,
    /// What Google recommends instead.
    pub replacement: Option<String>,
    /// Which model answers in its place, from when on.
    pub routes: Vec<Route>,
}

impl Default for Card {
    fn default() -> Self {
        Self {
            name: String::new(),
            version: String::new(),
            display_name: String::new(),
            description: String::new(),
            input_token_limit: None,
            output_token_limit: None,
            methods: Vec::new(),
            versions: vec!["v1".into(), "v1beta".into()],
            alias: false,
            temperature: None,
            top_p: None,
            top_k: None,
            max_temperature: None,
            sampling_ignored: false,
            ranges: Ranges::default(),
            ranges_2025_05: Ranges::default(),
            penalties: true,
            logprobs: 20,
            thinking: Thinking::None,
            thought_signatures: false,
            system_instruction: true,
            json_mode: true,
            function_calling: true,
            tools: [
                "googleSearch",
                "codeExecution",
                "urlContext",
                "googleMaps",
                "fileSearch",
            ]
            .map(String::from)
            .to_vec(),
            functions_with_json: false,
            functions_with_tools: false,
            prefill: true,
            input: vec![Medium::Text],
            output: vec![vec!["TEXT".into()]],
            released: None,
            shutdown: None,
            restricted_since: None,
            replacement: None,
            routes: Vec::new(),
        }
    }
}

/// Least and greatest values of parameters, both allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ranges {
    /// Of `temperature`.
    pub temperature: [f32; 2],
    /// Of `topP`.
    pub top_p: [f32; 2],
    /// Of `topK`.
    pub top_k: [i32; 2],
    /// Of `candidateCount`.
    pub candidate_count: [i32; 2],
    /// Of both penalties.
    pub penalty: [f32; 2],
    /// How many stop sequences there may be.
    pub stop_sequences: usize,
}

impl Default for Ranges {
    fn default() -> Self {
        Self {
            temperature: [0.0, 2.0],
            top_p: [0.0, 1.0],
            top_k: [1, i32::MAX],
            candidate_count: [1, 8],
            penalty: [-2.0, 2.0],
            stop_sequences: 5,
        }
    }
}

/// Whose rules count, where Google's have changed: the ranges of parameters, and how a prompt that is
/// too long is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    /// Google's troubleshooting guide of May 2025.
    #[serde(rename = "2025-05")]
    May2025,
    /// The newest published behaviour.
    #[default]
    #[serde(rename = "2026")]
    Current,
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "2025-05" => Ok(Self::May2025),
            "2026" => Ok(Self::Current),
            _ => Err("`2025-05` or `2026`".into()),
        }
    }
}

/// How a model's thinking is controlled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "control", rename_all = "lowercase", deny_unknown_fields)]
pub enum Thinking {
    /// It does not think.
    #[default]
    None,
    /// Whatever is asked of it is accepted; the engine does what it can.
    Any,
    /// By a number of tokens (Gemini 2.5).
    Budget {
        /// The smallest besides 0.
        min: i32,
        /// The largest.
        max: i32,
        /// Whether 0 turns it off.
        off: bool,
        /// `dynamic` or `off`.
        default: String,
    },
    /// By a level (since Gemini 3).
    Level {
        /// The levels it knows.
        levels: Vec<String>,
        /// What counts where none is given.
        #[serde(default)]
        default: Option<String>,
        /// Whether a budget is still accepted in its place.
        budget: bool,
    },
}

impl Thinking {
    /// Whether the model thinks, as `models.get` says it.
    pub fn is_thinking(&self) -> bool {
        matches!(self, Self::Budget { .. } | Self::Level { .. })
    }
}

/// Kinds of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// Text of any kind.
    Text,
    /// Images.
    Image,
    /// Audio.
    Audio,
    /// Video.
    Video,
    /// PDF and the like.
    Document,
}

impl Medium {
    /// The medium of a MIME type; `None` where there is none.
    pub fn of(mime_type: &str) -> Option<Self> {
        let essence = mime_type.split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        match essence.split_once('/')? {
            (_, "") => None,
            ("text", _) => Some(Self::Text),
            // What Google lists, and `jpg`, which many write for it. GIF, TIFF and SVG are refused
            // (seen in public error reports, in part with the generic message).
            ("image", "png" | "jpeg" | "jpg" | "webp" | "heic" | "heif") => Some(Self::Image),
            ("image", _) => None,
            // Notes are no sound.
            ("audio", "midi" | "x-midi" | "mid" | "sp-midi") => None,
            ("audio", _) => Some(Self::Audio),
            ("video", _) => Some(Self::Video),
            ("application", "pdf") => Some(Self::Document),
            ("application", "json" | "xml" | "yaml" | "x-javascript" | "x-python" | "rtf") => {
                Some(Self::Text)
            }
            _ => None,
        }
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Image => "Image",
            Self::Audio => "Audio",
            Self::Video => "Video",
            Self::Document => "Document",
        }
    }
}

impl Card {
    /// `models/...`.
    pub fn resource(&self) -> String {
        format!("models/{}", self.name)
    }

    /// Whether an API version knows it.
    pub fn in_version(&self, version: Version) -> bool {
        self.versions.iter().any(|known| known == version.segment())
    }

    /// Whether it can be asked this; streaming goes with `generateContent`, batches of embeddings
    /// with `embedContent`.
    pub fn has_method(&self, method: &str) -> bool {
        let listed = match method {
            "streamGenerateContent" => "generateContent",
            "batchEmbedContents" => "embedContent",
            other => other,
        };
        self.methods.iter().any(|known| known == listed)
    }

    /// This card with the ranges of a profile.
    #[must_use]
    pub fn under(mut self, profile: Profile) -> Self {
        if profile == Profile::May2025 {
            self.ranges = self.ranges_2025_05.clone();
        }
        self
    }

    /// The reply of `models.get`.
    pub fn model(&self) -> Model {
        let limit = |limit: Option<u32>| limit.map(|tokens| tokens.min(i32::MAX as u32) as i32);
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Model {
            name: Some(self.resource()),
            base_model_id: None,
            version: text(&self.version),
            display_name: text(&self.display_name),
            description: text(&self.description),
            input_token_limit: limit(self.input_token_limit),
            output_token_limit: limit(self.output_token_limit),
            supported_generation_methods: self.methods.clone(),
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            max_temperature: self.max_temperature,
            thinking: self.thinking.is_thinking().then_some(true),
        }
    }
}

//! Messages of models that callers tuned. Since May 2025 Google tunes no more of them; those that
//! were made could be listed and asked for a while.

crate::message! {
    /// A model that a caller tuned.
    pub struct TunedModel {
        /// `tunedModels/...`.
        name: Option<String>;
        /// For people; at most 40 characters.
        display_name: Option<String>;
        /// For people.
        description: Option<String>;
        /// The default.
        temperature: Option<f32>;
        /// The default.
        top_p: Option<f32>;
        /// The default.
        top_k: Option<i32>;
        /// Whether it can be asked.
        state: Option<TunedModelState>;
        /// When it was made (RFC 3339).
        create_time: Option<String>;
        /// When it changed last (RFC 3339).
        update_time: Option<String>;
        /// How it is tuned; required.
        tuning_task: Option<TuningTask>;
        /// Projects that may read it.
        reader_project_numbers: Vec<i64>;
        /// Another tuned model that it begins from.
        tuned_model_source: Option<TunedModelSource>, @oneof(source_model);
        /// `models/...` that it begins from.
        base_model: Option<String>, @oneof(source_model);
    }

    /// A tuned model that another begins from.
    pub struct TunedModelSource {
        /// `tunedModels/...`.
        tuned_model: Option<String>;
        /// `models/...` that that one began from.
        base_model: Option<String>;
    }

    /// How a model is tuned.
    pub struct TuningTask {
        /// When it began (RFC 3339).
        start_time: Option<String>;
        /// When it ended (RFC 3339).
        complete_time: Option<String>;
        /// What it had learned when.
        snapshots: Vec<TuningSnapshot>;
        /// What it learns from; never sent back.
        training_data: Option<Dataset>;
        /// How it learns.
        hyperparameters: Option<Hyperparameters>;
    }

    /// What was learned so far.
    pub struct TuningSnapshot {
        /// The step.
        step: Option<i32>;
        /// The round through the examples.
        epoch: Option<i32>;
        /// How far from the examples, on average.
        mean_loss: Option<f32>;
        /// When it was measured (RFC 3339).
        compute_time: Option<String>;
    }

    /// What to learn from.
    pub struct Dataset {
        /// In the message itself; 4 MB at most.
        examples: Option<TuningExamples>;
    }

    /// Examples.
    pub struct TuningExamples {
        /// Each of them; 20 at least to be of use.
        examples: Vec<TuningExample>;
    }

    /// One example.
    pub struct TuningExample {
        /// What is asked; at most 40,000 characters.
        text_input: Option<String>;
        /// What is to be answered; at most 5,000 characters.
        output: Option<String>;
    }

    /// How to learn.
    pub struct Hyperparameters {
        /// How fast.
        learning_rate: Option<f32>, @oneof(learning_rate_option);
        /// How much faster than by default.
        learning_rate_multiplier: Option<f32>, @oneof(learning_rate_option);
        /// Rounds through the examples.
        epoch_count: Option<i32>;
        /// Examples at a time.
        batch_size: Option<i32>;
    }

    /// One page of tuned models.
    pub struct ListTunedModelsResponse {
        /// The models.
        tuned_models: Vec<TunedModel>;
        /// Asks for the next page; absent on the last.
        next_page_token: Option<String>;
    }

    /// How far tuning is: the metadata of its operation.
    pub struct CreateTunedModelMetadata {
        /// `tunedModels/...`.
        tuned_model: Option<String>;
        /// Steps in all.
        total_steps: Option<i32>;
        /// Steps done.
        completed_steps: Option<i32>;
        /// The same of a hundred.
        completed_percent: Option<f32>;
        /// What it had learned when.
        snapshots: Vec<TuningSnapshot>;
    }
}

crate::open_enum! {
    /// Whether a tuned model can be asked.
    pub enum TunedModelState = "TunedModel.State" {
        /// Never sent.
        Unspecified = "STATE_UNSPECIFIED" 0,
        /// Not yet.
        Creating = "CREATING" 1,
        /// Yes.
        Active = "ACTIVE" 2,
        /// Never.
        Failed = "FAILED" 3,
    }
}

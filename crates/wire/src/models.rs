//! Messages of `models.list` and `models.get`.

crate::message! {
    /// What a model is and can do.
    pub struct Model {
        /// `models/...`.
        name: Option<String>;
        /// The family's name.
        base_model_id: Option<String>;
        /// The release.
        version: Option<String>;
        /// For people.
        display_name: Option<String>;
        /// For people.
        description: Option<String>;
        /// The longest prompt, in tokens.
        input_token_limit: Option<i32>;
        /// The longest answer, in tokens.
        output_token_limit: Option<i32>;
        /// Such as `generateContent`.
        supported_generation_methods: Vec<String>;
        /// The default.
        temperature: Option<f32>;
        /// The default.
        top_p: Option<f32>;
        /// The default; absent where it cannot be set.
        top_k: Option<i32>;
        /// The highest.
        max_temperature: Option<f32>;
        /// Whether it thinks.
        thinking: Option<bool>;
    }

    /// One page of models.
    pub struct ListModelsResponse {
        /// The models.
        models: Vec<Model>;
        /// Asks for the next page; absent on the last.
        next_page_token: Option<String>;
    }
}

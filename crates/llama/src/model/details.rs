//! What a GGUF file says about its model.

use crate::Token;
use crate::native::NativeModel;
use crate::tokenizer::Tokenizer;
use std::path::Path;

/// What a file says about its model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// `general.name`, or the file's name.
    pub name: String,
    /// `general.architecture`, such as `llama`.
    pub architecture: String,
    /// The chat template, in Jinja; base models have none.
    pub chat_template: Option<String>,
    /// Tokens that the model was trained to attend to.
    pub context_trained: usize,
    /// Numbers of one embedding.
    pub embedding_size: usize,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Weights.
    pub parameters: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// The file's pooling, by llama.cpp's number: 1 mean, 2 first, 3 last token.
    pub pooling: Option<i32>,
    /// The token that begins a text.
    pub bos: Option<Token>,
    /// The token that ends a text.
    pub eos: Option<Token>,
    /// The token that ends a turn.
    pub eot: Option<Token>,
    /// The text of [`Self::bos`], or nothing.
    pub bos_text: String,
    /// The text of [`Self::eos`], or nothing.
    pub eos_text: String,
    /// The texts of all tokens that are marks and not text.
    pub control_texts: Vec<String>,
    /// Whether texts begin with [`Self::bos`].
    pub adds_bos: bool,
}

impl Metadata {
    pub(crate) fn read(path: &Path, native: &NativeModel, tokenizer: &Tokenizer) -> Self {
        let text = |token: Token| String::from_utf8_lossy(tokenizer.all_bytes(token)).into_owned();
        let text_or_nothing = |token: Option<Token>| token.map(text).unwrap_or_default();
        let (bos, eos) = (native.bos(), native.eos());
        let file_name = || {
            path.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let vocabulary = 0..Token::try_from(native.vocab_size()).unwrap_or(Token::MAX);
        let control = vocabulary
            .filter(|token| !tokenizer.is_text(*token))
            .map(text);
        Self {
            name: native.metadata("general.name").unwrap_or_else(file_name),
            architecture: native.metadata("general.architecture").unwrap_or_default(),
            chat_template: native.chat_template(),
            context_trained: native.context_trained(),
            embedding_size: native.embedding_size(),
            vocab_size: native.vocab_size(),
            parameters: native.parameters(),
            file_bytes: path
                .metadata()
                .map_or_else(|_| native.tensor_bytes(), |file| file.len()),
            pooling: native.metadata_pooling(),
            bos,
            eos,
            eot: native.eot(),
            bos_text: text_or_nothing(bos),
            eos_text: text_or_nothing(eos),
            control_texts: control.filter(|text| !text.is_empty()).collect(),
            adds_bos: native.adds_bos(),
        }
    }
}

//! A loaded model and its vocabulary. Both are immutable after loading, so all threads may share them.

use crate::Token;
use llama_cpp_sys_2 as sys;
use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::ptr::NonNull;

/// Weights and vocabulary of one GGUF file.
#[derive(Debug)]
pub(crate) struct NativeModel {
    model: NonNull<sys::llama_model>,
    vocab: NonNull<sys::llama_vocab>,
    tokens: usize,
}

// SAFETY: llama.cpp does not bind a model to a thread.
unsafe impl Send for NativeModel {}
// SAFETY: after loading, all functions used here only read the model. The one exception, making a
// context, is serialised by the lock in `NativeContext::new`.
unsafe impl Sync for NativeModel {}

/// The kinds of tokenizer that matter to how text may be cut into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VocabKind {
    /// Byte-pair encoding within words.
    Bpe,
    /// SentencePiece merges with byte fallback.
    Spm,
    /// BERT's word pieces.
    WordPiece,
    /// Anything else.
    Other,
}

impl NativeModel {
    /// Maps a file into memory. `gpu_layers` below zero means all.
    pub(crate) fn load(path: &Path, gpu_layers: i32) -> Option<Self> {
        super::start();
        let path = CString::new(path.as_os_str().as_encoded_bytes()).ok()?;
        // SAFETY: no preconditions; returns a plain struct.
        let mut params = unsafe { sys::llama_model_default_params() };
        params.n_gpu_layers = gpu_layers;
        params.load_mode = sys::LLAMA_LOAD_MODE_MMAP;
        // SAFETY: the path ends with a zero byte and outlives the call; `params` are llama.cpp's
        // own defaults with plain values changed.
        let model =
            NonNull::new(unsafe { sys::llama_model_load_from_file(path.as_ptr(), params) })?;
        // SAFETY: the model was just loaded; its vocabulary lives as long as the model.
        let vocab = unsafe { sys::llama_model_get_vocab(model.as_ptr()) };
        let vocab = NonNull::new(vocab.cast_mut())?;
        // SAFETY: the vocabulary belongs to the model above.
        let tokens = unsafe { sys::llama_vocab_n_tokens(vocab.as_ptr()) };
        let tokens = usize::try_from(tokens).unwrap_or(0);
        Some(Self {
            model,
            vocab,
            tokens,
        })
    }

    pub(super) fn as_ptr(&self) -> *mut sys::llama_model {
        self.model.as_ptr()
    }

    /// A value of the GGUF metadata as text; arrays have none.
    pub(crate) fn metadata(&self, key: &str) -> Option<String> {
        let key = CString::new(key).ok()?;
        let mut buffer = vec![0u8; 256];
        loop {
            // SAFETY: the buffer's length is passed, and llama.cpp writes no further.
            let length = unsafe {
                sys::llama_model_meta_val_str(
                    self.model.as_ptr(),
                    key.as_ptr(),
                    buffer.as_mut_ptr().cast::<c_char>(),
                    buffer.len(),
                )
            };
            let length = usize::try_from(length).ok()?;
            if length < buffer.len() {
                buffer.truncate(length);
                return Some(String::from_utf8_lossy(&buffer).into_owned());
            }
            buffer.resize(length + 1, 0);
        }
    }

    /// The chat template, in Jinja.
    pub(crate) fn chat_template(&self) -> Option<String> {
        // SAFETY: a null name asks for the default template; the text lives as long as the model.
        let text = unsafe { sys::llama_model_chat_template(self.model.as_ptr(), std::ptr::null()) };
        // SAFETY: a text that is not null ends with a zero byte.
        (!text.is_null()).then(|| {
            unsafe { CStr::from_ptr(text) }
                .to_string_lossy()
                .into_owned()
        })
    }

    /// The tokens that the model was trained to attend to.
    pub(crate) fn context_trained(&self) -> usize {
        // SAFETY: reads a number of a live model.
        usize::try_from(unsafe { sys::llama_model_n_ctx_train(self.model.as_ptr()) }).unwrap_or(0)
    }

    /// The numbers in one embedding.
    pub(crate) fn embedding_size(&self) -> usize {
        // SAFETY: reads a number of a live model.
        usize::try_from(unsafe { sys::llama_model_n_embd_out(self.model.as_ptr()) }).unwrap_or(0)
    }

    /// The number of weights.
    pub(crate) fn parameters(&self) -> u64 {
        // SAFETY: reads a number of a live model.
        unsafe { sys::llama_model_n_params(self.model.as_ptr()) }
    }

    /// The bytes of all tensors.
    pub(crate) fn tensor_bytes(&self) -> u64 {
        // SAFETY: reads a number of a live model.
        unsafe { sys::llama_model_size(self.model.as_ptr()) }
    }

    /// Whether it writes text, as opposed to encoders.
    pub(crate) fn generates(&self) -> bool {
        // SAFETY: reads flags of a live model.
        unsafe {
            sys::llama_model_has_decoder(self.model.as_ptr())
                && !sys::llama_model_has_encoder(self.model.as_ptr())
                && !sys::llama_model_is_diffusion(self.model.as_ptr())
        }
    }

    /// Whether its memory is a running state, of which no prefix can be taken.
    pub(crate) fn has_running_state(&self) -> bool {
        // SAFETY: reads flags of a live model.
        unsafe {
            sys::llama_model_is_recurrent(self.model.as_ptr())
                || sys::llama_model_is_hybrid(self.model.as_ptr())
        }
    }

    /// The number of tokens in the vocabulary.
    pub(crate) fn vocab_size(&self) -> usize {
        self.tokens
    }

    /// The kind of tokenizer.
    pub(crate) fn vocab_kind(&self) -> VocabKind {
        // SAFETY: reads a value of a live vocabulary.
        match unsafe { sys::llama_vocab_type(self.vocab.as_ptr()) } {
            sys::LLAMA_VOCAB_TYPE_BPE => VocabKind::Bpe,
            sys::LLAMA_VOCAB_TYPE_SPM => VocabKind::Spm,
            sys::LLAMA_VOCAB_TYPE_WPM => VocabKind::WordPiece,
            _ => VocabKind::Other,
        }
    }

    /// The token that begins a text.
    pub(crate) fn bos(&self) -> Option<Token> {
        // SAFETY: reads a value of a live vocabulary.
        Token::try_from(unsafe { sys::llama_vocab_bos(self.vocab.as_ptr()) }).ok()
    }

    /// The token that ends a text.
    pub(crate) fn eos(&self) -> Option<Token> {
        // SAFETY: reads a value of a live vocabulary.
        Token::try_from(unsafe { sys::llama_vocab_eos(self.vocab.as_ptr()) }).ok()
    }

    /// The token that ends a turn.
    pub(crate) fn eot(&self) -> Option<Token> {
        // SAFETY: reads a value of a live vocabulary.
        Token::try_from(unsafe { sys::llama_vocab_eot(self.vocab.as_ptr()) }).ok()
    }

    /// Whether texts begin with [`Self::bos`].
    pub(crate) fn adds_bos(&self) -> bool {
        // SAFETY: reads a value of a live vocabulary.
        unsafe { sys::llama_vocab_get_add_bos(self.vocab.as_ptr()) }
    }

    /// Whether a model ends its turn with this token.
    pub(crate) fn is_end(&self, token: Token) -> bool {
        // SAFETY: the token is within the vocabulary.
        self.id(token)
            .is_some_and(|id| unsafe { sys::llama_vocab_is_eog(self.vocab.as_ptr(), id) })
    }

    /// Whether a token stands for text, as opposed to marks such as the end of a turn.
    pub(crate) fn is_text(&self, token: Token) -> bool {
        let Some(id) = self.id(token) else {
            return false;
        };
        // SAFETY: the token is within the vocabulary.
        let attributes = unsafe { sys::llama_vocab_get_attr(self.vocab.as_ptr(), id) };
        attributes & (sys::LLAMA_TOKEN_ATTR_CONTROL | sys::LLAMA_TOKEN_ATTR_UNKNOWN) == 0
    }

    fn id(&self, token: Token) -> Option<sys::llama_token> {
        let known = usize::try_from(token).is_ok_and(|token| token < self.tokens);
        known
            .then(|| sys::llama_token::try_from(token).ok())
            .flatten()
    }

    /// The bytes of a token; those of control tokens only with `special`.
    pub(crate) fn piece(&self, token: Token, special: bool) -> Vec<u8> {
        let Some(id) = self.id(token) else {
            return Vec::new();
        };
        let mut buffer = vec![0u8; 64];
        loop {
            let length = i32::try_from(buffer.len()).unwrap_or(i32::MAX);
            // SAFETY: the token is within the vocabulary, and the buffer's length is passed.
            let written = unsafe {
                sys::llama_token_to_piece(
                    self.vocab.as_ptr(),
                    id,
                    buffer.as_mut_ptr().cast::<c_char>(),
                    length,
                    0,
                    special,
                )
            };
            if let Ok(written) = usize::try_from(written) {
                buffer.truncate(written);
                return buffer;
            }
            buffer.resize(written.unsigned_abs() as usize, 0);
        }
    }

    /// The tokens of a text. `special` also recognises the texts of control tokens, `bounds` adds
    /// what the model wants at the beginning and end of a text.
    pub(crate) fn tokenize(&self, text: &str, special: bool, bounds: bool) -> Vec<Token> {
        let Ok(text_length) = i32::try_from(text.len()) else {
            return Vec::new();
        };
        let mut tokens: Vec<sys::llama_token> = vec![0; text.len() / 3 + 8];
        loop {
            let room = i32::try_from(tokens.len()).unwrap_or(i32::MAX);
            // SAFETY: both lengths are passed; llama.cpp reads and writes no further. Tokenising
            // keeps its state on the stack, so threads may share the vocabulary.
            let count = unsafe {
                sys::llama_tokenize(
                    self.vocab.as_ptr(),
                    text.as_ptr().cast::<c_char>(),
                    text_length,
                    tokens.as_mut_ptr(),
                    room,
                    bounds,
                    special,
                )
            };
            match usize::try_from(count) {
                Ok(count) => {
                    tokens.truncate(count);
                    return tokens.into_iter().map(i32::cast_unsigned).collect();
                }
                Err(_) if count == i32::MIN => return Vec::new(),
                Err(_) => tokens.resize(count.unsigned_abs() as usize, 0),
            }
        }
    }
}

impl Drop for NativeModel {
    fn drop(&mut self) {
        // SAFETY: owned, and every context keeps the model alive, so none is left.
        unsafe { sys::llama_model_free(self.model.as_ptr()) };
    }
}

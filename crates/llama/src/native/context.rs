//! A context: the memory of sequences, and the computation that extends them.

use super::model::NativeModel;
use crate::Token;
use llama_cpp_sys_2 as sys;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

/// How a context is made.
#[derive(Clone, Debug)]
pub(crate) struct ContextOptions {
    /// Cells for keys and values, shared by all sequences.
    pub(crate) cells: usize,
    /// Most sequences.
    pub(crate) sequences: usize,
    /// Most tokens of one call.
    pub(crate) batch: usize,
    /// Most tokens computed at once.
    pub(crate) ubatch: usize,
    /// Most outputs of one call.
    pub(crate) outputs: usize,
    /// Threads.
    pub(crate) threads: usize,
    /// Fused attention; llama.cpp decides where it is not said.
    pub(crate) flash_attention: Option<bool>,
    /// For vectors instead of text: how the tokens of a text become one vector.
    pub(crate) attention: Attention,
}

/// What a context computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attention {
    /// The next token.
    Generate,
    /// A vector per sequence, as the model pools it, or the mean of its tokens.
    Embed,
}

/// The memory of sequences and the computation that extends them.
#[derive(Debug)]
pub(crate) struct NativeContext {
    context: NonNull<sys::llama_context>,
    model: Arc<NativeModel>,
    cells: usize,
    sequences: usize,
}

// SAFETY: llama.cpp does not bind a context to a thread; all methods that change it take `&mut`.
unsafe impl Send for NativeContext {}

/// Why a batch was not computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecodeError {
    /// No cells were left; nothing has changed.
    NoCells,
    /// Anything else, by llama.cpp's number; the sequences of the batch may be half done.
    Failed(i32),
}

/// Making a context writes to the model.
static MAKING: Mutex<()> = Mutex::new(());

impl NativeContext {
    /// A new, empty context.
    pub(crate) fn new(model: Arc<NativeModel>, options: &ContextOptions) -> Option<Self> {
        let params = params(&model, options);
        let lock = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the model is alive and stays so by the `Arc` beside the context; the lock keeps
        // others from making contexts of it meanwhile; `params` are defaults with plain changes.
        let context = unsafe { sys::llama_init_from_model(model.as_ptr(), params) };
        drop(lock);
        let context = NonNull::new(context)?;
        // SAFETY: reads a number of a live context.
        let cells = unsafe { sys::llama_n_ctx(context.as_ptr()) } as usize;
        Some(Self {
            context,
            model,
            cells,
            sequences: options.sequences,
        })
    }

    /// The cells that there are: the wanted number, rounded up.
    pub(crate) fn cells(&self) -> usize {
        self.cells
    }

    /// Computes a batch.
    pub(crate) fn decode(&mut self, batch: &mut Batch) -> Result<(), DecodeError> {
        let Some(raw) = batch.raw(self.sequences, self.model.vocab_size()) else {
            return Err(DecodeError::Failed(-1));
        };
        // SAFETY: the arrays behind `raw` have its length, hold only sequences and tokens that exist
        // (checked by `raw`), and outlive the call.
        match unsafe { sys::llama_decode(self.context.as_ptr(), raw) } {
            0 => Ok(()),
            1 => Err(DecodeError::NoCells),
            code => Err(DecodeError::Failed(code)),
        }
    }

    /// The logits of the batch's token at `index`, which must have been added as an output.
    pub(crate) fn logits(&mut self, index: usize) -> Option<&[f32]> {
        let index = i32::try_from(index).ok()?;
        // SAFETY: an index without an output gives null.
        let row = unsafe { sys::llama_get_logits_ith(self.context.as_ptr(), index) };
        // SAFETY: a row has one number for each token of the vocabulary, and is only overwritten by
        // the next call of `decode`, which needs `&mut self`.
        (!row.is_null())
            .then(|| unsafe { std::slice::from_raw_parts(row, self.model.vocab_size()) })
    }

    /// The pooled vector of a sequence of the last batch.
    pub(crate) fn embedding(&mut self, sequence: usize) -> Option<&[f32]> {
        let id = self.id(sequence)?;
        // SAFETY: a sequence without a vector gives null.
        let row = unsafe { sys::llama_get_embeddings_seq(self.context.as_ptr(), id) };
        // SAFETY: a pooled vector has the model's output size, and lives until the next `decode`.
        (!row.is_null())
            .then(|| unsafe { std::slice::from_raw_parts(row, self.model.embedding_size()) })
    }

    fn id(&self, sequence: usize) -> Option<i32> {
        (sequence < self.sequences)
            .then(|| i32::try_from(sequence).ok())
            .flatten()
    }

    fn memory(&self) -> sys::llama_memory_t {
        // SAFETY: reads a pointer of a live context. Encoders have no memory: it may be null, which
        // the functions below accept.
        unsafe { sys::llama_get_memory(self.context.as_ptr()) }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        // SAFETY: the memory belongs to this context, or is null, which is accepted.
        unsafe { sys::llama_memory_clear(self.memory(), false) };
    }

    /// Forgets a sequence.
    pub(crate) fn forget(&mut self, sequence: usize) {
        let Some(id) = self.id(sequence) else { return };
        // SAFETY: the sequence exists; -1 means from the first and to the last position.
        unsafe { sys::llama_memory_seq_rm(self.memory(), id, -1, -1) };
    }

    /// Forgets what a sequence holds from this position on.
    pub(crate) fn forget_from(&mut self, sequence: usize, position: usize) {
        let (Some(id), Ok(start)) = (self.id(sequence), i32::try_from(position)) else {
            return;
        };
        // SAFETY: the sequence exists; -1 means to the last position.
        unsafe { sys::llama_memory_seq_rm(self.memory(), id, start, -1) };
    }

    /// Lets `to` share the cells of `from` at these positions.
    pub(crate) fn share(&mut self, from: usize, to: usize, positions: Range<usize>) {
        let (Some(from), Some(to)) = (self.id(from), self.id(to)) else {
            return;
        };
        let position = |position| i32::try_from(position).unwrap_or(i32::MAX);
        let (start, end) = (position(positions.start), position(positions.end));
        // SAFETY: both sequences exist and the memory is one stream, so no data is copied.
        unsafe { sys::llama_memory_seq_cp(self.memory(), from, to, start, end) };
    }

    /// Lets `to` share all of `from`.
    pub(crate) fn share_all(&mut self, from: usize, to: usize) {
        let (Some(from), Some(to)) = (self.id(from), self.id(to)) else {
            return;
        };
        // SAFETY: both sequences exist; -1 means from the first and to the last position.
        unsafe { sys::llama_memory_seq_cp(self.memory(), from, to, -1, -1) };
    }

    /// The keys and values of a sequence as bytes.
    pub(crate) fn save(&mut self, sequence: usize) -> Option<Vec<u8>> {
        let id = self.id(sequence)?;
        // SAFETY: the sequence exists.
        let size = unsafe { sys::llama_state_seq_get_size(self.context.as_ptr(), id) };
        let mut bytes: Vec<u8> = Vec::with_capacity(size);
        // SAFETY: the buffer has room for `size` bytes, and llama.cpp writes no more than told.
        let written = unsafe {
            sys::llama_state_seq_get_data(self.context.as_ptr(), bytes.as_mut_ptr(), size, id)
        };
        if written == 0 || written > size {
            return None;
        }
        // SAFETY: llama.cpp filled the first `written` bytes, which are within the capacity.
        unsafe { bytes.set_len(written) };
        Some(bytes)
    }

    /// Fills an empty sequence with what [`Self::save`] gave. False if there is no room.
    pub(crate) fn restore(&mut self, bytes: &[u8], sequence: usize) -> bool {
        let Some(id) = self.id(sequence) else {
            return false;
        };
        // SAFETY: the bytes come from `save` of a context with the same options, and their length is
        // passed. Where the cells do not suffice, llama.cpp returns 0 and leaves the sequence empty.
        let read = unsafe {
            sys::llama_state_seq_set_data(self.context.as_ptr(), bytes.as_ptr(), bytes.len(), id)
        };
        read != 0
    }
}

impl Drop for NativeContext {
    fn drop(&mut self) {
        // SAFETY: owned; the model is still alive, as it is dropped after this.
        unsafe { sys::llama_free(self.context.as_ptr()) };
    }
}

fn params(model: &NativeModel, options: &ContextOptions) -> sys::llama_context_params {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let threads = i32::try_from(options.threads).unwrap_or(1).max(1);
    // SAFETY: no preconditions; returns a plain struct.
    let mut params = unsafe { sys::llama_context_default_params() };
    params.n_ctx = number(options.cells);
    params.n_batch = number(options.batch);
    params.n_ubatch = number(options.ubatch);
    params.n_seq_max = number(options.sequences);
    params.n_outputs_max = number(options.outputs);
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.flash_attn_type = match options.flash_attention {
        None => sys::LLAMA_FLASH_ATTN_TYPE_AUTO,
        Some(true) => sys::LLAMA_FLASH_ATTN_TYPE_ENABLED,
        Some(false) => sys::LLAMA_FLASH_ATTN_TYPE_DISABLED,
    };
    // One stream of cells: only then can sequences share them.
    params.kv_unified = true;
    // Models with sliding windows forget what lies behind it otherwise, and prefixes could not be reused.
    params.swa_full = true;
    params.no_perf = true;
    if options.attention == Attention::Embed {
        params.embeddings = true;
        let pooled = model.metadata_pooling().is_some_and(|pooling| pooling > 0);
        if !pooled {
            params.pooling_type = sys::LLAMA_POOLING_TYPE_MEAN;
        }
    }
    params
}

impl NativeModel {
    /// The pooling that the file names, by llama.cpp's number.
    pub(crate) fn metadata_pooling(&self) -> Option<i32> {
        let architecture = self.metadata("general.architecture")?;
        self.metadata(&format!("{architecture}.pooling_type"))?
            .parse()
            .ok()
    }
}

/// Tokens to be computed together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    tokens: Vec<sys::llama_token>,
    positions: Vec<sys::llama_pos>,
    sequences: Vec<sys::llama_seq_id>,
    outputs: Vec<i8>,
    ones: Vec<i32>,
    pointers: Vec<*mut sys::llama_seq_id>,
}

// SAFETY: the pointers are only written and read within `raw` and the call that follows it.
unsafe impl Send for Batch {}

impl Batch {
    /// Empties it.
    pub(crate) fn clear(&mut self) {
        self.tokens.clear();
        self.positions.clear();
        self.sequences.clear();
        self.outputs.clear();
    }

    /// The number of tokens.
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Adds a token and gives its index; with `output` its logits are kept.
    pub(crate) fn add(
        &mut self,
        token: Token,
        position: usize,
        sequence: usize,
        output: bool,
    ) -> usize {
        // What does not fit becomes -1, which `raw` refuses.
        self.tokens.push(i32::try_from(token).unwrap_or(-1));
        self.positions.push(i32::try_from(position).unwrap_or(-1));
        self.sequences.push(i32::try_from(sequence).unwrap_or(-1));
        self.outputs.push(i8::from(output));
        self.tokens.len() - 1
    }

    /// The batch in llama.cpp's form; none if it is empty or names what does not exist.
    fn raw(&mut self, sequences: usize, vocabulary: usize) -> Option<sys::llama_batch> {
        let within = |ids: &[i32], limit: usize| {
            ids.iter()
                .all(|id| usize::try_from(*id).is_ok_and(|id| id < limit))
        };
        let valid = within(&self.tokens, vocabulary)
            && within(&self.sequences, sequences)
            && within(&self.positions, usize::MAX);
        if self.is_empty() || !valid {
            return None;
        }
        self.ones.resize(self.tokens.len(), 1);
        self.pointers.clear();
        self.pointers
            .extend(self.sequences.iter_mut().map(std::ptr::from_mut));
        Some(sys::llama_batch {
            n_tokens: i32::try_from(self.tokens.len()).ok()?,
            token: self.tokens.as_mut_ptr(),
            embd: std::ptr::null_mut(),
            pos: self.positions.as_mut_ptr(),
            n_seq_id: self.ones.as_mut_ptr(),
            seq_id: self.pointers.as_mut_ptr(),
            logits: self.outputs.as_mut_ptr(),
        })
    }
}

//! The context's memory: who holds which sequence and block, and the cache of finished blocks.

use crate::Token;
use crate::native::NativeContext;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::ops::Range;

/// Prompts are computed, shared and cached in blocks of this many tokens.
pub const BLOCK: usize = 128;

/// A block's tokens and all that come before it. Cryptographic: the prompt of one caller must never
/// be taken for another's.
pub(super) type BlockKey = [u8; 32];

/// The keys of the whole blocks of a prompt that may be shared: at least its last token is not.
pub(super) fn block_keys(prompt: &[Token]) -> Vec<BlockKey> {
    let whole = prompt.len().saturating_sub(1) / BLOCK;
    let mut previous = BlockKey::default();
    let key = |block: &[Token]| {
        let mut hasher = Sha256::new_with_prefix(previous);
        block
            .iter()
            .for_each(|token| hasher.update(token.to_le_bytes()));
        previous = hasher.finalize().into();
        previous
    };
    prompt.chunks_exact(BLOCK).take(whole).map(key).collect()
}

/// The positions of a block.
pub(super) fn positions(block: usize) -> Range<usize> {
    block * BLOCK..(block + 1) * BLOCK
}

/// The context with the books about its sequences and blocks.
pub(super) struct Memory {
    pub(super) context: NativeContext,
    free: Vec<usize>,
    /// A sequence that is empty except while something is copied.
    between: usize,
    /// The sequences that hold each block.
    live: HashMap<BlockKey, Vec<usize>>,
    cache: BlockCache,
}

impl Memory {
    /// `context` must have been made for one sequence more than `sequences`.
    pub(super) fn new(context: NativeContext, sequences: usize, cache_bytes: usize) -> Self {
        Self {
            context,
            free: (0..sequences).rev().collect(),
            between: sequences,
            live: HashMap::new(),
            cache: BlockCache {
                blocks: HashMap::new(),
                bytes: 0,
                limit: cache_bytes,
                clock: 0,
            },
        }
    }

    /// The number of sequences that nobody has.
    pub(super) fn free_sequences(&self) -> usize {
        self.free.len()
    }

    /// Sequences for a request, or none of them.
    pub(super) fn take_sequences(&mut self, count: usize) -> Option<Vec<usize>> {
        let rest = self.free.len().checked_sub(count)?;
        let mut taken = self.free.split_off(rest);
        taken.reverse();
        Some(taken)
    }

    /// Takes back sequences and the blocks that the first of them held.
    pub(super) fn release(&mut self, sequences: Vec<usize>, blocks: &[BlockKey]) {
        for block in blocks {
            if let Some(holders) = self.live.get_mut(block) {
                holders.retain(|holder| !sequences.contains(holder));
                if holders.is_empty() {
                    self.live.remove(block);
                }
            }
        }
        for sequence in sequences.into_iter().rev() {
            self.context.forget(sequence);
            self.free.push(sequence);
        }
    }

    /// Starts over, when nobody holds anything: the next request then finds memory as the first one did.
    pub(super) fn clear(&mut self) {
        self.context.clear();
        self.live.clear();
        self.free.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// The number of blocks in memory; a block counts once, however many hold it.
    pub(super) fn live_blocks(&self) -> usize {
        self.live.len()
    }

    /// Whether a block is in memory.
    pub(super) fn is_live(&self, block: &BlockKey) -> bool {
        self.live.contains_key(block)
    }

    /// Lets a sequence share a block that another one holds.
    pub(super) fn share_block(&mut self, key: &BlockKey, index: usize, sequence: usize) -> bool {
        let Some(holders) = self.live.get_mut(key) else {
            return false;
        };
        let Some(holder) = holders.first().copied() else {
            return false;
        };
        holders.push(sequence);
        self.context.share(holder, sequence, positions(index));
        true
    }

    /// Whether the cache has a block, for a reader that may insist on clean ones.
    pub(super) fn is_cached(&self, key: &BlockKey, only_clean: bool) -> bool {
        self.cache
            .blocks
            .get(key)
            .is_some_and(|block| block.clean || !only_clean)
    }

    /// Copies a cached block into a sequence. The caller has seen that there is room.
    pub(super) fn restore_block(&mut self, key: &BlockKey, sequence: usize) -> bool {
        let Some(bytes) = self.cache.get(key) else {
            return false;
        };
        if !restore(&mut self.context, self.between, bytes, &[sequence]) {
            return false;
        }
        self.live.insert(*key, vec![sequence]);
        true
    }

    /// Notes that a sequence has just computed a block, and caches it. `clean`: computed alone.
    pub(super) fn keep_block(
        &mut self,
        key: &BlockKey,
        index: usize,
        sequence: usize,
        clean: bool,
    ) {
        self.live.entry(*key).or_default().push(sequence);
        if !self.cache.wants(key, clean) {
            return;
        }
        if let Some(bytes) = self.save(sequence, positions(index)) {
            self.cache.insert(*key, bytes, clean);
        }
    }

    /// A copy of a sequence's cells at these positions.
    pub(super) fn save(&mut self, sequence: usize, positions: Range<usize>) -> Option<Vec<u8>> {
        self.context.share(sequence, self.between, positions);
        let bytes = self.context.save(self.between);
        self.context.forget(self.between);
        bytes
    }

    /// Puts what [`Self::save`] gave into sequences, in shared cells.
    pub(super) fn restore(&mut self, bytes: &[u8], sequences: &[usize]) -> bool {
        restore(&mut self.context, self.between, bytes, sequences)
    }

    /// The bytes in the cache.
    pub(super) fn cache_bytes(&self) -> usize {
        self.cache.bytes
    }
}

fn restore(context: &mut NativeContext, between: usize, bytes: &[u8], to: &[usize]) -> bool {
    // Through the sequence in between, because llama.cpp empties the one that it restores to.
    let done = context.restore(bytes, between);
    if done {
        to.iter()
            .for_each(|sequence| context.share_all(between, *sequence));
    }
    context.forget(between);
    done
}

/// Finished blocks outside of the context.
struct BlockCache {
    blocks: HashMap<BlockKey, CachedBlock>,
    bytes: usize,
    limit: usize,
    clock: u64,
}

struct CachedBlock {
    bytes: Vec<u8>,
    clean: bool,
    used: u64,
}

impl BlockCache {
    fn get(&mut self, key: &BlockKey) -> Option<&[u8]> {
        self.clock += 1;
        let block = self.blocks.get_mut(key)?;
        block.used = self.clock;
        Some(&block.bytes)
    }

    fn wants(&self, key: &BlockKey, clean: bool) -> bool {
        self.limit > 0
            && self
                .blocks
                .get(key)
                .is_none_or(|block| clean && !block.clean)
    }

    fn insert(&mut self, key: BlockKey, bytes: Vec<u8>, clean: bool) {
        if bytes.len() > self.limit {
            return;
        }
        self.clock += 1;
        self.bytes += bytes.len();
        let block = CachedBlock {
            bytes,
            clean,
            used: self.clock,
        };
        if let Some(old) = self.blocks.insert(key, block) {
            self.bytes -= old.bytes.len();
        }
        while self.bytes > self.limit {
            self.evict();
        }
    }

    fn evict(&mut self) {
        let oldest = self.blocks.iter().min_by_key(|(_, block)| block.used);
        let Some(key) = oldest.map(|(key, _)| *key) else {
            return;
        };
        if let Some(block) = self.blocks.remove(&key) {
            self.bytes -= block.bytes.len();
        }
    }
}

//! The vocabulary as `llguidance` wants it.

use crate::Token;
use crate::tokenizer::Tokenizer;
use llguidance::ParserFactory;
use llguidance::earley::SlicedBiasComputer;
use std::sync::Arc;
use toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenizerEnv};

/// The vocabulary and tokenizer for constraints.
struct ModelTokens {
    trie: TokTrie,
    tokenizer: Arc<Tokenizer>,
    canonical: bool,
}

/// Builds the vocabulary's trie. Takes a while (49,152 tokens: about 30 ms): do it once.
pub(crate) fn build(tokenizer: &Arc<Tokenizer>, vocabulary: usize, eos: Option<Token>) -> TokEnv {
    let count = Token::try_from(vocabulary).unwrap_or(Token::MAX);
    let words: Vec<Vec<u8>> = (0..count).map(|token| word(tokenizer, token)).collect();
    let mut ends = tokenizer.ends().to_vec();
    // The model's own choice first: it is the one that `llguidance` names.
    if let Some(eos) = eos.filter(|eos| *eos < count) {
        ends.retain(|end| *end != eos);
        ends.insert(0, eos);
    }
    let first = ends.first().copied().unwrap_or(toktrie::INVALID_TOKEN);
    let mut trie = TokTrie::from(&TokRxInfo::new(count, first), &words);
    if !ends.is_empty() {
        trie = trie.with_eos_tokens(&ends);
    }
    let canonical = tokenizer.middle_is_text();
    Arc::new(ModelTokens {
        trie,
        tokenizer: Arc::clone(tokenizer),
        canonical,
    })
}

/// What makes the parsers of constraints; it forces tokens where their canonical form is known.
pub(crate) fn parser_factory(env: &TokEnv) -> ParserFactory {
    let slices = SlicedBiasComputer::general_slices();
    let new = |slices: &[String]| {
        let ff_tokens = env.tokenize_is_canonical();
        let capabilities = InferenceCapabilities {
            ff_tokens,
            ..Default::default()
        };
        ParserFactory::new(env, capabilities, slices)
    };
    // Slices only make it faster. Without them nothing can be wrong with the expressions.
    let made = new(&slices).or_else(|_| new(&[]));
    let mut factory = made.expect("a factory without slices has nothing that could fail");
    factory.quiet();
    factory
}

/// A token's bytes; those of control tokens are marked, so that no text matches them.
fn word(tokenizer: &Tokenizer, token: Token) -> Vec<u8> {
    let bytes = tokenizer.all_bytes(token);
    if tokenizer.is_text(token) || bytes.is_empty() {
        return bytes.to_vec();
    }
    [&[TokTrie::SPECIAL_TOKEN_MARKER], bytes].concat()
}

impl TokenizerEnv for ModelTokens {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, text: &[u8]) -> Vec<Token> {
        let tokenize = |text: &str| self.tokenizer.tokenize(text, false, false);
        self.trie.tokenize_with_greedy_fallback(text, tokenize)
    }

    fn tokenize_is_canonical(&self) -> bool {
        self.canonical
    }
}

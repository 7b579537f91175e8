//! Turns the SentencePiece model into the form that loads fastest.

use sha2::{Digest, Sha256};
use std::{env, fs, io::Read, path::Path};

const MODEL: &str = "model/gemma3_cleaned_262144_v2.spiece.model.gz";
/// By which google-genai knows the file.
const HASH: &str = "1299c11d7cf632ef3b4e11937501358ada021bbdf7c47638d13c0ee982f2e79c";

fn main() {
    println!("cargo::rerun-if-changed={MODEL}");
    println!("cargo::rerun-if-changed=build.rs");
    let packed = fs::File::open(MODEL).expect("the model belongs to the crate");
    let mut model = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut model)
        .expect("the model is a gzip file");
    let hash: String = Sha256::digest(&model)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hash, HASH, "{MODEL} is not what Google published");
    let tokenizer = kitoken::Kitoken::from_sentencepiece_slice(&model)
        .expect("the model is a SentencePiece model");
    let folder = env::var("OUT_DIR").expect("cargo says where to write");
    fs::write(Path::new(&folder).join("gemma3.kit"), tokenizer.to_vec())
        .expect("cargo's folder can be written to");
}

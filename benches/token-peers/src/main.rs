//! Counts the same texts with Propus, the crate gemini-tokenizer (SentencePiece in C++) and Hugging Face's
//! tokenizers, in rounds: `token-peers TEXTS.jsonl TOKENIZER.json [ROUNDS]`. Prints Markdown.

use std::{env, fs, time::Instant};
use tokenizers::Tokenizer;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let lines = fs::read_to_string(&arguments[1]).expect("the file of texts can be read");
    let rows: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is an object"))
        .collect();
    let texts: Vec<&str> = rows.iter().map(|row| row["text"].as_str().expect("a text")).collect();
    let right: Vec<u64> = rows.iter().map(|row| row["tokens"].as_u64().expect("a count")).collect();
    let rounds: usize = arguments.get(3).map_or(7, |rounds| rounds.parse().expect("a number"));

    let begin = Instant::now();
    propus_tokens::count("");
    let own_load = begin.elapsed();
    let begin = Instant::now();
    let sentencepiece =
        gemini_tokenizer::LocalTokenizer::new("gemini-2.5-flash").expect("the model is known");
    let sentencepiece_load = begin.elapsed();
    let begin = Instant::now();
    let hugging_face = Tokenizer::from_file(&arguments[2]).expect("the tokenizer can be read");
    let hugging_face_load = begin.elapsed();

    type Count<'a> = Box<dyn Fn(&str) -> u64 + 'a>;
    let counters: [(&str, std::time::Duration, Count); 3] = [
        ("propus", own_load, Box::new(propus_tokens::count)),
        (
            "gemini-tokenizer (SentencePiece)",
            sentencepiece_load,
            Box::new(|text| sentencepiece.count_tokens(text, None).total_tokens as u64),
        ),
        (
            "tokenizers (Hugging Face)",
            hugging_face_load,
            Box::new(|text| hugging_face.encode(text, false).expect("any text").len() as u64),
        ),
    ];
    let mut times = vec![Vec::new(); counters.len()];
    for _ in 0..rounds {
        for ((_, _, count), times) in counters.iter().zip(&mut times) {
            let begin = Instant::now();
            let sum: u64 = texts.iter().map(|text| count(text)).sum();
            times.push(begin.elapsed().as_secs_f64());
            assert!(sum > 0);
        }
    }
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .collect();
    println!("{} texts, {bytes} bytes, median of {rounds} rounds\n", texts.len());
    println!("| tokenizer | MB/s | time of propus's | load, ms | other counts than Google's library |\n|---|---|---|---|---|");
    for ((name, load, count), median) in counters.iter().zip(&medians) {
        let wrong = texts.iter().zip(&right).filter(|(text, right)| count(text) != **right).count();
        println!(
            "| {name} | {:.1} | {:.2} | {} | {wrong} |",
            bytes as f64 / median / 1e6,
            median / medians[0],
            load.as_millis()
        );
    }
}

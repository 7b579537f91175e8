//! Measures a model: time to load, prompt speed, and tokens per second at several concurrencies.
//!
//! `cargo run --release -p propus-llama --example throughput -- MODEL [THREADS] [CONCURRENCY,...]`

use propus_llama::model::{LoadOptions, Model};
use propus_llama::scheduler::{Event, Generation, Job};
use std::time::Instant;

const TEXT: &str = "The lighthouse keeper wrote down the weather every evening, and in winter he \
    added what the sea had brought: planks, bottles, once a chair. ";
/// Tokens that each request generates.
const OUTPUT: usize = 128;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which model? give its file")?;
    let threads = arguments.next().map(|threads| threads.parse()).transpose()?;
    let levels = arguments.next().unwrap_or_else(|| "1,4,16".into());
    let flash_attention = arguments.next().map(|on| on == "fa");

    let started = Instant::now();
    let options = LoadOptions { threads, prefix_cache_bytes: 0, flash_attention, ..LoadOptions::default() };
    let model = Model::load(path.as_ref(), &options)?;
    println!("load {} ms, {} MB", started.elapsed().as_millis(), resident_megabytes());

    let text = TEXT.repeat(200);
    let started = Instant::now();
    let tokens = model.tokenize(&text, false, true);
    println!("tokenize {:.2} M tokens/s", tokens.len() as f64 / started.elapsed().as_secs_f64() / 1e6);
    // Once for the pages of the file, which are read on first use.
    first_token(&model, &tokens[..512])?;
    let seconds = median((0..3).map(|_| first_token(&model, &tokens[..512])).collect::<Result<_, _>>()?);
    println!("prompt of 512: {:.0} tokens/s", 512.0 / seconds);
    for level in levels.split(',') {
        let level: usize = level.parse()?;
        let runs: Vec<f64> = (0..3).map(|_| together(&model, &tokens, level)).collect::<Result<_, _>>()?;
        println!("{level} at once: {:.1} tokens/s, {} MB", median(runs), resident_megabytes());
    }
    Ok(())
}

/// Seconds until the first token behind a prompt.
fn first_token(model: &Model, prompt: &[u32]) -> Result<f64, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let mut job = Job::new(prompt.to_vec(), 1);
    job.ignore_end = true;
    tokens(model.submit(job)?)?;
    Ok(started.elapsed().as_secs_f64())
}

/// Tokens per second of requests that start at once, short prompts included.
fn together(model: &Model, tokens_of_text: &[u32], count: usize) -> Result<f64, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let generations = (0..count).map(|index| {
        let mut job = Job::new(tokens_of_text[index * 7..][..32].to_vec(), OUTPUT);
        job.ignore_end = true;
        job.sampling.seed = Some(1);
        job.sampling.top_p = 0.95;
        job.sampling.top_k = 64;
        model.submit(job)
    });
    let generations: Vec<Generation> = generations.collect::<Result<_, _>>()?;
    let mut sum = 0;
    for generation in generations {
        sum += tokens(generation)?;
    }
    Ok(sum as f64 / started.elapsed().as_secs_f64())
}

fn tokens(mut generation: Generation) -> Result<usize, Box<dyn std::error::Error>> {
    let mut sum = 0;
    while let Some(event) = generation.blocking_next() {
        match event {
            Event::Finished { tokens, .. } => sum += tokens,
            Event::Failed(error) => return Err(error.into()),
            Event::Prompt { .. } | Event::Text { .. } => {}
        }
    }
    Ok(sum)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The process's resident memory.
fn resident_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}

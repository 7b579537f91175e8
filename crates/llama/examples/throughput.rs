//! Measures a model: time to load, prompt speed, and tokens per second at several concurrencies.
//! On a busy machine look at the tokens per second of processor time instead, with one thread.
//!
//! `cargo run --release -p propus-llama --example throughput -- MODEL [THREADS] [CONCURRENCY,...] [fa|no-fa]`

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
    let threads = arguments
        .next()
        .map(|threads| threads.parse())
        .transpose()?;
    let levels = arguments.next().unwrap_or_else(|| "1,4,16".into());
    let flash_attention = arguments.next().map(|on| on == "fa");

    let started = Instant::now();
    let options = LoadOptions {
        threads,
        prefix_cache_bytes: 0,
        flash_attention,
        ..LoadOptions::default()
    };
    let model = Model::load(path.as_ref(), &options)?;
    println!(
        "load {} ms, {} MB",
        started.elapsed().as_millis(),
        resident_megabytes()
    );

    let text = TEXT.repeat(200);
    let started = Instant::now();
    let tokens = model.tokenize(&text, false, true);
    println!(
        "tokenize {:.2} M tokens/s",
        tokens.len() as f64 / started.elapsed().as_secs_f64() / 1e6
    );
    // Once for the pages of the file, which are read on first use.
    first_token(&model, &tokens[..512])?;
    measure("prompt of 512", || {
        first_token(&model, &tokens[..512]).map(|()| 512)
    })?;
    for level in levels.split(',') {
        let level: usize = level.parse()?;
        measure(&format!("{level} at once"), || {
            together(&model, &tokens, level)
        })?;
    }
    println!("{} MB", resident_megabytes());
    Ok(())
}

/// Prints the median of three runs, by the clock and by the processor time of all threads.
fn measure(
    name: &str,
    run: impl Fn() -> Result<usize, Box<dyn std::error::Error>>,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut by_clock, mut by_processor) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (started, processor) = (Instant::now(), processor_seconds());
        let tokens = run()? as f64;
        by_clock.push(tokens / started.elapsed().as_secs_f64());
        by_processor.push(tokens / (processor_seconds() - processor));
    }
    let (clock, processor) = (median(by_clock), median(by_processor));
    println!("{name}: {clock:.1} tokens/s, {processor:.1} per second of processor time");
    Ok(())
}

/// Reads a prompt and writes one token.
fn first_token(model: &Model, prompt: &[u32]) -> Result<(), Box<dyn std::error::Error>> {
    let mut job = Job::new(prompt.to_vec(), 1);
    job.ignore_end = true;
    tokens(model.submit(job)?)?;
    Ok(())
}

/// Tokens of requests that start at once, each with a short prompt.
fn together(
    model: &Model,
    tokens_of_text: &[u32],
    count: usize,
) -> Result<usize, Box<dyn std::error::Error>> {
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
    Ok(sum)
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

/// The processor time of the process so far.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    // utime and stime, in hundredths of a second on Linux.
    fields
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// The process's resident memory.
fn resident_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}

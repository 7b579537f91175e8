//! Compares models on a text: lower is better.
//!
//! `cargo run --release -p propus-llama --example perplexity -- TEXT MODEL...`

use propus_llama::quantize::perplexity;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let text = arguments.next().ok_or("which text? give its file")?;
    let text = std::fs::read_to_string(text)?;
    for model in arguments {
        println!("{:.4}  {model}", perplexity(model.as_ref(), &text, None)?);
    }
    Ok(())
}

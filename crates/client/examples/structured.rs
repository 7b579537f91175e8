//! Answers as Rust values.
//!
//! `GEMINI_API_KEY=... cargo run -p propus-client --example structured`

use propus_client::Client;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
struct Recipe {
    title: String,
    minutes: u32,
    course: Course,
    ingredients: Vec<Ingredient>,
}

#[derive(Debug, Deserialize, JsonSchema)]
enum Course {
    Starter,
    Main,
    Dessert,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Ingredient {
    name: String,
    /// In grams; absent where it is counted.
    grams: Option<f64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let model = Client::from_env()?.model("gemini-flash-latest");
    let recipe: Recipe = model.generate_as("A simple recipe for pancakes").await?;
    println!(
        "{} ({:?}, {} minutes)",
        recipe.title, recipe.course, recipe.minutes
    );
    for ingredient in recipe.ingredients {
        match ingredient.grams {
            Some(grams) => println!("- {grams} g {}", ingredient.name),
            None => println!("- {}", ingredient.name),
        }
    }
    Ok(())
}

//! Functions that the model may call.
//!
//! `GEMINI_API_KEY=... cargo run -p propus-client --example tools`

use propus_client::{Client, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Order {
    /// What is bought, in the singular: `apple`.
    article: String,
    /// How many of it.
    count: u32,
}

#[derive(Serialize)]
struct Price {
    euros: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let price = Tool::try_function("price", "What an order costs.", |order: Order| async move {
        let each = match order.article.as_str() {
            "apple" => 0.4,
            "pear" => 0.6,
            other => return Err(format!("there is no `{other}` in the shop")),
        };
        Ok(Price {
            euros: each * f64::from(order.count),
        })
    });
    let model = Client::from_env()?
        .model("gemini-flash-latest")
        .tool(price)
        .rounds(5);
    let reply = model
        .generate("What do 12 apples and 3 pears cost together? And a pineapple?")
        .await?;
    for turn in reply.turns() {
        for part in &turn.parts {
            if let Some(call) = &part.function_call {
                println!("{:?} {:?}", call.name, call.args);
            }
        }
    }
    println!("{}", reply.text()?);
    Ok(())
}

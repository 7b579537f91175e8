//! The server from the outside: whole requests through all layers, answered by the scripted engine.

mod admin;
mod client;
mod edges;
mod faults;
mod framing;
mod gateway;
mod inject;
mod keys;
mod load;
mod methods;
mod metrics;
mod openai;
#[cfg(feature = "otel")]
mod otel;
mod ours;
mod profiles;
mod quotas;
mod replay;

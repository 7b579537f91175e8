//! The server from the outside: whole requests through all layers, answered by the scripted engine.

mod client;
mod edges;
mod faults;
mod framing;
mod inject;
mod keys;
mod methods;
mod openai;
mod ours;
mod quotas;
mod replay;

//! The Gemini API over HTTP.
//!
//! `front` lists what stands around the routes; `routes` go from a path to a reply; `pipeline` carries out
//! one call; [`registry`] knows the models. Nothing here knows the local engine or reads the
//! environment.

pub mod accounts;
pub mod app;
mod front;
pub mod gateway;
pub mod inject;
mod layers;
pub mod memory;
pub mod metrics;
mod openai;
mod pipeline;
pub mod quotas;
pub mod regions;
pub mod registry;
pub mod replay;
mod routes;
pub mod serve;
mod wildcard;

pub use layers::{admin::AdminToken, shed::Load};

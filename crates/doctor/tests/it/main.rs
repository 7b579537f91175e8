//! The doctor against servers that are well or ill; nothing leaves this machine.

mod api;
mod between;
mod keys;
mod models;
mod network;
mod patient;
mod replies;
mod sdks;

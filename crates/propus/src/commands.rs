//! One file for each command.

pub mod chat;
pub mod check;
pub mod diagnose;
pub mod doctor;
pub mod explain;
pub mod generate;
pub mod keys;
pub mod models;
pub mod pull;
pub mod serve;

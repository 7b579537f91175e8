//! One file for each command.

pub mod chat;
pub mod check;
pub mod config;
pub mod diagnose;
pub mod doctor;
pub mod explain;
pub mod generate;
pub mod keys;
pub mod manual;
pub mod models;
pub mod output;
pub mod projects;
pub mod pull;
pub mod quota;
pub mod replay;
pub mod serve;
pub mod tokens;
pub mod top;

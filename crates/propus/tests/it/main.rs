//! The real binary from the outside, with the scripted engine: starting, stopping, refusing.

mod binary;
mod doctor;
mod failures;
mod keys;
mod start;
mod talk;

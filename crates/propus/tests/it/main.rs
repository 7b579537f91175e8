//! The real binary from the outside, mostly with the scripted engine: starting, stopping, refusing.

mod binary;
mod doctor;
mod failures;
mod keys;
mod sdk;
mod start;
mod talk;

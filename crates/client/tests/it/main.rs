//! The client against servers that are written byte by byte.

mod calls;
mod streams;

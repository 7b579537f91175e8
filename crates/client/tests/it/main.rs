//! The client against servers that are written byte by byte.

mod calls;
mod chats;
mod files;
mod hand;
mod proxies;
mod recorded;
mod resources;
mod retries;
mod secure;
mod streams;
mod tools;
mod typed;
mod way;
mod wire;

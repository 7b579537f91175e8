//! Laws that hold for every failure of the catalogue.

mod advise;
mod amend;
mod catalogue;
mod evidence;
mod laws;
mod recovery;
mod requests;

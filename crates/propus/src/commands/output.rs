//! What commands share in reading evidence and in printing.

use anyhow::Context;
use clap::ValueEnum;
use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::Path,
};

/// Columns of printed prose.
const WIDTH: usize = 100;

/// How to print what people, programs and tickets read.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For notes and tickets.
    Markdown,
}

/// How to print lists.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The text of a file or of standard input; what is not UTF-8 is replaced.
pub fn read(file: Option<&Path>) -> anyhow::Result<String> {
    let bytes = match named(file) {
        Some(file) => {
            fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?
        }
        None => {
            if io::stdin().is_terminal() {
                eprintln!("reading from the terminal; end with Ctrl-D");
            }
            let mut bytes = Vec::new();
            io::stdin()
                .read_to_end(&mut bytes)
                .context("cannot read standard input")?;
            bytes
        }
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A file that is meant; `-` means standard input.
pub fn named(file: Option<&Path>) -> Option<&Path> {
    file.filter(|file| file.as_os_str() != "-")
}

/// Text in lines of readable length, each with an indentation.
pub fn wrapped(text: &str, indent: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return String::new();
    }
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false);
    textwrap::fill(&words, options) + "\n"
}

/// A list, an item a paragraph.
pub fn bullets(items: &[String], indent: &str) -> String {
    let inner = format!("{indent}  ");
    let item = |item: &String| {
        let text = wrapped(item, &inner);
        format!("{indent}- {}", text.strip_prefix(&inner).unwrap_or(&text))
    };
    items.iter().map(item).collect()
}

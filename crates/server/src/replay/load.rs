//! Reads a recording.

use super::exchange::{Exchange, FORMAT, First};
use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why a recording cannot be answered from.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("cannot read `{}`\nhint: `propus serve --record FILE` makes recordings", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{}` is no recording: its first line is not {{\"propusRecording\":1}}\nhint: `propus serve --record FILE` makes recordings", .0.display())]
    NoRecording(PathBuf),
    /// A newer program wrote it.
    #[error("`{}` was recorded by a newer version of propus (format {found}, this one knows {FORMAT})\nhint: update propus, or record anew", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A line is no exchange.
    #[error("`{}`, line {line}: {cause}\nhint: mend or delete the line", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Which line, from 1 on.
        line: usize,
        /// What is wrong with it.
        cause: String,
    },
    /// There is nothing in it.
    #[error("no exchange was recorded in `{}`\nhint: send requests to `propus serve --record FILE` first", .0.display())]
    Empty(PathBuf),
}

/// An exchange and the line on which it stands.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) line: usize,
    pub(super) exchange: Exchange,
}

pub(super) fn load(path: &Path) -> Result<Vec<Recorded>, ReplayError> {
    let failed = |source| ReplayError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut text = Vec::new();
    file.read_until(b'\n', &mut text).map_err(failed)?;
    check_first(path, &text)?;
    let mut all = Vec::new();
    for line in 2.. {
        text.clear();
        if file.read_until(b'\n', &mut text).map_err(failed)? == 0 {
            break;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let failed = |cause| ReplayError::Line {
            path: path.to_owned(),
            line,
            cause,
        };
        match serde_json::from_slice::<Exchange>(&text) {
            Ok(exchange) => {
                check(&exchange).map_err(failed)?;
                all.push(Recorded { line, exchange });
            }
            // The server that recorded was stopped amid a line.
            Err(error) if error.is_eof() && text.last() != Some(&b'\n') => {
                tracing::warn!(line, "the recording's last line is cut off and left out");
            }
            Err(error) => return Err(failed(error.to_string())),
        }
    }
    match all.is_empty() {
        true => Err(ReplayError::Empty(path.to_owned())),
        false => Ok(all),
    }
}

fn check_first(path: &Path, line: &[u8]) -> Result<(), ReplayError> {
    match serde_json::from_slice::<First>(line) {
        Ok(First { format: FORMAT }) => Ok(()),
        Ok(First { format: found }) => Err(ReplayError::Newer {
            path: path.to_owned(),
            found,
        }),
        Err(_) => Err(ReplayError::NoRecording(path.to_owned())),
    }
}

/// What a hand may have changed must still be HTTP.
fn check(exchange: &Exchange) -> Result<(), String> {
    http::StatusCode::from_u16(exchange.status)
        .map_err(|_| format!("`status` is {} and no HTTP status", exchange.status))?;
    for (name, value) in &exchange.reply_headers {
        let is_name = http::HeaderName::from_bytes(name.as_bytes()).is_ok();
        if !is_name || http::HeaderValue::from_str(value).is_err() {
            return Err(format!("`replyHeaders` has `{name}`, which is no header"));
        }
    }
    Ok(())
}

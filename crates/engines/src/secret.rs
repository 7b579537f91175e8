//! Secrets of engines, such as keys: where they are read from. They are never shown, and what is said of
//! them names only their source.

use std::{
    collections::HashMap,
    fmt, fs, io,
    process::{Output, Stdio},
    thread,
    time::Duration,
};
use tokio::{
    process::Command,
    runtime::{Builder, Handle, RuntimeFlavor},
    task::block_in_place,
    time::timeout,
};

/// How long a command may take to write a secret: enough for a vault far away, and short enough for
/// somebody who waits for the start.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads secrets. A command is run once, however many settings name it, until the reader is dropped: the
/// next one, such as that of a reload, has what the command says then.
#[derive(Default)]
pub struct Secrets {
    /// What commands have written.
    written: HashMap<String, String>,
}

/// Why a secret cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretError {
    /// Such as `env:NAME`; none where the secret itself is written down.
    source: Option<String>,
    why: String,
    hint: String,
}

impl Secrets {
    /// Reads a secret from where its text says: `env:NAME`, `file:PATH`, `cmd:COMMAND` for the shell, or
    /// the text itself. What is around it, such as a line's end, is left out.
    ///
    /// A command has 10 s and no input. The work of a runtime with several threads goes on meanwhile.
    ///
    /// # Errors
    ///
    /// There is none, it is empty, or it has characters that a header cannot carry.
    pub fn read(&mut self, text: &str) -> Result<String, SecretError> {
        let (source, read) = match text.split_once(':') {
            Some(("env", name)) => (Some(text), of_variable(name)),
            Some(("file", path)) => (Some(text), of_file(path)),
            Some(("cmd", command)) => (Some(text), self.of_command(command)),
            _ => (None, Ok(text.to_owned())),
        };
        let (why, hint) = match read.and_then(fitting) {
            Ok(secret) => return Ok(secret),
            Err(Failed { why, hint }) => (why, hint),
        };
        let source = source.map(str::to_owned);
        Err(SecretError { source, why, hint })
    }

    fn of_command(&mut self, command: &str) -> Result<String, Failed> {
        if let Some(known) = self.written.get(command) {
            return Ok(known.clone());
        }
        let written = written_by(command, PATIENCE)?;
        self.written.insert(command.to_owned(), written.clone());
        Ok(written)
    }
}

impl SecretError {
    /// What would help.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// What is wrong, without the hint.
    pub fn message(&self) -> String {
        match &self.source {
            Some(source) => format!("`{source}` {}", self.why),
            None => format!("the secret {}", self.why),
        }
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", self.message(), self.hint)
    }
}

impl std::error::Error for SecretError {}

/// Commands may hold what nobody should read, and what they wrote is secret.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

/// The part of an error that does not depend on who asks.
struct Failed {
    why: String,
    hint: String,
}

fn failed(why: impl Into<String>, hint: impl Into<String>) -> Failed {
    let (why, hint) = (why.into(), hint.into());
    Failed { why, hint }
}

fn fitting(secret: String) -> Result<String, Failed> {
    let secret = secret.trim();
    let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    match secret {
        "" => Err(failed("is empty", "it must hold the secret alone")),
        secret if secret.bytes().all(plain) => Ok(secret.to_owned()),
        _ => Err(failed(
            "has characters that a header cannot carry",
            "it must hold the secret alone, on one line",
        )),
    }
}

fn of_variable(name: &str) -> Result<String, Failed> {
    let set = std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty());
    set.ok_or_else(|| {
        let hint = format!("export {name}=... before the start");
        failed("names a variable that is not set or empty", hint)
    })
}

fn of_file(path: &str) -> Result<String, Failed> {
    let hint = "name a file that this user may read";
    fs::read_to_string(path).map_err(|error| failed(format!("cannot be read: {error}"), hint))
}

/// What a command of the shell writes. What it says on its error output is not repeated: it may hold the
/// secret.
fn written_by(command: &str, patience: Duration) -> Result<String, Failed> {
    let failed = |why: String| {
        failed(
            why,
            "it must write the secret alone, without asking anybody",
        )
    };
    let output = match aside(|| output(command, patience)) {
        Ok(Some(output)) => output,
        Ok(None) => return Err(failed(format!("did not end within {patience:?}"))),
        Err(error) => return Err(failed(format!("cannot be run: {error}"))),
    };
    if !output.status.success() {
        return Err(failed(format!("ended with {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("wrote no text".into()))
}

/// Does what blocks so that the other tasks of a runtime go on, where it has the threads for that.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    let flavour = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    match flavour {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        _ => work(),
    }
}

/// Runs a command to its end; none where that takes too long, which ends it. It has a thread and a runtime
/// of its own, for whoever asks may be on one already, on which nobody can wait.
fn output(command: &str, patience: Duration) -> io::Result<Option<Output>> {
    let run = || {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let output = async {
            let mut shell = Command::new("sh");
            let shell = shell.args(["-c", command]).stdin(Stdio::null());
            timeout(patience, shell.kill_on_drop(true).output()).await
        };
        runtime.block_on(output).ok().transpose()
    };
    thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|_| Err(io::Error::other("the thread for it broke")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read(text: &str) -> Result<String, SecretError> {
        Secrets::default().read(text)
    }

    #[test]
    fn secrets_come_from_where_they_are() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "of-a-file\n").unwrap();
        let of_file = read(&format!("file:{}", file.path().display()));
        assert_eq!(of_file.unwrap(), "of-a-file");
        assert_eq!(read("cmd:echo of-a-command").unwrap(), "of-a-command");
        assert_eq!(read("AQ.literal").unwrap(), "AQ.literal");
        assert_eq!(read(" two words ").unwrap(), "two words");
        assert!(!read("env:PATH").unwrap().is_empty());
    }

    #[test]
    fn what_is_not_there_is_named_with_a_hint() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let said = read(text).unwrap_err().to_string();
            assert!(said.starts_with(expected), "{said}");
            assert!(said.contains("\nhint: "), "{said}");
        }
        check(
            "env:PROPUS_NO_SUCH_KEY",
            "`env:PROPUS_NO_SUCH_KEY` names a variable that is not set or empty\n",
        );
        check(
            "file:/no/such/file",
            "`file:/no/such/file` cannot be read: ",
        );
        check("cmd:exit 3", "`cmd:exit 3` ended with exit status: 3\n");
        check("cmd:true", "`cmd:true` is empty\n");
        check("cmd:printf 'a\\nb'", "`cmd:printf 'a\\nb'` has characters");
        check("cmd:printf '\\377'", "`cmd:printf '\\377'` wrote no text\n");
        check(" ", "the secret is empty\n");
    }

    #[test]
    fn a_command_does_not_repeat_itself_and_reads_nothing() {
        let runs = tempfile::NamedTempFile::new().unwrap();
        let command = format!("cmd:cat; echo x >> {}; echo s3cret", runs.path().display());
        let mut secrets = Secrets::default();
        assert_eq!(secrets.read(&command).unwrap(), "s3cret");
        assert_eq!(secrets.read(&command).unwrap(), "s3cret");
        assert_eq!(fs::read_to_string(&runs).unwrap(), "x\n");
        assert!(!format!("{secrets:?}").contains("s3cret"));
        Secrets::default().read(&command).unwrap();
        assert_eq!(fs::read_to_string(&runs).unwrap(), "x\nx\n");
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let Err(failed) = written_by("exec tail -f /dev/null", Duration::from_millis(20)) else {
            panic!("it ended");
        };
        assert_eq!(failed.why, "did not end within 20ms");
    }

    /// With one worker, the file would not come if the command held it up.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn others_go_on_while_a_command_runs() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it");
        let command = waiting_for(&file);
        let reading = tokio::spawn(async move { read(&command) });
        tokio::spawn(async move { fs::write(file, "came").unwrap() });
        assert_eq!(reading.await.unwrap().unwrap(), "came");
    }

    fn waiting_for(file: &Path) -> String {
        let file = file.display();
        format!("cmd:until [ -s {file} ]; do :; done; cat {file}")
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_can_ask_too() {
        assert_eq!(read("cmd:echo x").unwrap(), "x");
    }
}

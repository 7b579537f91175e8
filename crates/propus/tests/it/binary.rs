//! Runs the binary.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

/// A folder with a configuration whose models follow a script.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

/// A running server; it is killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// The line that it printed when it was ready.
    pub(crate) ready: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.write("script.toml", "[[reply]]\ntext = 'The bridge is old.'\n");
        let config = format!(
            "data_dir = '{0}/state'\n[engines.small]\nkind = 'scripted'\nscript = '{0}/script.toml'\n[models]\ndefault = 'small'\n",
            place.path("").display()
        );
        place.write("propus.toml", &config);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The binary with a clean environment whose folders are in this place.
    pub(crate) fn propus(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_propus"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path());
        command.env("PROPUS_MODELS_DIR", self.path("models"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.propus().args(arguments).output().unwrap()
    }

    pub(crate) fn serve(&self, more: &[&str]) -> Server {
        let mut command = self.propus();
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]);
        command.arg(self.path("propus.toml")).args(more);
        Server::start(command)
    }
}

impl Place {
    /// A server with the default models, which are where they are for the user.
    pub(crate) fn serve_models(&self, more: &[&str]) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_propus"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(self.path("state")).args(more);
        Server::start(command)
    }
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        assert!(
            ready.starts_with("ready url=http://127.0.0.1:"),
            "{ready:?}"
        );
        Self { child, ready }
    }

    pub(crate) fn url(&self) -> &str {
        self.word("url=")
    }

    pub(crate) fn key(&self) -> &str {
        self.word("key=")
    }

    fn word(&self, name: &str) -> &str {
        let mut words = self.ready.split_whitespace();
        words
            .find_map(|word| word.strip_prefix(name))
            .unwrap_or_default()
    }

    /// Asks the server to stop, and gives its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

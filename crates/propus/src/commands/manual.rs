//! `propus completions` and `propus man`: from the same declarations as `--help`.

use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;
use std::{fs, io, path::PathBuf, process::ExitCode};

/// Print the completions of a shell
#[derive(Args)]
#[command(
    after_help = "Examples:\n  propus completions bash > ~/.local/share/bash-completion/completions/propus\n  \
    propus completions zsh > ~/.zfunc/_propus\n  propus completions fish > ~/.config/fish/completions/propus.fish"
)]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    /// Carries out the command.
    pub fn run(self, mut command: Command) -> ExitCode {
        clap_complete::generate(self.shell, &mut command, "propus", &mut io::stdout());
        ExitCode::SUCCESS
    }
}

/// Write manual pages, one for each command
#[derive(Args)]
#[command(after_help = "Example:\n  propus man ~/.local/share/man/man1 && man propus-check")]
pub struct Man {
    /// The folder to write to; nothing: print the page of propus itself
    folder: Option<PathBuf>,
}

impl Man {
    /// Carries out the command.
    pub fn run(self, command: Command) -> anyhow::Result<ExitCode> {
        let Some(folder) = self.folder else {
            clap_mangen::Man::new(command).render(&mut io::stdout())?;
            return Ok(ExitCode::SUCCESS);
        };
        let at = || format!("cannot write to `{}`", folder.display());
        fs::create_dir_all(&folder).with_context(at)?;
        clap_mangen::generate_to(command, &folder).with_context(at)?;
        eprintln!("wrote manual pages to {}", folder.display());
        Ok(ExitCode::SUCCESS)
    }
}

//! `propus chat`: a conversation, line by line. Answers go to standard output, everything else to
//! standard error; piped input is answered without decoration.

use super::generate::{self, Connection, Form, INTERRUPTED, Settings, instruction};
use clap::Args;
use propus_client::{
    Client, Error,
    wire::generate::{Content, GenerateContentRequest},
};
use rustyline::{Config, Editor, error::ReadlineError, history::DefaultHistory};
use std::{
    io::{self, IsTerminal},
    mem,
    process::ExitCode,
    sync::mpsc,
    thread,
};
use tokio::sync::mpsc as channel;

const HELP: &str = "\
/help           shows this
/system TEXT    gives instructions that stand above the conversation; without a text, drops them
/clear          forgets the conversation
/exit           ends, as Ctrl-D does
A line that ends with \\ goes on with the next. // at the beginning stands for a plain /.
Ctrl-C stops an answer, which is then forgotten together with its question.";

/// Talk with a model.
#[derive(Args)]
pub(crate) struct Chat {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    settings: Settings,
}

impl Chat {
    /// Talks until the input ends. Where it is piped in, the code is 1 if an answer failed.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (client, model) = match self.connect().await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(ExitCode::FAILURE),
            Err(error) => return generate::exit_code(Err(error.into())),
        };
        let is_person = io::stdin().is_terminal() && io::stdout().is_terminal();
        if is_person {
            eprintln!(
                "{model} at {}; /help lists the commands, Ctrl-D ends",
                client.base_url()
            );
        }
        let talk = Talk {
            client,
            model,
            request: self.settings.request(Vec::new()),
            lines: Lines::open(is_person),
            failed: false,
        };
        talk.run(is_person).await
    }

    async fn connect(&self) -> Result<Option<(Client, String)>, Error> {
        let client = self.connection.client()?;
        let model = self.connection.model(&client).await?;
        Ok(model.map(|model| (client, model)))
    }
}

/// A conversation that goes on.
struct Talk {
    client: Client,
    model: String,
    /// The settings, and what was said so far.
    request: GenerateContentRequest,
    lines: Lines,
    failed: bool,
}

impl Talk {
    async fn run(mut self, is_person: bool) -> anyhow::Result<ExitCode> {
        loop {
            let line = match self.lines.next().await? {
                Read::Line(line) => line,
                Read::Interrupt if is_person => {
                    eprintln!("Ctrl-D ends");
                    continue;
                }
                Read::Interrupt => return Ok(ExitCode::from(INTERRUPTED)),
                Read::End => break,
            };
            match Input::read(&line) {
                Input::Nothing => {}
                Input::Exit => break,
                Input::Clear => self.request.contents.clear(),
                Input::Help => eprintln!("{HELP}"),
                Input::System(text) => {
                    let text = (!text.is_empty()).then_some(text);
                    self.request.system_instruction = text.map(instruction);
                }
                Input::Unknown(command) => {
                    self.failed = true;
                    eprintln!("error: there is no command `{command}`\nhint: /help lists them");
                }
                Input::Say(text) => match self.answer(text).await {
                    Ok(answered) => self.failed |= !answered,
                    Err(Interrupted) if is_person => eprintln!("stopped"),
                    Err(Interrupted) => return Ok(ExitCode::from(INTERRUPTED)),
                },
            }
        }
        let failed = self.failed && !is_person;
        Ok(ExitCode::from(u8::from(failed)))
    }

    /// Answers a question. A turn that fails is not part of the conversation: the next one would
    /// build on half an answer.
    async fn answer(&mut self, text: &str) -> Result<bool, Interrupted> {
        self.request.contents.push(Content::text("user", text));
        let streamed = generate::stream(&self.client, &self.model, &self.request, Form::Text);
        let result = tokio::select! {
            result = streamed => result,
            _ = tokio::signal::ctrl_c() => {
                self.request.contents.pop();
                return Err(Interrupted);
            }
        };
        let reply = match result {
            Ok(mut reply) if generate::report(&reply) => reply.candidates.swap_remove(0).content,
            Ok(_) => None,
            Err(error) => {
                match error.downcast_ref::<Error>() {
                    Some(error) => generate::tell(error),
                    None => eprintln!("error: {error}"),
                }
                None
            }
        };
        match reply {
            Some(mut content) => {
                content.role = Some("model".into());
                self.request.contents.push(content);
                Ok(true)
            }
            None => {
                self.request.contents.pop();
                Ok(false)
            }
        }
    }
}

/// Ctrl-C stopped an answer.
struct Interrupted;

/// What a line asks for.
#[derive(Debug, PartialEq)]
enum Input<'a> {
    Nothing,
    Exit,
    Clear,
    Help,
    System(&'a str),
    Unknown(&'a str),
    Say(&'a str),
}

impl<'a> Input<'a> {
    fn read(line: &'a str) -> Self {
        let line = line.trim();
        if line.starts_with("//") {
            return Self::Say(&line[1..]);
        }
        if !line.starts_with('/') {
            return if line.is_empty() {
                Self::Nothing
            } else {
                Self::Say(line)
            };
        }
        let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match command {
            "/exit" | "/quit" => Self::Exit,
            "/clear" => Self::Clear,
            "/help" => Self::Help,
            "/system" => Self::System(rest.trim()),
            unknown => Self::Unknown(unknown),
        }
    }
}

/// What came from the input.
enum Read {
    Line(String),
    Interrupt,
    End,
}

/// Lines of standard input. They are read on a thread of their own, one when it is asked for: a
/// read cannot be called off, and must neither hold up an answer nor the end of the program.
struct Lines {
    is_person: bool,
    ask: mpsc::Sender<bool>,
    lines: channel::UnboundedReceiver<io::Result<Read>>,
}

impl Lines {
    fn open(is_person: bool) -> Self {
        let (ask, asked) = mpsc::channel();
        let (send, lines) = channel::unbounded_channel();
        thread::spawn(move || {
            let mut history = DefaultHistory::new();
            for is_first in asked {
                let read = if is_person {
                    edited(&mut history, is_first)
                } else {
                    plain()
                };
                if send.send(read).is_err() {
                    return;
                }
            }
        });
        Self {
            is_person,
            ask,
            lines,
        }
    }

    /// The next line, those that it goes on with included.
    async fn next(&mut self) -> io::Result<Read> {
        let mut whole = String::new();
        loop {
            match self.one(whole.is_empty()).await? {
                Read::Line(line) => match line.strip_suffix('\\') {
                    Some(begun) => whole = whole + begun + "\n",
                    None => return Ok(Read::Line(whole + &line)),
                },
                Read::End if !whole.is_empty() => return Ok(Read::Line(whole)),
                other => return Ok(other),
            }
        }
    }

    async fn one(&mut self, is_first: bool) -> io::Result<Read> {
        self.ask.send(is_first).ok();
        tokio::select! {
            read = self.lines.recv() => read.unwrap_or(Ok(Read::End)),
            // The line editor takes Ctrl-C for itself.
            _ = tokio::signal::ctrl_c(), if !self.is_person => Ok(Read::Interrupt),
        }
    }
}

/// Reads a line with editing. The editor lives for one line: while it does, it takes Ctrl-C away
/// from the answers.
fn edited(history: &mut DefaultHistory, is_first: bool) -> io::Result<Read> {
    let past = mem::take(history);
    let editor = Editor::<(), _>::with_history(Config::default(), past);
    let mut editor = editor.map_err(io::Error::other)?;
    let read = match editor.readline(if is_first { "> " } else { "… " }) {
        Ok(line) => {
            editor.add_history_entry(line.as_str()).ok();
            Ok(Read::Line(line))
        }
        Err(ReadlineError::Interrupted) => Ok(Read::Interrupt),
        Err(ReadlineError::Eof) => Ok(Read::End),
        Err(error) => Err(io::Error::other(error)),
    };
    *history = mem::take(editor.history_mut());
    read
}

fn plain() -> io::Result<Read> {
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Ok(Read::End);
    }
    Ok(Read::Line(line.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Input<'_>) {
        assert_eq!(Input::read(line), expected, "{line:?}");
    }

    #[test]
    fn lines_are_questions_or_commands() {
        check("  ", Input::Nothing);
        check(" hello /exit ", Input::Say("hello /exit"));
        check("//etc/passwd is what?", Input::Say("/etc/passwd is what?"));
        check("/exit", Input::Exit);
        check("/quit now", Input::Exit);
        check("/clear", Input::Clear);
        check("/help", Input::Help);
        check("/system", Input::System(""));
        check("/system\tBe  brief. ", Input::System("Be  brief."));
        check("/systemic risk", Input::Unknown("/systemic"));
        check("/é", Input::Unknown("/é"));
    }
}

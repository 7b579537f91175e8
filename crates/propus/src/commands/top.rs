//! `propus top`: a live view of a running server, drawn from what it counts of itself.

mod screen;
mod watch;

use crate::{admin_token, folders};
use anyhow::{Context, bail};
use clap::Args;
use ratatui::{
    DefaultTerminal,
    buffer::Buffer,
    crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    layout::Rect,
    widgets::Widget,
};
use screen::Screen;
use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    thread,
    time::Duration,
};
use tokio::{sync::mpsc, time::MissedTickBehavior};
use watch::Watch;

/// How long a key press may lie before it is seen, and a thread that reads them outlive the view.
const KEYS_EVERY: Duration = Duration::from_millis(100);

/// How wide a text is that goes to no terminal.
const TEXT_WIDTH: u16 = 100;

/// How high it may be; empty lines at its end are left out.
const TEXT_HEIGHT: u16 = 60;

/// Watch a running server: traffic, failures, repairs, routes, quota head-room
///
/// Reads `GET /metrics` again and again and shows what came in between. Quotas need the admin token,
/// which is in the data folder of the server, or in PROPUS_ADMIN_TOKEN; the rest is shown without it
/// on the server's own machine. Keys: q ends, the space bar holds the view still.
///
/// Where standard output is no terminal, or with --once, two looks are taken and printed as text.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  propus top\n  propus top --url http://127.0.0.1:9000 --project shop\n  propus top --once"
)]
pub struct Top {
    /// The server's address
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    /// The project whose quotas are shown
    #[arg(long, default_value = "default")]
    project: String,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    interval: Duration,
    /// Where the server keeps its admin token [default: the user's data folder]
    #[arg(long, env = "PROPUS_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print one view as text, and end
    #[arg(long)]
    once: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok();
    match seconds.filter(|seconds| (0.1..=3600.0).contains(seconds)) {
        Some(seconds) => Ok(Duration::from_secs_f64(seconds)),
        None => Err("from 0.1 to 3600 seconds".into()),
    }
}

impl Top {
    /// Watches until somebody has seen enough.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let token = admin_token::kept(&folders::data_path(self.data_dir.clone())?)?;
        let mut watch = Watch::new(&self.url, &self.project, token)?;
        // A server that is not there is said before the terminal is taken.
        watch.look().await?;
        match self.once || !io::stdout().is_terminal() {
            true => self.print(watch).await,
            false => self.show(watch).await,
        }
    }

    async fn print(&self, mut watch: Watch) -> anyhow::Result<ExitCode> {
        tokio::time::sleep(self.interval).await;
        watch.look().await?;
        let text = text(&Screen::of(&watch.seen));
        // Whoever reads it may have enough before its end.
        let _ = io::stdout().write_all(text.as_bytes());
        Ok(ExitCode::SUCCESS)
    }

    async fn show(&self, watch: Watch) -> anyhow::Result<ExitCode> {
        let mut terminal = ratatui::try_init().context("the terminal cannot be drawn on")?;
        let shown = self.until_enough(watch, &mut terminal).await;
        ratatui::restore();
        shown.map(|()| ExitCode::SUCCESS)
    }

    async fn until_enough(
        &self,
        mut watch: Watch,
        terminal: &mut DefaultTerminal,
    ) -> anyhow::Result<()> {
        let mut keys = keys();
        let mut ticks = tokio::time::interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut held = false;
        loop {
            let mut screen = Screen::of(&watch.seen);
            screen.held = held;
            terminal.draw(|frame| frame.render_widget(&screen, frame.area()))?;
            tokio::select! {
                key = keys.recv() => match key {
                    Some(Wish::End) => return Ok(()),
                    Some(Wish::Hold) => held = !held,
                    Some(Wish::Draw) => {}
                    None => bail!("the terminal gives no more keys"),
                },
                _ = ticks.tick(), if !held => watch.look_again().await,
            }
        }
    }
}

/// What somebody wants who presses a key, or changes the size of the window.
enum Wish {
    End,
    Hold,
    Draw,
}

impl Wish {
    fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Press => Self::of_key(*key),
            Event::Resize(..) => Some(Self::Draw),
            _ => None,
        }
    }

    fn of_key(key: KeyEvent) -> Option<Self> {
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => Some(Self::End),
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Self::End),
            KeyCode::Char(' ') => Some(Self::Hold),
            _ => None,
        }
    }
}

/// Reading keys blocks, so that it has a thread of its own, which ends once nobody listens.
fn keys() -> mpsc::UnboundedReceiver<Wish> {
    let (wishes, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        while !wishes.is_closed() {
            match event::poll(KEYS_EVERY) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(_) => return,
            }
            let Ok(event) = event::read() else { return };
            if let Some(wish) = Wish::of(&event) {
                let _ = wishes.send(wish);
            }
        }
    });
    receiver
}

fn text(screen: &Screen) -> String {
    let area = Rect::new(0, 0, TEXT_WIDTH, TEXT_HEIGHT);
    let mut buffer = Buffer::empty(area);
    screen.render(area, &mut buffer);
    let line = |y| {
        let cells = (0..TEXT_WIDTH).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    };
    let mut lines: Vec<_> = (0..TEXT_HEIGHT).map(line).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_neither_nothing_nor_endless() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "NaN", "inf", "3601", "soon"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_mean_something_when_they_go_down() {
        let key = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
        let wish = |event: &Event| Wish::of(event);
        let plain = KeyModifiers::NONE;
        assert!(matches!(
            wish(&key(KeyCode::Char('q'), plain)),
            Some(Wish::End)
        ));
        assert!(matches!(
            wish(&key(KeyCode::Char(' '), plain)),
            Some(Wish::Hold)
        ));
        let control = key(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(matches!(wish(&control), Some(Wish::End)));
        assert!(wish(&key(KeyCode::Char('c'), plain)).is_none());
        assert!(matches!(wish(&Event::Resize(1, 1)), Some(Wish::Draw)));
    }
}

//! What is drawn.

use super::watch::{Rooms, Seen};
use propus_server::metrics::view::{Differences, HeadRoom, Of};
use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    style::{Color, Style, Stylize},
    text::{Line, Span},
    widgets::{Block, Paragraph, Row, Sparkline, Table, Widget},
};
use std::collections::BTreeMap;

/// Sparklines draw whole numbers: rates below one a second are to be seen, too.
const FINE: f64 = 100.0;

/// One frame.
pub struct Screen<'a> {
    seen: &'a Seen,
    /// Whether it stands still by wish.
    pub held: bool,
}

impl<'a> Screen<'a> {
    /// Of what was seen so far.
    pub fn of(seen: &'a Seen) -> Self {
        Self { seen, held: false }
    }

    fn came(&self) -> &Differences {
        &self.seen.came
    }

    fn totals(&self, name: &str, labels: [&str; 2]) -> BTreeMap<String, f64> {
        let mut totals = BTreeMap::new();
        for sample in self.seen.view.samples().of(name) {
            let words = labels.map(|label| sample.label(label)).join(" ");
            *totals.entry(words.trim_end().to_owned()).or_insert(0.0) += sample.value;
        }
        totals
    }

    fn head(&self) -> Line<'_> {
        let version = self.seen.view.version();
        let mut words = vec![
            Span::from(format!("propus {version}")).bold(),
            Span::from(format!(
                " at {}   up {}",
                self.seen.url,
                time(self.came().uptime)
            )),
        ];
        if let Some(bytes) = self.came().memory {
            words.push(format!("   {:.0} MiB", bytes / f64::from(1 << 20)).into());
        }
        words.push(format!("   {:.0} running", self.came().running).into());
        if self.held {
            words.push("   held still".yellow());
        }
        if let Some(trouble) = &self.seen.trouble {
            words.push(format!("   {trouble}").red());
        }
        words.into()
    }

    fn traffic(&self, area: Rect, buffer: &mut Buffer) {
        let came = self.came();
        let all: f64 = came.requests.values().sum();
        let good = came.requests.get("none").copied().unwrap_or(0.0);
        let lines = vec![
            Line::from(vec![
                format!("{all:8.1} requests/s   ").bold(),
                share(good, all),
            ]),
            Line::from(format!(
                "whole answer  p50 {}  p95 {}",
                seconds(came.p50),
                seconds(came.p95)
            )),
            Line::from(format!(
                "first byte    p50 {}  p95 {}",
                seconds(came.first_byte_p50),
                seconds(came.first_byte_p95)
            )),
            Line::from(format!(
                "tokens/s {:.0} in, {:.0} out   ${:.2}/h",
                came.tokens_in,
                came.tokens_out,
                came.dollars * 3600.0
            )),
            Line::from(format!(
                "shed {:.1}/s   clients gone {:.1}/s",
                came.shed, came.gone
            )),
        ];
        let inner = framed("traffic", area, buffer);
        let [text, course] =
            Layout::vertical([Constraint::Length(lines.len() as u16), Constraint::Min(0)])
                .areas(inner);
        Paragraph::new(lines).render(text, buffer);
        let newest = self.seen.course.iter().rev().take(course.width.into());
        let mut rates: Vec<u64> = newest.map(|rate| (rate * FINE) as u64).collect();
        rates.reverse();
        let line = Sparkline::default().data(rates);
        line.style(Color::Cyan).render(course, buffer);
    }

    fn failures(&self, area: Rect, buffer: &mut Buffer) {
        let mut totals = self.totals("propus_requests_total", ["failure", ""]);
        totals.remove("none");
        let rows = ranked(&totals, &self.came().requests);
        counted("failures", "no request failed", rows, area, buffer);
    }

    fn repairs(&self, area: Rect, buffer: &mut Buffer) {
        let totals = self.totals("propus_repairs_total", ["kind", "outcome"]);
        let rows = ranked(&totals, &self.came().repairs);
        counted("repairs", "nothing was repaired", rows, area, buffer);
    }

    fn routes(&self, area: Rect, buffer: &mut Buffer) {
        let inner = framed("engines and routes", area, buffer);
        let rows = self.came().queues.iter().map(|(name, queue)| {
            let row = Row::new([
                name.clone(),
                format!("{:.0}", queue.running),
                format!("{:.0}", queue.waiting),
                if queue.up { "up" } else { "left out" }.to_owned(),
            ]);
            row.style(if queue.up {
                Style::new()
            } else {
                Color::Red.into()
            })
        });
        let widths = [
            Constraint::Fill(1),
            Constraint::Length(7),
            Constraint::Length(7),
            Constraint::Length(8),
        ];
        let head = Row::new(["", "running", "waiting", ""]).dim();
        Widget::render(Table::new(rows, widths).header(head), inner, buffer);
    }

    fn quotas(&self, area: Rect, buffer: &mut Buffer) {
        let inner = framed("quotas", area, buffer);
        let rooms = match &self.seen.rooms {
            Rooms::Unknown(why) => return Paragraph::new(why.as_str().dim()).render(inner, buffer),
            Rooms::Known(rooms) if rooms.is_empty() => {
                return Paragraph::new("nothing was used today".dim()).render(inner, buffer);
            }
            Rooms::Known(rooms) => rooms,
        };
        let mut rooms: Vec<&HeadRoom> = rooms.iter().collect();
        rooms.sort_by(|one, other| one.least().total_cmp(&other.least()));
        let rows = rooms.into_iter().map(|room| {
            let row = Row::new([
                room.model.clone(),
                used(room.requests_minute),
                used(room.tokens_minute),
                used(room.requests_day),
                format!("{:3.0} %", room.least() * 100.0),
            ]);
            row.style(match room.least() {
                left if left <= 0.0 => Color::Red.into(),
                left if left < 0.2 => Color::Yellow.into(),
                _ => Style::new(),
            })
        });
        let widths = [
            Constraint::Fill(1),
            Constraint::Length(15),
            Constraint::Length(19),
            Constraint::Length(17),
            Constraint::Length(6),
        ];
        let head = Row::new(["", "requests/min", "tokens/min", "requests/day", "left"]).dim();
        Widget::render(Table::new(rows, widths).header(head), inner, buffer);
    }
}

impl Widget for &Screen<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let height = |entries: usize| Constraint::Length(2 + entries.clamp(1, 12) as u16);
        let rooms = match &self.seen.rooms {
            Rooms::Known(rooms) if !rooms.is_empty() => rooms.len() + 1,
            _ => 1,
        };
        let [head, above, middle, below, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(10),
            height(self.came().queues.len() + 1),
            height(rooms),
            Constraint::Min(0),
        ])
        .areas(area);
        let halves = |area| Layout::horizontal([Constraint::Fill(1); 2]).areas::<2>(area);
        self.head().render(head, buffer);
        let [left, right] = halves(above);
        self.traffic(left, buffer);
        self.failures(right, buffer);
        let [left, right] = halves(middle);
        self.routes(left, buffer);
        self.repairs(right, buffer);
        self.quotas(below, buffer);
        Line::from("q ends, space holds still".dim()).render(foot, buffer);
    }
}

/// Draws the frame and gives what is inside.
fn framed(title: &'static str, area: Rect, buffer: &mut Buffer) -> Rect {
    let block = Block::bordered().title(title).border_style(Color::DarkGray);
    let inner = block.inner(area);
    block.render(area, buffer);
    inner
}

/// Name, rate, total: what happens now first, then what happened most.
fn ranked(
    totals: &BTreeMap<String, f64>,
    rates: &BTreeMap<String, f64>,
) -> Vec<(String, f64, f64)> {
    let row = |(name, total): (&String, &f64)| {
        let rate = rates.get(name).copied().unwrap_or(0.0);
        (name.clone(), rate, *total)
    };
    let mut rows: Vec<_> = totals.iter().map(row).collect();
    rows.sort_by(|(_, rate, total), (_, other_rate, other_total)| {
        let by_rate = other_rate.total_cmp(rate);
        by_rate.then(other_total.total_cmp(total))
    });
    rows
}

fn counted(
    title: &'static str,
    none: &'static str,
    rows: Vec<(String, f64, f64)>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let inner = framed(title, area, buffer);
    if rows.is_empty() {
        return Paragraph::new(none.dim()).render(inner, buffer);
    }
    let rows = rows.into_iter().map(|(name, rate, total)| {
        let row = Row::new([name, format!("{rate:8.1}/s"), format!("{total:10.0}")]);
        row.style(if rate > 0.0 {
            Style::new()
        } else {
            Style::new().dim()
        })
    });
    let widths = [
        Constraint::Fill(1),
        Constraint::Length(10),
        Constraint::Length(10),
    ];
    let head = Row::new(["", "     now", "     total"]).dim();
    Widget::render(Table::new(rows, widths).header(head), inner, buffer);
}

fn share(good: f64, all: f64) -> Span<'static> {
    if all <= 0.0 {
        return "no traffic".dim();
    }
    let percent = good / all * 100.0;
    let text = format!("{percent:.1} % succeed");
    match percent {
        percent if percent >= 99.0 => text.green(),
        percent if percent >= 90.0 => text.yellow(),
        _ => text.red(),
    }
}

fn seconds(time: Option<f64>) -> String {
    match time {
        None => "     -".into(),
        Some(time) if time < 1.0 => format!("{:3.0} ms", time * 1000.0),
        Some(time) => format!("{time:4.1} s"),
    }
}

fn time(seconds: f64) -> String {
    let minutes = (seconds / 60.0) as u64;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds:.0} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) if hours < 48 => format!("{hours} h {minutes} min"),
        (hours, _) => format!("{} days", hours / 24),
    }
}

fn used(of: Of) -> String {
    match of.limit {
        Some(limit) => format!("{} of {limit}", of.used),
        None => of.used.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::top::text;
    use propus_server::metrics::view::View;
    use std::time::{Duration, Instant};

    const BEFORE: &str = r#"
propus_build_info{version="1.2.3"} 1
propus_requests_total{method="generateContent",failure="none",status="200"} 10
"#;
    const AFTER: &str = r#"
propus_build_info{version="1.2.3"} 1
propus_requests_total{method="generateContent",failure="none",status="200"} 40
propus_requests_total{method="generateContent",failure="overloaded-503",status="503"} 10
propus_repairs_total{kind="wait",outcome="helped"} 4
propus_route_queue{route="eu"} 3
propus_route_up{route="eu"} 0
propus_uptime_seconds 61
"#;

    #[test]
    fn everything_has_its_place() {
        let mut seen = Seen::nothing("http://127.0.0.1:8787");
        let began = Instant::now();
        for (text, at) in [(BEFORE, 0), (AFTER, 2)] {
            let view = View::parse(text).unwrap();
            seen.take(view, began + Duration::from_secs(at));
        }
        let of = |used, limit| Of { used, limit };
        seen.rooms = Rooms::Known(vec![HeadRoom {
            model: "gemini-flash-latest".into(),
            requests_minute: of(9, Some(10)),
            tokens_minute: of(900, None),
            requests_day: of(20, Some(250)),
            tokens_day: of(900, None),
        }]);
        let text = text(&Screen::of(&seen));
        for words in [
            "propus 1.2.3 at http://127.0.0.1:8787   up 1 min",
            "20.0 requests/s   75.0 % succeed",
            "overloaded-503",
            "5.0/s",
            "wait helped",
            "left out",
            "9 of 10",
            "20 of 250",
            "10 %",
        ] {
            assert!(text.contains(words), "`{words}` is not in:\n{text}");
        }
    }

    #[test]
    fn no_window_is_too_small() {
        let seen = Seen::nothing("http://127.0.0.1:8787");
        for (width, height) in [(0, 0), (1, 1), (20, 5), (300, 2)] {
            let area = Rect::new(0, 0, width, height);
            (&Screen::of(&seen)).render(area, &mut Buffer::empty(area));
        }
    }

    #[test]
    fn what_happens_now_stands_first() {
        let totals = [("a".into(), 100.0), ("b".into(), 5.0), ("c".into(), 7.0)].into();
        let rates = [("b".to_owned(), 2.0)].into();
        let rows = ranked(&totals, &rates).into_iter();
        let names: Vec<_> = rows.map(|row| row.0).collect();
        assert_eq!(names, ["b", "a", "c"]);
    }

    #[test]
    fn times_are_short() {
        assert_eq!(time(59.0), "59 s");
        assert_eq!(time(3_660.0), "1 h 1 min");
        assert_eq!(time(200_000.0), "2 days");
        assert_eq!(seconds(Some(0.0123)), " 12 ms");
        assert_eq!(seconds(Some(2.34)), " 2.3 s");
    }
}

//! Scores the diagnosis on labelled evidence: `cargo run --release -p propus-failures --example score --
//! FILE.jsonl [--misses]`. Each line is an object with `raw`, the evidence, and `label`, the failure's
//! name (with `_` or `-`).

use propus_failures::{diagnose, entry::Sure};
use serde_json::Value;
use std::{collections::BTreeMap, env, fs, process::ExitCode};

#[derive(Default)]
struct Score {
    all: usize,
    first: usize,
    among_three: usize,
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: score FILE.jsonl [--misses]");
        return ExitCode::from(2);
    };
    let misses = arguments.next().is_some();
    let text = fs::read_to_string(&path).expect("the file can be read");
    let mut labels: BTreeMap<String, Score> = BTreeMap::new();
    let (mut wrong, mut said_certain) = (0, 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let report: Value = serde_json::from_str(line).expect("each line is JSON");
        let field = |name: &str| report[name].as_str().unwrap_or_default();
        let label = field("label").replace('_', "-");
        let causes = diagnose(field("raw")).causes;
        let place = causes.iter().position(|cause| cause.failure == label);
        let score = labels.entry(label.clone()).or_default();
        score.all += 1;
        score.first += usize::from(place == Some(0));
        score.among_three += usize::from(place.is_some_and(|place| place < 3));
        let certain = causes
            .first()
            .is_some_and(|cause| cause.sure == Sure::Certain);
        said_certain += usize::from(certain);
        wrong += usize::from(certain && place != Some(0));
        if misses && place != Some(0) {
            let names: Vec<_> = causes
                .iter()
                .map(|cause| format!("{} {:?}", cause.failure, cause.sure))
                .collect();
            let raw: String = field("raw").chars().take(400).collect();
            println!("{label}: {}\n    {names:?}\n    {raw:?}", field("id"));
        }
    }
    let sum = |of: fn(&Score) -> usize| labels.values().map(of).sum::<usize>();
    let all = sum(|score| score.all).max(1);
    let percent = |part: usize| 100.0 * part as f64 / all as f64;
    let shares = labels
        .values()
        .map(|score| score.first as f64 / score.all as f64);
    let macro_average = 100.0 * shares.sum::<f64>() / labels.len().max(1) as f64;
    println!("reports             {all}");
    println!(
        "first               {:.1} %",
        percent(sum(|score| score.first))
    );
    println!("first, by label     {macro_average:.1} %");
    println!(
        "among three         {:.1} %",
        percent(sum(|score| score.among_three))
    );
    println!(
        "certain and wrong   {:.1} % ({wrong} of {said_certain} certain)",
        percent(wrong)
    );
    ExitCode::SUCCESS
}

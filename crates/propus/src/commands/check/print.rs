//! The report of `propus check`, for people and for programs.

use super::Report;
use crate::commands::output::{bullets, wrapped};
use propus_failures::{Advice, Finding, inspect::Level};
use serde_json::{Value, json};
use std::{collections::BTreeMap, ops::Range};

/// As JSON; with the corrected request where one was asked for.
pub fn json(report: &Report) -> anyhow::Result<String> {
    let mut out = json!({"findings": report.findings});
    if !report.advice.is_empty() {
        out["advice"] = serde_json::to_value(report.advice)?;
    }
    if let Some(fixed) = report.fixed {
        out["changes"] = serde_json::to_value(&fixed.changes)?;
        out["request"] = serde_json::from_str(report.body).unwrap_or(Value::Null);
    }
    Ok(serde_json::to_string_pretty(&out)? + "\n")
}

/// For people.
pub fn text(report: &Report) -> String {
    let changes = report.fixed.into_iter().flat_map(|fixed| &fixed.changes);
    let changes: String = changes
        .map(|change| format!("fixed {}: {}\n", change.place, change.done))
        .collect();
    let findings = report.findings.iter().map(|found| finding(found, report));
    let advice = report.advice.iter().map(|one| advice(one, report));
    changes + &findings.chain(advice).collect::<String>()
}

fn level(finding: &Finding) -> &'static str {
    match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

fn finding(finding: &Finding, report: &Report) -> String {
    let mut out = format!(
        "{}[{}]: {}\n",
        level(finding),
        finding.failure,
        finding.message.replace('\n', "\n  ")
    );
    if let Some(place) = &finding.place {
        out += &excerpt(report.body, place, report.name);
    }
    for (fact, words) in [("nearest", "did you mean"), ("replacement", "in its place")] {
        if let Some(value) = finding.facts.get(fact).and_then(Value::as_str) {
            out += &format!("  {words}: {value}\n");
        }
    }
    out += &bullets(&finding.fix, "  ");
    out + "\n"
}

fn advice(advice: &Advice, report: &Report) -> String {
    let mut out = format!("advice[{}]: {}\n", advice.rule, advice.message);
    if let Some(place) = &advice.place {
        out += &excerpt(report.body, place, report.name);
    }
    out += &wrapped(&format!("because {}", advice.why), "  ");
    out + "\n"
}

/// Line and column of a byte, counted from 1.
fn position(body: &str, at: usize) -> (usize, usize) {
    let before = body.get(..at).unwrap_or(body);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

/// The line of the request that is meant, with carets under the place.
fn excerpt(body: &str, place: &Range<usize>, name: &str) -> String {
    let start = place.start.min(body.len());
    let (number, column) = position(body, start);
    let line_start = body[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = body[start..].find('\n').map_or(body.len(), |at| start + at);
    // A body is often one long line: only what is near is shown.
    let from = body[line_start..start]
        .char_indices()
        .rev()
        .nth(40)
        .map_or(line_start, |(at, _)| line_start + at);
    let shown: String = body[from..line_end].chars().take(90).collect();
    let before = body[from..start].chars().count();
    let length = body
        .get(start..place.end.min(line_end))
        .map_or(1, |text| text.chars().count());
    let carets = "^".repeat(length.clamp(1, 90usize.saturating_sub(before).max(1)));
    let edge = " ".repeat(number.to_string().len());
    format!(
        "{edge} --> {name}:{number}:{column}\n{edge} |\n{number} | {shown}\n{edge} | {}{carets}\n{edge} |\n",
        " ".repeat(before)
    )
}

/// For notes and tickets.
pub fn markdown(report: &Report) -> String {
    let findings = report.findings.iter().map(|finding| {
        format!(
            "## `{}` ({})\n\n```\n{}\n```\n\n{}\n\n{}\n",
            finding.failure,
            level(finding),
            finding.message,
            finding.summary,
            bullets(&finding.fix, "")
        )
    });
    let advice = report.advice.iter().map(|advice| {
        let Advice {
            rule,
            field,
            message,
            why,
            ..
        } = advice;
        format!("## `{rule}` (advice)\n\n`{field}`: {message}, because {why}.\n\n")
    });
    findings.chain(advice).collect()
}

/// SARIF 2.1.0, as code scanners read it.
pub fn sarif(report: &Report) -> anyhow::Result<String> {
    let mut rules: BTreeMap<&str, String> = BTreeMap::new();
    let mut results = Vec::new();
    for finding in report.findings {
        rules.insert(finding.failure, finding.summary.to_owned());
        let place = finding.place.as_ref();
        results.push(result(
            finding.failure,
            level(finding),
            &finding.message,
            place,
            report,
        ));
    }
    for advice in report.advice {
        rules.insert(advice.rule, advice.why.to_owned());
        results.push(result(
            advice.rule,
            "note",
            &advice.message,
            advice.place.as_ref(),
            report,
        ));
    }
    let rules: Vec<Value> = rules
        .into_iter()
        .map(|(id, text)| json!({"id": id, "shortDescription": {"text": text}}))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "propus check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn result(
    rule: &str,
    level: &str,
    message: &str,
    place: Option<&Range<usize>>,
    report: &Report,
) -> Value {
    let file = if report.name == "-" {
        "stdin"
    } else {
        report.name
    };
    let mut location = json!({"artifactLocation": {"uri": file.replace('\\', "/")}});
    if let Some(place) = place {
        let (line, column) = position(report.body, place.start);
        let (end_line, end_column) = position(report.body, place.end);
        location["region"] = json!({
            "startLine": line,
            "startColumn": column,
            "endLine": end_line,
            "endColumn": end_column,
        });
    }
    json!({
        "ruleId": rule,
        "level": level,
        "message": {"text": message.trim_end()},
        "locations": [{"physicalLocation": location}],
    })
}

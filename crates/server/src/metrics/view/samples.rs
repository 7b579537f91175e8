//! Reading the text formats of Prometheus and OpenMetrics: names, labels and values. Types, help, times and
//! exemplars are passed over.

use std::{collections::BTreeMap, fmt, iter::Peekable, str::Chars};

/// One value with its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// By name.
    pub labels: BTreeMap<String, String>,
    /// What it is at.
    pub value: f64,
}

impl Sample {
    /// A label's value; empty where it is absent, which means the same.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// All samples of a text by their name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples(BTreeMap<String, Vec<Sample>>);

/// Why a text is none of metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong with it.
    pub cause: &'static str,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, cause } = self;
        write!(f, "line {line} is no line of metrics: {cause}")
    }
}

impl std::error::Error for ParseError {}

impl Samples {
    /// Reads a whole text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut samples = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = number + 1;
            let (name, sample) = sample(line).map_err(|cause| ParseError {
                line: number,
                cause,
            })?;
            samples.0.entry(name).or_default().push(sample);
        }
        Ok(samples)
    }

    /// The samples of a name, none where there is no such name.
    pub fn of(&self, name: &str) -> &[Sample] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The sum of all samples of a name.
    pub fn sum(&self, name: &str) -> f64 {
        self.of(name).iter().map(|sample| sample.value).sum()
    }

    /// The sums of a name's samples by one of their labels.
    pub fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for sample in self.of(name) {
            *sums.entry(sample.label(label).to_owned()).or_default() += sample.value;
        }
        sums
    }
}

type Letters<'a> = Peekable<Chars<'a>>;

fn sample(line: &str) -> Result<(String, Sample), &'static str> {
    let mut letters = line.chars().peekable();
    let name = name(&mut letters, true)?;
    let labels = match letters.next_if_eq(&'{') {
        Some(_) => labels(&mut letters)?,
        None => BTreeMap::new(),
    };
    let rest: String = letters.collect();
    let value = rest
        .split_ascii_whitespace()
        .next()
        .ok_or("it has no value")?;
    let value = value.parse().map_err(|_| "its value is no number")?;
    Ok((name, Sample { labels, value }))
}

/// A name; those of labels have no colons.
fn name(letters: &mut Letters<'_>, colons: bool) -> Result<String, &'static str> {
    let fits = |letter: char, first: bool| {
        let digit = letter.is_ascii_digit() && !first;
        letter.is_ascii_alphabetic() || letter == '_' || digit || (colons && letter == ':')
    };
    let mut name = String::new();
    while let Some(letter) = letters.next_if(|letter| fits(*letter, name.is_empty())) {
        name.push(letter);
    }
    match name.is_empty() {
        true => Err("it has no name"),
        false => Ok(name),
    }
}

fn labels(letters: &mut Letters<'_>) -> Result<BTreeMap<String, String>, &'static str> {
    let mut labels = BTreeMap::new();
    loop {
        skip_blanks(letters);
        if letters.next_if_eq(&'}').is_some() {
            return Ok(labels);
        }
        let name = name(letters, false)?;
        skip_blanks(letters);
        letters.next_if_eq(&'=').ok_or("a label has no `=`")?;
        skip_blanks(letters);
        let value = value(letters)?;
        if labels.insert(name, value).is_some() {
            return Err("a label comes twice");
        }
        skip_blanks(letters);
        match letters.next() {
            Some(',') => {}
            Some('}') => return Ok(labels),
            _ => return Err("its labels have no end"),
        }
    }
}

fn skip_blanks(letters: &mut Letters<'_>) {
    while letters
        .next_if(|letter| *letter == ' ' || *letter == '\t')
        .is_some()
    {}
}

fn value(letters: &mut Letters<'_>) -> Result<String, &'static str> {
    letters
        .next_if_eq(&'"')
        .ok_or("a label's value has no quotes")?;
    let mut value = String::new();
    loop {
        match letters.next().ok_or("a label's value has no end")? {
            '"' => return Ok(value),
            '\\' => match letters.next().ok_or("a label's value has no end")? {
                'n' => value.push('\n'),
                letter @ ('\\' | '"') => value.push(letter),
                // As Prometheus does: what is no escape stays as it is.
                other => value.extend(['\\', other]),
            },
            letter => value.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(name: &str, labels: &BTreeMap<String, String>, value: f64) -> String {
        let escaped = |text: &str| {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            text.replace('\n', "\\n")
        };
        let label = |(name, value): (&String, &String)| format!("{name}=\"{}\"", escaped(value));
        let labels: Vec<_> = labels.iter().map(label).collect();
        match labels.is_empty() {
            true => format!("{name} {value}"),
            false => format!("{name}{{{}}} {value}", labels.join(",")),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,8}",
            labels in prop::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,5}", "[^\r]{0,8}", 0..4),
            value in prop::num::f64::NORMAL | prop::num::f64::ZERO,
        ) {
            // Line ends within a label are written as `\n`; other ends of lines than that do not occur.
            let text = format!("# HELP x\n{}\n", line(&name, &labels, value));
            let read = Samples::parse(&text).unwrap();
            prop_assert_eq!(read.of(&name), &[Sample { labels, value }]);
        }

        #[test]
        fn anything_is_read_or_refused(text in any::<String>()) {
            let _ = Samples::parse(&text);
        }

        #[test]
        fn almost_metrics_are_read_or_refused(text in "[a{}=\"\\\\,# 1n\n]{0,40}") {
            let _ = Samples::parse(&text);
        }
    }

    #[test]
    fn what_other_servers_write() {
        let text = "# TYPE a counter\na_total{le=\"+Inf\",} 1e3 1395066363000 # {id=\"x\"} 1\n\
                    b{ x = \"1\" , y=\"a\\\"}\" } +Inf\nc NaN\n# EOF\n";
        let read = Samples::parse(text).unwrap();
        assert_eq!(read.of("a_total")[0].value, 1000.0);
        assert_eq!(read.of("b")[0].label("y"), "a\"}");
        assert!(read.of("c")[0].value.is_nan());
        assert_eq!(read.sum("none"), 0.0);
    }

    #[test]
    fn slips_name_the_line() {
        for (text, line, cause) in [
            ("a 1\n1 2", 2, "it has no name"),
            ("a", 1, "it has no value"),
            ("\na one", 2, "its value is no number"),
            ("a{b} 1", 1, "a label has no `=`"),
            ("a{b=c} 1", 1, "a label's value has no quotes"),
            ("a{b=\"c} 1", 1, "a label's value has no end"),
            ("a{b=\"c\" 1", 1, "its labels have no end"),
            ("a{b=\"c\",b=\"d\"} 1", 1, "a label comes twice"),
        ] {
            let error = Samples::parse(text).unwrap_err();
            assert_eq!((error.line, error.cause), (line, cause), "{text}");
        }
    }
}

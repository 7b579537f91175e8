//! Plans as text for `llguidance`: Lark rules, in which JSON's punctuation stands by itself so
//! that no lexeme begins another one.

use super::{SchemaError, plan::Plan};
use std::{collections::HashMap, fmt::Write, rc::Rc};

/// The most states of an object with bounds for its number of properties.
const STATES: usize = 20_000;

/// A name that a model may give to an undeclared property.
const NAME: &str = "[A-Za-z_][A-Za-z0-9_ -]{0,31}";

/// The grammar of exactly one of some texts.
pub(super) fn one_of(texts: &[String]) -> String {
    let options: Vec<String> = texts.iter().map(|text| string(text)).collect();
    format!("start: TEXT\nTEXT: {}\n", options.join(" | "))
}

/// A Lark string.
pub(crate) fn string(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.replace('\u{7f}', "\\x7f")
}

/// A Lark regular expression.
pub(crate) fn regex(text: &str) -> String {
    let mut out = String::from("/");
    let mut escaped = false;
    for letter in text.chars() {
        match letter {
            '/' if !escaped => out.push_str("\\/"),
            '\n' => out.push_str("\\n"),
            letter => out.push(letter),
        }
        escaped = letter == '\\' && !escaped;
    }
    out.push('/');
    out
}

/// Collects rules and terminals.
#[derive(Default)]
pub(crate) struct Writer {
    rules: String,
    terminals: Vec<String>,
    known_terminals: HashMap<String, String>,
    /// Names of plans that were written; each plan is kept, so that no other takes its address.
    known: HashMap<*const Plan, (Rc<Plan>, String)>,
    rule_count: usize,
}

impl Writer {
    /// The grammar whose texts are those of `start`.
    pub(crate) fn finish(self, start: &str) -> String {
        format!("start: {start}\n{}{}", self.rules, self.terminals.concat())
    }

    /// The name of a terminal with this definition.
    pub(crate) fn terminal(&mut self, definition: String) -> String {
        if let Some(name) = self.known_terminals.get(&definition) {
            return name.clone();
        }
        let name = format!("T{}", self.terminals.len());
        self.terminals.push(format!("{name}: {definition}\n"));
        self.known_terminals.insert(definition, name.clone());
        name
    }

    /// The name of a new rule with this definition.
    pub(crate) fn rule(&mut self, definition: &str) -> String {
        let name = self.rule_name();
        self.define(&name, definition);
        name
    }

    fn rule_name(&mut self) -> String {
        self.rule_count += 1;
        format!("r{}", self.rule_count)
    }

    fn define(&mut self, name: &str, definition: &str) {
        writeln!(self.rules, "{name}: {definition}").expect("a String takes everything");
    }

    /// The name of a rule or terminal for a plan's texts.
    pub(crate) fn value(&mut self, plan: &Rc<Plan>, path: &str) -> Result<String, SchemaError> {
        if let Some((_, name)) = self.known.get(&Rc::as_ptr(plan)) {
            return Ok(name.clone());
        }
        let name = match &**plan {
            Plan::Literals(texts) => {
                let options: Vec<String> = texts.iter().map(|text| string(text)).collect();
                self.terminal(options.join(" | "))
            }
            Plan::Regex(regexes, _) => {
                let all: Vec<String> = regexes.iter().map(|text| regex(text)).collect();
                self.terminal(all.join(" & "))
            }
            Plan::List {
                prefix,
                items,
                min,
                max,
            } => self.list(prefix, items.as_ref(), (*min, *max), path)?,
            Plan::Subset { options, min, max } => self.subset(options, (*min, *max), path)?,
            Plan::Record { .. } => self.record(plan)?,
            Plan::Choice(options) => {
                let names: Result<Vec<String>, SchemaError> = options
                    .iter()
                    .map(|option| self.value(option, path))
                    .collect();
                self.rule(&names?.join(" | "))
            }
        };
        let written = (plan.clone(), name.clone());
        self.known.insert(Rc::as_ptr(plan), written);
        Ok(name)
    }

    fn list(
        &mut self,
        prefix: &[Rc<Plan>],
        items: Option<&Rc<Plan>>,
        (min, max): (u64, u64),
        path: &str,
    ) -> Result<String, SchemaError> {
        let first = (prefix.len() as u64).min(max);
        let mut names = Vec::new();
        for plan in &prefix[..first as usize] {
            names.push(self.value(plan, path)?);
        }
        let rest = match items {
            Some(plan) if max > first => {
                let item = self.value(plan, path)?;
                let others = (min.saturating_sub(first), max - first);
                self.sequence(&item, others, first > 0)
            }
            _ => String::new(),
        };
        // From the last to the first: what follows an optional item is optional with it.
        let mut body = rest;
        for (index, name) in names.iter().enumerate().rev() {
            let comma = if index > 0 { "\", \" " } else { "" };
            let item = format!("{comma}{name} {body}");
            body = match (index as u64) < min {
                true => item,
                false => format!("({item})?"),
            };
        }
        Ok(self.rule(&format!("\"[\" {body} \"]\"")))
    }

    /// Between `min` and `max` items with commas; also before the first one where `after` is set.
    fn sequence(&mut self, item: &str, (min, max): (u64, u64), after: bool) -> String {
        if max == 0 {
            return String::new();
        }
        let following = self.rule(&format!("\", \" {item}"));
        if after {
            return format!("{following}{{{min},{max}}}");
        }
        let more = match max {
            1 => String::new(),
            max => format!("{following}{{{},{}}}", min.saturating_sub(1), max - 1),
        };
        match min {
            0 => format!("({item} {more})?"),
            _ => format!("{item} {more}"),
        }
    }

    fn subset(
        &mut self,
        options: &[String],
        bounds: (u64, u64),
        path: &str,
    ) -> Result<String, SchemaError> {
        let entries: Vec<Entry> = options
            .iter()
            .map(|text| Entry {
                text: string(text),
                required: false,
            })
            .collect();
        let body = self.entries(&entries, bounds.0, Some(bounds.1), path, closed)?;
        Ok(self.rule(&format!("\"[\" {body} \"]\"")))
    }

    fn record(&mut self, plan: &Rc<Plan>) -> Result<String, SchemaError> {
        let Plan::Record {
            properties,
            extra,
            extras,
            min,
            max,
            path,
        } = &**plan
        else {
            unreachable!("called for records only");
        };
        let mut entries = Vec::new();
        for (name, plan, required) in properties {
            let value = self.value(plan, path)?;
            let name = string(&serde_json::Value::from(name.as_str()).to_string());
            entries.push(Entry {
                text: format!("{name} \": \" {value}"),
                required: *required,
            });
        }
        let extra = match extra {
            Some(plan) => Some(self.value(plan, path)?),
            None => None,
        };
        let body = match extra {
            None => self.entries(&entries, *min, *max, path, closed)?,
            Some(value) => {
                let extra = Extra::new(self, properties, &value, *extras, (*min, *max), path)?;
                self.entries(&entries, *min, *max, path, |writer, written, min| {
                    extra.after(writer, written, min)
                })?
            }
        };
        Ok(self.rule(&format!("\"{{\" {body} \"}}\"")))
    }

    /// Entries in their order, optional ones left out at will, as long as the number of all lies
    /// between `min` and `max`. `tail` says what follows so many entries, if that can be.
    fn entries(
        &mut self,
        entries: &[Entry],
        min: u64,
        max: Option<u64>,
        path: &str,
        tail: impl Fn(&mut Self, u64, u64) -> Option<String>,
    ) -> Result<String, SchemaError> {
        // Beyond `track` entries their number does not matter.
        let required = entries.iter().filter(|entry| entry.required).count() as u64;
        let all = entries.len() as u64;
        let min = if min > required { min } else { 0 };
        let matters = min > 0 || max.is_some_and(|max| max < all);
        let track = match (matters, max) {
            (_, Some(max)) => max.min(all).max(1),
            (true, None) => min.min(all).max(1),
            (false, None) => 1,
        };
        if entries.len() * track as usize > STATES {
            return Err(SchemaError::too_complex(path));
        }
        let mut after: Vec<Option<String>> = (0..=track)
            .map(|written| tail(self, written, min))
            .collect();
        for entry in entries.iter().rev() {
            after = self.before(entry, &after, max);
        }
        after
            .swap_remove(0)
            .ok_or_else(|| SchemaError::new(path, "no value has an allowed number of entries"))
    }

    fn before(
        &mut self,
        entry: &Entry,
        after: &[Option<String>],
        max: Option<u64>,
    ) -> Vec<Option<String>> {
        let track = after.len() - 1;
        (0..=track)
            .map(|written| {
                let full = max.is_some_and(|max| written as u64 >= max);
                let next = &after[(written + 1).min(track)];
                let comma = if written > 0 { "\", \" " } else { "" };
                let with = next.as_ref().filter(|_| !full);
                let with = with.map(|next| format!("{comma}{} {next}", entry.text));
                let without = after[written].clone().filter(|_| !entry.required);
                match (with, without) {
                    (Some(with), Some(without)) => Some(self.rule(&format!("{with} | {without}"))),
                    (Some(only), None) => Some(self.rule(&only)),
                    (None, without) => without,
                }
            })
            .collect()
    }
}

/// What follows the entries where nothing undeclared may.
fn closed(_: &mut Writer, written: u64, min: u64) -> Option<String> {
    (written >= min).then(String::new)
}

/// An entry of an object or of a list.
struct Entry {
    text: String,
    required: bool,
}

/// Undeclared properties.
struct Extra {
    /// Properties that must be there in addition, with names of their own.
    distinct: Vec<String>,
    any: String,
    most: u64,
    max: Option<u64>,
}

impl Extra {
    /// Names of needed properties begin with different letters, so that none replaces another.
    const LETTERS: &str = "abcdefghijklmnop";

    fn new(
        writer: &mut Writer,
        properties: &[(String, Rc<Plan>, bool)],
        value: &str,
        most: u64,
        (min, max): (u64, Option<u64>),
        path: &str,
    ) -> Result<Self, SchemaError> {
        let needed = min.saturating_sub(properties.iter().filter(|known| known.2).count() as u64);
        if needed > Self::LETTERS.len() as u64 {
            return Err(SchemaError::too_complex(path));
        }
        let taken: Vec<String> = properties
            .iter()
            .map(|(name, _, _)| string(&serde_json::Value::from(name.as_str()).to_string()))
            .collect();
        let mut named = |first: Option<char>| {
            let pattern = match first {
                Some(letter) => format!("\"{letter}{}\"", &NAME["[A-Za-z_]".len()..]),
                None if needed > 1 => format!("\"[q-zA-Z_]{}\"", &NAME["[A-Za-z_]".len()..]),
                None => format!("\"{NAME}\""),
            };
            let name = match taken.is_empty() {
                true => regex(&pattern),
                false => format!("{} & ~({})", regex(&pattern), taken.join(" | ")),
            };
            let name = writer.terminal(name);
            writer.rule(&format!("{name} \": \" {value}"))
        };
        let distinct = match needed {
            0 | 1 => Vec::new(),
            needed => Self::LETTERS
                .chars()
                .take(needed as usize)
                .map(|letter| named(Some(letter)))
                .collect(),
        };
        Ok(Self {
            distinct,
            any: named(None),
            most,
            max,
        })
    }

    /// What follows so many declared properties; `None` where too few can follow.
    fn after(&self, writer: &mut Writer, written: u64, min: u64) -> Option<String> {
        let most = self
            .max
            .map_or(self.most, |max| max.saturating_sub(written).min(self.most));
        let needed = min.saturating_sub(written);
        if needed > most {
            return None;
        }
        if needed < 2 || self.distinct.is_empty() {
            return Some(writer.sequence(&self.any, (needed, most), written > 0));
        }
        let mut names = self.distinct.iter().take(needed as usize);
        let first = names.next().cloned().unwrap_or_default();
        let comma = if written > 0 { "\", \" " } else { "" };
        let others: String = names.map(|name| format!("\", \" {name} ")).collect();
        let rest = writer.sequence(&self.any, (0, most - needed), true);
        Some(format!("{comma}{first} {others}{rest}"))
    }
}

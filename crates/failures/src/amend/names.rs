//! Names of functions, the same wherever they occur.

use super::{Amend, json};
use crate::request::function_name_invalid::FunctionNameInvalid;
use serde_json::Value;
use std::collections::HashMap;

/// The longest name that is surely taken.
const LONGEST: usize = 64;

impl Amend<'_> {
    pub(super) fn names(&mut self, request: &mut Value) {
        if !self.is_generate() {
            return;
        }
        let mut renamed: HashMap<String, String> = HashMap::new();
        let mut taken: Vec<String> = Vec::new();
        each_declaration(request, |name| {
            if FunctionNameInvalid::is_valid(name) {
                taken.push(name.clone());
            }
        });
        let mut told = Vec::new();
        each_name(request, |place, name| {
            if FunctionNameInvalid::is_valid(name) || name.is_empty() {
                return;
            }
            let valid = renamed.entry(name.clone()).or_insert_with(|| {
                let valid = unique(&valid(name), &taken);
                taken.push(valid.clone());
                told.push((
                    place.to_owned(),
                    format!("`{name}` became `{valid}`, everywhere"),
                ));
                valid
            });
            name.clone_from(valid);
        });
        for (place, done) in told {
            self.changed(place, done);
        }
    }
}

/// A name of the letters that names may have.
fn valid(name: &str) -> String {
    let letter = |letter: char| match letter.is_ascii_alphanumeric() || "_.:-".contains(letter) {
        true => letter,
        false => '_',
    };
    let mut valid: String = name.chars().map(letter).collect();
    if !valid.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        valid.insert(0, '_');
    }
    valid.truncate(LONGEST);
    valid
}

/// A name that no other function has.
fn unique(name: &str, taken: &[String]) -> String {
    let free = |name: &String| !taken.contains(name);
    let numbered = (2..).map(|number| {
        let ending = format!("_{number}");
        let kept = name.len().min(LONGEST - ending.len());
        format!("{}{ending}", &name[..kept])
    });
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(free)
        .expect("numbers have no end")
}

fn each_declaration(request: &mut Value, mut look: impl FnMut(&mut String)) {
    let Some(tools) = json::get_mut(request, "tools") else {
        return;
    };
    for tool in json::items(tools) {
        let Some(functions) = json::get_mut(tool, "functionDeclarations") else {
            continue;
        };
        for function in json::items(functions) {
            if let Some(Value::String(name)) = json::get_mut(function, "name") {
                look(name);
            }
        }
    }
}

/// Every place where a function is named: declarations first.
fn each_name(request: &mut Value, mut look: impl FnMut(&str, &mut String)) {
    each_declaration(request, |name| look("tools", name));
    if let Some(contents) = json::get_mut(request, "contents") {
        for content in json::items(contents) {
            let Some(parts) = json::get_mut(content, "parts") else {
                continue;
            };
            for part in json::items(parts) {
                for field in ["functionCall", "functionResponse"] {
                    let named = json::get_mut(part, field);
                    if let Some(Value::String(name)) =
                        named.and_then(|named| json::get_mut(named, "name"))
                    {
                        look("contents", name);
                    }
                }
            }
        }
    }
    let allowed = json::get_mut(request, "toolConfig")
        .and_then(|config| json::get_mut(config, "functionCallingConfig"))
        .and_then(|config| json::get_mut(config, "allowedFunctionNames"));
    for name in allowed.into_iter().flat_map(json::items) {
        if let Value::String(name) = name {
            look("toolConfig", name);
        }
    }
}

//! Which recorded exchange answers a request.

use super::{load::Recorded, secrets};
use propus_wire::path;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

/// The longest text that is compared for likeness; comparing takes its square.
const COMPARED: usize = 300;

/// The exchanges by what was asked.
#[derive(Debug)]
pub(super) struct Index {
    places: BTreeMap<Place, Vec<Asked>>,
    /// Which exchanges were given out, by their places in the recording.
    given: Mutex<Vec<bool>>,
}

/// Method, path and query, without what does not matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(String);

#[derive(Debug)]
struct Asked {
    body: Vec<u8>,
    /// Its place in the recording.
    at: usize,
}

/// How a request was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The same request was recorded.
    Exact(usize),
    /// Another one to the same place was.
    Next(usize),
}

impl Index {
    pub(super) fn new(recorded: &[Recorded]) -> Self {
        let mut places: BTreeMap<Place, Vec<Asked>> = BTreeMap::new();
        for (at, Recorded { exchange, .. }) in recorded.iter().enumerate() {
            let place = Place::of(&exchange.method, &exchange.path, &exchange.query);
            let body = canonical(&exchange.body.0);
            places.entry(place).or_default().push(Asked { body, at });
        }
        Self {
            places,
            given: Mutex::new(vec![false; recorded.len()]),
        }
    }

    /// Finds the exchange: the same request first, each of several in its turn and the last again and again;
    /// else the next to the same place that was not given out. Without one it says what is there, in which
    /// a place of the recording stands as its line.
    pub(super) fn find(
        &self,
        method: &str,
        path: &str,
        query: &str,
        body: &[u8],
        line_of: impl Fn(usize) -> usize,
    ) -> Result<Found, String> {
        let place = Place::of(method, path, query);
        let Some(all) = self.places.get(&place) else {
            return Err(self.no_place(&place, line_of));
        };
        let body = canonical(body);
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let mut same = all.iter().filter(|asked| asked.body == body);
        let fresh = same.clone().find(|asked| !given[asked.at]);
        if let Some(asked) = fresh.or_else(|| same.next_back()) {
            given[asked.at] = true;
            return Ok(Found::Exact(asked.at));
        }
        match all.iter().find(|asked| !given[asked.at]) {
            Some(asked) => {
                given[asked.at] = true;
                Ok(Found::Next(asked.at))
            }
            None => Err(used_up(&place, all, &body, line_of)),
        }
    }

    fn no_place(&self, wanted: &Place, line_of: impl Fn(usize) -> usize) -> String {
        let likeness = |(place, _): &(&Place, &Vec<Asked>)| {
            let likeness = strsim::normalized_levenshtein(place.short(), wanted.short());
            // A whole number can be ordered.
            (likeness * 1e6) as u64
        };
        let nearest = self.places.iter().max_by_key(likeness);
        let nearest = nearest.and_then(|(place, all)| Some((place, all.first()?)));
        let nearest = nearest.map_or(String::new(), |(place, asked)| {
            format!("; the nearest is {} (line {})", place.0, line_of(asked.at))
        });
        format!("nothing was recorded for {}{nearest}", wanted.0)
    }
}

fn used_up(place: &Place, all: &[Asked], body: &[u8], line_of: impl Fn(usize) -> usize) -> String {
    let differing = all
        .iter()
        .map(|asked| (difference(&asked.body, body), asked.at));
    // The further the two agree, the nearer they are.
    let nearest = differing.max_by_key(|((agreed, _), at)| (*agreed, std::cmp::Reverse(*at)));
    let nearest = nearest.map_or(String::new(), |((_, field), at)| {
        format!(
            "; the nearest is line {}, which differs first at `{field}`",
            line_of(at)
        )
    });
    format!(
        "all {} exchanges recorded for {} were given out, and none has this body{nearest}",
        all.len(),
        place.0
    )
}

impl Place {
    fn of(method: &str, path: &str, query: &str) -> Self {
        let query = secrets::without(query);
        let mut pairs: Vec<_> = path::query(&query).collect();
        pairs.sort();
        let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
        let query = pairs.collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        Self(secrets::hidden(
            &format!("{method} {path}{mark}{query}"),
            &[],
        ))
    }

    fn short(&self) -> &str {
        let end = self.0.char_indices().nth(COMPARED).map(|(end, _)| end);
        &self.0[..end.unwrap_or(self.0.len())]
    }
}

/// The same for all bodies that mean the same: JSON without its layout, with sorted names.
fn canonical(body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    secrets::hide(&mut body, &[]);
    match serde_json::from_slice::<Value>(&body) {
        Ok(value) => sorted(value).to_string().into_bytes(),
        Err(_) => body,
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.into_iter().collect();
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name, sorted(value)));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// How many letters two bodies share at their beginning, and the field where they part.
fn difference(one: &[u8], other: &[u8]) -> (usize, String) {
    let agreed = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let read = |body: &[u8]| serde_json::from_slice::<Value>(body).ok();
    let field = match (read(one), read(other)) {
        (Some(one), Some(other)) => field(&one, &other),
        _ => format!("byte {agreed}"),
    };
    (agreed, field)
}

/// The first field in which two values differ, such as `contents[0].parts[0].text`.
fn field(one: &Value, other: &Value) -> String {
    let join = |name: String, rest: String| match rest.starts_with('[') || rest.is_empty() {
        true => name + &rest,
        false => format!("{name}.{rest}"),
    };
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let b: HashMap<_, _> = b.iter().collect();
            let parting = a.iter().find(|(name, value)| b.get(name) != Some(value));
            match parting {
                Some((name, value)) => {
                    let rest = b.get(name).map(|other| field(value, other));
                    join(name.clone(), rest.unwrap_or_default())
                }
                // What is not in the one is in the other.
                None => {
                    let more = b.keys().find(|name| !a.contains_key(name.as_str()));
                    more.map_or(String::new(), |name| (*name).clone())
                }
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            let at = a.iter().zip(b).take_while(|(a, b)| a == b).count();
            let rest = a.get(at).zip(b.get(at)).map(|(a, b)| field(a, b));
            join(format!("[{at}]"), rest.unwrap_or_default())
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::exchange::{End, Exchange, Octets};
    use proptest::prelude::*;
    use serde_json::json;

    fn index(asked: &[(&str, &str)]) -> Index {
        let recorded = asked.iter().enumerate().map(|(at, (place, body))| {
            let (path, query) = place.split_once('?').unwrap_or((place, ""));
            Recorded {
                line: at + 2,
                exchange: Exchange {
                    method: "POST".into(),
                    path: path.into(),
                    query: query.into(),
                    headers: Vec::new(),
                    body: Octets(body.as_bytes().to_vec().into()),
                    body_end: End::Whole,
                    status: 200,
                    ms: 0,
                    reply_headers: Vec::new(),
                    chunks: Vec::new(),
                    end: End::Whole,
                },
            }
        });
        Index::new(&recorded.collect::<Vec<_>>())
    }

    fn find(index: &Index, place: &str, body: &str) -> Result<Found, String> {
        let (path, query) = place.split_once('?').unwrap_or((place, ""));
        index.find("POST", path, query, body.as_bytes(), |at| at + 2)
    }

    #[test]
    fn the_same_request_first_then_the_next_to_its_place() {
        let index = index(&[
            ("/a?alt=sse", r#"{"x":1,"y":[2]}"#),
            ("/a?alt=sse", r#"{"x":2}"#),
            ("/a?alt=sse", r#"{"x":2}"#),
            ("/b", ""),
        ]);
        use Found::{Exact, Next};
        let a = "/a?key=AIza1234&alt=sse";
        assert_eq!(find(&index, a, r#"{ "x": 2 }"#), Ok(Exact(1)));
        assert_eq!(find(&index, a, r#"{"x":3}"#), Ok(Next(0)));
        assert_eq!(find(&index, a, r#"{"x":2}"#), Ok(Exact(2)));
        assert_eq!(
            find(&index, a, r#"{"x":2}"#),
            Ok(Exact(2)),
            "again and again"
        );
        assert_eq!(find(&index, a, r#"{"y":[2],"x":1}"#), Ok(Exact(0)));
        let error = find(&index, a, r#"{"x":1,"y":[3]}"#).unwrap_err();
        let words = "all 3 exchanges recorded for POST /a?alt=sse were given out, and none has this body; \
                     the nearest is line 2, which differs first at `y[0]`";
        assert_eq!(error, words);
        let error = find(&index, "/a", "").unwrap_err();
        let words = "nothing was recorded for POST /a; the nearest is POST /b (line 5)";
        assert_eq!(error, words);
        assert_eq!(find(&index, "/b", ""), Ok(Exact(3)));
    }

    #[test]
    fn differences_are_named_by_their_field() {
        for (one, other, expected) in [
            (json!({"a": [{"b": 1}]}), json!({"a": [{"b": 2}]}), "a[0].b"),
            (json!({"a": [1]}), json!({"a": [1, 2]}), "a[1]"),
            (json!({"a": 1}), json!({"a": 1, "c": 2}), "c"),
            (json!({"a": 1, "c": 2}), json!({"a": 1}), "c"),
            (json!([[1]]), json!([[2]]), "[0][0]"),
        ] {
            assert_eq!(field(&one, &other), expected, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn what_was_recorded_is_found(bodies in prop::collection::vec("\\PC{0,30}|\\{\"a\":[0-9]{1,3}\\}", 1..8)) {
            let asked: Vec<_> = bodies.iter().map(|body| ("/a", body.as_str())).collect();
            let index = index(&asked);
            for (at, body) in bodies.iter().enumerate() {
                // Equal bodies come in their order.
                prop_assert_eq!(find(&index, "/a", body), Ok(Found::Exact(at)));
            }
        }

        #[test]
        fn any_two_bodies_are_compared(one in "\\PC{0,40}", other in "\\PC{0,40}") {
            difference(one.as_bytes(), other.as_bytes());
        }
    }
}

//! Numbers, moved into the ranges of the model's card.

use super::{Amend, json};
use crate::cards::Thinking;
use serde_json::{Number, Value};

impl Amend<'_> {
    pub(super) fn ranges(&mut self, request: &mut Value) {
        let (true, Some(card)) = (self.is_generate(), self.card) else {
            return;
        };
        let Some(config) = json::get_mut(request, "generationConfig") else {
            return;
        };
        if !card.penalties {
            self.disabled(config, "presencePenalty");
            self.disabled(config, "frequencyPenalty");
        }
        if card.logprobs == 0 {
            self.disabled(config, "responseLogprobs");
            self.disabled(config, "logprobs");
        }
        if let (Some(thinking), Thinking::Level { levels, .. }) =
            (json::get_mut(config, "thinkingConfig"), &card.thinking)
        {
            self.level(thinking, levels);
        }
        let ranges = &card.ranges;
        let whole = |[least, most]: [i32; 2]| [f64::from(least), f64::from(most)];
        let real = |[least, most]: [f32; 2]| [f64::from(least), f64::from(most)];
        for (name, range) in [
            ("temperature", real(ranges.temperature)),
            ("topP", real(ranges.top_p)),
            ("topK", whole(ranges.top_k)),
            ("candidateCount", whole(ranges.candidate_count)),
            ("presencePenalty", real(ranges.penalty)),
            ("frequencyPenalty", real(ranges.penalty)),
            ("maxOutputTokens", [1.0, f64::from(i32::MAX)]),
            ("logprobs", [0.0, f64::from(card.logprobs)]),
        ] {
            self.number(config, "generationConfig", name, range);
        }
        if let (Some(thinking), &Thinking::Budget { min, max, off, .. }) =
            (json::get_mut(config, "thinkingConfig"), &card.thinking)
        {
            let budget = json::get(thinking, "thinkingBudget").and_then(Value::as_f64);
            // -1 leaves it to the model, 0 turns it off where that is possible.
            let special = budget == Some(-1.0) || (budget == Some(0.0) && off);
            if !special {
                let path = "generationConfig.thinkingConfig";
                self.number(thinking, path, "thinkingBudget", [min.into(), max.into()]);
            }
        }
        let most = ranges.stop_sequences;
        if let Some(Value::Array(stops)) = json::get_mut(config, "stopSequences")
            && stops.len() > most
        {
            stops.truncate(most);
            let done = format!("cut to the first {most}");
            self.changed("generationConfig.stopSequences", done);
        }
    }

    /// What this model does not have at all.
    fn disabled(&mut self, config: &mut Value, name: &str) {
        let off = json::get(config, name).is_none_or(|value| {
            value.is_null() || *value == Value::Bool(false) || value.as_f64() == Some(0.0)
        });
        if !off {
            json::take(config, name);
            let place = format!("generationConfig.{name}");
            self.changed(place, "left out: the model does not have it");
        }
    }

    /// A level that the model lacks becomes its nearest; thinking that cannot be off, its lowest.
    fn level(&mut self, thinking: &mut Value, levels: &[String]) {
        const ORDER: [&str; 4] = ["MINIMAL", "LOW", "MEDIUM", "HIGH"];
        let off = json::get(thinking, "thinkingBudget").and_then(Value::as_f64) == Some(0.0);
        let asked = json::get(thinking, "thinkingLevel").and_then(Value::as_str);
        let asked = asked.map(str::to_ascii_uppercase);
        let wanted = match (off, &asked) {
            (true, None) => 0,
            (_, Some(asked)) if !levels.contains(asked) => {
                match ORDER.iter().position(|level| level == asked) {
                    Some(place) => place,
                    None => return,
                }
            }
            _ => return,
        };
        let place = |level: &&String| ORDER.iter().position(|known| known == level);
        let distance = |level: &&String| place(level).map_or(usize::MAX, |at| at.abs_diff(wanted));
        let Some(nearest) = levels.iter().min_by_key(distance) else {
            return;
        };
        json::take(thinking, "thinkingBudget");
        let Some(object) = thinking.as_object_mut() else {
            return;
        };
        let key = json::key(object, "thinkingLevel");
        object.insert(
            key.unwrap_or_else(|| "thinkingLevel".into()),
            nearest.clone().into(),
        );
        let path = "generationConfig.thinkingConfig.thinkingLevel";
        self.changed(path, format!("set to `{nearest}`"));
    }

    fn number(&mut self, holder: &mut Value, path: &str, name: &str, [least, most]: [f64; 2]) {
        let Some(value) = json::get_mut(holder, name) else {
            return;
        };
        let Some(number) = value.as_f64() else { return };
        // 0 output tokens counts as none given.
        if (least..=most).contains(&number) || (name == "maxOutputTokens" && number == 0.0) {
            return;
        }
        let near = number.clamp(least, most);
        let written = match near.fract() == 0.0 && value.is_i64() | value.is_u64() {
            true => Some(Number::from(near as i64)),
            // The shortest form of a range that is kept in single precision.
            false => serde_json::from_str(&format!("{:?}", near as f32)).ok(),
        };
        let Some(written) = written else { return };
        let done = format!("{value} became {written}");
        *value = written.into();
        self.changed(format!("{path}.{name}"), done);
    }
}

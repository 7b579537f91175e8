//! Requests of any form: inspected, advised on, corrected, and inspected again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use propus_failures::{
    Cards, Day, Sending, advise,
    amend::{Kind, amend},
    inspect,
    inspect::METHODS,
};
use propus_wire::{Surface, Version};

const MODELS: [&str; 4] = [
    "gemini-2.5-flash",
    "gemini-3-flash-preview",
    "gemini-embedding-001",
    "no-such-model",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let choice = usize::from(*first);
    let (version, surface) = match choice / 32 % 3 {
        0 => (Version::V1Beta, Surface::Modern),
        1 => (Version::V1, Surface::Modern),
        _ => (Version::V1, Surface::LegacyV1),
    };
    let method = METHODS[choice % METHODS.len()];
    let model = MODELS[choice / 8 % MODELS.len()];
    let sending = Sending {
        surface,
        ..Sending::new(method, model, version, Day::new(2026, 11, 1))
    };
    let cards = Cards::builtin();
    for finding in inspect(body, &sending, cards) {
        if let Some(place) = finding.place {
            assert!(place.start <= place.end && place.end <= body.len());
        }
    }
    for advice in advise(body, &sending, cards) {
        if let Some(place) = advice.place {
            assert!(place.start <= place.end && place.end <= body.len());
        }
    }
    let Ok(mut request) = serde_json::from_slice(body) else {
        return;
    };
    amend(&mut request, &sending, cards, &Kind::ALL);
    inspect(request.to_string().as_bytes(), &sending, cards);
});

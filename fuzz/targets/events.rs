//! Streams of any bytes: the same events however they are cut into pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use propus_client::sse::{Decoder, Event};

fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        events.extend(std::iter::from_fn(|| decoder.next()));
    }
    decoder.finish();
    events.extend(std::iter::from_fn(|| decoder.next()));
    events
}

fuzz_target!(|bytes: &[u8]| {
    let whole = events([bytes]);
    assert_eq!(whole, events(bytes.chunks(1)));
    let size = bytes.first().map_or(1, |first| usize::from(*first).max(1));
    assert_eq!(whole, events(bytes.chunks(size)));
});

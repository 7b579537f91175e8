//! Whether a stream arrived piece by piece, judged by when its events came.

use std::time::Duration;

/// How a stream arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Piece by piece.
    Incremental,
    /// All at once after a long time: somebody on the way collected it.
    Buffered,
    /// Too short or too quick to say.
    Unknown,
}

/// Fewer events prove nothing.
const FEWEST: usize = 3;
/// Events within this time came together.
const TOGETHER: Duration = Duration::from_millis(50);
/// A server that waits longer for the first event and then has all of them was held up. Below it a
/// quick server may have made the whole answer in that time.
const LONG: Duration = Duration::from_secs(1);

/// Judges by the times since the call was sent, and by whether the reply's length was known before
/// its first byte (`Content-Length`), which a stream that is passed on cannot know.
///
/// ```
/// use propus_doctor::arrival::{Arrival, judge};
/// use std::time::Duration;
///
/// let times = [300, 420, 560].map(Duration::from_millis);
/// assert_eq!(judge(&times, false), Arrival::Incremental);
/// ```
pub fn judge(times: &[Duration], length_known: bool) -> Arrival {
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return Arrival::Unknown;
    };
    if times.len() < FEWEST {
        return Arrival::Unknown;
    }
    if length_known {
        return Arrival::Buffered;
    }
    let spread = last.saturating_sub(*first);
    if spread > TOGETHER {
        return Arrival::Incremental;
    }
    match *first > LONG {
        true => Arrival::Buffered,
        false => Arrival::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_times_prove_is_said() {
        for (times, length_known, expected) in [
            (&[][..], false, Arrival::Unknown),
            (&[2000, 2900], false, Arrival::Unknown),
            (&[200, 300, 400], false, Arrival::Incremental),
            (&[3000, 3100, 3200, 3300], false, Arrival::Incremental),
            (&[3000, 3001, 3002, 3002], false, Arrival::Buffered),
            (&[20, 21, 22, 23], false, Arrival::Unknown),
            (&[20, 21, 22, 23], true, Arrival::Buffered),
        ] {
            let times: Vec<_> = times.iter().copied().map(Duration::from_millis).collect();
            assert_eq!(judge(&times, length_known), expected, "{times:?}");
        }
    }
}

//! The same load for every SDK: `PROGRAM URL unary|stream CALLS AT_ONCE`. One thread makes the
//! calls, each text is compared with what the server sent, and the CPU time of the process, the
//! system's part included, is printed in seconds per 1000 calls or chunks.

use rustix::time::{ClockId, clock_gettime};
use std::{env, sync::Arc};

/// The model that is asked.
pub const MODEL: &str = "gemini-2.5-flash";

/// The instruction above every prompt.
pub const SYSTEM: &str = "You tell short stories about places.";

/// How many chunks a stream has.
pub const CHUNKS: usize = 100;

/// The prompt, some 700 bytes.
pub fn prompt() -> String {
    "Tell me about the river and the old bridge beside the mill. ".repeat(12)
}

/// The answer in one piece, some 600 bytes.
pub fn answer() -> String {
    "The bridge stands where the river is slow, and the mill is silent. ".repeat(9)
}

/// What one chunk of a streamed answer says.
pub fn piece(index: usize) -> String {
    format!("The bridge stands where the river is slow, {index}. ")
}

/// An SDK set up for one server.
pub trait Sdk: Send + Sync + 'static {
    /// Asks, and gives the text of the answer.
    fn unary(&self) -> impl Future<Output = String> + Send;

    /// Asks for a stream, reads it to its end, and gives its texts in one.
    fn stream(&self) -> impl Future<Output = String> + Send;
}

/// Puts the load on an SDK that is made for the URL of the server, without a path.
pub fn run<S: Sdk>(make: impl FnOnce(&str) -> S) {
    let arguments: Vec<String> = env::args().collect();
    let [_, url, kind, calls, at_once] = arguments.as_slice() else {
        panic!("usage: {} URL unary|stream CALLS AT_ONCE", arguments[0]);
    };
    let calls: usize = calls.parse().expect("CALLS is a number");
    let at_once: usize = at_once.parse().expect("AT_ONCE is a number");
    let streams = match kind.as_str() {
        "unary" => false,
        "stream" => true,
        other => panic!("`{other}` is neither `unary` nor `stream`"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime can start").block_on(async {
        let sdk = Arc::new(make(url));
        // Connections are made and memory is taken before the clock runs.
        call(&sdk, streams, at_once, at_once * 2).await;
        let before = cpu_seconds();
        call(&sdk, streams, at_once, calls).await;
        let units = if streams { calls * CHUNKS } else { calls };
        println!("{:.6}", (cpu_seconds() - before) / units as f64 * 1000.0);
    });
}

/// Makes so many calls, `at_once` of them at the same time.
async fn call<S: Sdk>(sdk: &Arc<S>, streams: bool, at_once: usize, calls: usize) {
    let lanes: Vec<_> = (0..at_once)
        .map(|_| {
            let sdk = sdk.clone();
            tokio::spawn(async move {
                let right = match streams {
                    true => (0..CHUNKS).map(piece).collect(),
                    false => answer(),
                };
                for _ in 0..calls.div_ceil(at_once) {
                    let text = if streams {
                        sdk.stream().await
                    } else {
                        sdk.unary().await
                    };
                    assert_eq!(text, right);
                }
            })
        })
        .collect();
    for lane in lanes {
        lane.await.expect("every text was right");
    }
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

//! The shared store, with a redis-server of its own, does what the ledger does.

use crate::{MODEL, NOON, PROJECT, at, rpm};
use proptest::{prelude::*, test_runner::TestRunner};
use propus_quota::{
    Ledger, Limits, Refused,
    shared::{Denied, OnOutage, Outage, Shared, TIMEOUT},
};
use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Instant,
};

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// None where redis-server is not installed.
    fn start() -> Option<Server> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        Server::start_at(port)
    }

    fn start_at(port: u16) -> Option<Server> {
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            eprintln!("not tested: redis-server is not installed");
            return None;
        };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        Some(Server { process, port })
    }

    fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

fn limited<T>(answer: Result<T, Denied>) -> Result<T, Refused> {
    answer.map_err(|denied| match denied {
        Denied::Refused(refused) => refused,
        Denied::Outage(outage) => panic!("{outage}: {:?}", std::error::Error::source(&outage)),
    })
}

#[test]
fn the_store_answers_as_the_ledger() {
    let Some(server) = Server::start() else {
        return;
    };
    let limit = |most| prop::option::of(0..=most);
    let limits = (limit(6_u64), limit(300), limit(25), limit(900));
    let gap = prop_oneof![
        10 => 0..3_000_i64, 3 => -5_000..0_i64, 3 => 20_000..70_000_i64, 1 => 0..9 * 3_600_000_i64,
        1 => -4_000_000..-61_000_i64,
    ];
    let steps = prop::collection::vec((gap, 0..4_u8, 0..120_u64), 1..80);
    let cases = (limits, steps)
        .prop_map(|((rpm, tpm, rpd, tpd), steps)| (Limits { rpm, tpm, rpd, tpd }, steps));
    let number = std::sync::atomic::AtomicU64::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(150));
    let check = |(limits, steps): (Limits, Vec<(i64, u8, u64)>)| {
        let project = number
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            .to_string();
        run(async {
            let shared = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
            let (ledger, mut now) = (Ledger::new(), NOON);
            // Held, so that the ledger forgets nothing while the test's time flies.
            let _first = ledger
                .reserve(at(now), &project, MODEL, &Limits::UNLIMITED, 1)
                .unwrap();
            let _other = shared
                .reserve(at(now), &project, MODEL, &Limits::UNLIMITED, 1)
                .await;
            for (gap, kind, tokens) in steps {
                now = now.saturating_add_signed(gap);
                let expected = ledger.reserve(at(now), &project, MODEL, &limits, tokens);
                let found = shared
                    .reserve(at(now), &project, MODEL, &limits, tokens)
                    .await;
                match (expected, limited(found)) {
                    (Ok(expected), Ok(found)) => match kind {
                        0 => {
                            expected.cancel();
                            found.cancel().await.unwrap();
                        }
                        1 => {
                            expected.settle(tokens / 2 + 40);
                            found.settle(tokens / 2 + 40).await.unwrap();
                        }
                        _ => {}
                    },
                    (expected, found) => {
                        prop_assert_eq!(expected.map(drop), found.map(drop), "at {}", now);
                    }
                }
            }
            Ok(())
        })
    };
    runner.run(&cases, check).unwrap();
}

#[test]
fn exactly_the_limit_is_admitted_by_many_connections() {
    let Some(server) = Server::start() else {
        return;
    };
    run(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let shared = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
            tasks.spawn(async move {
                let mut admitted = 0;
                for number in 0..200 {
                    let now = at(NOON + number);
                    let answer = shared.reserve(now, PROJECT, MODEL, &rpm(777), 1).await;
                    admitted += u64::from(limited(answer).is_ok());
                }
                admitted
            });
        }
        let admitted: u64 = tasks.join_all().await.into_iter().sum();
        assert_eq!(admitted, 777);
    });
}

#[test]
fn counts_come_back_after_an_outage() {
    let Some(mut server) = Server::start() else {
        return;
    };
    run(async {
        let refusing = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
        let counting = Shared::new(&server.address(), OnOutage::CountLocally).unwrap();
        let ask = |shared: Shared| async move {
            shared.reserve(at(NOON), PROJECT, MODEL, &rpm(2), 1).await
        };
        limited(ask(refusing.clone()).await)
            .unwrap()
            .settle(1)
            .await
            .unwrap();
        limited(ask(counting.clone()).await)
            .unwrap()
            .settle(1)
            .await
            .unwrap();
        server.stop();
        assert!(matches!(
            ask(refusing.clone()).await,
            Err(Denied::Outage(_))
        ));
        limited(ask(counting.clone()).await)
            .unwrap()
            .settle(1)
            .await
            .unwrap();
        limited(ask(counting.clone()).await)
            .unwrap()
            .settle(1)
            .await
            .unwrap();
        assert!(limited(ask(counting.clone()).await).is_err());

        // A new store has counted nothing; the same connections find it.
        let _server = Server::start_at(server.port);
        while let Err(Denied::Outage(_)) = ask(refusing.clone()).await {}
        limited(ask(refusing).await)
            .unwrap()
            .settle(1)
            .await
            .unwrap();
        assert!(limited(ask(counting).await).is_err());
    });
}

#[test]
fn a_store_that_says_nothing_is_waited_for_briefly() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("redis://{}/", silent.local_addr().unwrap());
    run(async {
        let shared = Shared::new(&address, OnOutage::Refuse).unwrap();
        let began = Instant::now();
        let answer = shared.reserve(at(NOON), PROJECT, MODEL, &rpm(2), 1).await;
        assert!(matches!(
            answer,
            Err(Denied::Outage(Outage::Late | Outage::Failed(_)))
        ));
        assert!(began.elapsed() < 5 * TIMEOUT);
    });
}

//! The shared store, with a redis-server of its own, does what the ledger does.

use crate::{MODEL, NOON, PROJECT, at, rpm};
use proptest::{prelude::*, test_runner::TestRunner};
use propus_quota::{
    Ledger, Limits, Refused,
    shared::{Denied, Informed, Note, OnOutage, Outage, Shared, SharedReservation, TIMEOUT},
};
use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
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

    /// Lets it go on only when told so; what it is asked meanwhile it answers then.
    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let done = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(done.success());
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
    // Counting locally besides changes no answer.
    let ways = prop_oneof![Just(OnOutage::Refuse), Just(OnOutage::CountLocally)];
    let cases = (cases, ways);
    let number = std::sync::atomic::AtomicU64::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(150));
    type Steps = Vec<(i64, u8, u64)>;
    let check = |((limits, steps), on_outage): ((Limits, Steps), OnOutage)| {
        let project = number
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            .to_string();
        run(async {
            let shared = Shared::new(&server.address(), on_outage).unwrap();
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
        let ask = |shared: Shared| async move { ask(&shared, 2).await };
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
        // One was its own before, so this is all that is left.
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

/// Asks for one request of [`PROJECT`] with a token.
async fn ask(shared: &Shared, limit: u64) -> Result<SharedReservation, Denied> {
    shared
        .reserve(at(NOON), PROJECT, MODEL, &rpm(limit), 1)
        .await
}

/// How many of 20 requests are admitted.
async fn admitted(shared: &Shared, limit: u64) -> u64 {
    let mut admitted = 0;
    for _ in 0..20 {
        admitted += u64::from(limited(ask(shared, limit).await).is_ok());
    }
    admitted
}

/// Until the store was found again and knows what was corrected.
async fn is_back(shared: &Shared) {
    let mut states = shared.watch();
    let back = states.wait_for(|state| state.is_connected());
    let back = tokio::time::timeout(Duration::from_secs(20), back).await;
    assert!(back.unwrap().unwrap().is_connected());
    while shared.answers().kept > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn nobody_waits_for_a_store_that_is_away() {
    let Some(mut server) = Server::start() else {
        return;
    };
    run(async {
        for on_outage in [OnOutage::Refuse, OnOutage::CountLocally] {
            let shared = Shared::new(&server.address(), on_outage).unwrap();
            let mut states = shared.watch();
            drop(limited(ask(&shared, 1_000).await).unwrap());
            server.signal("-STOP");
            let first = ask(&shared, 1_000).await;
            assert_eq!(first.is_ok(), on_outage == OnOutage::CountLocally);
            states.changed().await.unwrap();
            assert!(!states.borrow_and_update().is_connected() && !shared.is_connected());

            let began = Instant::now();
            for _ in 0..500 {
                match ask(&shared, 1_000).await {
                    Ok(_) => assert_eq!(on_outage, OnOutage::CountLocally),
                    Err(Denied::Outage(Outage::Away)) => assert_eq!(on_outage, OnOutage::Refuse),
                    Err(denied) => panic!("{denied}"),
                }
            }
            // Far more than it takes, far less than it would be with a wait for each.
            assert!(began.elapsed() < 500 * Duration::from_millis(10));
            let answers = shared.answers();
            assert_eq!(
                (answers.by_store, answers.locally + answers.outage),
                (1, 501)
            );

            server.stop();
            server = Server::start_at(server.port).unwrap();
            is_back(&shared).await;
            drop(limited(ask(&shared, 1_000).await).unwrap());
            assert_eq!(shared.answers().by_store, 2);
            assert!(states.has_changed().unwrap());
        }
    });
}

#[test]
fn a_store_that_comes_late_is_found() {
    let Some(mut server) = Server::start() else {
        return;
    };
    run(async {
        server.stop();
        let shared = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
        let denied = ask(&shared, 1).await.err();
        assert!(matches!(denied, Some(Denied::Outage(Outage::Failed(_)))));
        assert!(!shared.is_connected());
        server = Server::start_at(server.port).unwrap();
        is_back(&shared).await;
        assert_eq!(admitted(&shared, 1).await, 1);
    });
}

#[test]
fn a_process_alone_gets_no_limit_twice() {
    let Some(mut server) = Server::start() else {
        return;
    };
    run(async {
        let shared = Shared::new(&server.address(), OnOutage::CountLocally).unwrap();
        let mut count = 0;
        for _ in 0..3 {
            count += u64::from(limited(ask(&shared, 5).await).is_ok());
        }
        server.stop();
        count += admitted(&shared, 5).await;
        assert_eq!(count, 5);
        server = Server::start_at(server.port).unwrap();
        is_back(&shared).await;
        // The new store would admit 5, the process remembers, and the store counts none of it.
        assert_eq!(admitted(&shared, 5).await, 0);
        let other = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
        assert_eq!(admitted(&other, 5).await, 5);
    });
}

#[test]
fn corrections_wait_for_the_store() {
    let Some(server) = Server::start() else {
        return;
    };
    run(async {
        let shared = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
        let tokens = |tpm| Limits {
            tpm: Some(tpm),
            rpm: Some(7),
            ..Limits::UNLIMITED
        };
        let reserve = |tokens_asked| {
            let (shared, limits) = (shared.clone(), tokens(1_000));
            async move {
                let asked = shared.reserve(at(NOON), PROJECT, MODEL, &limits, tokens_asked);
                limited(asked.await).unwrap()
            }
        };
        let (cancelled, smaller, larger) =
            (reserve(100).await, reserve(200).await, reserve(300).await);
        server.signal("-STOP");
        // The store counts it when it goes on.
        assert!(ask(&shared, 7).await.is_err());
        cancelled.cancel().await.unwrap();
        smaller.settle(50).await.unwrap();
        larger.settle(400).await.unwrap();
        assert_eq!((shared.answers().kept, shared.answers().lost), (3, 0));
        server.signal("-CONT");
        is_back(&shared).await;

        let other = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
        let limits = tokens(451 + 10);
        let asked = |tokens| other.reserve(at(NOON), PROJECT, MODEL, &limits, tokens);
        assert!(limited(asked(11).await).is_err());
        drop(limited(asked(10).await).unwrap());
        // Three were left of the four, and this one.
        assert_eq!(admitted(&other, 7).await, 3);
    });
}

#[test]
fn in_doubt_more_counts() {
    let Some(server) = Server::start() else {
        return;
    };
    run(async {
        // For both, the correction is the first to fail: nobody knows whether it was made.
        let shared = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
        let other = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
        let cancelled = limited(ask(&shared, 7).await).unwrap();
        let larger = limited(ask(&other, 7).await).unwrap();
        server.signal("-STOP");
        assert!(cancelled.cancel().await.is_err());
        assert!(larger.settle(2).await.is_err());
        assert_eq!((shared.answers().kept, shared.answers().lost), (0, 1));
        assert_eq!((other.answers().kept, other.answers().lost), (1, 0));
        server.signal("-CONT");
        is_back(&shared).await;
        is_back(&other).await;
        let limits = Limits {
            tpm: Some(3),
            ..Limits::UNLIMITED
        };
        // At least the two tokens that were settled count.
        let asked = shared.reserve(at(NOON), PROJECT, MODEL, &limits, 2).await;
        assert!(limited(asked).is_err());
    });
}

#[test]
fn what_a_lost_account_counted_is_not_corrected_in_the_next() {
    let Some(mut server) = Server::start() else {
        return;
    };
    run(async {
        let shared = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
        let old = limited(ask(&shared, 2).await).unwrap();
        server.stop();
        assert!(ask(&shared, 2).await.is_err());
        old.cancel().await.unwrap();
        server = Server::start_at(server.port).unwrap();
        let other = Shared::new(&server.address(), OnOutage::Refuse).unwrap();
        drop(limited(ask(&other, 2).await).unwrap());
        is_back(&shared).await;
        assert_eq!(admitted(&other, 2).await, 1);
    });
}

#[test]
fn who_asks_hears_the_news_first() {
    let Some(server) = Server::start() else {
        return;
    };
    run(async {
        let minute = Duration::from_secs(61);
        let shared = || Shared::patient(&server.address(), TIMEOUT, minute).unwrap();
        let (one, other) = (shared(), shared());
        let note = |name: &str, text: &str, until| Note {
            name: name.into(),
            text: text.into(),
            until: at(until),
        };
        let ask = |shared: &Shared, now, known| {
            let shared = shared.clone();
            async move {
                let (account, known, limits) = ((PROJECT, MODEL), ("b", known), rpm(2));
                let asked = shared.reserve_informed(at(now), account, &limits, 1, known);
                limited(asked.await)
            }
        };
        let admitted = |answer| match answer {
            Ok(Informed::Admitted(_, requests)) => requests,
            Ok(Informed::News(news)) => panic!("{news:?}"),
            Err(refused) => panic!("{refused:?}"),
        };
        assert_eq!(admitted(ask(&one, NOON, 0).await), 1);
        let (old, new) = (note("a", "1 2", NOON + 500), note("b", "3", NOON + 9_000));
        one.post(at(NOON), "b", &old).await.unwrap();
        one.post(at(NOON + 600), "b", &new).await.unwrap();
        let Ok(Informed::News(news)) = ask(&other, NOON + 700, 0).await else {
            panic!("there are news");
        };
        assert_eq!(news.notes, [new], "what is over is taken off");
        assert_eq!(admitted(ask(&other, NOON + 700, news.version).await), 2);
        // The longer minute: 61 s and a tick after the first one.
        let full = ask(&one, NOON + 700, news.version).await;
        let refused = full.err().unwrap();
        assert_eq!(
            refused.exhausted[0].wait,
            Duration::from_millis(61_100 - 700)
        );
        one.post(at(NOON), "b", &note("a", "x", NOON))
            .await
            .unwrap();
        let again = ask(&one, NOON + 61_100, news.version).await;
        assert!(matches!(again, Ok(Informed::News(newer)) if newer.version > news.version));
    });
}

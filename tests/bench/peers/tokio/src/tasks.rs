// SPDX-License-Identifier: MIT
//! Tasks that end at once, that may take a time, that sleep.
use crate::report::{expect, resident_bytes, Clock};
use crate::run::Run;
use std::process::exit;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

pub async fn spawnjoin(run: Run) {
    let clock = Clock::start();
    let mut joined = 0;
    for _ in 0..run.n {
        if run.spawn(async {}).await.is_ok() {
            joined += 1;
        }
    }
    let spent = clock.stop();
    expect("tasks joined", joined, run.n);
    spent.print_rate(run);
}

pub async fn timeout(run: Run) {
    let clock = Clock::start();
    let mut in_time = 0;
    for _ in 0..run.n {
        if tokio::time::timeout(HOUR, run.pause()).await.is_ok() {
            in_time += 1;
        }
    }
    let spent = clock.stop();
    expect("awaits in time", in_time, run.n);
    spent.print_rate(run);
}

static ASLEEP: AtomicI64 = AtomicI64::new(0);
static AWAKE: AtomicI64 = AtomicI64::new(0);

pub async fn sleepers(run: Run) {
    let before_bytes = resident_bytes();
    let clock = Clock::start();
    for _ in 0..run.n {
        run.spawn(async {
            ASLEEP.fetch_add(1, Relaxed);
            tokio::time::sleep(HOUR).await;
            AWAKE.fetch_add(1, Relaxed);
        });
    }
    while ASLEEP.load(Relaxed) < run.n {
        tokio::task::yield_now().await;
    }
    let spent = clock.stop();
    let bytes = resident_bytes() - before_bytes;
    expect("tasks asleep", ASLEEP.load(Relaxed), run.n);
    expect("tasks awake", AWAKE.load(Relaxed), 0);
    spent.print_memory(run, bytes);
    exit(0);
}

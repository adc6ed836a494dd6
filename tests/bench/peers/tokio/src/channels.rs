// SPDX-License-Identifier: MIT
//! Bounded channels: senders that are tasks of their own, one receiver.
use crate::report::{expect, Clock};
use crate::run::Run;
use tokio::sync::mpsc::{channel, Receiver, Sender};

/// The part of n that the sender with this number sends.
fn share(n: i64, senders: i64, number: i64) -> i64 {
    n / senders + i64::from(number < n % senders)
}

/// What all of the receiver's values add up to.
fn total(n: i64, senders: i64) -> i64 {
    let sum = |part: i64| part * (part - 1) / 2;
    (0..senders).map(|number| sum(share(n, senders, number))).sum()
}

fn spawn_sender(run: Run, to: Sender<i64>, part: i64) {
    run.spawn(async move {
        for value in 0..part {
            run.put(&to, value).await;
        }
    });
}

pub async fn stream(run: Run, room: usize, senders: i64) {
    let (to, mut inbox) = channel(room);
    let clock = Clock::start();
    for number in 0..senders {
        spawn_sender(run, to.clone(), share(run.n, senders, number));
    }
    drop(to);
    let (mut count, mut sum) = (0, 0);
    while let Some(value) = inbox.recv().await {
        count += 1;
        sum += value;
    }
    let spent = clock.stop();
    expect("messages", count, run.n);
    expect("sum", sum, total(run.n, senders));
    spent.print_rate(run);
}

const SOURCES: i64 = 4;
const SOURCE_ROOM: usize = 32;

fn source(run: Run, number: i64) -> Receiver<i64> {
    let (to, inbox) = channel(SOURCE_ROOM);
    spawn_sender(run, to, share(run.n, SOURCES, number));
    inbox
}

pub async fn select4(run: Run) {
    let clock = Clock::start();
    let (mut a, mut b) = (source(run, 0), source(run, 1));
    let (mut c, mut d) = (source(run, 2), source(run, 3));
    let (mut count, mut sum) = (0, 0);
    loop {
        let value = tokio::select! {
            Some(value) = a.recv() => value,
            Some(value) = b.recv() => value,
            Some(value) = c.recv() => value,
            Some(value) = d.recv() => value,
            else => break,
        };
        count += 1;
        sum += value;
    }
    let spent = clock.stop();
    expect("items", count, run.n);
    expect("sum", sum, total(run.n, SOURCES));
    spent.print_rate(run);
}

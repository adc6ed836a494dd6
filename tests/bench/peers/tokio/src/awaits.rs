// SPDX-License-Identifier: MIT
//! One task that awaits one value at a time.
use crate::report::{expect, Clock};
use crate::run::Run;
use std::future::Future;
use std::pin::Pin;
use tokio::sync::{mpsc, oneshot};

const MAILBOX: usize = 32;

type Boxed = Pin<Box<dyn Future<Output = i64> + Send>>;

/// Hides from the compiler what the value is.
fn opaque<T>(value: T) -> T {
    // SAFETY: the copy takes the place of the value, which is forgotten.
    unsafe {
        let copy = std::ptr::read_volatile(&value);
        std::mem::forget(value);
        copy
    }
}

fn sum_below(n: i64) -> i64 {
    n * (n - 1) / 2
}

pub async fn ready(run: Run) {
    let clock = Clock::start();
    let mut sum = 0;
    for i in 0..run.n {
        let (to, value) = oneshot::channel();
        to.send(i).expect("somebody receives");
        sum += value.await.expect("a value");
    }
    let spent = clock.stop();
    expect("sum", sum, sum_below(run.n));
    spent.print_rate(run);
}

pub async fn boxed(run: Run) {
    let clock = Clock::start();
    let mut sum = 0;
    for i in 0..run.n {
        let value: Boxed = Box::pin(std::future::ready(i));
        sum += opaque(value).await;
    }
    let spent = clock.stop();
    expect("sum", sum, sum_below(run.n));
    spent.print_rate(run);
}

pub async fn trip(run: Run) {
    let (server, mut requests) =
        mpsc::channel::<(i64, oneshot::Sender<i64>)>(MAILBOX);
    run.spawn(async move {
        while let Some((value, to)) = requests.recv().await {
            to.send(value + 1).expect("somebody awaits");
        }
    });
    let clock = Clock::start();
    let mut sum = 0;
    for i in 0..run.n {
        let (to, reply) = oneshot::channel();
        run.put(&server, (i, to)).await;
        sum += reply.await.expect("a reply");
    }
    let spent = clock.stop();
    expect("sum", sum, sum_below(run.n) + run.n);
    spent.print_rate(run);
}

pub async fn oneshot(run: Run) {
    let (partner, mut given) = mpsc::channel::<oneshot::Sender<i64>>(1);
    run.spawn(async move {
        let mut next = 0;
        while let Some(to) = given.recv().await {
            to.send(next).expect("somebody awaits");
            next += 1;
        }
    });
    let clock = Clock::start();
    let mut sum = 0;
    for _ in 0..run.n {
        let (to, value) = oneshot::channel();
        run.put(&partner, to).await;
        sum += value.await.expect("a value");
    }
    let spent = clock.stop();
    expect("sum", sum, sum_below(run.n));
    spent.print_rate(run);
}

// SPDX-License-Identifier: MIT
//! tokio_bench NAME [N] [--workers K] [--current-thread] [--tuned]: runs one
//! benchmark and prints one line of JSON, as akt_bench does. Exit 0: it ran and
//! its counts are right; 1: not so; 2: not understood.
mod awaits;
mod channels;
mod report;
mod run;
mod tasks;

use run::Run;
use std::future::Future;
use std::pin::Pin;
use std::process::exit;
use tokio::runtime::{Builder, Runtime};

type Body = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Case {
    name: &'static str,
    n: i64,
    start: fn(Run) -> Body,
    what: &'static str,
}

macro_rules! case {
    ($name:literal, $n:literal, $body:expr, $what:literal) => {
        Case {
            name: $name,
            n: $n,
            start: |run| Box::pin(($body)(run)),
            what: $what,
        }
    };
}

const CASES: &[Case] = &[
    case!("spawnjoin", 1000000, tasks::spawnjoin, "N tasks, each is joined"),
    case!("awaitready", 5000000, awaits::ready, "N awaits of what is complete"),
    case!("awaitready2", 20000000, awaits::boxed, "the same, a boxed future"),
    case!("awaittrip", 1000000, awaits::trip, "N requests and replies"),
    case!("chan32", 5000000, |r| channels::stream(r, 32, 1), "N, room for 32"),
    case!("chan1024", 5000000, |r| channels::stream(r, 1024, 1), "for 1024"),
    case!("chan32x8", 3000000, |r| channels::stream(r, 32, 8), "8 senders"),
    case!("chan1024x8", 3000000, |r| channels::stream(r, 1024, 8), "both"),
    case!("oneshot", 1000000, awaits::oneshot, "N values from another task"),
    case!("select4", 2000000, channels::select4, "N items of 4 channels"),
    case!("timeout", 2000000, tasks::timeout, "N awaits with a time limit"),
    case!("sleepers", 100000, tasks::sleepers, "memory of N sleeping tasks"),
];

struct Options {
    case: &'static Case,
    n: i64,
    workers: usize,
    current_thread: bool,
    tuned: bool,
}

fn refuse(why: &str) -> ! {
    eprintln!("tokio_bench: {why}");
    eprintln!(
        "usage: tokio_bench NAME [N] [--workers K] [--current-thread] [--tuned]\
         \n       tokio_bench --list"
    );
    exit(2)
}

fn number(what: &str, text: Option<String>, max: i64) -> i64 {
    match text.and_then(|text| text.parse().ok()) {
        Some(value) if value >= 1 && value <= max => value,
        _ => refuse(&format!("{what} must be a number from 1 to {max}.")),
    }
}

fn list() -> ! {
    for case in CASES {
        println!("{:<12} N={:<8} {}", case.name, case.n, case.what);
    }
    exit(0)
}

fn parse() -> Options {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_default();
    if name == "--list" {
        list();
    }
    let case = match CASES.iter().find(|case| case.name == name) {
        Some(case) => case,
        None => refuse(&format!("there is no benchmark \"{name}\".")),
    };
    let mut options = Options {
        case,
        n: case.n,
        workers: 2,
        current_thread: false,
        tuned: false,
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--workers" => {
                options.workers = number(&word, words.next(), 256) as usize
            }
            "--current-thread" => options.current_thread = true,
            "--tuned" => options.tuned = true,
            _ => options.n = number("N", Some(word), 1000000000),
        }
    }
    options
}

fn build(options: &Options) -> Runtime {
    let mut builder = if options.current_thread {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    builder.worker_threads(options.workers).enable_time();
    builder.build().expect("a runtime")
}

fn main() {
    let options = parse();
    let runtime = build(&options);
    let run =
        Run { name: options.case.name, n: options.n, tuned: options.tuned };
    // All of it is a task: the one that spawns and sends is on a worker too.
    let body = runtime.block_on(async { run.spawn((options.case.start)(run)) });
    runtime.block_on(body).expect("the benchmark has ended");
    runtime.shutdown_background();
}

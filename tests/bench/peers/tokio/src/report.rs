// SPDX-License-Identifier: MIT
//! Times a run and prints its line.
use crate::run::Run;
use std::process::exit;
use std::time::Instant;

pub struct Clock {
    began: Instant,
    began_cpu_s: f64,
}

pub struct Spent {
    seconds: f64,
    cpu_s: f64,
}

fn cpu_s() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes to `now` and nothing else.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

pub fn resident_bytes() -> i64 {
    let line = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages = line.split(' ').nth(1).and_then(|word| word.parse().ok());
    // SAFETY: it asks for a constant.
    let page_bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages.unwrap_or(0) * page_bytes
}

/// Ends the process with 1 unless both are the same.
pub fn expect(what: &str, found: i64, wanted: i64) {
    if found != wanted {
        eprintln!("tokio_bench: {what}: {found} instead of {wanted}");
        exit(1);
    }
}

impl Clock {
    pub fn start() -> Clock {
        let began_cpu_s = cpu_s();
        Clock { began: Instant::now(), began_cpu_s }
    }

    pub fn stop(&self) -> Spent {
        let seconds = self.began.elapsed().as_secs_f64();
        Spent { seconds, cpu_s: cpu_s() - self.began_cpu_s }
    }
}

impl Spent {
    fn print(&self, run: Run, figures: &str) {
        println!(
            "{{\"peer\":\"tokio\",\"bench\":\"{}\",\"n\":{},\"seconds\":{:.6},\
             {figures},\"cpu_s\":{:.3}}}",
            run.name, run.n, self.seconds, self.cpu_s
        );
    }

    pub fn print_rate(&self, run: Run) {
        let ops = run.n as f64;
        let figures = format!(
            "\"ops_per_s\":{:.0},\"ns_per_op\":{:.1}",
            ops / self.seconds,
            self.seconds * 1e9 / ops
        );
        self.print(run, &figures);
    }

    pub fn print_memory(&self, run: Run, bytes: i64) {
        let tasks = run.n as f64;
        let figures = format!(
            "\"bytes_per_task\":{:.3},\"spawn_ns\":{:.3}",
            bytes as f64 / tasks,
            self.seconds * 1e9 / tasks
        );
        self.print(run, &figures);
    }
}

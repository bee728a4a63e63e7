//! Running a command to its end, and what it cost.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a process cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// From start to end.
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// The largest resident set, in bytes.
    pub(crate) peak_rss: u64,
}

/// Runs it to its end.
///
/// # Panics
/// When it cannot be started or ends with a code other than 0 or 3.
pub(crate) fn run(command: &mut Command) -> Cost {
    let cpu_before = children_cpu();
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let mut peak_rss = 0;
    let status = loop {
        peak_rss = peak_rss.max(resident(child.id(), "VmHWM:").unwrap_or(0));
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(
        matches!(status.code(), Some(0 | 3)),
        "{command:?} ended with {status}"
    );
    Cost {
        wall: start.elapsed(),
        cpu: children_cpu().saturating_sub(cpu_before),
        peak_rss,
    }
}

/// A memory figure of a living process, in bytes: `VmRSS:`, `VmHWM:`.
pub(crate) fn resident(pid: u32, what: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(what))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kb| kb * 1024)
}

/// User and system time of a living process.
pub(crate) fn cpu_of(pid: u32) -> Option<Duration> {
    ticks(&format!("/proc/{pid}/stat"), 13).map(ticks_to_time)
}

fn children_cpu() -> Duration {
    ticks("/proc/self/stat", 15).map_or(Duration::ZERO, ticks_to_time)
}

/// The sum of two neighbouring fields of a stat file, counted from 0.
fn ticks(path: &str, first: usize) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    // The second field is the command's name in parentheses, and may hold spaces.
    let rest = text.rsplit_once(')')?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(fields.get(first - 2)?.parse::<u64>().ok()? + fields.get(first - 1)?.parse::<u64>().ok()?)
}

/// Linux counts processor time in hundredths of a second (USER_HZ).
fn ticks_to_time(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 10)
}

/// One line about this machine.
pub(crate) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "Machine: {cores} cores, {}, Linux {}",
        model.unwrap_or("unknown processor"),
        kernel.trim()
    )
}

/// The middle one.
pub(crate) fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> Option<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied()
}

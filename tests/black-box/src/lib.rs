//! What the suites share: the built binary, run as a user runs it, in folders of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a suite fails by panicking and says why; its numbers are small"
)]

pub mod nairobi;
pub mod oracle;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The built binary: `$MAPACHA_BIN`, else beside the test's own target folder.
///
/// # Panics
/// When it is not there.
pub fn binary() -> PathBuf {
    let from_variable = std::env::var_os("MAPACHA_BIN").map(PathBuf::from);
    let path = from_variable.unwrap_or_else(|| {
        let this = std::env::current_exe().unwrap_or_default();
        this.ancestors().nth(2).unwrap_or(Path::new(".")).join("mapacha")
    });
    assert!(
        path.exists(),
        "{} is not there: run `make build` first",
        path.display()
    );
    path
}

pub use test_data::{find, skipped, test_data};

/// A command of the binary, with nothing of this machine's configuration.
pub fn mapacha<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(arguments: I) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MAPACHA__")) {
        command.env_remove(name);
    }
    command
}

/// Runs it to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(arguments: I) -> Output {
    mapacha(arguments).output().expect("the binary starts")
}

/// Exit code, stdout, stderr.
pub fn told(output: &Output) -> (i32, String, String) {
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Runs a command with `--json` and reads its document; exit codes 0 and 3 are fine.
///
/// # Panics
/// When it fails or prints something else.
pub fn json<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(arguments: I) -> Json {
    let (code, stdout, stderr) = told(
        &mapacha(arguments)
            .arg("--json")
            .output()
            .expect("the binary starts"),
    );
    assert!(code == 0 || code == 3, "exit code {code}\n{stdout}\n{stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"))
}

/// A running server, killed when it goes out of scope.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
}

impl Server {
    /// Starts `mapacha serve` (or any command line that listens) and waits until it says where.
    ///
    /// # Panics
    /// When it ends or says nothing within a minute.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut first = String::new();
        lines.read_line(&mut first).expect("stdout is text");
        let Some(url) = first.trim().strip_prefix("listening ").map(str::to_owned) else {
            let _ = child.kill();
            let mut stderr = String::new();
            let _ = child
                .stderr
                .take()
                .map(|mut pipe| pipe.read_to_string(&mut stderr));
            panic!("first line was {first:?}\n{stderr}");
        };
        // Both pipes are read on, so that the server never waits for us.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        if let Some(mut pipe) = child.stderr.take() {
            std::thread::spawn(move || std::io::copy(&mut pipe, &mut std::io::stderr()));
        }
        Self { child, url }
    }

    /// `mapacha serve` on a free port over this folder.
    pub fn over(folder: &Path) -> Self {
        Self::start(mapacha(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it at once, as a power cut would.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop (SIGTERM) and gives its exit code and how long that took.
    ///
    /// # Panics
    /// When it does not stop within 30 s.
    pub fn stop(mut self) -> (Option<i32>, Duration) {
        let asked = Instant::now();
        let _ = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        while asked.elapsed() < Duration::from_secs(30) {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                return (status.code(), asked.elapsed());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the server did not stop within 30 s of SIGTERM");
    }

    /// GET of a path as JSON.
    ///
    /// # Panics
    /// When the answer is not JSON.
    pub fn get(&self, path: &str) -> (u16, Json) {
        let answer = client()
            .get(format!("{}{path}", self.url))
            .send()
            .expect("the server answers");
        let status = answer.status().as_u16();
        let text = answer.text().expect("the answer is text");
        (
            status,
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {status} {error}: {text}")),
        )
    }

    /// A request with a JSON-LD body; gives the status and the body.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn send(&self, method: &str, path: &str, body: &Json) -> (u16, String) {
        let kind = if body.get("@context").is_some()
            || body.get(0).is_some_and(|first| first.get("@context").is_some())
        {
            "application/ld+json"
        } else {
            "application/json"
        };
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = client()
            .request(method, format!("{}{path}", self.url))
            .header("content-type", kind);
        let answer = request.body(body.to_string()).send().expect("the server answers");
        (answer.status().as_u16(), answer.text().unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What [`client`] gives.
pub use reqwest::blocking::Client;

/// An HTTP client that follows no proxy of this machine.
///
/// # Panics
/// When it cannot be made.
pub fn client() -> Client {
    Client::builder()
        .no_proxy()
        .timeout(Duration::from_mins(2))
        .build()
        .expect("a client")
}

//! The server as an attacker on the network sees it: requests that hide others, heads that never end, lines that would be
//! forged into the log; and what it gives away: sockets, secrets in its log and on its disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a suite fails by panicking and says why"
)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use black_box::{Server, client, mapacha};
use reqwest::blocking::Response;

const PASSWORD: &str = "kikuyu-matatu-jua-wimbo";

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// Sends bytes, and reads what comes until the other side ends it.
fn told(url: &str, bytes: &[u8]) -> String {
    let mut stream = connect(url);
    let mut all = Vec::new();
    // Who is refused early may find the door shut while still talking.
    let _ = stream.write_all(bytes);
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

/// The statuses of the answers in what came.
fn statuses(text: &str) -> Vec<u16> {
    let heads = text.split("HTTP/1.1 ").skip(1);
    heads.filter_map(|head| head.get(..3)?.parse().ok()).collect()
}

#[test]
fn no_request_hides_another() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::over(folder.path());
    let hidden = "GET /healthz?hidden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    // Two requests on one connection get two answers, so a hidden one would be seen.
    let plain = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n{hidden}");
    assert_eq!(statuses(&told(&server.url, plain.as_bytes())), [200, 200]);

    let chunked = "Transfer-Encoding: chunked\r\n";
    let body = "0\r\n\r\n";
    for (what, headers, body) in [
        ("both lengths", format!("Content-Length: 5\r\n{chunked}"), body),
        (
            "both lengths, the other way round",
            format!("{chunked}Content-Length: 5\r\n"),
            body,
        ),
        (
            "two lengths",
            "Content-Length: 5\r\nContent-Length: 55\r\n".to_owned(),
            body,
        ),
        ("a list of lengths", "Content-Length: 5, 55\r\n".to_owned(), body),
        ("a length with a sign", "Content-Length: +5\r\n".to_owned(), body),
        (
            "a length below nothing",
            "Content-Length: -1\r\n".to_owned(),
            body,
        ),
        (
            "a length in hexadecimal",
            "Content-Length: 0x5\r\n".to_owned(),
            body,
        ),
        (
            "a length that no number holds",
            "Content-Length: 99999999999999999999\r\n".to_owned(),
            body,
        ),
        ("no length", "Content-Length:\r\n".to_owned(), body),
        (
            "a length in two parts",
            "Content-Length: 0 5\r\n".to_owned(),
            body,
        ),
        (
            "an unknown coding",
            "Transfer-Encoding: xchunked\r\n".to_owned(),
            body,
        ),
        (
            "chunked, and then something else",
            "Transfer-Encoding: chunked, identity\r\n".to_owned(),
            body,
        ),
        (
            "codings in two lines",
            format!("{chunked}Transfer-Encoding: identity\r\n"),
            body,
        ),
        (
            "a vertical tab before the coding",
            "Transfer-Encoding: \x0bchunked\r\n".to_owned(),
            body,
        ),
        (
            "a space before the colon",
            "Transfer-Encoding : chunked\r\n".to_owned(),
            body,
        ),
        (
            "a folded line",
            "Transfer-Encoding:\r\n chunked\r\n".to_owned(),
            body,
        ),
        ("a NUL in a header", "X: a\0b\r\n".to_owned(), body),
        ("a line end alone in a header", "X: a\rb\r\n".to_owned(), body),
        ("a header without a name", ": chunked\r\n".to_owned(), body),
        ("a size of no number", chunked.to_owned(), "0x0\r\n\r\n"),
        ("a size below nothing", chunked.to_owned(), "-1\r\n\r\n"),
        (
            "a size that no number holds",
            chunked.to_owned(),
            "fffffffffffffffff\r\n",
        ),
        (
            "a chunk that is longer than it says",
            chunked.to_owned(),
            "1\r\nabc\r\n0\r\n\r\n",
        ),
    ] {
        // One that asks for a length, and one that takes what comes in chunks.
        for path in ["/ngsi-ld/v1/entities", "/imports/entities"] {
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n{body}{hidden}"
            );
            let answer = told(&server.url, request.as_bytes());
            let found = statuses(&answer);
            assert!(
                found.len() <= 1,
                "{what}: {} answers to one request: {answer}",
                found.len()
            );
            assert!(
                found.iter().all(|status| (400..500).contains(status)),
                "{what}: {answer}"
            );
        }
    }
    // An older version of HTTP has no chunks.
    let old = format!("POST /ngsi-ld/v1/entities HTTP/1.0\r\nHost: localhost\r\n{chunked}\r\n{body}{hidden}");
    assert!(!told(&server.url, old.as_bytes()).contains("\"ok\""));
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn who_sends_a_head_slowly_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::over(folder.path());
    let mut slow: Vec<TcpStream> = (0..200).map(|_| connect(&server.url)).collect();
    for stream in &mut slow {
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ")
            .unwrap();
    }
    // Others do not notice.
    for _ in 0..20 {
        assert_eq!(server.get("/healthz").0, 200);
    }
    // Each is told, or just ended; a byte now and then buys no more time.
    for mut stream in slow {
        let _ = stream.write_all(b"y");
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Ok(_) => assert!(
                !String::from_utf8_lossy(&rest).contains(" 200 "),
                "half a head is no request"
            ),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
        }
    }
}

#[test]
fn one_socket_listens_and_it_is_the_one_that_was_configured() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::over(folder.path());
    let port: u16 = server.url.rsplit(':').next().unwrap().parse().unwrap();
    let process = Path::new("/proc").join(server.pid().to_string());
    let own: BTreeSet<String> = std::fs::read_dir(process.join("fd"))
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let target = std::fs::read_link(entry.path()).ok()?;
            let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    // proc(5): the second field is the local address in hexadecimal, the fourth the state (0A: listening), the tenth the inode.
    let mut sockets = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"] {
        let text = std::fs::read_to_string(process.join("net").join(table)).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let waits = !table.starts_with("tcp") || fields[3] == "0A";
            if waits && own.contains(fields[9]) {
                sockets.push(format!("{table} {}", fields[1]));
            }
        }
    }
    assert_eq!(sockets, [format!("tcp 0100007F:{port:04X}")]);
}

/// A server that logs all it can, and everything that it says.
struct Talkative {
    child: Child,
    url: String,
    said: Option<JoinHandle<String>>,
    code: String,
}

impl Talkative {
    fn over(folder: &Path, mode: &str) -> Self {
        let mut child = mapacha(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .env("MAPACHA__ACCESS__MODE", mode)
            .env("MAPACHA__LOG__LEVEL", "trace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let url = first
            .trim()
            .strip_prefix("listening ")
            .expect("where it listens")
            .to_owned();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let mut code = String::new();
        while mode == "required" && code.is_empty() {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "no code: {said}");
            if line.contains("/setup") {
                line.trim().rsplit(' ').next().unwrap().clone_into(&mut code);
            } else {
                said.push_str(&line);
            }
        }
        let reading = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).expect("stderr");
            said + &String::from_utf8_lossy(&bytes)
        });
        Self {
            child,
            url,
            said: Some(reading),
            code,
        }
    }

    fn form(&self, path: &str, cookie: &str, body: &str) -> Response {
        let client = reqwest::blocking::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        client
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .header("origin", &self.url)
            .header("cookie", cookie)
            .body(body.to_owned())
            .send()
            .expect("an answer")
    }

    /// Asks it to stop, and gives everything that it said on stderr.
    fn stop(mut self) -> String {
        let _ = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        let status = self.child.wait().expect("it stops");
        assert_eq!(status.code(), Some(0));
        self.said.take().unwrap().join().unwrap()
    }
}

impl Drop for Talkative {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text
        .split(start)
        .nth(1)
        .unwrap_or_else(|| panic!("no `{start}` in {text}"));
    rest.split(end).next().unwrap()
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

#[test]
fn no_secret_is_in_the_log_or_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let server = Talkative::over(folder.path(), "required");
    let made = server.form(
        "/setup",
        "",
        &format!("code={}&name=ada&password={PASSWORD}", server.code),
    );
    assert_eq!(made.status(), 303);
    let set: Vec<&str> = made
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next())
        .filter(|pair| !pair.ends_with('='))
        .collect();
    let cookie = set.join("; ");
    let session = set
        .iter()
        .find_map(|pair| pair.strip_prefix("__Host-mapacha="))
        .unwrap()
        .to_owned();
    let account = client()
        .get(format!("{}/account", server.url))
        .header("accept", "text/html")
        .header("cookie", &cookie)
        .send()
        .unwrap();
    let form_token = between(&account.text().unwrap(), "name=\"form_token\" value=\"", "\"").to_owned();
    let make = format!("form_token={form_token}&then=make&key-name=sensors&role=administrator");
    let page = server.form("/account/keys", &cookie, &make).text().unwrap();
    let key = format!("mapacha_{}", between(&page, "<code>mapacha_", "<"));
    // What the log must not hold is really sent: a key, a password that is wrong, an invitation, a key in an address.
    let bearer = format!("Bearer {key}");
    let ask = |method: reqwest::Method, path: &str, body: Option<&str>| {
        let request = client()
            .request(method, format!("{}{path}", server.url))
            .header("authorization", &bearer);
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_owned()),
            None => request,
        };
        request.send().unwrap()
    };
    let invited = ask(
        reqwest::Method::POST,
        "/access/users",
        Some("{\"name\":\"ben\",\"roles\":[\"viewer\"]}"),
    );
    let invited: serde_json::Value = serde_json::from_str(&invited.text().unwrap()).unwrap();
    let invitation = invited["invitation"]
        .as_str()
        .unwrap()
        .rsplit('=')
        .next()
        .unwrap()
        .to_owned();
    ask(
        reqwest::Method::GET,
        &format!("/invitation?code={invitation}"),
        None,
    );
    let wrong = "mpira-wrong-password-8812";
    assert!(
        server
            .form("/login", "", &format!("name=ada&password={wrong}"))
            .status()
            .is_client_error()
    );
    ask(
        reqwest::Method::GET,
        &format!("/ngsi-ld/v1/types?key={key}"),
        None,
    );
    let receiver = "receiver-secret-77341";
    let subscription = format!(
        "{{\"type\":\"Subscription\",\"entities\":[{{\"type\":\"A\"}}],\"notification\":{{\"endpoint\":{{\"uri\":\"https://receiver.example/\",\"receiverInfo\":[{{\"key\":\"Authorization\",\"value\":\"Bearer {receiver}\"}}]}}}}}}"
    );
    let subscribed = ask(
        reqwest::Method::POST,
        "/ngsi-ld/v1/subscriptions",
        Some(&subscription),
    );
    assert_eq!(subscribed.status(), 201);
    let code = server.code.clone();
    let said = server.stop();
    assert!(said.lines().count() > 8, "it logs: {said}");

    let secret_of_key = key.rsplit('_').next().unwrap().to_owned();
    let secrets = [
        ("the password", PASSWORD),
        ("a wrong password", wrong),
        ("the setup code", &code),
        ("the session", &session),
        ("the form's token", &form_token),
        ("the key", &key),
        ("the key's secret", &secret_of_key),
        ("the invitation", &invitation),
    ];
    for (what, secret) in secrets {
        assert!(secret.len() >= 8, "{what}: {secret}");
        assert!(!said.contains(secret), "{what} is in the log");
    }
    assert!(!said.contains(receiver), "what is for a receiver is in the log");
    let mut found = Vec::new();
    files(folder.path(), &mut found);
    assert!(!found.is_empty());
    for file in found {
        let bytes = std::fs::read(&file).unwrap();
        for (what, secret) in secrets {
            let there = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!there, "{what} is in {}", file.display());
        }
    }
}

#[test]
fn no_request_forges_a_line_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let server = Talkative::over(folder.path(), "required");
    let forged = "2026-01-01T00:00:00.000000Z  WARN forged";
    let coded = "%0d%0a2026-01-01T00:00:00.000000Z%20%20WARN%20forged%1b%5b31m";
    let made = server.form(
        "/setup",
        "",
        &format!("code={}&name=ada&password={PASSWORD}", server.code),
    );
    assert_eq!(made.status(), 303);
    for body in [
        format!("name=ada{coded}&password=x"),
        format!("name={coded}&password={coded}"),
        format!("name=ada&password=x&next={coded}"),
    ] {
        server.form("/login", "", &body);
    }
    for target in [
        format!("/{coded}"),
        format!("/login?next={coded}&lang={coded}"),
        format!("/ngsi-ld/v1/entities/{coded}"),
    ] {
        for headers in [
            String::new(),
            format!("X-Request-Id: a {forged}\r\n"),
            "X-Request-Id: \x1b[31mred\r\n".to_owned(),
            "X-Forwarded-For: 1.2.3.4\x1b[2J\r\n".to_owned(),
            "User-Agent: \u{9b}31m\r\n".to_owned(),
            format!("Authorization: Bearer {coded}\r\n"),
            format!("NGSILD-Tenant: {coded}\r\n"),
        ] {
            told(
                &server.url,
                format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
                    .as_bytes(),
            );
        }
    }
    told(
        &server.url,
        b"GET /\x1b[31m\r\n2026-01-01T00:00:00.000000Z  WARN forged\r\n\r\n",
    );
    let said = server.stop();
    assert!(said.lines().count() > 8, "it logs: {said}");
    for line in said.lines() {
        assert!(
            !line.starts_with(forged) && !line.trim_start().starts_with("2026-01-01T00:00:00"),
            "{line}"
        );
        let other = line.chars().find(|c| c.is_control() && *c != '\t');
        assert_eq!(other, None, "{line:?}");
    }
}

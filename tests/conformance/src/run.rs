//! Runs an area against a server of its own.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use black_box::{Server, client, mapacha};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::area::{Area, Case, Step};
use crate::compare::compare;
use crate::receiver::Receiver;

const ROOT: &str = "/ngsi-ld/v1";
const THREADS: usize = 4;
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// Error types and their status (Table 6.3.2-1).
const ERRORS: &[(&str, u16)] = &[
    ("InvalidRequest", 400),
    ("BadRequestData", 400),
    ("AlreadyExists", 409),
    ("Conflict", 409),
    ("OperationNotSupported", 422),
    ("ResourceNotFound", 404),
    ("InternalError", 500),
    ("TooComplexQuery", 403),
    ("TooManyResults", 403),
    ("LdContextNotAvailable", 504),
    ("NoMultiTenantSupport", 501),
    ("NonexistentTenant", 404),
];

/// Runs all cases of an area, each as written and renamed. Only those whose id begins with `$CONFORMANCE_ONLY`, when
/// that is set.
///
/// # Panics
/// When a case fails, or one with a known gap does not.
pub fn run(name: &str) {
    let only = std::env::var("CONFORMANCE_ONLY").unwrap_or_default();
    let (written, renamed) = Area::read(name);
    let world = World::start(&written, &renamed);
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(case), Some(other)) = (written.case.get(index), renamed.case.get(index)) else {
                        return;
                    };
                    if !case.id.starts_with(&only) {
                        continue;
                    }
                    let results = [
                        world.case(&written, case, &format!("w{index}")),
                        world.case(&renamed, other, &format!("r{index}")),
                    ];
                    if let Some(complaint) = judge(case, &results) {
                        println!("FAIL {} ({}): {}\n{complaint}", case.id, case.clause, case.title);
                        wrong.lock().expect("the list").push(case.id.clone());
                    } else {
                        println!("ok   {} ({}): {}", case.id, case.clause, case.title);
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().expect("the list");
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{name}: {} of {} cases failed: {wrong:?}",
        wrong.len(),
        written.case.len()
    );
}

/// What is to be said of a case that ran twice.
fn judge(case: &Case, results: &[Result<(), String>; 2]) -> Option<String> {
    let failures: String = ["as written", "renamed"]
        .iter()
        .zip(results)
        .filter_map(|(which, result)| Some(format!("  {which}: {}\n", result.as_ref().err()?)))
        .collect();
    match (&case.known_gap, failures.is_empty()) {
        (None, true) => None,
        (None, false) => Some(failures),
        (Some(_), false) if results.iter().all(Result::is_err) => None,
        (Some(_), false) => Some(format!("  a known gap fails both ways, but:\n{failures}")),
        (Some(gap), true) => Some(format!("  it works now: remove `known_gap = {gap:?}`")),
    }
}

struct World {
    server: Server,
    receiver: Receiver,
    http: reqwest::blocking::Client,
    _folder: tempfile::TempDir,
}

struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl World {
    fn start(written: &Area, renamed: &Area) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut files = String::new();
        let mut documents = HashMap::new();
        for (which, area) in [("w", written), ("r", renamed)] {
            for (index, (url, document)) in area.contexts.iter().enumerate() {
                let file = folder.path().join(format!("{which}{index}.jsonld"));
                std::fs::write(&file, document).expect("a file");
                writeln!(files, "{url:?} = {:?}", file.display().to_string()).expect("text");
            }
            for (name, document) in &area.served {
                documents.insert(format!("/s/{which}/{name}"), document.clone());
            }
        }
        let config = folder.path().join("config.toml");
        let data = folder.path().join("data").display().to_string();
        let text = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\nmax_evolution_instances = 20\n[storage]\ndata_dir = {data:?}\n[notifications]\nallow_private = true\n\
             [contexts.static]\n{files}"
        );
        std::fs::write(&config, text).expect("a file");
        Self {
            server: Server::start(mapacha(["serve", "--config"]).arg(config)),
            receiver: Receiver::start(documents),
            http: client(),
            _folder: folder,
        }
    }

    /// Runs a case in a tenant of that name.
    #[allow(
        clippy::disallowed_methods,
        reason = "the server under test lives by the system's clock"
    )]
    fn case(&self, area: &Area, case: &Case, tenant: &str) -> Result<(), String> {
        let mut known: BTreeMap<String, String> = [
            ("tenant", tenant.to_owned()),
            ("soon", instant(SystemTime::now() + Duration::from_secs(2))),
            ("server", self.server.url.clone()),
            ("host", self.receiver.url.clone()),
            ("served", format!("{}/s/{}", self.receiver.url, &tenant[..1])),
            ("receiver", format!("{}/n/{tenant}", self.receiver.url)),
            ("failing", format!("{}/fail/{tenant}", self.receiver.url)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if let Some(given) = &case.given {
            let entities = area
                .fixture
                .get(given)
                .ok_or_else(|| format!("no fixture {given}"))?;
            let step = Step {
                ask: "POST /entityOperations/create".to_owned(),
                send: Some(entities.clone()),
                status: Some(201),
                ..Step::default()
            };
            self.step(&step, &mut known)
                .map_err(|error| format!("given {given}: {error}"))?;
        }
        case.steps.iter().enumerate().try_for_each(|(index, step)| {
            self.step(step, &mut known)
                .map_err(|error| format!("step {} `{}`: {error}", index + 1, step.ask))
        })
    }

    fn step(&self, step: &Step, known: &mut BTreeMap<String, String>) -> Result<(), String> {
        if let Some(pause) = step.pause {
            std::thread::sleep(Duration::from_secs_f64(pause));
        }
        if step.notified.is_some() || step.silent.is_some() {
            self.notification(step, known)?;
        }
        if step.ask.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        loop {
            let reply = self.ask(step, known)?;
            match check(step, &reply, known) {
                Ok(()) => return keep(step, &reply, known),
                Err(_)
                    if step
                        .until
                        .is_some_and(|until| begun.elapsed().as_secs_f64() < until) =>
                {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(error) => {
                    return Err(format!(
                        "{error}\n    the answer: {} {}",
                        reply.status,
                        String::from_utf8_lossy(&reply.body)
                            .chars()
                            .take(1500)
                            .collect::<String>()
                    ));
                }
            }
        }
    }

    fn notification(&self, step: &Step, known: &BTreeMap<String, String>) -> Result<(), String> {
        let separator = if step.at.is_empty() { "" } else { "/" };
        let path = format!("/n/{}{separator}{}", known["tenant"], step.at);
        if let Some(seconds) = step.silent {
            return match self.receiver.next(&path, Duration::from_secs_f64(seconds)) {
                Some(unwanted) => Err(format!("nothing should have come, but: {}", unwanted.body)),
                None => Ok(()),
            };
        }
        let wanted = step.notified.as_deref().unwrap_or_default();
        let got = self
            .receiver
            .next(&path, Duration::from_secs(5))
            .ok_or_else(|| format!("no notification came to {path}"))?;
        compare(&json(&fill(wanted, known)?)?, &got.body)
            .map_err(|error| format!("the notification: {error}\n    it is: {}", got.body))?;
        headers(&step.headers, &got.headers, known)
    }

    fn ask(&self, step: &Step, known: &BTreeMap<String, String>) -> Result<Reply, String> {
        let (method, target) = step.ask.split_once(' ').ok_or("`ask` is METHOD PATH")?;
        let target = fill(target, known)?;
        let target = if step.raw { target } else { encoded(&target) };
        let target = match target.strip_prefix(&self.server.url) {
            Some(path) => path.to_owned(),
            None if target.starts_with(ROOT) => target,
            None => format!("{ROOT}{target}"),
        };
        let body = match (&step.send, &step.send_many) {
            (Some(text), _) => Some(fill(text, known)?),
            (None, Some((text, times))) => Some(text.repeat(*times)),
            (None, None) => None,
        };
        let mut sent: BTreeMap<String, String> = BTreeMap::new();
        sent.insert("NGSILD-Tenant".to_owned(), known["tenant"].clone());
        if let Some(body) = &body {
            let linked = body.contains("\"@context\"");
            let kind = if linked {
                "application/ld+json"
            } else {
                "application/json"
            };
            sent.insert("Content-Type".to_owned(), kind.to_owned());
        }
        for (name, value) in &step.with {
            sent.insert(name.clone(), fill(value, known)?);
        }
        sent.retain(|_, value| value != "@none");
        if step.without_length {
            return self.raw(method, &target, &sent);
        }
        let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
        let mut request = self.http.request(method, format!("{}{target}", self.server.url));
        for (name, value) in sent {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let reply = request.send().map_err(|error| format!("no answer: {error}"))?;
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in reply.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let all = headers.entry(name.as_str().to_owned()).or_default();
            *all = if all.is_empty() {
                value
            } else {
                format!("{all}, {value}")
            };
        }
        let status = reply.status().as_u16();
        let body = reply
            .bytes()
            .map_err(|error| format!("half an answer: {error}"))?
            .to_vec();
        Ok(Reply {
            status,
            headers,
            body,
        })
    }

    /// A request with a body in chunks, as no HTTP client of ours sends one.
    fn raw(&self, method: &str, target: &str, sent: &BTreeMap<String, String>) -> Result<Reply, String> {
        let host = self.server.url.trim_start_matches("http://");
        let lines: Vec<String> = sent
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let lines = lines.concat();
        let mut stream = TcpStream::connect(host).map_err(|error| error.to_string())?;
        write!(
            stream,
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n{lines}\r\n\
             2\r\n{{}}\r\n0\r\n\r\n"
        )
        .map_err(|error| error.to_string())?;
        let mut text = String::new();
        stream
            .read_to_string(&mut text)
            .map_err(|error| error.to_string())?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("no head")?;
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok())
            .ok_or("no status")?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Reply {
            status,
            headers,
            body: body.as_bytes().to_vec(),
        })
    }
}

/// An instant as NGSI-LD writes it (4.6.3), to the second.
fn instant(time: SystemTime) -> String {
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    // The calendar in eras of 400 years that begin in March, so that the leap day is the last of a year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = 400 * era + year + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The target with its query's values encoded.
fn encoded(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut encoded = utf8_percent_encode(path, IN_PATH).to_string();
    for (index, parameter) in query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .enumerate()
    {
        encoded.push(if index == 0 { '?' } else { '&' });
        match parameter.split_once('=') {
            Some((name, value)) => {
                encoded.push_str(name);
                encoded.push('=');
                // `%26` stands for an ampersand inside a value.
                encoded.extend(utf8_percent_encode(&value.replace("%26", "&"), IN_QUERY));
            }
            None => encoded.push_str(parameter),
        }
    }
    encoded
}

/// Puts what is known in place of `${name}`, percent-encoded in place of `${name%}`.
fn fill(text: &str, known: &BTreeMap<String, String>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or("`${` without `}`")?;
        filled.push_str(before);
        let value = |name: &str| {
            known
                .get(name)
                .ok_or_else(|| format!("nothing is saved as {name}"))
        };
        match name.strip_suffix('%') {
            Some(name) => filled.extend(utf8_percent_encode(value(name)?, IN_QUERY)),
            None => filled.push_str(value(name)?),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| {
        format!(
            "not JSON ({error}): {}",
            text.chars().take(300).collect::<String>()
        )
    })
}

fn check(step: &Step, reply: &Reply, known: &BTreeMap<String, String>) -> Result<(), String> {
    let body = || json(&String::from_utf8_lossy(&reply.body));
    let mut status = step.status;
    if let Some(error) = &step.error {
        let (_, wanted) = ERRORS
            .iter()
            .find(|(name, _)| name == error)
            .ok_or_else(|| format!("no error {error}"))?;
        status = status.or(Some(*wanted));
    }
    if let Some(status) = status
        && status != reply.status
    {
        return Err(format!("wanted {status}, is {}", reply.status));
    }
    if !step.status_any.is_empty() && !step.status_any.contains(&reply.status) {
        return Err(format!(
            "wanted one of {:?}, is {}",
            step.status_any, reply.status
        ));
    }
    headers(&step.headers, &reply.headers, known)?;
    if let Some(error) = &step.error {
        let is = body()?;
        let kind = format!("https://uri.etsi.org/ngsi-ld/errors/{error}");
        let wanted = serde_json::json!({
            "type": kind, "title": "@nonempty", "detail": "@string", "@open": true
        });
        compare(&wanted, &is)?;
        // 6.3.3, 6.3.6: always as JSON, with no @context to refer to.
        let json_type = BTreeMap::from([
            ("Content-Type".to_owned(), "application/json*".to_owned()),
            ("Link".to_owned(), "@absent".to_owned()),
        ]);
        headers(&json_type, &reply.headers, known)?;
    }
    if step.empty && !reply.body.is_empty() {
        return Err("the body should be empty".to_owned());
    }
    if let Some(expect) = &step.expect {
        compare(&json(&fill(expect, known)?)?, &body()?)?;
    }
    for (wanted, ordered) in [(&step.ids, false), (&step.ids_in_order, true)] {
        let Some(wanted) = wanted else { continue };
        let is = body()?;
        let items = is.as_array().ok_or("the body is no array")?;
        let mut ids: Vec<&str> = items
            .iter()
            .map(|item| item["id"].as_str().unwrap_or("?"))
            .collect();
        let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        if !ordered {
            ids.sort_unstable();
            wanted.sort_unstable();
        }
        if ids != wanted {
            return Err(format!("wanted {wanted:?}, are {ids:?}"));
        }
    }
    Ok(())
}

fn headers(
    wanted: &BTreeMap<String, String>,
    is: &BTreeMap<String, String>,
    known: &BTreeMap<String, String>,
) -> Result<(), String> {
    for (name, wanted) in wanted {
        let wanted = fill(wanted, known)?;
        let value = is.get(&name.to_ascii_lowercase());
        let fits = match (wanted.as_str(), value) {
            ("@absent", value) => value.is_none(),
            (_, None) => false,
            ("@any", Some(_)) => true,
            (wanted, Some(value)) => match (wanted.strip_prefix('~'), wanted.strip_suffix('*')) {
                (Some(part), _) => value.contains(part),
                (None, Some(start)) => value.starts_with(start),
                (None, None) => value == wanted,
            },
        };
        if !fits {
            return Err(format!("header {name}: wanted {wanted}, is {value:?}"));
        }
    }
    Ok(())
}

fn keep(step: &Step, reply: &Reply, known: &mut BTreeMap<String, String>) -> Result<(), String> {
    for (name, from) in &step.save {
        let header = |header: &str| {
            let value = reply.headers.get(&header.to_ascii_lowercase());
            value
                .cloned()
                .ok_or_else(|| format!("there is no header {header}"))
        };
        let value = if let Some(name) = from.strip_prefix("header:") {
            header(name)?
        } else if let Some(name) = from.strip_prefix("last:") {
            let value = header(name)?;
            value.rsplit('/').next().unwrap_or_default().to_owned()
        } else if let Some(name) = from.strip_prefix("next:") {
            // The target of `rel="next"` (6.3.10).
            let value = header("Link")?;
            let link = value
                .split(", <")
                .find(|link| link.contains(&format!("rel=\"{name}\"")))
                .ok_or_else(|| format!("no link {name} in {value}"))?;
            link.trim_start_matches('<')
                .split('>')
                .next()
                .unwrap_or_default()
                .to_owned()
        } else {
            let body = json(&String::from_utf8_lossy(&reply.body))?;
            let value = body
                .pointer(from)
                .ok_or_else(|| format!("there is no {from} in the body"))?;
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        };
        known.insert(name.clone(), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{encoded, instant};

    #[test]
    fn instants_are_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(
                instant(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
                text
            );
        }
    }

    #[test]
    fn values_of_queries_are_encoded_and_names_are_not() {
        assert_eq!(
            encoded("/a b?q=x>\"1\"&type=A,B&c"),
            "/a%20b?q=x%3E%221%22&type=A%2CB&c"
        );
        assert_eq!(encoded("/a?csf=x%26y"), "/a?csf=x%26y");
    }
}

//! Our own end of the wire: takes notifications, and offers documents.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A notification as it came.
#[derive(Clone, Debug)]
pub struct Notification {
    /// Headers, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body, if it is JSON.
    pub body: Value,
}

#[derive(Debug, Default)]
struct Inbox {
    queues: Mutex<HashMap<String, VecDeque<Notification>>>,
    news: Condvar,
}

/// Listens on loopback. Below `/n/` it takes what is posted; below `/fail/` too, but it answers 500; below `/s/` are
/// the documents; all else is 404.
#[derive(Debug)]
pub struct Receiver {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    inbox: Arc<Inbox>,
}

impl Receiver {
    /// Starts one with these documents, by path.
    ///
    /// # Panics
    /// When there is no port.
    pub fn start(documents: HashMap<String, String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inbox = Arc::new(Inbox::default());
        let documents = Arc::new(documents);
        let its_inbox = Arc::clone(&inbox);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (inbox, documents) = (Arc::clone(&its_inbox), Arc::clone(&documents));
                std::thread::spawn(move || while_open(stream, &inbox, &documents));
            }
        });
        Self { url, inbox }
    }

    /// The next notification that comes to this path, if one does in that time.
    ///
    /// # Panics
    /// When another thread did while it held the inbox.
    pub fn next(&self, path: &str, within: Duration) -> Option<Notification> {
        let end = Instant::now() + within;
        let mut queues = self.inbox.queues.lock().expect("the inbox");
        loop {
            if let Some(notification) = queues.get_mut(path).and_then(VecDeque::pop_front) {
                return Some(notification);
            }
            let left = end.checked_duration_since(Instant::now())?;
            queues = self.inbox.news.wait_timeout(queues, left).expect("the inbox").0;
        }
    }
}

fn while_open(stream: TcpStream, inbox: &Inbox, documents: &HashMap<String, String>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers
            .get("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let path = first.split_ascii_whitespace().nth(1).unwrap_or("").to_owned();
        let answer = if path.starts_with("/n/") || path.starts_with("/fail/") {
            let status = if path.starts_with("/n/") {
                "200 OK"
            } else {
                "500 Internal Server Error"
            };
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let mut queues = inbox.queues.lock().expect("the inbox");
            queues
                .entry(path)
                .or_default()
                .push_back(Notification { headers, body });
            inbox.news.notify_all();
            format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
        } else if let Some(document) = documents.get(&path) {
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/ld+json\r\nContent-Length: {}\r\n\r\n{document}",
                document.len()
            )
        } else {
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()
        };
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

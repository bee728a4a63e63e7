//! One connection to a broker, that many messages share: each is published when its turn comes, and told of when the
//! broker acknowledged it, in whatever order it does.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::subscription::MqttVersion;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;
use twin::delivery::Failure;

use super::packets::{self, Answer, DISCONNECT, MAX_PACKET, PING, Terms};

/// Messages of quality of service 1 and 2 that may be under way at once, where the broker allows more.
const MOST_UNDER_WAY: u16 = 64;
/// Packets that may wait for the socket.
const QUEUE: usize = 16;
/// Longer than a connection is idle, so that no ping is due before its end.
const KEEP_ALIVE_S: u16 = 120;

/// How long the broker may leave bytes unread; no attempt takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// What bytes go over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Why a message was not published.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unpublished {
    /// The connection ended before the broker had acknowledged it: another connection may do.
    Ended(String),
    /// It will not do over another connection either.
    Failed(Failure),
}

/// Who one is to a broker.
pub(super) struct Login<'a> {
    pub(super) version: MqttVersion,
    pub(super) client_id: &'a str,
    pub(super) username: Option<&'a str>,
    pub(super) password: Option<&'a str>,
}

/// A connection that is open. It is closed when the last handle goes.
pub(super) struct Connection {
    version: MqttVersion,
    frames: mpsc::Sender<Vec<u8>>,
    waiting: Arc<Mutex<Waiting>>,
    /// How many more may be under way.
    turns: Semaphore,
    terms: Terms,
}

/// Those who wait for the broker's word.
#[derive(Default)]
struct Waiting {
    by_id: HashMap<u16, oneshot::Sender<Result<(), Unpublished>>>,
    /// Pings are answered in order.
    pings: VecDeque<oneshot::Sender<Result<(), Unpublished>>>,
    last_id: u16,
    /// Why it ended, once it has.
    ended: Option<String>,
}

impl Waiting {
    /// Ends with a reason for everybody.
    fn end(&mut self, why: &str) {
        self.ended = Some(why.to_owned());
        let by_id = self.by_id.drain().map(|(_, waits)| waits);
        for waits in by_id.chain(self.pings.drain(..)) {
            let _ = waits.send(Err(Unpublished::Ended(why.to_owned()))); // it may have gone
        }
    }

    fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.pings.is_empty()
    }

    fn settle(&mut self, id: u16, reason: u8) {
        if let Some(waits) = self.by_id.remove(&id) {
            let _ = waits.send(if reason < 0x80 {
                Ok(())
            } else {
                Err(refused(reason))
            }); // it may have gone
        }
    }

    /// An identifier that no message under way has; 0 is none.
    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.wrapping_add(1).max(1);
            if !self.by_id.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }
}

fn refused(reason: u8) -> Unpublished {
    Unpublished::Failed(Failure {
        reason: format!("the broker refused the message with reason {reason:#04x}"),
        refused: true,
        retry_after: None,
    })
}

fn too_long() -> Failure {
    Failure {
        reason:
            "the user's name, the password, the topic or the message is longer than MQTT or the broker allows"
                .to_owned(),
        refused: true,
        retry_after: None,
    }
}

impl Connection {
    /// Introduces itself to a broker. `unused` is called when nothing was to be done for `idle`; it is to let go of the
    /// handle that it keeps for others, if it does.
    pub(super) async fn open(
        mut stream: Box<dyn Stream>,
        login: &Login<'_>,
        idle: Duration,
        unused: impl Fn() + Send + Sync + 'static,
    ) -> Result<Arc<Self>, Failure> {
        let connect = packets::connect(
            login.version,
            login.client_id,
            login.username,
            login.password,
            KEEP_ALIVE_S,
        );
        write(&mut stream, &connect.ok_or_else(too_long)?).await?;
        let mut buffer = Vec::new();
        let answer = loop {
            if let Some(answer) = packets::take(&mut buffer).map_err(Failure::passing)? {
                break answer;
            }
            read(&mut stream, &mut buffer).await?;
        };
        let terms = match answer {
            Answer::Connected(0, terms) => terms,
            Answer::Connected(code, _) => return Err(not_let_in(code)),
            _ => return Err(Failure::passing("the broker did not answer as one of MQTT does")),
        };
        let (frames, queue) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let connection = Arc::new(Self {
            version: login.version,
            frames,
            waiting: Arc::clone(&waiting),
            turns: Semaphore::new(usize::from(terms.receive_maximum.min(MOST_UNDER_WAY))),
            terms,
        });
        let idle = terms.keep_alive_s.map_or(idle, |seconds| {
            idle.min(Duration::from_secs(u64::from(seconds)) / 2)
        });
        let driver = Driver {
            stream,
            buffer,
            queue,
            waiting,
        };
        tokio::spawn(driver.run(idle, unused));
        Ok(connection)
    }

    /// Whether messages can be published over it.
    pub(super) fn is_open(&self) -> bool {
        self.waiting.lock().ended.is_none()
    }

    /// Publishes one message, and ends when the broker has acknowledged it; with quality of service 0, when it has
    /// answered a ping that was sent after it. One who does not wait for the end must not use the connection again:
    /// it may be of no use.
    pub(super) async fn publish(&self, topic: &str, qos: u8, payload: &[u8]) -> Result<(), Unpublished> {
        let _turn = match qos {
            0 => None,
            _ => self.turns.acquire().await.ok(),
        };
        let (word, told) = oneshot::channel();
        // Its place in the queue first: from then on nothing waits between the number and the packet.
        let Ok(place) = self.frames.reserve().await else {
            return Err(self.ended());
        };
        let frame = {
            let mut waiting = self.waiting.lock();
            if let Some(why) = &waiting.ended {
                return Err(Unpublished::Ended(why.clone()));
            }
            let id = if qos == 0 { 0 } else { waiting.free_id() };
            let frame = packets::publish(self.version, topic, (qos, id), payload)
                .filter(|frame| frame.len() <= self.terms.maximum_packet)
                .ok_or_else(|| Unpublished::Failed(too_long()))?;
            if qos == 0 {
                waiting.pings.push_back(word);
                [frame, PING.to_vec()].concat()
            } else {
                waiting.by_id.insert(id, word);
                frame
            }
        };
        place.send(frame);
        told.await.unwrap_or_else(|_gone| Err(self.ended()))
    }

    fn ended(&self) -> Unpublished {
        let why = self.waiting.lock().ended.clone();
        Unpublished::Ended(why.unwrap_or_else(|| "the connection to the broker ended".to_owned()))
    }
}

/// Who reads and writes.
struct Driver {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    queue: mpsc::Receiver<Vec<u8>>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Driver {
    async fn run(mut self, idle: Duration, unused: impl Fn() + Send + Sync) {
        let ended = self.drive(idle, &unused).await;
        let why = match ended {
            Ok(()) => "the connection to the broker was closed".to_owned(),
            Err(failure) => failure.reason,
        };
        self.waiting.lock().end(&why);
        unused();
    }

    async fn drive(&mut self, idle: Duration, unused: &(impl Fn() + Send + Sync)) -> Result<(), Failure> {
        let mut used = Instant::now();
        loop {
            tokio::select! {
                frame = self.queue.recv() => {
                    let Some(frame) = frame else {
                        return write(&mut self.stream, &DISCONNECT).await;
                    };
                    write(&mut self.stream, &frame).await?;
                    used = Instant::now();
                }
                more = read(&mut self.stream, &mut self.buffer) => {
                    more?;
                    while let Some(answer) = packets::take(&mut self.buffer).map_err(Failure::passing)? {
                        self.answer(answer).await?;
                    }
                    used = Instant::now();
                }
                () = tokio::time::sleep_until(used + idle) => {
                    if self.waiting.lock().is_empty() {
                        unused();
                    }
                    used = Instant::now();
                }
            }
        }
    }

    async fn answer(&mut self, answer: Answer) -> Result<(), Failure> {
        match answer {
            Answer::Received(id, reason) if reason < 0x80 => {
                write(&mut self.stream, &packets::release(id)).await?;
            }
            Answer::Acknowledged(id, reason)
            | Answer::Received(id, reason)
            | Answer::Complete(id, reason) => {
                self.waiting.lock().settle(id, reason);
            }
            Answer::Pong => {
                if let Some(waits) = self.waiting.lock().pings.pop_front() {
                    let _ = waits.send(Ok(())); // it may have gone
                }
            }
            Answer::Disconnected(reason) => {
                return Err(Failure::passing(format!(
                    "the broker ended the connection with reason {reason:#04x}"
                )));
            }
            Answer::Connected(..) | Answer::Other => {}
        }
        Ok(())
    }
}

/// `CONNACK` codes of both versions: credentials and permissions are for somebody to mend, the rest may pass.
fn not_let_in(code: u8) -> Failure {
    Failure {
        reason: format!("the broker did not let us in: code {code:#04x}"),
        refused: matches!(code, 1 | 2 | 4 | 5 | 0x84..=0x87 | 0x8A | 0x8C),
        retry_after: None,
    }
}

pub(super) fn broken(error: &std::io::Error) -> Failure {
    Failure::passing(error.to_string())
}

async fn write(stream: &mut Box<dyn Stream>, bytes: &[u8]) -> Result<(), Failure> {
    let written = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    match tokio::time::timeout(PATIENCE, written).await {
        Ok(written) => written.map_err(|error| broken(&error)),
        Err(_) => Err(Failure::passing("the broker takes no more bytes")),
    }
}

/// Reads some bytes more.
async fn read(stream: &mut Box<dyn Stream>, buffer: &mut Vec<u8>) -> Result<(), Failure> {
    buffer.reserve(MAX_PACKET.min(1024));
    match stream.read_buf(buffer).await {
        Ok(0) => Err(Failure::passing("the broker closed the connection")),
        Ok(_) => Ok(()),
        Err(error) => Err(broken(&error)),
    }
}

//! The one thread that owns the store and the order of writes.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use ngsi_ld::{Entity, Timestamp, Uri};
use query::{Caller, View};
use storage::{Change, Clock, Lsn, Storage, StorageError, StorageReader};

use crate::delivery::{Book, Letter, Planned};
use crate::error::Error;
use crate::expiry::Deadlines;
use crate::guarded::guarded;
use crate::operation::{Operation, Outcome};
use crate::pieces::Pieces;
use crate::reading::Reading;
use crate::shard::Record;
use crate::stage::{Counters, Finished, Stage};
use crate::state::{Shards as _, State};
use crate::subscriptions::{Edit, EditReply, Matcher};
use crate::witness::{Event, Noted, Watch};

/// Where results go. Called once.
pub(crate) type Reply = Box<dyn FnOnce(Vec<Result<Outcome, Error>>) + Send>;

/// Where it is said that rows are durable, or why they are not.
pub(crate) type RowsReply = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// What must hold of the entities that are here for rows to be written: asked on the writer's thread, so briefly.
pub(crate) type Check = Box<dyn FnOnce(&Reading<'_, State>) -> Result<(), Error> + Send>;

/// What the writer is told.
pub(crate) enum Command {
    /// Operations, in this order.
    Execute {
        view: View,
        operations: Vec<Operation>,
        reply: Reply,
    },
    /// Operations that go past the log, all together.
    Load {
        view: View,
        operations: Vec<Operation>,
        reply: Reply,
    },
    /// Rows of system tables and messages for others, in order with the operations.
    Rows {
        rows: Noted,
        letters: Vec<Letter>,
        reply: RowsReply,
    },
    /// The same, where `check` lets them: no other write comes between it and their commit.
    RowsIf {
        check: Check,
        rows: Noted,
        letters: Vec<Letter>,
        reply: RowsReply,
    },
    /// A change of a subscription.
    Edit(Edit, EditReply),
    /// What delivery wants the disk to know.
    Flush(Option<RowsReply>),
    /// A blob: its pieces, then an empty one.
    Blob {
        pieces: Receiver<io::Result<Vec<u8>>>,
        reply: SyncSender<Result<String, Error>>,
    },
    /// No more.
    Close,
}

/// What a group is made of.
enum Work {
    Operations {
        view: View,
        operations: Vec<Operation>,
        reply: Reply,
    },
    Rows {
        rows: Noted,
        letters: Vec<Letter>,
        reply: RowsReply,
    },
}

impl Work {
    /// As how many operations it counts.
    fn weight(&self) -> usize {
        match self {
            Self::Operations { operations, .. } => operations.len(),
            Self::Rows { rows, letters, .. } => rows.weight() + letters.len(),
        }
    }

    /// Says that it was not done.
    fn refused(self, error: &Error) {
        match self {
            Self::Operations {
                operations, reply, ..
            } => reply(vec![Err(error.clone()); operations.len()]),
            Self::Rows { reply, .. } => reply(Err(error.clone())),
        }
    }
}

/// What is to be said when it is durable, and to whom.
enum Answer {
    Operations(Vec<Result<Outcome, Error>>, Reply),
    Rows(RowsReply),
}

impl Answer {
    fn done(self) {
        match self {
            Self::Operations(results, reply) => reply(results),
            Self::Rows(reply) => reply(Ok(())),
        }
    }

    fn failed(self, error: &Error) {
        match self {
            Self::Operations(results, reply) => reply(vec![Err(error.clone()); results.len()]),
            Self::Rows(reply) => reply(Err(error.clone())),
        }
    }
}

/// The bounds of a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) operations: usize,
    pub(crate) time: Duration,
}

/// What the writer works with.
pub(crate) struct Writer {
    pub(crate) storage: Box<dyn Storage>,
    pub(crate) reader: Arc<dyn StorageReader>,
    pub(crate) state: Arc<State>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) counters: Counters,
    pub(crate) group: Group,
    pub(crate) commands: Receiver<Command>,
    /// Operations that wait in the queue.
    pub(crate) waiting: Arc<AtomicUsize>,
    pub(crate) matcher: Matcher,
    pub(crate) book: Arc<Book>,
    /// When transient entities and attributes end.
    pub(crate) deadlines: Deadlines,
    /// Why the store takes no more writes, once it does not.
    pub(crate) stopped: Option<String>,
    /// Who writes down what is done.
    pub(crate) watch: Watch,
}

impl Writer {
    /// Works until it is told to close or nobody is left to tell it anything; what was queued is done first.
    pub(crate) fn run(mut self) {
        let mut next: VecDeque<Command> = VecDeque::new();
        loop {
            let command = match next.pop_front() {
                Some(command) => command,
                None => match self.wait() {
                    Some(command) => command,
                    None => return self.rest(true),
                },
            };
            match command {
                Command::Close => {
                    self.flush(None);
                    return self.rest(true);
                }
                Command::Flush(reply) => self.flush(reply),
                Command::Edit(edit, reply) => self.edit(edit, reply, &mut next),
                Command::Blob { pieces, reply } => {
                    let _ = reply.send(self.store_blob(pieces)); // who asked may have gone
                }
                Command::Load {
                    view,
                    operations,
                    reply,
                } => {
                    let work = Work::Operations {
                        view,
                        operations,
                        reply,
                    };
                    self.commit_group(work, true, Some(&mut next));
                }
                Command::Rows { rows, letters, reply } => {
                    self.commit_group(Work::Rows { rows, letters, reply }, false, Some(&mut next));
                }
                Command::RowsIf {
                    check,
                    rows,
                    letters,
                    reply,
                } => {
                    let work = Work::Rows { rows, letters, reply };
                    self.commit_if(check, work);
                }
                Command::Execute {
                    view,
                    operations,
                    reply,
                } => {
                    let work = Work::Operations {
                        view,
                        operations,
                        reply,
                    };
                    self.commit_group(work, false, Some(&mut next));
                }
            }
            self.expire();
            self.rest(false);
            self.maintain();
        }
    }

    /// Deletes what has had its time (4.22), at most one group of it; whether that worked.
    pub(crate) fn expire(&mut self) -> bool {
        if self.deadlines.first().is_none() || self.stopped.is_some() {
            return true;
        }
        let due = self.deadlines.due(self.clock.now(), self.group.operations);
        if due.is_empty() {
            return true;
        }
        let view = of_the_twin();
        let operations: Vec<Operation> = due.into_iter().map(Operation::Expire).collect();
        self.waiting.fetch_add(operations.len(), Ordering::Relaxed);
        let (sender, answer) = sync_channel(1);
        let reply: Reply = Box::new(move |results| {
            let _ = sender.send(results); // it waits below
        });
        let work = Work::Operations {
            view,
            operations,
            reply,
        };
        self.commit_group(work, false, None);
        answer
            .recv()
            .is_ok_and(|results| results.iter().all(Result::is_ok))
    }

    /// Evaluates what was given and, within the bounds of a group, what else is queued; makes it durable, then
    /// visible; answers. Commands of another sort that it meets in the queue are left in `next`; without that it looks
    /// at no queue.
    fn commit_group(&mut self, first: Work, bulk: bool, mut next: Option<&mut VecDeque<Command>>) {
        let began = Instant::now();
        let mut counters = self.counters;
        let now = self.clock.now();
        let mut stage =
            Stage::new(&self.state, &*self.reader, &mut counters, now).watched(self.watch.is_on());
        let (mut views, mut events): (Vec<View>, Vec<Event>) = (Vec::new(), Vec::new());
        let mut answers: Vec<Answer> = Vec::new();
        let mut letters: Vec<Letter> = Vec::new();
        let mut requests: Vec<Range<usize>> = Vec::new();
        let mut evaluated = 0;
        let mut todo = Some(first);
        while let Some(work) = todo.take() {
            let weight = work.weight();
            self.waiting.fetch_sub(weight, Ordering::Relaxed);
            evaluated += weight;
            match work {
                Work::Operations {
                    view,
                    operations,
                    reply,
                } => {
                    stage.expect(&operations);
                    let first = stage.changed();
                    let run = |operation: Operation| {
                        // What has had its time is not there for anybody.
                        let id = operation.entity_id();
                        if self.deadlines.is_due(id, now) {
                            stage.of_request(None);
                            let _ = stage.run(&of_the_twin(), Operation::Expire(id.clone())); // nothing to say to who asked
                        }
                        stage.of_request(Some(views.len()));
                        stage.run(&view, operation)
                    };
                    let results = operations.into_iter().map(run).collect();
                    views.push(view);
                    requests.push(first..stage.changed());
                    answers.push(Answer::Operations(results, reply));
                }
                Work::Rows {
                    rows,
                    letters: more,
                    reply,
                } => {
                    stage.rows(rows.rows);
                    events.extend(rows.events);
                    letters.extend(more);
                    answers.push(Answer::Rows(reply));
                }
            }
            let room = !bulk && evaluated < self.group.operations && began.elapsed() < self.group.time;
            let Some(next) = next.as_mut().filter(|_| room) else {
                break;
            };
            match self.commands.try_recv() {
                Ok(Command::Execute {
                    view,
                    operations,
                    reply,
                }) => {
                    todo = Some(Work::Operations {
                        view,
                        operations,
                        reply,
                    });
                }
                Ok(Command::Rows { rows, letters, reply }) => {
                    todo = Some(Work::Rows { rows, letters, reply });
                }
                Ok(other) => next.push_back(other),
                Err(_) => {}
            }
        }
        let mut finished = stage.finish();
        // Numbers and instants that a failed group used are not given again.
        self.counters = counters;
        let now = self.clock.now();
        letters.extend(self.letters(&finished, &requests, now));
        let witnessed = self.watch.saw(&finished, &views, &events, now);
        let mut changes = std::mem::take(&mut finished.changes);
        let planned = self.book.plan(letters, &mut changes);
        // What arrived meanwhile is told to the disk by the way.
        let arrived = if changes.is_empty() {
            Vec::new()
        } else {
            self.book.take_rows()
        };
        changes.extend(arrived.iter().cloned().map(Change::from));
        let made = witnessed.and_then(|rows| {
            changes.extend(rows);
            self.commit(&changes, bulk)
        });
        self.watch.settled(made.is_ok());
        match made {
            Ok(made) => self.publish(finished, made.is_some(), (planned, now), answers),
            Err(error) => {
                self.book.give_back(arrived);
                for answer in answers {
                    answer.failed(&error);
                }
            }
        }
    }

    /// Commits work by itself, where a check of what is here lets it.
    fn commit_if(&mut self, check: Check, work: Work) {
        let reading = Reading {
            state: &*self.state,
            storage: &*self.reader,
            until: None,
            over_by: self.state.may_be_over(|| self.clock.now()),
        };
        let checked = catch_unwind(AssertUnwindSafe(|| check(&reading))).unwrap_or_else(|_| {
            Err(Error::Storage(
                "a check before a write met a defect of this program; see the log".to_owned(),
            ))
        });
        match checked {
            Ok(()) => self.commit_group(work, false, None),
            Err(error) => {
                self.waiting.fetch_sub(work.weight(), Ordering::Relaxed);
                work.refused(&error);
            }
        }
    }

    /// What subscribers are to be told of a group.
    fn letters(&mut self, finished: &Finished, requests: &[Range<usize>], now: Timestamp) -> Vec<Letter> {
        let (matcher, state) = (&mut self.matcher, &self.state);
        // What the group leaves is not visible yet, but it is what subscribers are told of.
        let left: OnceCell<HashMap<&Uri, Option<&Arc<Entity>>>> = OnceCell::new();
        let find = |id: &Uri| {
            let left = left.get_or_init(|| {
                let records = finished.records.iter();
                records
                    .map(|(id, record)| (id, record.as_ref().and_then(Record::live)))
                    .collect()
            });
            match left.get(id) {
                Some(entity) => entity.cloned(),
                None => state.record(id)?.live().cloned(),
            }
        };
        let made = catch_unwind(AssertUnwindSafe(|| {
            matcher.letters(&finished.events, requests, finished.at, now, &find)
        }));
        made.unwrap_or_else(|_| {
            tracing::error!("matching subscriptions met a defect of this program; a change was not notified");
            Vec::new()
        })
    }

    /// Makes a change of a subscription, and those of the queue that follow it.
    fn edit(&mut self, edit: Edit, reply: EditReply, next: &mut VecDeque<Command>) {
        let mut edits = vec![(edit, reply)];
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        while edits.len() < self.group.operations && next.is_empty() {
            match self.commands.try_recv() {
                Ok(Command::Edit(edit, reply)) => {
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                    edits.push((edit, reply));
                }
                Ok(other) => next.push_back(other),
                Err(_) => break,
            }
        }
        let (stopped, storage, watch) = (&mut self.stopped, &mut self.storage, &mut self.watch);
        let now = self.clock.now();
        self.matcher.edit(edits, &self.book, &mut |noted| {
            let made = watch.saw_events(&noted.events, now).and_then(|witnessed| {
                let rows = noted.rows.into_iter().map(Change::from);
                let changes: Vec<Change> = rows.chain(witnessed).collect();
                commit(stopped, &mut **storage, &changes, false).map(|_| ())
            });
            watch.settled(made.is_ok());
            made
        });
    }

    /// Tells the disk what delivery did.
    fn flush(&mut self, reply: Option<RowsReply>) {
        self.book.flushing();
        let rows = self.book.take_rows();
        let changes: Vec<Change> = rows.iter().cloned().map(Change::from).collect();
        let done = self.commit(&changes, false).map(|_| ());
        if done.is_err() {
            self.book.give_back(rows);
        }
        if let Some(reply) = reply {
            reply(done);
        }
    }

    pub(crate) fn commit(&mut self, changes: &[Change], bulk: bool) -> Result<Option<Lsn>, Error> {
        commit(&mut self.stopped, &mut *self.storage, changes, bulk)
    }

    /// Remembers an error after which no write can be trusted.
    pub(crate) fn note(&mut self, error: &StorageError) {
        note(&mut self.stopped, error);
    }

    /// Memory first, then those who wait.
    fn publish(
        &mut self,
        finished: Finished,
        made: bool,
        (planned, now): (Planned, Timestamp),
        answers: Vec<Answer>,
    ) {
        let Finished { records, at, .. } = finished;
        if made {
            for (id, record) in &records {
                self.deadlines.note(id, record.as_ref());
            }
            self.state.ends_next(self.deadlines.first(), false);
            self.state.apply(at, records);
            self.state.ends_next(self.deadlines.first(), true);
        }
        // Whoever is told that it is done finds it on its way.
        self.matcher.committed();
        self.book.enter(planned, now);
        answers.into_iter().for_each(Answer::done);
    }

    fn store_blob(&mut self, pieces: Receiver<io::Result<Vec<u8>>>) -> Result<String, Error> {
        if let Some(why) = &self.stopped {
            return Err(Error::Storage(why.clone()));
        }
        let mut content = Pieces::new(pieces);
        let storage = &mut self.storage;
        let stored = guarded(|| storage.put_blob(&mut content));
        if let Some(why) = content.failed {
            return Err(Error::Storage(format!(
                "the blob was not stored, because its content ended early: {why}"
            )));
        }
        stored.map_err(|error| {
            self.note(&error);
            error.into()
        })
    }
}

/// For what the twin does by itself.
fn of_the_twin() -> View {
    View::open(Caller::System("twin"), "transient entities")
}

/// Makes changes durable, all or none.
fn commit(
    stopped: &mut Option<String>,
    storage: &mut dyn Storage,
    changes: &[Change],
    bulk: bool,
) -> Result<Option<Lsn>, Error> {
    if let Some(why) = stopped {
        return Err(Error::Storage(why.clone()));
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let made = guarded(|| {
        if bulk {
            storage.bulk(changes)
        } else {
            storage.commit(changes)
        }
    });
    made.map(Some).map_err(|error| {
        tracing::error!(%error, changes = changes.len(), "a commit failed; nothing of it was acknowledged");
        note(stopped, &error);
        error.into()
    })
}

fn note(stopped: &mut Option<String>, error: &StorageError) {
    if let StorageError::Stopped(_) = error {
        *stopped = Some(error.to_string());
    }
}

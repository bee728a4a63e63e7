//! The logs of all tenants of one data folder.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use query::{Caller, View};
use twin::{Event, Row, StorageReader, Twin, Witness, Witnesses};

use super::error::Error;
use super::keys::Keys;
use super::ledger::{Ledger, Shared};
use super::log::Log;

/// The logs of all tenants of one data folder. Cheap to clone; given to [`twin::Tenants`] as its witnesses.
#[derive(Clone, Debug, Default)]
pub struct Audit(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Those to be used where the store has none.
    given: Option<Keys>,
    /// Those of the instance, once the default tenant's store was read.
    keys: OnceLock<Arc<Keys>>,
    /// By tenant, as long as its twin is open.
    logs: Mutex<HashMap<String, Weak<Shared>>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Audit")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl Audit {
    /// Keys are read, or made, when the default tenant is opened.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with these keys, where the store has none.
    pub fn with_keys(keys: Keys) -> Self {
        Self(Arc::new(Inner {
            given: Some(keys),
            ..Inner::default()
        }))
    }

    /// To be called when the default tenant is open, before anybody writes: makes new keys durable.
    pub fn begin(&self, default: &Twin) -> Result<(), twin::Error> {
        match self.0.keys.get() {
            Some(keys) if keys.is_new() && default.rows(super::keys::TABLE)?.is_empty() => {
                let view = View::open(Caller::System("audit"), "service-operation");
                let event = Event::by(&view, "audit.begin").to("Instance", &keys.instance());
                default.store_rows_as_blocking(keys.rows(), vec![event])
            }
            Some(keys) if keys.is_new() => default.store_rows_blocking(keys.rows()),
            _ => Ok(()),
        }
    }

    /// The log of a tenant whose twin is open; the default one has no name.
    pub fn log(&self, tenant: Option<&str>) -> Option<Log> {
        let logs = self.0.logs.lock();
        logs.get(tenant.unwrap_or_default())?.upgrade().map(Log)
    }

    /// The keys of the instance, once the default tenant is open.
    pub fn keys(&self) -> Option<&Keys> {
        self.0.keys.get().map(|keys| &**keys)
    }

    /// Notes something that was done, or refused, beside entities: answers when it is durable, together with the rows
    /// that it wrote. What concerns the whole instance, such as identities and policies, belongs to the default tenant.
    ///
    /// # Errors
    /// Those of the store; [`twin::Error::Busy`] when too much waits. Then nothing was written, and who asked should be
    /// refused.
    pub async fn record(&self, twin: &Twin, event: Event, rows: Vec<Row>) -> Result<(), twin::Error> {
        twin.store_rows_as(rows, vec![event]).await
    }

    fn keys_of(&self, tenant: Option<&str>, reader: &dyn StorageReader) -> Result<Arc<Keys>, Error> {
        if tenant.is_none()
            && let Some(stored) = Keys::read(reader)?
        {
            return Ok(Arc::clone(self.0.keys.get_or_init(|| Arc::new(stored))));
        }
        if let Some(keys) = self.0.keys.get() {
            return Ok(Arc::clone(keys));
        }
        if tenant.is_some() {
            return Err(Error::Store(
                "the audit log of a tenant cannot be opened before that of the default tenant".to_owned(),
            ));
        }
        let made = match &self.0.given {
            Some(given) => Arc::new(given.clone()),
            None => Arc::new(Keys::generate()?),
        };
        Ok(Arc::clone(self.0.keys.get_or_init(|| made)))
    }
}

impl Witnesses for Audit {
    fn of(
        &self,
        tenant: Option<&str>,
        reader: &Arc<dyn StorageReader>,
    ) -> Result<Option<Box<dyn Witness>>, twin::Error> {
        let name = tenant.unwrap_or_default();
        let opened = self
            .keys_of(tenant, &**reader)
            .and_then(|keys| Ledger::open(name, Arc::clone(reader), keys));
        let ledger = opened.map_err(|error| {
            tracing::error!(tenant = name, %error, "the audit log cannot be written on");
            twin::Error::Storage(format!(
                "{error}. Nothing is written where it cannot be recorded: `mapacha verify` says all that is wrong; to \
                 start without the log, set audit.enabled to false"
            ))
        })?;
        let mut logs = self.0.logs.lock();
        logs.retain(|_, log| log.strong_count() > 0);
        logs.insert(name.to_owned(), Arc::downgrade(ledger.shared()));
        Ok(Some(Box::new(ledger)))
    }
}

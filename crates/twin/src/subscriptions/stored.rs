//! Subscriptions on disk: as they were understood, and beside them the @contexts of their notifications, which many
//! share. A row that cannot be read is kept and shown, and keeps no twin from opening.

use hashbrown::HashMap;
use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Draft, Subject, Subscription, read_stored, write_stored};
use ngsi_ld::{Timestamp, Uri};
use query::view::Rights;
use query::{Caller, View};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use storage::{FoundRow, StorageReader};

use super::registry::Registry;
use super::{StoredSubscription, UnreadSubscription};
use crate::error::Error;
use crate::rows::{self, Row};

/// Subscriptions, by id.
fn subscriptions(subject: Subject) -> &'static str {
    match subject {
        Subject::Entities => "subscription",
        Subject::Registrations => "csource-subscription",
    }
}

/// The @contexts of their notifications, by hash.
fn contexts(subject: Subject) -> &'static str {
    match subject {
        Subject::Entities => "subscription-context",
        Subject::Registrations => "csource-subscription-context",
    }
}

/// The version of a row of a subscription: as it was understood.
const VERSION: u8 = 2;
/// The version before: as a request under the core @context, which does not hold every IRI.
const AS_REQUESTED: u8 = 1;
/// The version of a row of an @context.
const CONTEXT_VERSION: u8 = 1;

/// The name of an @context on disk.
type ContextKey = [u8; 16];

/// The @contexts that subscriptions use, each once, and how many use it.
pub(crate) struct SharedContexts {
    subject: Subject,
    used: HashMap<ContextKey, (Context, usize)>,
}

fn dump(context: &Context) -> (ContextKey, Vec<u8>) {
    let mut bytes = vec![CONTEXT_VERSION];
    bytes.extend(context.dump().to_string().into_bytes());
    let digest = Sha256::digest(&bytes);
    let mut key = ContextKey::default();
    key.copy_from_slice(&digest[..16]);
    (key, bytes)
}

fn hex(key: &ContextKey) -> String {
    format!("{:032x}", u128::from_be_bytes(*key))
}

impl SharedContexts {
    /// One user more of an @context, and the row that keeps it where there is none yet.
    pub(crate) fn take(&mut self, context: &Context, rows: &mut Vec<Row>) {
        let (key, bytes) = dump(context);
        let (_, users) = self.used.entry(key).or_insert_with(|| (context.clone(), 0));
        if *users == 0 {
            rows.push(Row::put(contexts(self.subject), key, bytes));
        }
        *users += 1;
    }

    /// Counts the users anew, after a commit that failed.
    pub(crate) fn recount(&mut self, registry: &Registry) {
        self.used.clear();
        for stored in registry.page(0, usize::MAX).0 {
            self.count(&stored.context);
        }
        for unread in registry.all_unread() {
            if let Some(context) = &unread.context {
                self.count(context);
            }
        }
    }

    /// One user more of what is stored already.
    fn count(&mut self, context: &Context) {
        let (key, _) = dump(context);
        self.used.entry(key).or_insert_with(|| (context.clone(), 0)).1 += 1;
    }

    /// One user less; the row goes with the last.
    pub(crate) fn leave(&mut self, context: &Context, rows: &mut Vec<Row>) {
        let (key, _) = dump(context);
        if let Some((_, users)) = self.used.get_mut(&key) {
            *users = users.saturating_sub(1);
            if *users == 0 {
                self.used.remove(&key);
                rows.push(Row::delete(contexts(self.subject), key));
            }
        }
    }
}

/// The row of a subscription.
pub(crate) fn encode(stored: &StoredSubscription) -> Row {
    let (context, _) = dump(&stored.context);
    let text = json!({
        "subscription": write_stored(&stored.subscription),
        "context": hex(&context),
        "subscriber": subscriber(&stored.view),
        "createdAt": stored.created_at.as_micros(),
        "modifiedAt": stored.modified_at.as_micros(),
    });
    let mut bytes = vec![VERSION];
    bytes.extend(text.to_string().into_bytes());
    Row::put(
        subscriptions(stored.subject),
        stored.subscription.id.as_str(),
        bytes,
    )
}

/// The row that takes one away.
pub(crate) fn erase(subject: Subject, id: &Uri) -> Row {
    Row::delete(subscriptions(subject), id.as_str())
}

/// What is stored.
pub(crate) struct Found {
    /// Every subscription.
    pub(crate) subscriptions: Vec<StoredSubscription>,
    /// Those whose rows cannot be read.
    pub(crate) unread: Vec<UnreadSubscription>,
    /// The @contexts that they use.
    pub(crate) contexts: SharedContexts,
}

/// Every subscription that is stored, and the @contexts that they use.
///
/// # Errors
/// Where the store itself cannot be read.
pub(crate) fn read(reader: &dyn StorageReader, subject: Subject) -> Result<Found, Error> {
    let mut known: HashMap<String, Context> = HashMap::new();
    for FoundRow { key, value } in rows::read_as_found(reader, contexts(subject))? {
        let restored = (|| {
            let (key, row): (ContextKey, _) = (key.as_slice().try_into().ok()?, value.ok()?);
            let dump: Json = serde_json::from_slice(row.strip_prefix(&[CONTEXT_VERSION])?).ok()?;
            Some((hex(&key), Context::restore(&dump).ok()?))
        })();
        if let Some((key, context)) = restored {
            known.insert(key, context);
        } else {
            let key = crate::ids::hex(&key);
            tracing::error!(key, "the @context of stored subscriptions cannot be read");
        }
    }
    let mut found = Found {
        subscriptions: Vec::new(),
        unread: Vec::new(),
        contexts: SharedContexts {
            subject,
            used: HashMap::new(),
        },
    };
    for FoundRow { key, value } in rows::read_as_found(reader, subscriptions(subject))? {
        // Of a damaged row nothing is told but its key.
        let row = value.as_deref().unwrap_or_default();
        let decoded = value.as_ref().map_err(String::clone);
        let reason = match decoded.and_then(|row| decode(subject, row, &known)) {
            Ok(stored) => {
                found.contexts.count(&stored.context);
                found.subscriptions.push(stored);
                continue;
            }
            Err(reason) => reason,
        };
        let id = String::from_utf8_lossy(&key);
        tracing::error!(
            table = subscriptions(subject),
            subscription = %id,
            reason,
            "the row of a subscription cannot be read; it is kept, and nobody is notified"
        );
        let Ok(id) = Uri::parse(&id) else { continue };
        let unread = unread(subject, id, reason, row, &known);
        if let Some(context) = &unread.context {
            found.contexts.count(context);
        }
        found.unread.push(unread);
    }
    Ok(found)
}

/// What can be told of a row that cannot be read.
fn unread(
    subject: Subject,
    id: Uri,
    reason: String,
    row: &[u8],
    contexts: &HashMap<String, Context>,
) -> UnreadSubscription {
    let text = row.split_first().map_or(row, |(_, text)| text);
    let json: Json = serde_json::from_slice(text).unwrap_or_default();
    let document = json
        .pointer("/subscription/document")
        .or_else(|| json.get("subscription"))
        .and_then(Json::as_object);
    let context = json.get("context").and_then(Json::as_str);
    UnreadSubscription {
        subject,
        id,
        reason,
        document: document.cloned(),
        context: context.and_then(|key| contexts.get(key)).cloned(),
    }
}

/// A subscription, or why it cannot be read.
fn decode(
    subject: Subject,
    row: &[u8],
    contexts: &HashMap<String, Context>,
) -> Result<StoredSubscription, String> {
    let (version, text) = row.split_first().ok_or("it is empty")?;
    if !matches!(*version, VERSION | AS_REQUESTED) {
        return Err(format!(
            "it is of version {version}, and this program reads up to {VERSION}: run a newer one"
        ));
    }
    let json: Json = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let member = |name: &str| json.get(name).ok_or_else(|| format!("`{name}` is missing"));
    let instant = |name: &str| {
        let micros = member(name)?.as_i64();
        micros
            .map(Timestamp::from_micros)
            .ok_or_else(|| format!("`{name}` is no instant"))
    };
    let document = member("subscription")?;
    let subscription = match *version {
        VERSION => read_stored(document, subject),
        _ => as_requested(&json, document, subject),
    };
    let context = member("context")?.as_str().and_then(|key| contexts.get(key));
    Ok(StoredSubscription {
        subject,
        subscription: subscription.map_err(|error| error.detail)?,
        context: context.ok_or("its @context cannot be read")?.clone(),
        created_at: instant("createdAt")?,
        modified_at: instant("modifiedAt")?,
        unusable: None,
        view: view_of(json.get("subscriber")),
    })
}

/// Reads the version before.
fn as_requested(json: &Json, document: &Json, subject: Subject) -> Result<Subscription, ngsi_ld::Error> {
    let id = document.get("id").and_then(Json::as_str).unwrap_or_default();
    let id = Uri::parse(id).map_err(|error| ngsi_ld::Error::bad_data(error.to_string()))?;
    let text = |member: &str| json.get(member).and_then(Json::as_str).map(str::to_owned);
    // What was in the future when it was stored may be past now.
    let mut subscription = Draft::read(document, Context::core(), subject)?.create(|| id, Timestamp::MIN)?;
    if let (Some(q), Some(text)) = (&mut subscription.q, text("q")) {
        q.text = text;
    }
    if let (Some(csf), Some(text)) = (&mut subscription.csf, text("csf")) {
        csf.text = text;
    }
    Ok(subscription)
}

/// Who subscribed, and what for: from this what he may see is known again after a restart.
fn subscriber(view: &View) -> Json {
    json!({
        "caller": view.caller().to_string(),
        "purpose": &*view.purpose().0,
        "open": view.is_open(),
    })
}

/// What a subscriber sees after a restart, until it is asked what he may see: everything if he did when he subscribed,
/// else nothing.
fn view_of(subscriber: Option<&Json>) -> View {
    let member = |name: &str| subscriber?.get(name);
    let text = |name: &str| member(name)?.as_str();
    let caller = text("caller").and_then(Caller::parse);
    let view = View::open(
        caller.unwrap_or(Caller::System("subscription")),
        text("purpose").unwrap_or("service-operation"),
    );
    // Before there were rights, everybody saw everything.
    if member("open").and_then(Json::as_bool) == Some(false) {
        view.with(&Rights::none())
    } else {
        view
    }
}

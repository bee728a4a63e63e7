//! Subscriptions on disk: the document under the core @context, and beside it the @context of its notifications, which
//! many share.

use hashbrown::HashMap;
use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Draft, Standing, Subject, write_subscription};
use ngsi_ld::{Timestamp, Uri};
use query::{Caller, View};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use storage::StorageReader;

use super::StoredSubscription;
use super::registry::Registry;
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

/// The version of both.
const VERSION: u8 = 1;

/// The name of an @context on disk.
type ContextKey = [u8; 16];

/// The @contexts that subscriptions use, each once, and how many use it.
pub(crate) struct SharedContexts {
    subject: Subject,
    used: HashMap<ContextKey, (Context, usize)>,
}

fn dump(context: &Context) -> (ContextKey, Vec<u8>) {
    let mut bytes = vec![VERSION];
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
    /// The shared form of an @context, and the row that keeps it where there is none yet.
    pub(crate) fn take(&mut self, context: &Context, rows: &mut Vec<Row>) -> Context {
        let (key, bytes) = dump(context);
        let (shared, users) = self.used.entry(key).or_insert_with(|| (context.clone(), 0));
        if *users == 0 {
            rows.push(Row::put(contexts(self.subject), key, bytes));
        }
        *users += 1;
        shared.clone()
    }

    /// Counts the users anew, after a commit that failed.
    pub(crate) fn recount(&mut self, registry: &Registry) {
        self.used.clear();
        for stored in registry.page(0, usize::MAX).0 {
            let (key, _) = dump(&stored.context);
            self.used
                .entry(key)
                .or_insert_with(|| (stored.context.clone(), 0))
                .1 += 1;
        }
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
    let subscription = &stored.subscription;
    let now = stored.modified_at;
    let mut document = write_subscription(subscription, &Standing::default(), Context::core(), now, false);
    if subscription.triggers.is_none() {
        document.shift_remove("notificationTrigger"); // what was not given is not given after a restart either
    }
    let (context, _) = dump(&stored.context);
    let text = json!({
        "subscription": document,
        "q": subscription.q.as_ref().map(|q| q.text.as_str()),
        "csf": subscription.csf.as_ref().map(|csf| csf.text.as_str()),
        "context": hex(&context),
        "subscriber": subscriber(&stored.view),
        "createdAt": stored.created_at.as_micros(),
        "modifiedAt": stored.modified_at.as_micros(),
    });
    let mut bytes = vec![VERSION];
    bytes.extend(text.to_string().into_bytes());
    Row::put(subscriptions(stored.subject), subscription.id.as_str(), bytes)
}

/// The row that takes one away.
pub(crate) fn erase(subject: Subject, id: &Uri) -> Row {
    Row::delete(subscriptions(subject), id.as_str())
}

/// Every subscription that is stored, and the @contexts that they use.
pub(crate) fn read(
    reader: &dyn StorageReader,
    subject: Subject,
) -> Result<(Vec<StoredSubscription>, SharedContexts), Error> {
    let mut known: HashMap<String, (ContextKey, Context)> = HashMap::new();
    for (key, row) in rows::read(reader, contexts(subject))? {
        let parsed = (|| {
            let key: ContextKey = key.as_slice().try_into().ok()?;
            let dump: Json = serde_json::from_slice(row.strip_prefix(&[VERSION])?).ok()?;
            Some((key, Context::restore(&dump).ok()?))
        })();
        let (key, context) = parsed.ok_or_else(|| damaged(contexts(subject), &key))?;
        known.insert(hex(&key), (key, context));
    }
    let mut shared = SharedContexts {
        subject,
        used: HashMap::new(),
    };
    let mut found = Vec::new();
    for (key, row) in rows::read(reader, subscriptions(subject))? {
        let stored = decode(subject, &row, &known).ok_or_else(|| damaged(subscriptions(subject), &key))??;
        let (context_key, _) = dump(&stored.context);
        let users = shared
            .used
            .entry(context_key)
            .or_insert_with(|| (stored.context.clone(), 0));
        users.1 += 1;
        found.push(stored);
    }
    Ok((found, shared))
}

fn damaged(table: &str, key: &[u8]) -> Error {
    let key = String::from_utf8_lossy(key);
    Error::Storage(format!(
        "the row `{key}` of the system table `{table}` is damaged, or of a newer program"
    ))
}

fn decode(
    subject: Subject,
    row: &[u8],
    contexts: &HashMap<String, (ContextKey, Context)>,
) -> Option<Result<StoredSubscription, Error>> {
    let json: Json = serde_json::from_slice(row.strip_prefix(&[VERSION])?).ok()?;
    let instant = |member: &str| Some(Timestamp::from_micros(json.get(member)?.as_i64()?));
    let id = Uri::parse(json.pointer("/subscription/id")?.as_str()?).ok()?;
    let draft = Draft::read(json.get("subscription")?, Context::core(), subject);
    let (_, context) = contexts.get(json.get("context")?.as_str()?)?;
    let (created_at, modified_at) = (instant("createdAt")?, instant("modifiedAt")?);
    let text = |member: &str| json.get(member).and_then(Json::as_str).map(str::to_owned);
    // What was in the future when it was stored may be past now.
    let subscription = draft.and_then(|draft| draft.create(|| id, Timestamp::MIN));
    Some(subscription.map_err(Error::from).map(|mut subscription| {
        if let (Some(q), Some(text)) = (&mut subscription.q, text("q")) {
            q.text = text;
        }
        if let (Some(csf), Some(text)) = (&mut subscription.csf, text("csf")) {
            csf.text = text;
        }
        StoredSubscription {
            subject,
            subscription,
            context: context.clone(),
            created_at,
            modified_at,
            view: view_of(json.get("subscriber")),
        }
    }))
}

/// Who subscribed, and what for: from this what he may see is known again after a restart.
fn subscriber(view: &View) -> Json {
    let caller = match view.caller() {
        Caller::Anonymous => "anonymous".to_owned(),
        Caller::System(name) => format!("system {name}"),
    };
    json!({"caller": caller, "purpose": &*view.purpose().0})
}

/// What a subscriber may see after a restart. The one place where that is decided: until there are policies to ask, it is
/// everything, as for whoever asks now.
fn view_of(subscriber: Option<&Json>) -> View {
    let text = |member: &str| subscriber?.get(member)?.as_str();
    let caller = match text("caller") {
        Some("anonymous") => Caller::Anonymous,
        _ => Caller::System("subscription"),
    };
    View::open(caller, text("purpose").unwrap_or("service-operation"))
}

//! The operations of 5.13: add, list, serve, delete and reload.

use ngsi_ld::context::{BuiltIn, CORE_URL, Context, ContextSource};
use ngsi_ld::{Error as Refusal, Timestamp, Uri};
use serde_json::{Value as Json, json};

use super::shelf::{self, Held};
use super::{Contexts, Hosted, hosted_id};
use crate::error::Error;
use crate::ids;
use crate::net::NetLimits;
use crate::rows::Row;
use crate::twin::Twin;

/// How an @context came to be stored (5.13.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum ContextKind {
    Cached,
    Hosted,
    ImplicitlyCreated,
}

impl ContextKind {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cached => "Cached",
            Self::Hosted => "Hosted",
            Self::ImplicitlyCreated => "ImplicitlyCreated",
        }
    }

    /// The kind with a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Cached, Self::Hosted, Self::ImplicitlyCreated]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// What is known of a stored @context (5.13.3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextInfo {
    /// Where it came from; `None` for one that is served from here.
    pub origin: Option<String>,
    /// Its id here.
    pub local_id: Uri,
    /// How it came to be stored.
    pub kind: ContextKind,
    /// When this copy was stored.
    pub created_at: Timestamp,
    /// When it is to be fetched again.
    pub expires_at: Option<Timestamp>,
    /// When it was found last.
    pub last_usage: Option<Timestamp>,
    /// How often it was found.
    pub hits: u64,
}

/// What there is to serve (5.13.4).
#[derive(Clone, Debug, PartialEq)]
pub enum Served {
    /// The value of its `@context` member.
    Content(Json),
    /// It is a copy of what others serve.
    Cached,
}

impl Contexts {
    /// Add @context (5.13.2): keeps the value of an `@context` member for the tenant, durably, and gives its local
    /// id. What it names by URL is not fetched now.
    ///
    /// # Errors
    /// `BadRequestData` where it is no local context.
    pub fn host(&self, context: &Json) -> Result<Uri, Error> {
        check(context)?;
        self.add(ContextKind::Hosted, context)
    }

    /// Keeps an @context of which the twin needs a URL, such as that of a subscription whose notifications name it
    /// in a `Link` (5.13.1, "ImplicitlyCreated"). The same one has the same id. Where there is no room, those go that no
    /// subscription names, beginning with the one that was used longest ago.
    pub fn host_implicitly(&self, context: &Json) -> Result<Uri, Error> {
        self.add(ContextKind::ImplicitlyCreated, context)
    }

    fn add(&self, kind: ContextKind, context: &Json) -> Result<Uri, Error> {
        let twin = self.own()?;
        let named = || {
            let links = twin.context_links();
            links.iter().filter_map(|url| hosted_id(url)).collect()
        };
        twin.library().add(kind, context, self.now(), named, |rows| {
            twin.store_rows_blocking(rows)
        })
    }

    /// The twin that hosts.
    fn own(&self) -> Result<&Twin, Error> {
        self.tenant
            .as_ref()
            .or(self.home.as_ref())
            .ok_or_else(|| Error::Storage("there is no store for @contexts".to_owned()))
    }

    /// List @contexts (5.13.3): those of the tenant, and the copies that serve every tenant.
    pub fn list(&self, kind: Option<ContextKind>) -> Vec<ContextInfo> {
        let mut found = Vec::new();
        if kind.is_none_or(|kind| kind == ContextKind::Cached) {
            let shelf = self.shared.shelf.lock();
            let mut cached: Vec<_> = shelf.0.iter().map(|(url, held)| cached(url, held)).collect();
            drop(shelf);
            cached.extend(built_in(CORE_URL));
            cached.sort_by(|a, b| a.origin.cmp(&b.origin));
            found.append(&mut cached);
        }
        if let Ok(twin) = self.own() {
            let hosted = twin.library().all();
            let of_kind = hosted
                .iter()
                .filter(|hosted| kind.is_none_or(|kind| hosted.kind == kind));
            found.extend(of_kind.map(|hosted| described(hosted)));
        }
        found
    }

    /// What is known of the @context with a local id, or with the URL of its origin (5.13.4, `details=true`). To be
    /// found here counts as a use.
    pub fn info(&self, id: &str) -> Option<ContextInfo> {
        let now = self.now();
        if let Some(hosted) = self.own().ok().and_then(|twin| twin.library().get(id)) {
            let info = described(&hosted);
            hosted.count(now);
            return Some(info);
        }
        let mut shelf = self.shared.shelf.lock();
        if let Some(url) = shelf.url_of(id) {
            let held = shelf.0.get(&url)?;
            let info = cached(&url, held);
            held.count(now);
            return Some(info);
        }
        built_in(id)
    }

    /// Whether there is one with this local id or origin. It does not count as a use.
    pub fn has(&self, id: &str) -> bool {
        let own = self.own().ok();
        own.is_some_and(|twin| twin.library().get(id).is_some())
            || self.shared.shelf.lock().url_of(id).is_some()
            || built_in(id).is_some()
    }

    /// Serve @context (5.13.4).
    pub fn serve(&self, id: &str) -> Option<Served> {
        match self.own().ok().and_then(|twin| twin.library().get(id)) {
            Some(hosted) => {
                hosted.count(self.now());
                Some(Served::Content(hosted.context.clone()))
            }
            None => self.info(id).map(|_| Served::Cached),
        }
    }

    /// Delete @context (5.13.5). Whether there was one.
    ///
    /// # Errors
    /// `BadRequestData` for the core @context, which is part of the program.
    pub fn delete(&self, id: &str) -> Result<bool, Error> {
        let twin = self.own()?;
        let url = self.shared.shelf.lock().url_of(id);
        let there = if let Some(url) = url {
            forget(self, &url)?;
            self.shared.shelf.lock().0.remove(&url);
            true
        } else if built_in(id).is_some() {
            let detail = "the core @context is part of this program and cannot be deleted";
            return Err(Refusal::bad_data(detail).into());
        } else {
            twin.library().remove(id, |rows| twin.store_rows_blocking(rows))?
        };
        if there {
            // Whatever was made of it is to be made anew, or not at all.
            self.shared.forget_compiled();
        }
        Ok(there)
    }

    /// Reload @context (5.13.5): fetches a copy anew. The one that is there stays unless that works.
    ///
    /// # Errors
    /// `BadRequestData` for what is not a copy, `LdContextNotAvailable` where it cannot be had or is none.
    pub fn reload(&self, id: &str) -> Result<(), Error> {
        let Some(url) = self.shared.shelf.lock().url_of(id) else {
            if built_in(id).is_some() {
                return Ok(()); // what it comes from is this program, and that has not changed
            }
            let detail = format!(
                "`{}` is no @context of kind `Cached`, and only these can be reloaded",
                id.chars().take(200).collect::<String>()
            );
            return Err(Refusal::bad_data(detail).into());
        };
        let unavailable = |error: Refusal| Refusal::context(error.detail);
        let obtained = self
            .obtain(&url, NetLimits::default().timeout)
            .map_err(unavailable)?;
        check(&obtained.document["@context"]).map_err(unavailable)?;
        self.shelve(&url, obtained);
        self.shared.failures.lock().remove(&url);
        self.shared.forget_compiled();
        Ok(())
    }
}

/// Takes a copy out of the store.
fn forget(contexts: &Contexts, url: &str) -> Result<(), Error> {
    match &contexts.home {
        Some(home) => home.store_rows_blocking(vec![Row::delete(shelf::TABLE, url)]),
        None => Ok(()),
    }
}

fn cached(url: &str, held: &Held) -> ContextInfo {
    ContextInfo {
        origin: Some(url.to_owned()),
        local_id: held.local_id.clone(),
        kind: ContextKind::Cached,
        created_at: held.created_at,
        expires_at: held.fresh_until,
        last_usage: held.last_usage,
        hits: held.hits,
    }
}

fn described(hosted: &Hosted) -> ContextInfo {
    ContextInfo {
        origin: None,
        local_id: hosted.local_id.clone(),
        kind: hosted.kind,
        created_at: hosted.created_at,
        expires_at: None,
        last_usage: hosted.last_usage(),
        hits: hosted.hits(),
    }
}

/// A core @context: a copy that is part of the program. It was stored when the program was made.
fn built_in(id: &str) -> Option<ContextInfo> {
    const MADE: &str = "2025-07-01T00:00:00Z"; // V1.9.1 was published then
    let url = if ids::of_content("Context", CORE_URL).as_str() == id {
        CORE_URL
    } else {
        id
    };
    BuiltIn.document(url).ok()?;
    Some(ContextInfo {
        origin: Some(url.to_owned()),
        local_id: ids::of_content("Context", url),
        kind: ContextKind::Cached,
        created_at: Timestamp::parse(MADE).unwrap_or(Timestamp::MIN),
        expires_at: None,
        last_usage: None,
        hits: 0,
    })
}

/// Whether something is a local context (5.5.4): a URL, an object, or an array of these. Definitions are checked as
/// far as they stand by themselves: what they need from a URL may be there when they are used.
fn check(context: &Json) -> Result<(), Refusal> {
    struct Nothing;
    impl ContextSource for Nothing {
        fn document(&self, url: &str) -> Result<Json, Refusal> {
            match url.split_once("://") {
                Some(("http" | "https", _)) => Ok(json!({"@context": {}})),
                _ => Err(Refusal::bad_data(format!("`{url}` is not an http URL"))),
            }
        }
    }
    if context.is_null() {
        return Err(Refusal::bad_data(
            "`@context` is null; give a URL, an object or an array of these",
        ));
    }
    Context::compile(context, &Nothing).map(drop)
}

//! The twin's doors to subscriptions and delivery.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Draft, Endpoint, Standing, Subject};
use ngsi_ld::{Timestamp, Uri};
use query::registrations::RegistrationQuery;
use query::{Caller, View};

use crate::delivery::{
    self, DeadLetter, DeadLetterFilter, DeliveryStatistics, EndpointState, Letter, Owner, OwnerKind, Recheck,
    Transport,
};
use crate::error::Error;
use crate::ids;
use crate::registrations;
use crate::sight::{Sight, Views, is_of};
use crate::subscriptions::{
    Compiled, Edit, Registry, StoredSubscription, UnreadSubscription, notify_of_entities, run_periodic,
    view_after,
};
use crate::twin::Twin;
use crate::writer::Command;

/// The most subscriptions of one twin: each is held against changes, and all are in memory.
const MOST: usize = 50_000;
/// How often an update begins anew because another came first.
const ATTEMPTS: usize = 8;

/// Makes a subscription ready. Regular expressions and reference geometries take their time, which neither the
/// executor nor the writer has.
async fn compile(stored: StoredSubscription) -> Result<Box<Compiled>, Error> {
    let compiled = tokio::task::spawn_blocking(move || Compiled::new(Arc::new(stored)));
    match compiled.await {
        Ok(compiled) => compiled.map(Box::new),
        Err(_) => Err(Error::Storage(
            "the subscription met a defect of this program and was not taken; please report it with the log"
                .to_owned(),
        )),
    }
}

impl Twin {
    /// Create Subscription (5.8.1). `context` is the @context of its notifications: that of `jsonldContext`, else the
    /// request's. `view` is what its subscriber may see, now and whenever it is notified. Answers with its id when it
    /// is durable.
    ///
    /// # Errors
    /// [`Error::Invalid`] where 5.2.12 does not hold, [`Error::Taken`] where its id is, [`Error::ReadOnly`] where
    /// there are too many.
    pub async fn create_subscription(
        &self,
        view: &View,
        draft: Draft,
        context: Context,
    ) -> Result<Uri, Error> {
        let now = self.now();
        if self.0.registry.page(0, 0).1 >= MOST {
            return Err(Error::ReadOnly(format!(
                "there are {MOST} subscriptions, which is the most; delete those that are not needed"
            )));
        }
        let mut subscription = draft.create(|| ids::fresh("Subscription"), now)?;
        if subscription.jsonld_context.is_none() {
            subscription.jsonld_context = context.link().map(str::to_owned);
        }
        let id = subscription.id.clone();
        let stored = StoredSubscription {
            subject: Subject::Entities,
            subscription,
            context,
            created_at: now,
            modified_at: now,
            unusable: None,
            view: view.clone(),
        };
        let compiled = compile(stored).await?;
        self.ask(1, |reply| Command::Edit(Edit::Create(compiled), reply))
            .await?;
        Ok(id)
    }

    /// Whether a subscription could be made of a draft, its id aside: before something else is made for it. For a
    /// thread that may take its time.
    ///
    /// # Errors
    /// [`Error::Invalid`] where 5.2.12 does not hold.
    pub fn check_subscription(&self, draft: &Draft, subject: Subject) -> Result<(), Error> {
        let now = self.now();
        let subscription = draft.clone().create(|| ids::fresh("Subscription"), now)?;
        if subject == Subject::Registrations {
            RegistrationQuery::subscribed(&subscription)?.prepare()?;
            return Ok(());
        }
        let stored = StoredSubscription {
            subject,
            subscription,
            context: Context::core().clone(),
            created_at: now,
            modified_at: now,
            unusable: None,
            view: View::open(Caller::System("subscription"), "service-operation"),
        };
        Compiled::new(Arc::new(stored)).map(|_| ())
    }

    /// Update Subscription (5.8.2). `context`: where the fragment gives a `jsonldContext`, that one.
    ///
    /// # Errors
    /// [`Error::Missing`], and [`Error::Invalid`] where 5.2.12 does not hold of what comes of it.
    pub async fn update_subscription(
        &self,
        view: &View,
        id: &Uri,
        draft: Draft,
        context: Option<Context>,
    ) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let before = self.0.registry.get(id).filter(|stored| is_of(view, stored));
            let before =
                before.ok_or_else(|| match self.0.registry.unread(id).filter(|_| view.is_open()) {
                    Some(unread) => unread.cannot_change(),
                    None => Error::Missing("subscription", id.clone()),
                })?;
            let now = self.now();
            let after = StoredSubscription {
                subject: before.subject,
                subscription: draft.clone().apply(before.subscription.clone(), now)?,
                context: context.clone().unwrap_or_else(|| before.context.clone()),
                created_at: before.created_at,
                modified_at: now,
                unusable: None,
                view: view_after(view, &before),
            };
            let compiled = compile(after).await?;
            let overtaken = Arc::new(AtomicBool::new(false));
            let edit = Edit::Update {
                before,
                compiled,
                overtaken: Arc::clone(&overtaken),
            };
            let made = self.ask(1, |reply| Command::Edit(edit, reply)).await;
            if !overtaken.load(Ordering::Acquire) {
                return made;
            }
        }
        Err(Error::Busy { retry_after_s: 1 })
    }

    /// Delete Subscription (5.8.5), with whatever waits to be delivered for it.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn delete_subscription(&self, view: &View, id: &Uri) -> Result<(), Error> {
        let theirs = match self.0.registry.get(id) {
            Some(stored) => is_of(view, &stored),
            None => view.is_open(),
        };
        if !theirs {
            return Err(Error::Missing("subscription", id.clone()));
        }
        let edit = Edit::Delete(id.clone(), view.clone());
        self.ask(1, |reply| Command::Edit(edit, reply)).await
    }

    /// A subscription, with what the system adds to it; to who made it, and to who may see and do everything, as all
    /// that is asked of subscriptions.
    pub fn subscription(&self, view: &View, id: &Uri) -> Option<(Arc<StoredSubscription>, Standing)> {
        let stored = self.0.registry.get(id)?;
        is_of(view, &stored).then(|| self.with_standing(stored))
    }

    /// A page of subscriptions in order of creation, and how many there are in all.
    pub fn subscriptions(
        &self,
        view: &View,
        offset: usize,
        limit: usize,
    ) -> (Vec<(Arc<StoredSubscription>, Standing)>, usize) {
        self.page_of(&self.0.registry, view, offset, limit)
    }

    pub(crate) fn page_of(
        &self,
        registry: &Registry,
        view: &View,
        offset: usize,
        limit: usize,
    ) -> (Vec<(Arc<StoredSubscription>, Standing)>, usize) {
        let (page, total) = if view.is_open() {
            registry.page(offset, limit)
        } else {
            registry.page_of(&|stored| is_of(view, stored), offset, limit)
        };
        let page = page.into_iter().map(|stored| self.with_standing(stored));
        (page.collect(), total)
    }

    pub(crate) fn with_standing(
        &self,
        stored: Arc<StoredSubscription>,
    ) -> (Arc<StoredSubscription>, Standing) {
        let mut standing = stored.standing(&self.standing(&stored.owner()));
        if standing.unusable.is_none() && self.sight().of(&stored.view).is_none() {
            standing.unusable = Some("who subscribed may see nothing any more".to_owned());
        }
        (stored, standing)
    }

    /// A subscription whose row cannot be read; whose it is nobody knows.
    pub fn unread_subscription(
        &self,
        view: &View,
        subject: Subject,
        id: &Uri,
    ) -> Option<Arc<UnreadSubscription>> {
        self.registry_of(subject).unread(id).filter(|_| view.is_open())
    }

    /// All of them, by id. They are of no other list.
    pub fn unread_subscriptions(&self, view: &View, subject: Subject) -> Vec<Arc<UnreadSubscription>> {
        if view.is_open() {
            self.registry_of(subject).all_unread()
        } else {
            Vec::new()
        }
    }

    /// The URLs of the @contexts that subscriptions name.
    pub(crate) fn context_links(&self) -> Vec<String> {
        [Subject::Entities, Subject::Registrations]
            .into_iter()
            .flat_map(|subject| self.registry_of(subject).page(0, usize::MAX).0)
            .flat_map(|stored| {
                let link = stored.context.link().map(str::to_owned);
                link.into_iter().chain(stored.subscription.jsonld_context.clone())
            })
            .collect()
    }

    fn registry_of(&self, subject: Subject) -> &Registry {
        match subject {
            Subject::Entities => &self.0.registry,
            Subject::Registrations => &self.registrations().subscriptions,
        }
    }

    /// Enters whoever owns messages: its endpoint, whether it is paused, when it ends. To be told again when any of it
    /// changes; what waits goes to the new endpoint then. Subscriptions to entities do so themselves.
    pub fn enter_owner(
        &self,
        owner: &Owner,
        endpoint: &Endpoint,
        paused: bool,
        expires_at: Option<Timestamp>,
    ) {
        self.0.book.enter_owner(owner, endpoint, paused, expires_at);
    }

    /// Forgets an owner, with all that waits for it.
    pub fn forget_owner(&self, owner: &Owner) {
        self.0.book.forget_owner(owner);
    }

    /// The counters of an owner.
    pub fn standing(&self, owner: &Owner) -> Standing {
        self.0.book.standing(owner)
    }

    /// Makes messages durable, then sends them. From a thread that may wait.
    pub fn notify_blocking(&self, letters: Vec<Letter>) -> Result<(), Error> {
        self.store_rows_and_notify_blocking(Vec::new(), letters)
    }

    /// Whether the messages of an owner are a caller's.
    fn owns<'a>(&'a self, view: &'a View) -> impl Fn(&Owner) -> bool + 'a {
        move |owner| {
            let subject = match owner.kind {
                OwnerKind::Subscription => Subject::Entities,
                OwnerKind::RegistrationSubscription => Subject::Registrations,
                OwnerKind::Snapshot => return view.is_open(),
            };
            let stored = self.registry_of(subject).get(&owner.id);
            stored.map_or(view.is_open(), |stored| is_of(view, &stored))
        }
    }

    /// At most `limit` dead letters after a number, oldest first: those of a caller's subscriptions.
    pub fn dead_letters(
        &self,
        view: &View,
        filter: &DeadLetterFilter,
        after: Option<u64>,
        limit: usize,
    ) -> Vec<DeadLetter> {
        let rights = view.read().fingerprint();
        // What was seen by other rights is not shown by these.
        let owns = self.owns(view);
        let may = |letter: &Letter| owns(&letter.owner) && (view.is_open() || letter.rights == rights);
        self.0.book.dead_letters(filter, &may, after, limit)
    }

    /// How the endpoints of a caller's subscriptions stand, at most `limit` after a URI, in the order of their URIs; only
    /// those whose last attempt failed, where that is asked for.
    pub fn endpoints(
        &self,
        view: &View,
        failing: bool,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<EndpointState> {
        self.0.book.endpoints(&self.owns(view), failing, after, limit)
    }

    /// Ends the rest of an endpoint, which is tried now, unless the endpoint or a subscription asked for that rest; whether
    /// a caller's subscriptions send there. The URI may be without the name and the password in it.
    pub fn wake_endpoint(&self, view: &View, uri: &str) -> bool {
        self.0.book.wake(&self.owns(view), uri, self.now())
    }

    /// Sends dead letters once more, with the ids they had; those whose owner is gone stay. Gives how many.
    pub async fn replay_dead_letters(&self, view: &View, filter: &DeadLetterFilter) -> Result<usize, Error> {
        let replayed = self.0.book.replay(filter, &self.owns(view), self.now());
        self.flush().await?;
        Ok(replayed)
    }

    /// Destroys dead letters. Gives how many.
    pub async fn purge_dead_letters(&self, view: &View, filter: &DeadLetterFilter) -> Result<usize, Error> {
        let purged = self.0.book.purge(filter, &self.owns(view));
        self.flush().await?;
        Ok(purged)
    }

    /// How delivery stands.
    pub fn delivery_statistics(&self) -> DeliveryStatistics {
        self.0.book.statistics()
    }

    /// Delivers what waits and whatever comes, and notifies by the clock, until the twin is closed. To be run once,
    /// as a task. `tenant`: whose twin it is, for the receivers.
    pub fn deliver(
        &self,
        transport: Arc<dyn Transport>,
        tenant: Option<&str>,
    ) -> impl Future<Output = ()> + Send + 'static + use<> {
        let (book, clock) = (Arc::clone(&self.0.book), Arc::clone(&self.0.clock));
        let (commands, asked) = (self.0.commands.clone(), Arc::clone(&book));
        let registry = Arc::clone(&self.0.registry);
        let sources = Arc::clone(&self.registrations().subscriptions);
        let tenant = tenant.map(Arc::from);
        let (weak, timed, ending) = (self.weak(), self.weak(), self.weak());
        let recheck = self.recheck();
        let written = move || {
            // A full queue means commits to come, which take it along.
            if asked.ask_flush() && commands.try_send(Command::Flush(None)).is_err() {
                asked.flushing();
            }
        };
        async move {
            let deliver = delivery::run(book, clock, transport, tenant, recheck, written);
            futures_util::future::join4(
                deliver,
                run_periodic(weak, registry, notify_of_entities),
                run_periodic(timed, sources, registrations::notify),
                registrations::run_ends(ending),
            )
            .await;
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.book.is_closed()
    }

    async fn flush(&self) -> Result<(), Error> {
        self.ask(0, |reply| Command::Flush(Some(reply))).await
    }

    /// From now on `views` are asked what those may see who subscribed. `tenant`: whose twin it is, unless it is the
    /// default one's. Once, before anybody else writes.
    pub fn ask_views(&self, views: Arc<dyn Views>, tenant: Option<&str>) {
        self.0.sight.ask(views, tenant);
    }

    pub(crate) fn sight(&self) -> &Sight {
        &self.0.sight
    }

    /// Before a message is sent: whether what its owner may see is still what it was.
    fn recheck(&self) -> Recheck {
        let registries = [
            Arc::clone(&self.0.registry),
            Arc::clone(&self.registrations().subscriptions),
        ];
        let (sight, book) = (Arc::clone(&self.0.sight), Arc::clone(&self.0.book));
        let epoch = {
            let sight = Arc::clone(&sight);
            move || sight.epoch()
        };
        let look = move || {
            for stored in registries
                .iter()
                .flat_map(|registry| registry.page(0, usize::MAX).0)
            {
                let view = sight.of(&stored.view);
                book.see(&stored.owner(), view.map(|view| view.read().fingerprint()));
            }
        };
        Recheck::new(epoch, look)
    }
}

//! What somebody sees: who they are, and what the policies say of that, made into one view that every read, write and
//! subscription goes through.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use parking_lot::Mutex;
use query::view::Permissions as Rights;
use query::{Caller, Purpose, View};
use twin::{Twin, Views};

use crate::break_glass::BREAK_GLASS_ROLE;
use crate::policies::{
    Action, Asked, ChangeError, Finding, KeptBy, Kind as SubjectKind, Limits, Policies, PurposeRefused,
    Subject,
};
use crate::{Access, Assurance, Kind, Permission, Principal};

/// The name by which policies know the default tenant.
pub const DEFAULT_TENANT: &str = "default";

/// How many views are kept; all are dropped when there are more.
const KEPT: usize = 10_000;

/// A quarter of an hour in microseconds: in every time zone an hour begins with one.
const QUARTER_US: i64 = 900_000_000;

/// Makes views, by the accounts and the policies of the moment. Cheap to clone.
#[derive(Clone)]
pub struct PolicyViews(Arc<Inner>);

struct Inner {
    access: Access,
    policies: Policies,
    /// Where the policies are kept.
    home: Twin,
    /// The city's, in which policies tell the time of the day.
    zone: TimeZone,
    /// By who asks, of the epoch that stands beside them.
    made: Mutex<(u64, HashMap<Key, View>)>,
}

/// What a view is made of, within an epoch.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// Whoever has other roles by now is somebody else.
    subject: Subject,
    assurance: u8,
    tenant: Arc<str>,
    purpose: Purpose,
    subscribes: bool,
}

impl fmt::Debug for PolicyViews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyViews").finish_non_exhaustive()
    }
}

impl PolicyViews {
    /// By the policies that the default tenant's twin keeps. Reads the store: for a thread that may wait.
    ///
    /// # Errors
    /// When the policies cannot be read or do not hold together: without them nobody may be let in.
    pub fn open(access: Access, home: Twin, zone: TimeZone) -> Result<Self, ChangeError> {
        Ok(Self(Arc::new(Inner {
            policies: Policies::open(&home, Limits::default())?,
            access,
            home,
            zone,
            made: Mutex::default(),
        })))
    }

    /// Who there is.
    pub fn access(&self) -> &Access {
        &self.0.access
    }

    /// The policies.
    pub fn policies(&self) -> &Policies {
        &self.0.policies
    }

    /// Puts a document of the policies, or takes it away; returns what is odd. From then on everybody sees by it. Waits
    /// for the disk.
    ///
    /// # Errors
    /// When it would not hold together with the others, or cannot be stored.
    pub fn change_policies(
        &self,
        by: &Principal,
        name: &str,
        text: Option<&str>,
    ) -> Result<Vec<Finding>, ChangeError> {
        let store = KeptBy {
            twin: &self.0.home,
            by: Caller::Principal(Arc::clone(&by.id)),
        };
        self.0.policies.change(&store, name, text)
    }

    /// What a request is for: what it says, if there is such a purpose and it is for who asks.
    ///
    /// # Errors
    /// When it is not.
    pub fn purpose(&self, who: Option<&Principal>, said: Option<&str>) -> Result<Purpose, PurposeRefused> {
        let own = who.and_then(|who| who.purpose.as_deref());
        self.0.policies.rules().purposes().of_client(said, own)
    }

    /// What somebody sees and may do, if that was found out before; else [`Self::of`] finds out.
    pub fn known(&self, who: Option<&Principal>, tenant: Option<&str>, purpose: &Purpose) -> Option<View> {
        self.made(self.epoch(), &key(who, tenant, purpose, false))
    }

    /// What was found out before, in this epoch.
    fn made(&self, epoch: u64, key: &Key) -> Option<View> {
        let made = self.0.made.lock();
        (made.0 == epoch).then(|| made.1.get(key).cloned()).flatten()
    }

    /// What somebody sees and may do in a tenant for a purpose. The first time it takes some milliseconds.
    pub fn of(&self, who: Option<&Principal>, tenant: Option<&str>, purpose: &Purpose) -> View {
        self.make(who, tenant, purpose, false)
    }

    fn make(
        &self,
        who: Option<&Principal>,
        tenant: Option<&str>,
        purpose: &Purpose,
        subscribes: bool,
    ) -> View {
        let epoch = self.epoch();
        let key = key(who, tenant, purpose, subscribes);
        if let Some(known) = self.made(epoch, &key) {
            return known;
        }
        let rights = |action: Action| self.0.policies.rights(&self.asked(&key, action));
        let read = if subscribes {
            Action::Subscribe
        } else {
            Action::Read
        };
        let permissions = Rights {
            read: rights(read),
            history: rights(Action::History),
            write: rights(Action::Write),
            delete: rights(Action::Delete),
            epoch,
        };
        let caller = who.map_or(Caller::Anonymous, |who| Caller::Principal(Arc::clone(&who.id)));
        let view = View::new(caller, &purpose.0, permissions);
        let mut made = self.0.made.lock();
        if made.0 != epoch || made.1.len() >= KEPT {
            *made = (epoch, HashMap::new());
        }
        made.1.insert(key, view.clone());
        view
    }

    /// What the policies are asked, now, of whether somebody may do something.
    pub fn question(
        &self,
        who: Option<&Principal>,
        tenant: Option<&str>,
        purpose: &Purpose,
        action: Action,
    ) -> Asked {
        self.asked(&key(who, tenant, purpose, false), action)
    }

    fn asked(&self, key: &Key, action: Action) -> Asked {
        let now = self.0.access.now();
        let here = jiff::Timestamp::from_microsecond(now.as_micros())
            .unwrap_or_default()
            .to_zoned(self.0.zone.clone());
        Asked {
            subject: key.subject.clone(),
            action,
            tenant: Arc::clone(&key.tenant),
            purpose: key.purpose.clone(),
            assurance: key.assurance,
            hour: u8::try_from(here.hour()).unwrap_or(0),
            weekday: u8::try_from(here.weekday().to_monday_one_offset()).unwrap_or(1),
        }
    }
}

fn key(who: Option<&Principal>, tenant: Option<&str>, purpose: &Purpose, subscribes: bool) -> Key {
    let tenant = tenant.unwrap_or(DEFAULT_TENANT);
    // What comes by itself gets no wider while somebody is about an emergency.
    let wider = !subscribes && who.is_some_and(|who| who.break_glass.is_some());
    let mut subject = subject(who, tenant);
    if wider {
        subject.roles.insert(BREAK_GLASS_ROLE.into());
    }
    Key {
        subject,
        assurance: who.map_or(0, |who| match who.assurance {
            Assurance::One => 1,
            Assurance::Two => 2,
        }),
        tenant: tenant.into(),
        purpose: purpose.clone(),
        subscribes,
    }
}

/// Somebody, as the policies know them: of every tenant, unless their account or their groups name some.
fn subject(who: Option<&Principal>, tenant: &str) -> Subject {
    let Some(who) = who else {
        return Subject::anonymous(tenant);
    };
    let kind = match who.kind {
        Kind::Person => SubjectKind::User,
        Kind::Service => SubjectKind::Service,
        Kind::Device => SubjectKind::Device,
    };
    let mut subject = Subject::new(kind, &who.id, tenant, who.roles.iter().map(|role| role.name()));
    if !who.reach.tenants.is_empty() {
        subject.tenants.clone_from(&who.reach.tenants);
    }
    let subject = who
        .reach
        .scopes
        .iter()
        .fold(subject, |subject, scope| subject.in_scope(scope));
    who.groups
        .iter()
        .fold(subject, |subject, group| subject.in_group(group))
}

impl Views for PolicyViews {
    fn view_of(&self, caller: &Caller, purpose: &Purpose, tenant: Option<&str>) -> Option<View> {
        match caller {
            Caller::Anonymous => Some(self.make(None, tenant, purpose, true)),
            Caller::System(_) => Some(View::open(caller.clone(), &purpose.0)),
            Caller::Principal(id) => {
                let who = self.0.access.principal(id)?;
                let still = who.may(Permission::TwinRead)
                    && who.reach.has_tenant(tenant)
                    && self.purpose(Some(&who), Some(&purpose.0)).is_ok();
                still.then(|| self.make(Some(&who), tenant, purpose, true))
            }
        }
    }

    fn epoch(&self) -> u64 {
        let changes = self.0.policies.epoch() + self.0.access.epoch();
        let timed = [
            Action::Read,
            Action::History,
            Action::Subscribe,
            Action::Write,
            Action::Delete,
        ]
        .into_iter()
        .any(|action| self.0.policies.depends_on_time(action));
        let quarter = if timed {
            self.0.access.now().as_micros() / QUARTER_US
        } else {
            0
        };
        // A quarter more is another epoch, and so is a change more; quarters since 1970 fit into 22 bits for a century.
        (changes << 22) | (quarter.unsigned_abs() & 0x3F_FFFF)
    }
}

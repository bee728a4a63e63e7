//! What those may see in whose name something is done while they do not ask: whoever subscribed. It is asked anew
//! whenever the rules have changed.

use std::sync::{Arc, OnceLock};

use query::{Caller, Purpose, View};

use crate::subscriptions::StoredSubscription;

/// Makes the views of those who do not ask themselves.
pub trait Views: Send + Sync {
    /// What a caller may see for a purpose in a tenant (`None`: the default one). `None`: nothing any more, because
    /// nobody knows him, or he is suspended. Asked for every subscription when the rules change, so it is to be quick.
    fn view_of(&self, caller: &Caller, purpose: &Purpose, tenant: Option<&str>) -> Option<View>;
    /// The version of the rules: another one whenever [`Self::view_of`] may answer otherwise. Asked all the time.
    fn epoch(&self) -> u64;
}

/// Who is asked, once somebody is. Until then everybody sees what he saw when he subscribed.
#[derive(Default)]
pub(crate) struct Sight(OnceLock<Asked>);

struct Asked {
    views: Arc<dyn Views>,
    tenant: Option<Box<str>>,
}

impl Sight {
    /// From now on these are asked.
    pub(crate) fn ask(&self, views: Arc<dyn Views>, tenant: Option<&str>) {
        let tenant = tenant.map(Into::into);
        let _ = self.0.set(Asked { views, tenant }); // once for the life of a twin
    }

    /// The version of the rules.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.0.get().map(|asked| asked.views.epoch())
    }

    /// What somebody may see now of whom it is known who he is and what he saw. Parts of the program see what they were
    /// given.
    pub(crate) fn of(&self, given: &View) -> Option<View> {
        match (self.0.get(), given.caller()) {
            (None, _) | (_, Caller::System(_)) => Some(given.clone()),
            (Some(asked), caller) => {
                let tenant = asked.tenant.as_deref();
                asked.views.view_of(caller, given.purpose(), tenant)
            }
        }
    }
}

/// Whether a caller may know of a subscription, and what becomes of its notifications: who made it, and who may see and
/// do everything.
pub(crate) fn is_of(view: &View, stored: &StoredSubscription) -> bool {
    view.is_open() || view.caller() == stored.view.caller()
}

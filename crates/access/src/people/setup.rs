//! The first account: no default one, but a code that is printed once and used once.

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::account::Account;
use crate::people::{NewPerson, Person};
use crate::permissions::Role;
use crate::secret::{self, Digest};
use crate::state::{Change, State};
use crate::throttle::{Count, Source};

/// Nobody can log in here by themselves: there are no accounts, or only those that the identity provider made.
fn is_new(state: &State) -> bool {
    let own = |account: &Account| account.password.is_some() || account.invitation.is_some();
    state.unread_people == 0
        && state
            .people
            .values()
            .all(|account| account.external.is_some() && !own(account))
}

impl Access {
    /// Whether there is no account yet (but for those of the identity provider), so that the first administrator can be
    /// made.
    pub fn needs_setup(&self) -> bool {
        self.read(is_new)
    }

    /// A new code that makes the first administrator, in the place of any before it; `None` where there are accounts.
    /// Only its digest is kept: print it.
    pub fn setup_code(&self) -> Result<Option<String>, Error> {
        let code = secret::code::<16>(&*self.inner().random)?;
        self.change(|state| {
            if !is_new(state) {
                return Ok((Vec::new(), None));
            }
            let digest = Digest::of("setup", &secret::typed(&code));
            Ok((vec![Change::Setup(Some(digest))], Some(code)))
        })
    }

    /// Makes the first administrator, and voids the code.
    ///
    /// # Errors
    /// [`Error::Refused`] where the code is not the one that was printed last, and always once there is an account.
    pub fn set_up(&self, code: &str, name: &str, password: &str, from: Source) -> Result<Person, Error> {
        let given = Digest::of("setup", &secret::typed(code));
        let is_right = |state: &State| is_new(state) && state.setup.is_some_and(|known| known.is(&given));
        let counts = [Count::Source(from)];
        self.inner().throttle.lock().begin(&counts, self.now())?;
        if !self.read(is_right) {
            return Err(Error::Refused);
        }
        self.inner().throttle.lock().give_back(&counts);
        let new = NewPerson {
            name,
            roles: &[Role::Administrator],
            password: Some(password),
            ..NewPerson::default()
        };
        let (account, _) = self.drafted(&new)?;
        self.change(|state| {
            // Somebody may have been faster.
            if !is_right(state) {
                return Err(Error::Refused);
            }
            state.must_be_free(name, None)?;
            let person = Person::of(state, &account);
            Ok((vec![Change::Account(account), Change::Setup(None)], person))
        })
        .inspect(|person| tracing::info!(person = &*person.id, "the first administrator was made"))
    }
}

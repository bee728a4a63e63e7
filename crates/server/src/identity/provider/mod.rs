//! The city's identity provider: where its services are and by which keys it signs, fetched through the guarded client,
//! kept, and fetched again.
//!
//! What is kept is renewed every hour, and holds for a day where the provider cannot be reached. A token with a key that is
//! not known makes the keys be fetched at once, but not more often than every half minute, whatever is sent.

mod exchange;
mod metadata;

use std::fmt;
use std::sync::Arc;

use access::{Flow, KeySet, Rules, TokenError, Told};
use ngsi_ld::Timestamp;
use parking_lot::RwLock;
use twin::Clock;

use crate::net::GuardedClient;
use metadata::Metadata;

pub(crate) use exchange::Failed;

/// How old what is kept may be before it is renewed, in seconds.
const FRESH_S: i64 = 3600;
/// How old it may be at all.
const STALE_S: i64 = 86_400;
/// How often the provider is asked at most.
const EVERY_S: i64 = 30;
/// The largest document that is read.
const DOCUMENT_BYTES: usize = 256 << 10;

/// What is configured of a provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// What its tokens have to say.
    pub rules: Rules,
    /// What people call it: on the login page.
    pub name: String,
    /// What shows the provider that this program is who it says.
    pub client_secret: Option<ClientSecret>,
    /// What is asked for at a login, beside `openid`.
    pub scopes: Vec<String>,
    /// The address of this server, under which the provider leads browsers back; without a slash at the end.
    pub base: String,
}

/// A secret that no log shows.
#[derive(Clone)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// Without white space around it, as files end with some.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret")
    }
}

/// The provider. Cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    settings: ProviderSettings,
    client: GuardedClient,
    clock: Arc<dyn Clock>,
    known: RwLock<Option<Arc<Known>>>,
    /// When the provider was last asked. Held while it is asked: whoever comes meanwhile waits for the answer.
    asked: tokio::sync::Mutex<Option<Timestamp>>,
}

/// What the provider said.
struct Known {
    metadata: Metadata,
    keys: KeySet,
    at: Timestamp,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("issuer", &self.0.settings.rules.issuer)
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// Asks nobody yet: that is done when somebody comes.
    pub fn new(settings: ProviderSettings, client: GuardedClient, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            settings,
            client,
            clock,
            known: RwLock::default(),
            asked: tokio::sync::Mutex::default(),
        }))
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        &self.0.settings.name
    }

    /// Whether people log in there.
    pub(crate) fn logs_in(&self) -> bool {
        self.0.settings.rules.client_id.is_some()
    }

    /// What a bearer's token says; nothing where it is not right, or the provider's keys cannot be had.
    pub(crate) async fn bearer(&self, token: &str) -> Option<Told> {
        let rules = &self.0.settings.rules;
        rules.audience.as_ref()?;
        let look = |keys: &KeySet, now| rules.access_token(token, keys, now);
        match self.looked_at(look).await {
            Ok(told) => Some(told),
            Err(why) => {
                tracing::info!(%why, "a token was refused");
                None
            }
        }
    }

    /// Looks at a token with the keys that are known, and once more with new ones where it has an unknown key.
    async fn looked_at(
        &self,
        look: impl Fn(&KeySet, Timestamp) -> Result<Told, TokenError>,
    ) -> Result<Told, String> {
        let known = self.known().await?;
        let first = look(&known.keys, self.0.clock.now());
        if first != Err(TokenError::UnknownKey) {
            return first.map_err(|error| error.to_string());
        }
        let newer = self.renewed(Some(&known)).await?;
        look(&newer.keys, self.0.clock.now()).map_err(|error| error.to_string())
    }

    /// What the provider said, not more than a day ago.
    async fn known(&self) -> Result<Arc<Known>, String> {
        let known = self.0.known.read().clone();
        let Some(known) = known else {
            return self.renewed(None).await;
        };
        let age_s = age_s(known.at, self.0.clock.now());
        if age_s >= STALE_S {
            return self.renewed(Some(&known)).await.and_then(|newer| {
                let fresh = newer.at != known.at;
                fresh
                    .then_some(newer)
                    .ok_or_else(|| "the provider's keys are older than a day".to_owned())
            });
        }
        if age_s >= FRESH_S {
            let provider = self.clone();
            let known = Arc::clone(&known);
            tokio::spawn(async move { provider.renewed(Some(&known)).await.map(|_| ()) });
        }
        Ok(known)
    }

    /// Asks the provider, unless that was done a moment ago; answers with what is known then. `before`: what is too old.
    async fn renewed(&self, before: Option<&Arc<Known>>) -> Result<Arc<Known>, String> {
        let inner = &*self.0;
        let mut asked = inner.asked.lock().await;
        let kept = inner.known.read().clone();
        let is_newer = |kept: &Arc<Known>| before.is_none_or(|before| !Arc::ptr_eq(kept, before));
        if let Some(kept) = kept.as_ref().filter(|kept| is_newer(kept)) {
            return Ok(Arc::clone(kept));
        }
        let now = inner.clock.now();
        let waits = asked.is_some_and(|at| (0..EVERY_S).contains(&age_s(at, now)));
        if !waits {
            *asked = Some(now);
            match self.fetched(now).await {
                Ok(known) => {
                    let known = Arc::new(known);
                    *inner.known.write() = Some(Arc::clone(&known));
                    return Ok(known);
                }
                Err(why) => {
                    let issuer = &*inner.settings.rules.issuer;
                    tracing::warn!(issuer, why, "the identity provider's keys could not be fetched");
                }
            }
        }
        kept.ok_or_else(|| "the identity provider cannot be reached".to_owned())
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        let fetched = self.0.client.fetch(url, "application/json", DOCUMENT_BYTES).await;
        fetched.map_err(|error| error.to_string())
    }

    async fn fetched(&self, now: Timestamp) -> Result<Known, String> {
        let issuer = &self.0.settings.rules.issuer;
        let metadata = Metadata::parse(issuer, &self.get(&Metadata::address(issuer)).await?)?;
        let keys = self.get(&metadata.jwks_uri).await?;
        let keys = KeySet::parse(&keys).map_err(|error| format!("{}: {error}", metadata.jwks_uri))?;
        Ok(Known {
            metadata,
            keys,
            at: now,
        })
    }

    /// Where the provider leads browsers back to: always the same, as it is registered there.
    fn redirect_uri(&self) -> String {
        format!("{}/login/provider/return", self.0.settings.base)
    }

    /// Where to send a browser to log in.
    pub(crate) async fn login_url(&self, flow: &Flow) -> Result<String, Failed> {
        let known = self.known().await.map_err(Failed)?;
        let rules = &self.0.settings.rules;
        let (Some(endpoint), Some(client)) = (&known.metadata.authorization_endpoint, &rules.client_id)
        else {
            return Err(Failed("the provider has no authorization endpoint".to_owned()));
        };
        let mut scope = "openid".to_owned();
        for more in &self.0.settings.scopes {
            scope.push(' ');
            scope.push_str(more);
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", client)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("scope", &scope)
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &flow.challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let joined = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{joined}{query}"))
    }

    /// Where to log out of the provider, too, if it says where.
    pub(crate) fn logout_url(&self) -> Option<String> {
        let known = self.0.known.read().clone()?;
        let endpoint = known.metadata.end_session_endpoint.as_ref()?;
        let client = self.0.settings.rules.client_id.as_ref()?;
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", client)
            .append_pair(
                "post_logout_redirect_uri",
                &format!("{}/login", self.0.settings.base),
            )
            .finish();
        let joined = if endpoint.contains('?') { '&' } else { '?' };
        Some(format!("{endpoint}{joined}{query}"))
    }
}

fn age_s(at: Timestamp, now: Timestamp) -> i64 {
    (now.as_micros() - at.as_micros()).div_euclid(1_000_000)
}

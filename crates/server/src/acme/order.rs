//! One order (RFC 8555, 7.4): an account, a challenge for every name, a key, a certificate.

use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order, OrderStatus,
    Problem, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};

use super::challenges::Challenges;
use super::client::Bounded;
use super::store::{Store, StoreError};
use super::{AcmeSettings, schedule};
use crate::NoTls;

/// How long one step is waited for.
const STEP_TIME: Duration = Duration::from_mins(2);
/// The pause after `rateLimited` where the authority does not say how long.
const WHEN_LIMITED: Duration = Duration::from_hours(1);

/// Why no certificate was given.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The authority, or the way to it.
    #[error("{0}")]
    Authority(#[from] Error),
    /// A name could not be proved.
    #[error(
        "the authority could not see that {name} is this server: {why} (it asks on port 443 of that name)"
    )]
    Unproved {
        /// The name.
        name: String,
        /// What the authority says.
        why: String,
    },
    /// The authority does not take what this server can answer.
    #[error("the authority offers no challenge of the kind tls-alpn-01 for {0}")]
    NoChallenge(String),
    /// It took too long.
    #[error("the order was not done within {} minutes", .0.as_secs() / 60)]
    Slow(Duration),
    /// What was given cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was given cannot be used.
    #[error(transparent)]
    Tls(#[from] NoTls),
    /// No key or certificate could be made.
    #[error("no key or certificate could be made: {0}")]
    Making(#[from] rcgen::Error),
}

impl OrderError {
    /// For how long the authority is left alone at least.
    pub(super) fn pause(&self) -> Option<Duration> {
        match self {
            Self::Authority(Error::Api(problem)) if is(problem, "rateLimited") => Some(WHEN_LIMITED),
            Self::Authority(Error::Timeout(Some(until))) => {
                Some(until.saturating_duration_since(std::time::Instant::now()))
            }
            _ => None,
        }
    }
}

fn is(problem: &Problem, kind: &str) -> bool {
    let said = problem.r#type.as_deref().unwrap_or_default();
    said.strip_prefix("urn:ietf:params:acme:error:") == Some(kind)
}

/// Orders a certificate and keeps it.
pub(super) async fn order(
    settings: &AcmeSettings,
    store: &Store,
    client: &Bounded,
    challenges: &Challenges,
) -> Result<(), OrderError> {
    let names: Vec<_> = settings
        .names
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let identifiers: Vec<_> = names.iter().cloned().map(Identifier::Dns).collect();
    let mut order = begin(settings, store, client, &identifiers).await?;
    if order.state().status == OrderStatus::Pending {
        prove(&mut order, challenges).await?;
    }
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    order.finalize_csr(params.serialize_request(&key)?.der()).await?;
    let chain = order.poll_certificate(&patience()).await?;
    store.write_certificate(&key.serialize_pem(), &chain)?;
    Ok(())
}

fn patience() -> RetryPolicy {
    // Servers that were proved together do not ask together.
    let first = Duration::from_millis(250).mul_f64(1.0 + schedule::chance());
    RetryPolicy::new()
        .initial_delay(first)
        .backoff(1.6)
        .timeout(STEP_TIME)
}

/// An order by the account that is there; where the authority does not know that, by a new one.
async fn begin(
    settings: &AcmeSettings,
    store: &Store,
    client: &Bounded,
    identifiers: &[Identifier],
) -> Result<Order, OrderError> {
    let new = NewOrder::new(identifiers);
    if let Some(kept) = store.account()? {
        let account = Account::builder_with_http(Box::new(client.clone()))
            .from_credentials(kept)
            .await;
        let ordered = match account {
            Ok(account) => account.new_order(&new).await,
            Err(error) => Err(error),
        };
        match ordered {
            Err(Error::Api(problem)) if is(&problem, "accountDoesNotExist") => {
                tracing::warn!(
                    "{} does not know the account any more; another one is made",
                    settings.directory
                );
                store.forget_account()?;
            }
            ordered => return Ok(ordered?),
        }
    }
    let contact: Vec<_> = settings.contact.iter().map(String::as_str).collect();
    let account = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true, // the settings cannot be had without
        only_return_existing: false,
    };
    let making = Account::builder_with_http(Box::new(client.clone()));
    let (account, credentials) = making.create(&account, settings.directory.clone(), None).await?;
    store.write_account(&credentials)?;
    Ok(account.new_order(&new).await?)
}

/// Answers for every name, until the order is ready.
async fn prove(order: &mut Order, challenges: &Challenges) -> Result<(), OrderError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue; // it was proved a while ago
        }
        let name = authorization.identifier().to_string();
        let Some(mut challenge) = authorization.challenge(ChallengeType::TlsAlpn01) else {
            return Err(OrderError::NoChallenge(name));
        };
        let digest = challenge.key_authorization().digest();
        let digest = <&[u8; 32]>::try_from(digest.as_ref()).map_err(|_why| Error::Crypto)?;
        challenges.put(&name, digest)?;
        challenge.set_ready().await?;
    }
    let ready = order.poll_ready(&patience()).await;
    if !matches!(ready, Ok(OrderStatus::Ready | OrderStatus::Valid))
        && let Some(why) = unproved(order).await
    {
        return Err(why);
    }
    match ready? {
        OrderStatus::Ready | OrderStatus::Valid => Ok(()),
        _ => Err(Error::Str("the order's state after its challenges").into()),
    }
}

/// Which name could not be proved, as far as the authority says.
async fn unproved(order: &mut Order) -> Option<OrderError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let authorization = authorization.ok()?;
        let name = authorization.identifier().to_string();
        let problem = authorization
            .challenges
            .iter()
            .find_map(|challenge| challenge.error.as_ref());
        if let Some(problem) = problem {
            let why = problem.detail.clone().unwrap_or_else(|| problem.to_string());
            return Some(OrderError::Unproved { name, why });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_waited_for() {
        let error = |text: &str| OrderError::from(Error::Api(serde_json::from_str(text).unwrap()));
        let limited =
            error(r#"{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates"}"#);
        assert_eq!(limited.pause(), Some(WHEN_LIMITED));
        assert!(limited.to_string().contains("too many certificates"), "{limited}");
        let other = error(r#"{"type":"urn:ietf:params:acme:error:caa"}"#);
        assert_eq!(other.pause(), None);
    }
}

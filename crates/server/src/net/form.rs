//! A form that is sent to a service, by the same rules as what is fetched: for the token endpoint of an identity provider.

use std::time::Duration;

use super::outbound::builder;
use super::{CONNECT_TIMEOUT, FetchError, GuardedClient, causes, check_url, refusal, shortened, trust};

/// What a service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl GuardedClient {
    /// Posts the fields of a form, and reads at most `max_bytes` of the answer, whatever its status. `basic`: user and
    /// password of HTTP Basic authentication.
    pub async fn post_form(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        basic: Option<(&str, &str)>,
        max_bytes: usize,
    ) -> Result<Answered, FetchError> {
        let parsed = check_url(url, self.policy.allow_private)?;
        let failed = |why: String| FetchError::Failed {
            url: shortened(url),
            why: trust::explained(why),
        };
        let client = builder(&self.policy)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            .timeout(self.timeout)
            .pool_max_idle_per_host(0)
            .pool_idle_timeout(Duration::ZERO)
            .build()
            .map_err(|error| failed(causes(&error)))?;
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut request = client
            .post(parsed)
            .header(reqwest::header::ACCEPT, "application/json")
            .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        if let Some((user, password)) = basic {
            request = request.basic_auth(user, Some(password));
        }
        let mut response = request
            .send()
            .await
            .map_err(|error| refusal(&error).cloned().unwrap_or_else(|| failed(causes(&error))))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(causes(&error)))? {
            if body.len() + chunk.len() > max_bytes {
                return Err(failed(format!("the answer is larger than {max_bytes} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answered { status, body })
    }
}

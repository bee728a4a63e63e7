//! `[limits]`: how many requests somebody may make, where people and programs say who they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use server::{Rate, Rates};

/// `[limits]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Requests a second of each account, key and device, in the long run; 0: no bound.
    pub(crate) requests_per_second: u32,
    /// Requests a second of all together who said who they are, in each tenant; 0: no bound.
    pub(crate) tenant_requests_per_second: u32,
    /// Requests a second from each address that do not say who sends them, or say it wrongly; 0: no bound.
    pub(crate) stranger_requests_per_second: u32,
    /// After a rest, as many may come at once as would in so many seconds.
    pub(crate) burst_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 0,
            tenant_requests_per_second: 0,
            stranger_requests_per_second: 100,
            burst_seconds: 10,
        }
    }
}

impl Limits {
    /// The same, as the server counts.
    pub(crate) fn rates(&self) -> Rates {
        let rate = |per_second: u32| Rate::of(per_second, per_second.saturating_mul(self.burst_seconds));
        Rates {
            caller: rate(self.requests_per_second),
            stranger: rate(self.stranger_requests_per_second),
            tenant: rate(self.tenant_requests_per_second),
        }
    }
}

//! What `/metrics` tells, in the OpenMetrics text format.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Which requests.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RouteLabels {
    /// The method; `OTHER` for one that HTTP does not know.
    pub method: &'static str,
    /// The route's pattern, never the path itself: a client cannot make new series.
    pub route: String,
    /// The status.
    pub status: u16,
}

/// Which entities.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct TenantLabels {
    /// The tenant; `default` for the default one.
    pub tenant: String,
}

/// Which notifications.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct NotificationLabels {
    /// The tenant; `default` for the default one.
    pub tenant: String,
    /// `waiting`, `dead_letters`, `failing_endpoints`; since the start `delivered`, `failed_attempts`, `given_up`,
    /// `dropped`.
    pub state: &'static str,
}

/// Which times that somebody took wider rights.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct BreakGlassLabels {
    /// `open` or `unreviewed`.
    pub state: &'static str,
}

/// Which operations of the twin.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct OutcomeLabels {
    /// `created`, `updated`, `unchanged`, `appended`, `deleted` or `refused`.
    pub outcome: &'static str,
}

/// The figures of this process.
pub struct Metrics {
    registry: Registry,
    requests: Family<RouteLabels, Histogram>,
    in_flight: Gauge,
    operations: Family<OutcomeLabels, Counter>,
    entities: Family<TenantLabels, Gauge>,
    notifications: Family<NotificationLabels, Gauge>,
    break_glass: Family<BreakGlassLabels, Gauge>,
    certificate_end: Gauge,
    acme_failures: Gauge,
    cpu: Counter<f64, AtomicU64>,
    memory: Gauge,
    threads: Gauge,
    scrape: Mutex<()>,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests = Family::<RouteLabels, Histogram>::new_with_constructor(|| {
            Histogram::new([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
        });
        let (in_flight, operations, entities) = (Gauge::default(), Family::default(), Family::default());
        let notifications = Family::<NotificationLabels, Gauge>::default();
        let break_glass = Family::<BreakGlassLabels, Gauge>::default();
        let (certificate_end, acme_failures) = (Gauge::default(), Gauge::default());
        let (cpu, memory, threads) = (Counter::default(), Gauge::default(), Gauge::default());
        let mut registry = Registry::default();
        let ours = registry.sub_registry_with_prefix("mapacha");
        ours.register_with_unit(
            "http_request_duration",
            "Time from a request's head to its answer's head, by route and status",
            Unit::Seconds,
            requests.clone(),
        );
        ours.register(
            "http_requests_in_flight",
            "Requests that are being worked on",
            in_flight.clone(),
        );
        ours.register(
            "operations",
            "Operations of the twin, by what they did",
            operations.clone(),
        );
        ours.register(
            "entities",
            "Entities in the twin, by tenant; one of several types counts once for each",
            entities.clone(),
        );
        ours.register(
            "notifications",
            "Notifications by tenant: how many wait, are dead letters, were delivered and failed since the start",
            notifications.clone(),
        );
        ours.register(
            "break_glass",
            "Times that somebody took wider rights: how many hold now, and how many nobody has reviewed",
            break_glass.clone(),
        );
        ours.register(
            "tls_certificate_end_timestamp_seconds",
            "When the certificate that the server shows ends, in seconds since 1970; 0 where it has none, or a self-signed one until it is given one",
            certificate_end.clone(),
        );
        ours.register(
            "acme_failures",
            "How many orders of a certificate failed since one did not; 0 where the server orders none",
            acme_failures.clone(),
        );
        let process = registry.sub_registry_with_prefix("process");
        process.register("cpu_seconds", "Processor time used, user and system", cpu.clone());
        process.register("resident_memory_bytes", "Resident memory", memory.clone());
        process.register("threads", "Threads", threads.clone());
        Self {
            registry,
            requests,
            in_flight,
            operations,
            entities,
            notifications,
            break_glass,
            certificate_end,
            acme_failures,
            cpu,
            memory,
            threads,
            scrape: Mutex::new(()),
        }
    }
}

impl Metrics {
    /// A request begins; it ends when the guard is dropped, also when the client goes away.
    pub fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A request was answered.
    pub fn answered(&self, labels: &RouteLabels, took: Duration) {
        self.requests.get_or_create(labels).observe(took.as_secs_f64());
    }

    /// The twin did something.
    pub fn operation(&self, result: &Result<twin::Outcome, twin::Error>) {
        use twin::Outcome;
        let outcome = match result {
            Ok(Outcome::Created) => "created",
            Ok(Outcome::Updated { .. }) => "updated",
            Ok(Outcome::Unchanged) => "unchanged",
            Ok(Outcome::Appended { .. }) => "appended",
            Ok(Outcome::Deleted) => "deleted",
            Err(_) => "refused",
        };
        self.operations.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// How many entities a tenant has now.
    pub fn entities(&self, tenant: &str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.entities
            .get_or_create(&TenantLabels {
                tenant: tenant.to_owned(),
            })
            .set(count);
    }

    /// How delivery stands for a tenant.
    pub fn notifications(&self, tenant: &str, statistics: &twin::delivery::DeliveryStatistics) {
        let small = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let large = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for (state, value) in [
            ("waiting", small(statistics.waiting)),
            ("dead_letters", small(statistics.dead_letters)),
            ("failing_endpoints", small(statistics.failing_endpoints)),
            ("delivered", large(statistics.delivered)),
            ("failed_attempts", large(statistics.failed_attempts)),
            ("given_up", large(statistics.given_up)),
            ("dropped", large(statistics.dropped)),
        ] {
            let labels = NotificationLabels {
                tenant: tenant.to_owned(),
                state,
            };
            self.notifications.get_or_create(&labels).set(value);
        }
    }

    /// Sets when the certificate ends that the server shows, and how many orders of one failed in a row.
    pub fn certificate(&self, ends_at: Option<ngsi_ld::Timestamp>, failures: u32) {
        self.certificate_end
            .set(ends_at.map_or(0, |at| at.as_micros() / 1_000_000));
        self.acme_failures.set(failures.into());
    }

    /// How many have wider rights now, and how many times of that nobody has reviewed.
    pub fn break_glass(&self, all: &[access::BreakGlass], open: usize) {
        let unreviewed = all.iter().filter(|one| one.review.is_none()).count();
        for (state, count) in [("open", open), ("unreviewed", unreviewed)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.break_glass
                .get_or_create(&BreakGlassLabels { state })
                .set(count);
        }
    }

    /// Everything as OpenMetrics text, with the process's figures of this moment.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let _one_at_a_time = self.scrape.lock();
        let process = Process::now();
        self.cpu.inc_by((process.cpu_seconds - self.cpu.get()).max(0.0));
        self.memory.set(process.resident_bytes);
        self.threads.set(process.threads);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// One request that is being worked on.
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What Linux says of this process; zeros elsewhere.
#[derive(Debug, Default, PartialEq)]
struct Process {
    cpu_seconds: f64,
    resident_bytes: i64,
    threads: i64,
}

impl Process {
    fn now() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        Self::parse(&read("/proc/self/stat"), &read("/proc/self/status"))
    }

    /// From the texts of proc(5): `stat`'s fields 14 and 15 in ticks (always 100 a second for programs), and
    /// `status`' `VmRSS` in kB.
    fn parse(stat: &str, status: &str) -> Self {
        // The command's name may hold spaces and parentheses: count from the last one.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks: f64 = after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|t| t.parse::<f64>().ok())
            .sum();
        let line = |key: &str| {
            let rest = status.lines().find_map(|line| line.strip_prefix(key))?;
            rest.split_whitespace().next()?.parse::<i64>().ok()
        };
        Self {
            cpu_seconds: ticks / 100.0,
            resident_bytes: line("VmRSS:").unwrap_or(0).saturating_mul(1024),
            threads: line("Threads:").unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_texts_are_read() {
        let stat = "7 (a (b) c) S 1 1 1 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 100 1000 10";
        let status = "Name:\ta\nVmRSS:\t    2048 kB\nThreads:\t9\n";
        let expected = Process {
            cpu_seconds: 3.0,
            resident_bytes: 2 << 20,
            threads: 9,
        };
        assert_eq!(Process::parse(stat, status), expected);
        assert_eq!(Process::parse("", ""), Process::default());
    }

    #[test]
    fn the_text_names_what_was_counted() {
        let metrics = Metrics::default();
        let labels = RouteLabels {
            method: "GET",
            route: "/healthz".into(),
            status: 200,
        };
        metrics.answered(&labels, Duration::from_millis(2));
        metrics.entities("default", 7);
        metrics.operation(&Ok(twin::Outcome::Created));
        metrics.notifications("default", &twin::delivery::DeliveryStatistics::default());
        metrics.certificate(Some(ngsi_ld::Timestamp::from_seconds(1_800_000_000)), 3);
        let text = metrics.text().unwrap();
        for line in [
            "mapacha_tls_certificate_end_timestamp_seconds 1800000000",
            "mapacha_acme_failures 3",
            "mapacha_http_request_duration_seconds_count{method=\"GET\",route=\"/healthz\",status=\"200\"} 1",
            "mapacha_entities{tenant=\"default\"} 7",
            "mapacha_notifications{tenant=\"default\",state=\"waiting\"} 0",
            "mapacha_operations_total{outcome=\"created\"} 1",
            "# TYPE process_cpu_seconds counter",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}

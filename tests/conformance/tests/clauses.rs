//! One test an area. Each says of every case of its own whether it passed, by name.

#![allow(clippy::expect_used, reason = "a suite fails by panicking and says why")]

macro_rules! areas {
    ($($test:ident = $area:literal),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                conformance::run($area);
            }
        )+

        #[test]
        fn no_area_is_left_out() {
            let here: Vec<&str> = vec![$($area),+];
            let mut sorted = here.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, conformance::area::all());
        }
    };
}

areas! {
    entity_create = "entity-create",
    entity_change = "entity-change",
    batch = "batch",
    purge = "purge",
    query = "query",
    query_language = "query-language",
    geo_query = "geo-query",
    scope_and_type = "scope-and-type",
    ordering = "ordering",
    projection = "projection",
    linked = "linked",
    representations = "representations",
    discovery = "discovery",
    temporal_write = "temporal-write",
    temporal_read = "temporal-read",
    aggregation = "aggregation",
    subscriptions = "subscriptions",
    notifications = "notifications",
    registrations = "registrations",
    registration_subscriptions = "registration-subscriptions",
    contexts = "contexts",
    entity_maps = "entity-maps",
    snapshots = "snapshots",
    http = "http",
    tenants = "tenants",
    nasty = "nasty",
}

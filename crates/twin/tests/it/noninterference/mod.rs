//! Non-interference: two twins that differ in nothing but what Alice may not see answer her alike, byte for byte,
//! whatever she asks and does, and tell her subscriptions the same.
//!
//! Her rights are random, and so are what is there, what she asks, and what others do meanwhile: what she may see of it
//! in both twins alike, what she may not see in one of them only, or otherwise in each. Conditions of rights look at what
//! is the same in both: else what she may do would be another thing.
//!
//! Which kind of request reaches which place where the view is asked (take one of them away, and these fail):
//!
//! | Place | Requests |
//! |---|---|
//! | `reading::seen` (an entity by id) | get, join inline and flat, linked `q` |
//! | `Reading::visit_by` (candidates of every plan) | query, count, page, scan for attributes, entity maps, notifications by the clock |
//! | `Reading::page_along` (ordered by an index) | ordered |
//! | `Reading::known_total`, `Reading::types` (short cuts of the indexes) | query with count, types |
//! | `Reading::names` | blobs |
//! | `Reading::remembered`, `Evolution::series` | history, part, pieces, series, instance, evolutions |
//! | `last::state` | the same of what was deleted, or never had more than a past |
//! | `Situation::permit_names`, `change` | every write of attributes |
//! | `permit_change`, `would_take_over` | create, upsert, merge of scopes, additions to the past |
//! | `Situation::evolving`, `permit_delete` | corrections of the past, deletions |
//! | `Matcher::request`, `letters::change` | notifications |
//! | `sight::is_of` | subscriptions, dead letters |
//! | `StoredRegistration::seen`, `conflicts::check` | registrations |
//! | `Twin::entity_map` | entity maps |

mod chance;
mod requests;
mod rights;
mod world;

use std::collections::BTreeMap;

use requests::Request;
use world::Pair;

/// Random numbers from a seed (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// Whether, so many times of a hundred.
    fn often(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// What the requests met, so that nobody is content with empty twins.
#[derive(Default)]
struct Met {
    requests: usize,
    answered: usize,
    hidden: usize,
    joins: usize,
    subscriptions: usize,
    notifications: usize,
    hidden_changes: usize,
    by_kind: BTreeMap<&'static str, (usize, usize)>,
}

/// How many requests of one round.
const OF_A_ROUND: usize = 40;

fn round(seed: u64, met: &mut Met) {
    let mut random = Random(seed);
    let mut pair = Pair::new(&mut random);
    for step in 0..OF_A_ROUND {
        for _ in 0..=random.below(3) {
            pair.others_do(&mut random);
            met.hidden_changes += usize::from(pair.hidden_change(&mut random));
            met.notifications += pair.same_letters(seed, step, "what others did");
        }
        // Two changes within the same microsecond are told apart by the next one: that is not hidden.
        pair.tick();
        // Who subscribes early hears more.
        let request = if step < 3 {
            Request::subscribe(&mut random, &mut pair)
        } else {
            Request::any(&mut random, &mut pair)
        };
        let answers = [0, 1].map(|which| request.ask(&mut pair, which));
        pair.tick();
        assert_eq!(
            answers[0], answers[1],
            "seed {seed}, step {step}: {request:?}\nrights {:?}",
            pair.alice
        );
        let told = pair.same_letters(seed, step, request.kind());
        let found = !(answers[0].contains("NotFound(")
            || answers[0].contains("Missing(")
            || matches!(&*answers[0], "None" | "Ok(None)" | "[]" | "Ok([])"));
        met.requests += 1;
        met.answered += usize::from(found);
        met.hidden += usize::from(pair.touches_hidden(&request));
        met.joins += usize::from(request.joins());
        met.subscriptions += usize::from(request.is_of_subscriptions() || told > 0);
        met.notifications += told;
        let kind = met.by_kind.entry(request.kind()).or_default();
        kind.0 += 1;
        kind.1 += usize::from(found);
    }
}

#[test]
fn what_alice_may_not_see_makes_no_difference_to_her() {
    let torture = std::env::var_os("MAPACHA_TORTURE").is_some();
    let given = std::env::var("MAPACHA_REQUESTS").ok();
    let requests = given.map_or(if torture { 100_000 } else { 2_000 }, |text| {
        text.parse().expect("MAPACHA_REQUESTS is a number")
    });
    let given = std::env::var("MAPACHA_SEED").ok();
    let first: u64 = given.map_or(0x0a11_ce00, |text| {
        text.parse().expect("MAPACHA_SEED is a number")
    });
    println!("seeds from {first} (MAPACHA_SEED), {requests} requests");
    let mut met = Met::default();
    for number in 0..(requests / OF_A_ROUND) as u64 {
        round(first.wrapping_add(number), &mut met);
    }
    println!(
        "{} requests, {} of them answered with something; {} touched hidden attributes, {} joins, {} subscriptions; {} \
         notifications; {} changes that she may not see",
        met.requests,
        met.answered,
        met.hidden,
        met.joins,
        met.subscriptions,
        met.notifications,
        met.hidden_changes
    );
    for (kind, (asked, answered)) in &met.by_kind {
        println!("  {kind}: {asked}, {answered} answered with something");
        assert!(*answered > 0, "nothing was ever found by: {kind}");
    }
    for (what, count) in [
        ("hidden attributes", met.hidden),
        ("joins", met.joins),
        ("subscriptions", met.subscriptions),
        ("notifications", met.notifications),
        ("hidden changes", met.hidden_changes),
    ] {
        assert!(count > 0, "no request touched {what}");
    }
}

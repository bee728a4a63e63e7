//! Coverage against every choice there is.

use geo_types::Coord;
use proptest::prelude::*;

use super::cover::{Cover, People};

fn points(list: &[(f64, f64)]) -> Vec<Coord<f64>> {
    list.iter().map(|&(x, y)| Coord { x, y }).collect()
}

/// The best of all choices, from the definition.
fn best(
    people: &[(f64, f64, u64)],
    candidates: &[(f64, f64)],
    existing: &[(f64, f64)],
    radius: f64,
    count: usize,
) -> u64 {
    let reaches =
        |site: &(f64, f64), x: f64, y: f64| (site.0 - x).powi(2) + (site.1 - y).powi(2) <= radius * radius;
    (0_u32..1 << candidates.len())
        .filter(|mask| mask.count_ones() as usize <= count)
        .map(|mask| {
            people
                .iter()
                .filter(|(x, y, _)| !existing.iter().any(|site| reaches(site, *x, *y)))
                .filter(|(x, y, _)| {
                    candidates
                        .iter()
                        .enumerate()
                        .any(|(index, site)| mask & (1 << index) != 0 && reaches(site, *x, *y))
                })
                .map(|(_, _, weight)| weight)
                .sum()
        })
        .max()
        .unwrap_or(0)
}

/// The greedy choice without laziness.
fn eagerly(cover: &Cover<'_>, candidates: usize, count: usize) -> Vec<usize> {
    let mut sites = Vec::new();
    while sites.len() < count {
        let gain = |candidate: usize| {
            let mut with = sites.clone();
            with.push(candidate);
            *cover.adds(&with).last().unwrap()
        };
        let best = (0..candidates).max_by_key(|&candidate| (gain(candidate), std::cmp::Reverse(candidate)));
        match best {
            Some(candidate) if gain(candidate) > 0 => sites.push(candidate),
            _ => break,
        }
    }
    sites
}

fn place() -> impl Strategy<Value = (f64, f64)> {
    (0..20_u32, 0..20_u32).prop_map(|(x, y)| (f64::from(x) * 90.0, f64::from(y) * 90.0))
}

proptest! {
    #[test]
    fn near_the_best_and_below_the_bound(
        people in prop::collection::vec((place(), 0..1000_u64), 1..60), candidates in prop::collection::vec(place(), 1..10),
        existing in prop::collection::vec(place(), 0..3), count in 1..5_usize, threads in 1..3_usize,
    ) {
        let radius = 300.0;
        let flat: Vec<(f64, f64, u64)> = people.iter().map(|&((x, y), weight)| (x, y, weight)).collect();
        let at = points(&people.iter().map(|(at, _)| *at).collect::<Vec<_>>());
        let ground = People::new(at, people.iter().map(|(_, weight)| *weight).collect());
        let places = points(&candidates);
        let cover = Cover::new(&ground, &points(&existing), &places, radius, threads);
        let best = best(&flat, &candidates, &existing, radius, count);
        let greedy = cover.greedy(count);
        prop_assert_eq!(&greedy, &eagerly(&cover, candidates.len(), count));
        let value = |sites: &[usize]| cover.adds(sites).iter().sum::<u64>();
        // 1 - 1/e = 0.632...
        prop_assert!(value(&greedy) as f64 >= 0.632 * best as f64 - 1e-9);
        let answer = cover.solve(count, &|| Ok(())).unwrap();
        prop_assert!(value(&answer.sites) >= value(&greedy));
        prop_assert!(value(&answer.sites) <= best && best <= answer.bound, "{best} {answer:?}");
        for place in 0..answer.sites.len() {
            let mut without = answer.sites.clone();
            without.remove(place);
            prop_assert_eq!(cover.only(&answer.sites, place), value(&answer.sites) - value(&without));
        }
    }
}

#[test]
fn an_exchange_finds_what_greed_misses() {
    // The middle looks best alone, but the two beside it reach everybody.
    let at = points(&[(0.0, 0.0), (200.0, 0.0), (400.0, 0.0), (600.0, 0.0)]);
    let people = People::new(at, vec![4, 5, 5, 4]);
    let candidates = points(&[(300.0, 0.0), (100.0, 0.0), (500.0, 0.0)]);
    let cover = Cover::new(&people, &[], &candidates, 110.0, 1);
    assert_eq!(cover.greedy(2), [0, 1]);
    let answer = cover.solve(2, &|| Ok(())).unwrap();
    let mut sites = answer.sites.clone();
    sites.sort_unstable();
    assert_eq!(sites, [1, 2]);
    assert_eq!(cover.adds(&answer.sites).iter().sum::<u64>(), 18);
    assert!(answer.bound >= 18);
}

#[test]
fn somebody_may_cancel_it() {
    let people = People::new(points(&[(0.0, 0.0)]), vec![1]);
    let candidates = points(&[(0.0, 0.0)]);
    let cover = Cover::new(&people, &[], &candidates, 1.0, 1);
    let cancelled = cover.solve(1, &|| Err(crate::run::RunError::Cancelled));
    assert!(matches!(cancelled, Err(crate::run::RunError::Cancelled)));
}

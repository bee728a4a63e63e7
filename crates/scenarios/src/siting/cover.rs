//! Maximum coverage of people by sites.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use geo_types::Coord;
use sim_access::parallel::in_order;

use crate::run::RunError;

/// The most exchanges for each site.
const EXCHANGES: usize = 2;

/// People at points in metres, found by place.
#[derive(Clone, Debug)]
pub(super) struct People {
    points: Vec<Coord<f64>>,
    /// In thousandths.
    weights: Vec<u64>,
    grid: Grid,
}

/// Points by square tiles.
#[derive(Clone, Debug)]
struct Grid {
    origin: Coord<f64>,
    side: f64,
    columns: usize,
    rows: usize,
    /// Where each tile's points begin, one more than there are tiles.
    starts: Vec<u32>,
    points: Vec<u32>,
}

/// The side of a tile in metres; wider where the city would have too many.
const TILE_M: f64 = 250.0;
const MOST_TILES: f64 = 1e6;

impl Grid {
    fn new(points: &[Coord<f64>]) -> Self {
        let (mut low, mut high) = (
            Coord {
                x: f64::INFINITY,
                y: f64::INFINITY,
            },
            Coord {
                x: f64::NEG_INFINITY,
                y: f64::NEG_INFINITY,
            },
        );
        for point in points {
            low = Coord {
                x: low.x.min(point.x),
                y: low.y.min(point.y),
            };
            high = Coord {
                x: high.x.max(point.x),
                y: high.y.max(point.y),
            };
        }
        let (width, height) = ((high.x - low.x).max(0.0), (high.y - low.y).max(0.0));
        let side = TILE_M.max((width * height / MOST_TILES).sqrt());
        let mut grid = Self {
            origin: low,
            side,
            columns: slot(width / side) + 1,
            rows: slot(height / side) + 1,
            starts: Vec::new(),
            points: vec![0; points.len()],
        };
        let tiles: Vec<usize> = points.iter().map(|&point| grid.tile(point)).collect();
        let mut starts = vec![0_u32; grid.columns * grid.rows + 1];
        for &tile in &tiles {
            starts[tile + 1] += 1;
        }
        for tile in 1..starts.len() {
            starts[tile] += starts[tile - 1];
        }
        let mut next = starts.clone();
        for (point, &tile) in tiles.iter().enumerate() {
            grid.points[next[tile] as usize] = u32::try_from(point).unwrap_or(u32::MAX);
            next[tile] += 1;
        }
        grid.starts = starts;
        grid
    }

    fn tile(&self, point: Coord<f64>) -> usize {
        let column = slot((point.x - self.origin.x) / self.side).min(self.columns - 1);
        let row = slot((point.y - self.origin.y) / self.side).min(self.rows - 1);
        row * self.columns + column
    }

    /// Visits the points of every tile that a circle can touch.
    fn around(&self, centre: Coord<f64>, radius: f64, visit: &mut impl FnMut(usize)) {
        let along = |value: f64, origin: f64, count: usize| {
            let from = slot((value - radius - origin) / self.side).min(count - 1);
            let to = slot((value + radius - origin) / self.side).min(count - 1);
            from..=to
        };
        for row in along(centre.y, self.origin.y, self.rows) {
            let columns = along(centre.x, self.origin.x, self.columns);
            let first = self.starts[row * self.columns + columns.start()] as usize;
            let last = self.starts[row * self.columns + columns.end() + 1] as usize;
            self.points[first..last]
                .iter()
                .for_each(|&point| visit(point as usize));
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "held at 0 from below, at the number of tiles from above by the caller; NaN gives 0"
)]
fn slot(position: f64) -> usize {
    position.max(0.0) as usize
}

impl People {
    pub(super) fn new(points: Vec<Coord<f64>>, weights: Vec<u64>) -> Self {
        Self {
            grid: Grid::new(&points),
            points,
            weights,
        }
    }

    /// The same places with other people.
    pub(super) fn with(&self, weights: Vec<u64>) -> Self {
        Self {
            weights,
            ..self.clone()
        }
    }

    pub(super) fn points(&self) -> &[Coord<f64>] {
        &self.points
    }

    pub(super) fn weights(&self) -> &[u64] {
        &self.weights
    }

    pub(super) fn total(&self) -> u64 {
        self.weights.iter().sum()
    }

    /// Visits every point within a distance, the limit included.
    pub(super) fn near(&self, centre: Coord<f64>, radius: f64, visit: &mut impl FnMut(usize)) {
        if self.points.is_empty() {
            return;
        }
        self.grid.around(centre, radius, &mut |point| {
            let at = self.points[point];
            if (at.x - centre.x).powi(2) + (at.y - centre.y).powi(2) <= radius * radius {
                visit(point);
            }
        });
    }
}

/// A question of coverage.
pub(super) struct Cover<'a> {
    people: &'a People,
    /// The weights of those whom nothing reaches yet; 0 for the others.
    open: Vec<u64>,
    candidates: &'a [Coord<f64>],
    radius: f64,
    threads: usize,
}

/// The sites that were chosen, by their places among the candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) sites: Vec<usize>,
    /// No choice of as many gains more than this.
    pub(super) bound: u64,
}

/// By how many of the chosen sites each point is reached.
struct Reached(Vec<u16>);

impl<'a> Cover<'a> {
    pub(super) fn new(
        people: &'a People,
        existing: &[Coord<f64>],
        candidates: &'a [Coord<f64>],
        radius: f64,
        threads: usize,
    ) -> Self {
        let mut open = people.weights.clone();
        for &place in existing {
            people.near(place, radius, &mut |point| open[point] = 0);
        }
        Self {
            people,
            open,
            candidates,
            radius,
            threads,
        }
    }

    pub(super) fn reached_before(&self) -> u64 {
        self.people.total() - self.open.iter().sum::<u64>()
    }

    fn gain(&self, candidate: usize, reached: &Reached) -> u64 {
        let mut gain = 0;
        self.people
            .near(self.candidates[candidate], self.radius, &mut |point| {
                if reached.0[point] == 0 {
                    gain += self.open[point];
                }
            });
        gain
    }

    /// The gain of every candidate.
    fn gains(&self, reached: &Reached) -> Vec<u64> {
        const CHUNK: usize = 512;
        let chunks = self.candidates.len().div_ceil(CHUNK);
        let gains = in_order(
            chunks,
            self.threads,
            || (),
            |(), chunk| {
                let last = self.candidates.len().min((chunk + 1) * CHUNK);
                (chunk * CHUNK..last)
                    .map(|candidate| self.gain(candidate, reached))
                    .collect::<Vec<u64>>()
            },
        );
        gains.into_iter().flatten().collect()
    }

    fn add(&self, site: usize, reached: &mut Reached) {
        self.people
            .near(self.candidates[site], self.radius, &mut |point| {
                reached.0[point] += 1;
            });
    }

    fn remove(&self, site: usize, reached: &mut Reached) {
        self.people
            .near(self.candidates[site], self.radius, &mut |point| {
                reached.0[point] -= 1;
            });
    }

    fn nobody(&self) -> Reached {
        Reached(vec![0; self.people.points.len()])
    }

    /// What each of these adds to those before it.
    pub(super) fn adds(&self, sites: &[usize]) -> Vec<u64> {
        let mut reached = self.nobody();
        sites
            .iter()
            .map(|&site| {
                let gain = self.gain(site, &reached);
                self.add(site, &mut reached);
                gain
            })
            .collect()
    }

    /// What only one of these reaches.
    pub(super) fn only(&self, sites: &[usize], which: usize) -> u64 {
        let mut reached = self.nobody();
        for (place, &site) in sites.iter().enumerate() {
            if place != which {
                self.add(site, &mut reached);
            }
        }
        self.gain(sites[which], &reached)
    }

    /// The greedy answer without bound or exchanges: of equal candidates the first.
    pub(super) fn greedy(&self, count: usize) -> Vec<usize> {
        let mut reached = self.nobody();
        let mut sites = Vec::new();
        self.greedily(count, &self.gains(&reached), &mut reached, &mut sites);
        sites
    }

    /// Takes candidates, the one that adds most first. A gain only falls as sites are added, so a gain of before is a
    /// bound, and most candidates are never looked at again (Minoux 1978).
    fn greedily(&self, count: usize, gains: &[u64], reached: &mut Reached, sites: &mut Vec<usize>) {
        let mut heap: BinaryHeap<(u64, Reverse<usize>, usize)> = gains
            .iter()
            .enumerate()
            .filter(|(_, gain)| **gain > 0)
            .map(|(candidate, &gain)| (gain, Reverse(candidate), sites.len()))
            .collect();
        while sites.len() < count
            && let Some((gain, Reverse(candidate), known_at)) = heap.pop()
        {
            if known_at == sites.len() {
                self.add(candidate, reached);
                sites.push(candidate);
                continue;
            }
            let now = self.gain(candidate, reached);
            debug_assert!(now <= gain, "a gain falls");
            if now > 0 {
                heap.push((now, Reverse(candidate), sites.len()));
            }
        }
    }

    /// Greedy, improved by exchanges, with the bound.
    pub(super) fn solve(
        &self,
        count: usize,
        go_on: &dyn Fn() -> Result<(), RunError>,
    ) -> Result<Answer, RunError> {
        let mut reached = self.nobody();
        let mut sites = Vec::new();
        let mut bound = u64::MAX;
        let mut value = 0;
        // Step by step, because the bound may be lowest anywhere along the way.
        let mut gains = self.gains(&reached);
        for step in 1..=count {
            go_on()?;
            bound = bound.min(value + largest(&gains, count));
            self.greedily(step, &gains, &mut reached, &mut sites);
            let Some(&site) = sites.get(step - 1) else { break };
            value += gains[site];
            gains = self.gains(&reached);
        }
        bound = bound.min(value + largest(&gains, count));
        self.exchange(&mut sites, &mut reached, gains, go_on)?;
        Ok(Answer { sites, bound })
    }

    /// Exchanges one site for another candidate as long as more people are reached.
    fn exchange(
        &self,
        sites: &mut [usize],
        reached: &mut Reached,
        mut gains: Vec<u64>,
        go_on: &dyn Fn() -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let mut left = sites.len() * EXCHANGES;
        let mut place = 0;
        let mut unchanged = 0;
        while left > 0 && unchanged < sites.len() {
            go_on()?;
            let site = sites[place];
            self.remove(site, reached);
            let loss = self.gain(site, reached);
            // Farther candidates share nobody with the site: for them the gains still hold.
            let here = self.candidates[site];
            let affected = |at: Coord<f64>| {
                (at.x - here.x).powi(2) + (at.y - here.y).powi(2) <= (2.0 * self.radius).powi(2)
            };
            let best = self
                .candidates
                .iter()
                .enumerate()
                .map(|(candidate, &at)| {
                    let gain = if affected(at) {
                        self.gain(candidate, reached)
                    } else {
                        gains[candidate]
                    };
                    (gain, Reverse(candidate))
                })
                .max();
            match best {
                Some((gain, Reverse(candidate))) if gain > loss => {
                    sites[place] = candidate;
                    self.add(candidate, reached);
                    gains = self.gains(reached);
                    left -= 1;
                    unchanged = 0;
                }
                _ => {
                    self.add(site, reached);
                    unchanged += 1;
                }
            }
            place = (place + 1) % sites.len();
        }
        Ok(())
    }
}

/// The sum of the largest.
fn largest(gains: &[u64], count: usize) -> u64 {
    let mut gains = gains.to_vec();
    if count < gains.len() {
        gains.select_nth_unstable_by_key(count, |&gain| Reverse(gain));
        gains.truncate(count);
    }
    gains.iter().sum()
}

//! People: where they live, in which area, and how many of them are in which group.
//!
//! Cells are those of the population grid whose centre lies within the city's boundary; each belongs to the first
//! area that holds its centre. Areas are those of one level, the highest below the city: a sub-district within a
//! district is a part of it, and an area that holds all others is the city. Groups come from the areas (`AdministrativeArea`):
//!
//! | Group | From |
//! |---|---|
//! | `disability` | `personsWithDisabilities` of `population` (without it, of the sum of `populationByAge`) |
//! | `age:X` | each key of `populationByAge`, as a share of their sum |
//! | `income:low`, `income:middle`, `income:high` | thirds of the people in order of their area's `medianIncome`; the area at a border is divided in proportion |
//!
//! Within an area every cell has the area's shares: where in it the members of a group live is not known.

use std::collections::BTreeSet;

use geo::{Area as _, InteriorPoint as _};
use geo_types::MultiPolygon;
use indicators::binding::{boundary, dataset, population, terms};
use indicators::calculation::Cell;
use indicators::calculation::transport_convenience::bounds;
use indicators::geometry::areas::{AreaIndex, polygons};
use indicators::geometry::bounds::Bounds;
use ngsi_ld::{Entity, Uri};
use query::View;
use twin::Reader;

use super::table::{is_any, json};
use super::{Area, Group};
use crate::names;

/// People, by cell, area and group.
#[derive(Clone, Debug)]
pub(crate) struct People {
    pub(crate) city_name: Option<String>,
    pub(crate) bounds: Bounds,
    pub(crate) cells: Vec<Cell>,
    pub(crate) areas: Vec<Area>,
    pub(crate) cell_areas: Vec<Option<u32>>,
    pub(crate) groups: Vec<Group>,
    /// By area, and after the areas for those who are in none: each group's share, 0 to 1.
    pub(crate) shares: Vec<Vec<f64>>,
    pub(crate) notes: Vec<String>,
    /// The entities it is made of.
    sources: BTreeSet<Uri>,
}

pub(crate) const TYPES: [&str; 3] = ["AdministrativeArea", "PopulationGrid", "Dataset"];

/// What an area says of its people.
#[derive(Clone, Debug, Default)]
struct Census {
    /// It is the city as a whole.
    whole: bool,
    /// It has a polygon.
    placed: bool,
    people: Option<f64>,
    disabled: Option<f64>,
    ages: Vec<(String, f64)>,
    income: Option<f64>,
}

impl Census {
    fn read(entity: &Entity) -> Self {
        let number = |term: &str| {
            terms::attribute(entity, term)
                .and_then(ngsi_ld::Attribute::as_f64)
                .filter(|value| value.is_finite() && *value >= 0.0)
        };
        let ages = terms::attribute(entity, "populationByAge").and_then(json);
        let ages = ages
            .as_ref()
            .and_then(serde_json::Value::as_object)
            .into_iter()
            .flatten();
        let mut ages: Vec<(String, f64)> = ages
            .filter_map(|(age, people)| Some((age.clone(), people.as_f64()?)))
            .filter(|(_, people)| people.is_finite() && *people >= 0.0)
            .collect();
        ages.sort_by_key(|(age, _)| (first_number(age), age.clone()));
        Self {
            whole: false,
            placed: terms::attribute(entity, "location")
                .and_then(|location| location.as_geometry())
                .is_some_and(|geometry| !polygons(geometry).0.is_empty()),
            people: number("population").filter(|people| *people > 0.0),
            disabled: number("personsWithDisabilities"),
            ages,
            income: number("medianIncome"),
        }
    }

    fn of_ages(&self) -> Option<f64> {
        let sum: f64 = self.ages.iter().map(|(_, people)| people).sum();
        (sum > 0.0).then_some(sum)
    }

    fn disability(&self) -> Option<f64> {
        let all = self.people.or_else(|| self.of_ages())?;
        self.disabled.map(|disabled| (disabled / all).min(1.0))
    }

    fn age(&self, age: &str) -> Option<f64> {
        let sum = self.of_ages()?;
        let people: f64 = self
            .ages
            .iter()
            .filter(|(known, _)| known == age)
            .map(|(_, people)| people)
            .sum();
        Some(people / sum)
    }
}

/// The city's areas as a whole: the sums of those that say both of a share's numbers.
fn together(all: &[&Census]) -> Census {
    let mut whole = Census {
        whole: true,
        ..Census::default()
    };
    for census in all {
        let counted = census.people.or_else(|| census.of_ages());
        if let (Some(all), Some(share)) = (counted, census.disability()) {
            *whole.people.get_or_insert(0.0) += all;
            *whole.disabled.get_or_insert(0.0) += all * share;
        }
        for (age, people) in &census.ages {
            match whole.ages.iter_mut().find(|(known, _)| known == age) {
                Some((_, sum)) => *sum += people,
                None => whole.ages.push((age.clone(), *people)),
            }
        }
    }
    whole
}

/// The share of the city that an area has at least which holds all of it: borders of two sources differ a little.
const ALL_OF_IT: f64 = 0.95;

/// What an area is to the city.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// One of those that divide it.
    Division,
    /// It lies in a larger one of another level.
    Within,
    /// It holds the city, with all other areas.
    Whole,
}

/// What each area is to the city.
fn parts(boundary: &boundary::Boundary) -> Vec<Part> {
    let index = AreaIndex::new(&boundary.area_polygons);
    let polygons = &boundary.area_polygons;
    let sizes: Vec<f64> = polygons.iter().map(MultiPolygon::unsigned_area).collect();
    let level = |area: usize| boundary.areas.get(area).and_then(|area| area.level.as_deref());
    // For each, the larger ones of another level that it lies in.
    let within: Vec<Vec<usize>> = (0..polygons.len())
        .map(|area| {
            let inside = polygons[area].interior_point();
            let holding = inside.map(|inside| index.holding(inside.0).collect::<Vec<_>>());
            let mut holding = holding.unwrap_or_default();
            holding.retain(|other| sizes[*other] > sizes[area] && level(*other) != level(area));
            holding
        })
        .collect();
    let city: f64 = boundary.city.iter().map(MultiPolygon::unsigned_area).sum();
    // Where nothing is the city, all areas are, and lie in the one that holds them.
    let no_city = boundary.city_areas == polygons.len() && boundary.city == *polygons;
    let whole: Vec<bool> = (0..polygons.len())
        .map(|area| {
            let others = within.iter().filter(|within| within.contains(&area)).count();
            let all_others = others >= 2 && others + 1 == polygons.len();
            all_others && (no_city || sizes[area] >= ALL_OF_IT * city)
        })
        .collect();
    let part = |area: usize| match whole[area] {
        true => Part::Whole,
        false if within[area].iter().all(|other| whole[*other]) => Part::Division,
        false => Part::Within,
    };
    (0..polygons.len()).map(part).collect()
}

/// `65+` is 65, `under 5` is 0.
fn first_number(age: &str) -> u32 {
    if age.starts_with('<') || age.to_lowercase().starts_with("under") {
        return 0;
    }
    let digits: String = age
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .take(4)
        .collect();
    digits.parse().unwrap_or(u32::MAX)
}

impl People {
    pub(crate) fn read(reader: &dyn Reader, view: &View) -> Result<Self, twin::Error> {
        let boundary = boundary::gather(reader, view)?;
        let datasets = dataset::gather(reader, view)?;
        let mut notes = Vec::new();
        let mut sources = BTreeSet::new();
        let mut census = std::collections::BTreeMap::new();
        terms::scan_any(reader, view, &TYPES, &mut |entity| {
            sources.insert(entity.id.clone());
            if is_any(entity, &["AdministrativeArea"]) {
                census.insert(entity.id.clone(), Census::read(entity));
            }
        })?;
        let all = match population::gather(reader, view, &datasets, &boundary.city, None)? {
            Some(Ok(population)) => {
                notes.extend(population.notes);
                population.cells
            }
            Some(Err(why)) => {
                notes.push(format!("the population grid cannot be read: {why}"));
                Vec::new()
            }
            None => Vec::new(),
        };
        if boundary.city.is_empty() {
            notes.push(
                "nothing says where the city ends: import boundaries (`mapacha import boundaries`)"
                    .to_owned(),
            );
        } else if all.is_empty() {
            notes.push(
                "nobody is known to live within the city: import a population grid (`mapacha import population`)"
                    .to_owned(),
            );
        }
        let city = AreaIndex::new(&boundary.city);
        let parts = parts(&boundary);
        let all_areas = || {
            parts
                .iter()
                .zip(boundary.areas.iter().zip(&boundary.area_polygons))
        };
        let divisions = || {
            let divisions = all_areas().filter(|(part, _)| **part == Part::Division);
            divisions.map(|(_, area)| area)
        };
        let index = AreaIndex::new(divisions().map(|(_, shape)| shape));
        let mut others = all_areas().filter(|(part, _)| **part != Part::Division);
        if let Some((_, (first, _))) = others.next() {
            notes.push(format!(
                "people are counted by areas of one level; {} that lie in others or hold them all are left out (the \
                 first: {})",
                1 + others.count(),
                first.name
            ));
        }
        let (mut cells, mut cell_areas) = (Vec::new(), Vec::new());
        for cell in all {
            if city.any(cell.centre) {
                let area = index.holding(cell.centre).next();
                cell_areas.push(area.and_then(|area| u32::try_from(area).ok()));
                cells.push(cell);
            }
        }
        let areas: Vec<Area> = divisions()
            .map(|(area, _)| Area {
                id: area.id.clone(),
                name: area.name.clone(),
            })
            .collect();
        let mut people = Self {
            city_name: boundary.city_name.clone(),
            bounds: bounds(&boundary.city),
            cells,
            cell_areas,
            groups: Vec::new(),
            shares: vec![Vec::new(); areas.len() + 1],
            areas,
            notes,
            sources,
        };
        // What has a place and is not an area of the city is the city; it may be several.
        let within: BTreeSet<&Uri> = all_areas()
            .filter(|(part, _)| **part != Part::Whole)
            .map(|(_, (area, _))| &area.id)
            .collect();
        let city = census
            .iter()
            .filter(|(id, census)| census.placed && !within.contains(id));
        let whole = together(&city.map(|(_, census)| census).collect::<Vec<_>>());
        let mut by_area: Vec<Census> = people
            .areas
            .iter()
            .map(|area| census.get(&area.id).cloned().unwrap_or_default())
            .collect();
        by_area.push(Census {
            income: None,
            ..whole.clone()
        });
        people.divide(&by_area, &whole);
        Ok(people)
    }

    /// Whether an entity, as it is or as it was, is something that people are made of.
    pub(crate) fn is_of(&self, id: &Uri, entity: Option<&Entity>) -> bool {
        self.sources.contains(id) || entity.is_some_and(|entity| is_any(entity, &TYPES))
    }

    /// How many live in each area, and after them in none.
    fn by_area(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.areas.len() + 1];
        for (cell, area) in self.cells.iter().zip(&self.cell_areas) {
            sums[area.map_or(self.areas.len(), |area| area as usize)] += cell.people;
        }
        sums
    }

    fn group(&mut self, id: &str, shares: impl Iterator<Item = Option<f64>>, without: &mut usize) {
        self.groups.push(Group {
            id: id.to_owned(),
            name: names::group(id).unwrap_or_else(|| id.to_owned()),
        });
        for (row, share) in self.shares.iter_mut().zip(shares) {
            *without += usize::from(share.is_none());
            row.push(share.unwrap_or(0.0));
        }
    }

    /// Divides the people of every area into groups. Areas that say nothing take what the city says as a whole.
    fn divide(&mut self, census: &[Census], whole: &Census) {
        let lived_in = self.by_area();
        let mut absent = Vec::new();
        let mut from_city = false;
        let mut of = |share: &dyn Fn(&Census) -> Option<f64>| -> Vec<Option<f64>> {
            let found = census.iter().zip(&lived_in).map(|(census, people)| {
                let own = share(census).filter(|_| !census.whole);
                from_city |= own.is_none() && *people > 0.0 && share(whole).is_some();
                own.or_else(|| share(whole)).or((*people <= 0.0).then_some(0.0))
            });
            found.collect()
        };
        let mut ages: Vec<String> = Vec::new();
        for age in census.iter().chain([whole]).flat_map(|census| &census.ages) {
            if !ages.contains(&age.0) {
                ages.push(age.0.clone());
            }
        }
        ages.sort_by_key(|age| (first_number(age), age.clone()));
        let disability = of(&Census::disability);
        let by_age: Vec<Vec<Option<f64>>> = ages.iter().map(|age| of(&|census| census.age(age))).collect();
        let said = census
            .iter()
            .chain([whole])
            .any(|census| census.disability().is_some());
        let mut without = 0;
        if said {
            self.group("disability", disability.into_iter(), &mut without);
        } else {
            absent.push("persons with disabilities (`personsWithDisabilities`)");
        }
        for (age, shares) in ages.iter().zip(by_age) {
            self.group(&format!("age:{age}"), shares.into_iter(), &mut without);
        }
        if ages.is_empty() {
            absent.push("age (`populationByAge`)");
        }
        let incomes: Vec<Option<f64>> = census.iter().map(|census| census.income).collect();
        if let Some(thirds) = thirds(&incomes, &lived_in) {
            without += incomes
                .iter()
                .zip(&lived_in)
                .filter(|(income, people)| income.is_none() && **people > 0.0)
                .count();
            for (third, id) in ["income:low", "income:middle", "income:high"]
                .into_iter()
                .enumerate()
            {
                let shares = thirds.iter().map(|shares| Some(shares[third]));
                self.group(id, shares, &mut 0);
            }
        } else {
            absent.push("income (`medianIncome` of two areas or more)");
        }
        if !absent.is_empty() {
            self.notes.push(format!(
                "people cannot be told apart by {}: no area says it",
                absent.join(", nor by ")
            ));
        }
        if without > 0 {
            self.notes
                .push("areas that say nothing of a group count as having none of it".to_owned());
        }
        if from_city {
            self.notes.push(
                "areas that say nothing of persons with disabilities or age take the city's shares"
                    .to_owned(),
            );
        }
        if !self.groups.is_empty() {
            self.notes.push(
                "groups are spread evenly over the people of each area: where in it their members live is not \
                 known"
                    .to_owned(),
            );
        }
    }
}

/// The shares of each area's people that are in the lower, middle and upper third of all whose area has an income.
/// `None`: fewer than two inhabited areas have one.
fn thirds(incomes: &[Option<f64>], people: &[f64]) -> Option<Vec<[f64; 3]>> {
    let mut order: Vec<(usize, f64)> = incomes
        .iter()
        .enumerate()
        .filter_map(|(area, income)| Some((area, (*income)?)))
        .filter(|(area, _)| people[*area] > 0.0)
        .collect();
    if order.len() < 2 {
        return None;
    }
    order.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let all: f64 = order.iter().map(|(area, _)| people[*area]).sum();
    let mut shares = vec![[0.0; 3]; incomes.len()];
    let mut below = 0.0;
    for (area, _) in order {
        let here = people[area];
        let [low, high] = [below, below + here];
        below = high;
        let within = |from: f64, to: f64| ((high.min(to) - low.max(from)) / here).clamp(0.0, 1.0);
        let (first, last) = (within(0.0, all / 3.0), within(all * 2.0 / 3.0, f64::INFINITY));
        shares[area] = [first, (1.0 - first - last).max(0.0), last];
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_are_thirds() {
        let incomes = [Some(300.0), Some(100.0), None, Some(200.0), Some(900.0)];
        let people = [30.0, 50.0, 1000.0, 10.0, 0.0];
        let shares = thirds(&incomes, &people).unwrap();
        let sum = |third: usize| -> f64 {
            shares
                .iter()
                .zip(people)
                .map(|(share, people)| share[third] * people)
                .sum()
        };
        for third in 0..3 {
            assert!((sum(third) - 30.0).abs() < 1e-9, "{third}");
        }
        // The poorest: 30 of its 50 are in the lower third, 20 in the middle one.
        assert!((shares[1][0] - 0.6).abs() < 1e-12 && (shares[1][1] - 0.4).abs() < 1e-12);
        assert!(shares[0][2] > 0.999);
        assert!(shares[2].iter().all(|share| *share <= 0.0));
        assert_eq!(thirds(&[Some(1.0), None], &[1.0, 1.0]), None);
    }

    #[test]
    fn ages_in_order() {
        let mut ages = vec!["65+", "5-14", "0-4", "under 1", "unknown", "15-24"];
        ages.sort_by_key(|age| first_number(age));
        assert_eq!(ages, ["0-4", "under 1", "5-14", "15-24", "65+", "unknown"]);
    }
}

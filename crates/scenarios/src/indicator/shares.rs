//! People by state, in all, by area and by group.

use std::sync::Arc;

use sim_access::Passability;
use sim_access::equity::Share;

use super::Measured;
use crate::model::Model;

/// Sums are by area first, and of areas then, always in the same order: sums of areas are the total, and groups that
/// divide every area's people sum up to it but for the last digits.
pub(super) fn sum(model: &Model, states: Arc<[Passability]>) -> Measured {
    let areas = model.areas().len();
    // After the areas, those who live in none.
    let mut by_area = vec![Share::default(); areas + 1];
    for ((cell, area), state) in model.cells().iter().zip(model.cell_areas()).zip(states.iter()) {
        let share = &mut by_area[area.map_or(areas, |area| area as usize)];
        *match state {
            Passability::Passable => &mut share.passable,
            Passability::Unknown => &mut share.unknown,
            Passability::Blocked => &mut share.blocked,
        } += cell.people;
    }
    let groups = model.groups().len();
    let mut by_group = vec![Share::default(); groups];
    let mut area_groups = Vec::with_capacity(areas + 1);
    for (area, share) in by_area.iter().enumerate() {
        let shares = model.group_shares(u32::try_from(area).ok().filter(|_| area < areas));
        let row: Vec<Share> = (0..groups)
            .map(|group| scaled(share, shares.get(group).copied().unwrap_or(0.0)))
            .collect();
        for (sum, share) in by_group.iter_mut().zip(&row) {
            add(sum, share);
        }
        area_groups.push(row);
    }
    let mut all = Share::default();
    for share in &by_area {
        add(&mut all, share);
    }
    by_area.truncate(areas);
    area_groups.truncate(areas);
    Measured {
        all,
        groups: by_group,
        areas: by_area,
        area_groups,
        states,
    }
}

fn scaled(share: &Share, part: f64) -> Share {
    Share {
        passable: share.passable * part,
        unknown: share.unknown * part,
        blocked: share.blocked * part,
    }
}

fn add(sum: &mut Share, share: &Share) {
    sum.passable += share.passable;
    sum.unknown += share.unknown;
    sum.blocked += share.blocked;
}

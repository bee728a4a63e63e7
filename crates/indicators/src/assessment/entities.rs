//! The assessment as entities.

use ngsi_ld::Entity;

use super::Assessment;

impl Assessment {
    /// Every calculated value, of the city and of its areas, as a `KeyPerformanceIndicator` entity.
    pub fn entities(&self) -> Vec<Entity> {
        todo!()
    }
}

//! Every question of [`Reader`], answered by what [`crate::reading`] finds; and what is answered, told to the view that
//! counts it: here, so that no door can read without it.

use std::sync::Arc;

use ngsi_ld::{Entity, Name, Timestamp, Uri};
use query::{EntityQuery, Selection, View};

use crate::error::Error;
use crate::reader::{BlobId, HistoryQuery, Page, Part, Piece, Reader, Sample};
use crate::snapshot::Snapshot;

/// Tells the view of what is answered.
fn count(view: &View, entity: &Entity) {
    if let Some(shown) = view.shown() {
        shown.look(entity);
    }
}

fn counted(view: &View, found: Option<Arc<Entity>>) -> Option<Arc<Entity>> {
    found.inspect(|entity| count(view, entity))
}

fn counted_page(view: &View, page: Page) -> Page {
    page.entities.iter().for_each(|entity| count(view, entity));
    page
}

/// Answers every question of [`Reader`] by what the reading of `$reader` gives.
macro_rules! read_by {
    ($reader:ty) => {
        impl Reader for $reader {
            fn get(&self, view: &View, id: &Uri) -> Option<Arc<Entity>> {
                counted(view, self.reading().get(view, id))
            }
            fn query(&self, view: &View, query: &EntityQuery) -> Result<Page, Error> {
                self.reading()
                    .query(view, query)
                    .map(|page| counted_page(view, page))
            }
            fn ordered(
                &self,
                view: &View,
                query: &EntityQuery,
                sorter: &query::Sorter,
            ) -> Result<Page, Error> {
                self.reading()
                    .ordered(view, query, sorter)
                    .map(|page| counted_page(view, page))
            }
            fn plan(&self, query: &EntityQuery) -> query::Plan {
                self.reading().plan(query)
            }
            fn order_plan(
                &self,
                view: &View,
                query: &EntityQuery,
                sorter: &query::Sorter,
            ) -> query::OrderPlan {
                self.reading().order_plan(view, query, sorter)
            }
            fn scan(
                &self,
                view: &View,
                selection: &Selection,
                visit: &mut dyn FnMut(&Arc<Entity>) -> bool,
            ) -> Result<(), Error> {
                let mut counting = |entity: &Arc<Entity>| {
                    count(view, entity);
                    visit(entity)
                };
                self.reading()
                    .visit(view, selection, &mut counting)
                    .map(|_| ())
            }
            fn types(&self, view: &View) -> Vec<(Name, usize)> {
                self.reading().types(view)
            }
            fn history(&self, view: &View, id: &Uri, query: &HistoryQuery) -> Result<Option<Entity>, Error> {
                self.reading()
                    .history(view, id, query)
                    .inspect(|found| found.iter().for_each(|entity| count(view, entity)))
            }
            fn evolution(
                &self,
                view: &View,
                id: &Uri,
                query: &HistoryQuery,
                most: usize,
            ) -> Result<Option<Part>, Error> {
                self.reading()
                    .evolution(view, id, query, most)
                    .inspect(|found| found.iter().for_each(|part| count(view, &part.entity)))
            }
            fn pieces(
                &self,
                view: &View,
                id: &Uri,
                query: &HistoryQuery,
                each: &mut dyn FnMut(&Name, Option<&Uri>, Piece<'_>),
            ) -> Result<Option<Entity>, Error> {
                let mut names = Vec::new();
                let mut counting = |name: &Name, dataset: Option<&Uri>, piece: Piece<'_>| {
                    if view.shown().is_some() && names.last() != Some(name) {
                        names.push(name.clone());
                    }
                    each(name, dataset, piece);
                };
                let found = self.reading().pieces(view, id, query, &mut counting)?;
                if let (Some(shown), Some(entity)) = (view.shown(), &found) {
                    shown.look_at(&entity.id, &entity.types, &names);
                }
                Ok(found)
            }
            fn series(
                &self,
                view: &View,
                id: &Uri,
                attribute: &Name,
                range: (Timestamp, Timestamp),
            ) -> Result<Vec<Sample>, Error> {
                let found = self.reading().series(view, id, attribute, range)?;
                if let Some(shown) = view.shown().filter(|_| !found.is_empty())
                    && let Some(entity) = self.reading().evolution_of(view, id)
                {
                    shown.look_at(&entity.id, &entity.types, [attribute]);
                }
                Ok(found)
            }
            fn read_blob(
                &self,
                view: &View,
                blob: &BlobId,
                offset: u64,
                buffer: &mut [u8],
            ) -> Result<(), Error> {
                self.reading().read_blob(view, blob, offset, buffer)
            }
            fn blob_length(&self, view: &View, blob: &BlobId) -> Result<Option<u64>, Error> {
                self.reading().blob_length(view, blob)
            }
            fn evolutions(
                &self,
                view: &View,
                types: &[Name],
                visit: &mut dyn FnMut(&Arc<Entity>) -> bool,
            ) -> Result<(), Error> {
                let mut counting = |entity: &Arc<Entity>| {
                    count(view, entity);
                    visit(entity)
                };
                self.reading().evolutions(view, types, &mut counting);
                Ok(())
            }
            fn evolution_of(&self, view: &View, id: &Uri) -> Option<Arc<Entity>> {
                counted(view, self.reading().evolution_of(view, id))
            }
        }
    };
}
read_by!(Snapshot);
read_by!(crate::Twin);

//! The live city: the operations of the twin over its entities, in memory for reading and durable for writing.
//!
//! Memory answers, the log remembers. Every tenant has a [`Twin`]; one thread owns its [`storage::Storage`] and
//! the order of its writes, and every other thread reads memory, through a [`query::View`].

mod aging;
mod along;
mod answering;
mod appended;
mod attribute_index;
mod choice;
pub mod contexts;
mod correct;
mod cradle;
mod damage;
pub mod delivery;
mod entity_maps;
mod error;
mod evaluate;
mod events;
mod expiry;
mod farthest;
mod finding;
mod first_write;
mod fork;
mod guarded;
mod history;
mod holds;
mod idle;
mod ids;
mod in_order;
mod instances;
mod join;
mod kept;
mod net;
mod notify;
mod operation;
mod order_index;
mod ordered;
mod outwards;
mod permit;
mod pieces;
mod ranked;
mod reader;
mod reading;
mod registrations;
mod remembered;
mod rows;
mod settle;
mod shard;
mod sight;
mod snapshot;
mod snapshots;
mod stage;
mod state;
mod steps;
mod subscriptions;
mod tenants;
mod turns;
mod twin;
mod walk;
mod window;
mod witness;
mod writer;

pub use aging::Old;
pub use contexts::Contexts;
pub use damage::DamagedRow;
pub use delivery::{DeliveryLimits, Transport};
pub use entity_maps::{EntityMap, MAX_MAPPED, Mapped};
pub use error::Error;
pub use fork::Fork;
pub use holds::Holds;
pub use join::{Join, JoinForm, JoinedWriting, MAX_JOIN_LEVEL, MAX_LINKED, write_joined};
pub use net::{Fetched, Net, NetError, NetLimits};
pub use operation::{Copied, Instance, InstanceRef, Operation, Outcome};
pub use ordered::MAX_ORDERED;
pub use reader::{BlobId, HistoryQuery, Page, Part, Piece, Reader, Sample};
pub use registrations::{MatchedRegistration, StoredRegistration};
pub use rows::Row;
pub use sight::Views;
pub use snapshot::Snapshot;
pub use snapshots::{
    Collect, Collected, NewSnapshot, QueryResult, Ready, SnapshotChange, SnapshotInfo, SnapshotStatus,
    Snapshots,
};
pub use storage::{Change, Clock, Datasets, Storage, StorageError, StorageReader};
pub use subscriptions::{StoredSubscription, UnreadSubscription};
pub use tenants::Tenants;
pub use twin::{Limits, Twin};
pub use witness::{Deed, Event, Witness, Witnesses};

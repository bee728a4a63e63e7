//! What each command does.

pub(crate) mod assess;
pub(crate) mod audit;
pub(crate) mod ca;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod desk;
pub(crate) mod device;
pub(crate) mod doctor;
pub(crate) mod guideline;
pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod law;
pub(crate) mod policy;
mod policy_city;
pub(crate) mod remote;
pub(crate) mod retention;
pub(crate) mod scenario;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod user;
pub(crate) mod verify;

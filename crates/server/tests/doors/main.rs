//! The doors, asked in process over a city in memory.

mod batch;
mod common;
mod entities;
mod nasty;
mod payloads;
mod service;
mod temporal;

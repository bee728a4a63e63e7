//! Being written.
#![allow(clippy::todo, missing_docs, reason = "being written")]

use std::io;

/// Bytes that can be read from any place.
pub trait ReadAt {
    /// Fills `buffer` from `offset`; an error when there are fewer bytes.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A blob of the twin.
pub struct TwinBlob<'a> {
    pub reader: &'a dyn twin::Reader,
    pub view: &'a query::View,
    pub blob: twin::BlobId,
}

impl ReadAt for TwinBlob<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.reader
            .read_blob(self.view, &self.blob, offset, buffer)
            .map_err(|error| io::Error::other(error.to_string()))
    }
}

/// A bounding box in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bbox {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

/// A grid of numbers, read by window.
pub struct Grid<R> {
    source: R,
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    pub lon: f64,
    pub lat: f64,
    pub value: f64,
}

impl<R: ReadAt> Grid<R> {
    /// Reads the header.
    pub fn open(source: R) -> io::Result<Self> {
        Ok(Self { source })
    }

    /// Visits the cells (centre in degrees, value) whose centre lies in the box, no-data left out.
    pub fn cells(&self, bbox: Option<Bbox>, visit: &mut dyn FnMut(Cell)) -> io::Result<()> {
        let _ = (bbox, visit, &self.source);
        todo!()
    }
}

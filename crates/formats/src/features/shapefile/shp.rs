//! Shapes of a `.shp` (ESRI Shapefile Technical Description, July 1998).
//!
//! Our own, as it has to be safe with any bytes and in the memory of one shape: no count is believed beyond the bytes
//! that are there. Which ring is a hole follows from which lies in which: directions are wrong more often.

use std::io::{self, Read, Seek, SeekFrom};

use geo_types::{LineString, Polygon};

use crate::features::geometry::{
    BadGeometry, Position, Ring, Shape, closed, damaged, empty, nothing, other_kind,
};
use crate::features::nesting::{MAX_RINGS, nest};

/// The largest shape in bytes.
const MAX_SHAPE: u64 = crate::features::MAX_GEOMETRY as u64;
/// The code with which a `.shp` and a `.shx` begin.
const FILE_CODE: [u8; 4] = [0, 0, 0x27, 0x0A];
/// Bytes of the head of a `.shp` and of a `.shx`.
pub(super) const HEADER: u64 = 100;

/// Where a shape is: the offset of its content and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct At {
    offset: u64,
    length: u64,
}

/// Walks from shape to shape: by the index, if there is one, else from one to the next.
pub(super) struct Walk<R> {
    shapes: R,
    length: u64,
    index: Option<R>,
    entries: u64,
    next: u64,
}

/// Why a file is no Shapefile, or not a whole one.
#[derive(Debug)]
pub(super) enum NoShapes {
    Io(io::Error),
    Damaged(String),
}

impl From<io::Error> for NoShapes {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Damaged("it is cut off".to_owned())
        } else {
            Self::Io(error)
        }
    }
}

/// The length in bytes that the head of a `.shp` or a `.shx` says; the file has `actual`.
fn stated_length<R: Read + Seek>(file: &mut R, actual: u64) -> Result<u64, NoShapes> {
    let mut header = [0; 100];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut header)?;
    if !header.starts_with(&FILE_CODE) {
        return Err(NoShapes::Damaged(
            "it does not begin as a Shapefile does".to_owned(),
        ));
    }
    let words = u32::from_be_bytes(part(&header, 24));
    let stated = u64::from(words) * 2;
    if stated < HEADER {
        return Err(NoShapes::Damaged(format!(
            "it says that it is {stated} bytes long"
        )));
    }
    if actual < stated {
        return Err(NoShapes::Damaged(format!(
            "it is cut off: it should be {stated} bytes long and is {actual}"
        )));
    }
    Ok(stated)
}

impl<R: Read + Seek> Walk<R> {
    /// Begins a walk. An index that is none is left aside.
    pub(super) fn new(mut shapes: R, index: Option<R>) -> Result<Self, NoShapes> {
        let actual = shapes.seek(SeekFrom::End(0))?;
        let length = stated_length(&mut shapes, actual)?;
        let mut entries = 0;
        let index = index.and_then(|mut index| {
            let actual = index.seek(SeekFrom::End(0)).ok()?;
            let stated = stated_length(&mut index, actual).ok()?;
            entries = (stated - HEADER) / 8;
            (stated - HEADER).is_multiple_of(8).then_some(index)
        });
        let mut walk = Self {
            shapes,
            length,
            index,
            entries,
            next: 0,
        };
        walk.restart()?;
        Ok(walk)
    }

    /// Goes back to the first shape.
    pub(super) fn restart(&mut self) -> Result<(), NoShapes> {
        self.next = if self.index.is_some() { 0 } else { HEADER };
        self.shapes.seek(SeekFrom::Start(HEADER))?;
        if let Some(index) = &mut self.index {
            index.seek(SeekFrom::Start(HEADER))?;
        }
        Ok(())
    }

    /// Where the next shape is. The file's place is then at its content.
    pub(super) fn next(&mut self) -> Result<Option<At>, NoShapes> {
        let start = if let Some(index) = &mut self.index {
            if self.next == self.entries {
                return Ok(None);
            }
            let mut entry = [0; 8];
            index.read_exact(&mut entry)?;
            self.next += 1;
            u64::from(u32::from_be_bytes(part(&entry, 0))) * 2
        } else {
            if self.next >= self.length {
                return Ok(None);
            }
            self.next
        };
        if start < HEADER || start + 8 > self.length {
            return Err(NoShapes::Damaged(format!(
                "a shape begins at {start}, beyond its end"
            )));
        }
        let here = self.shapes.stream_position()?;
        if here != start {
            // A short way ahead stays within what was already read from the disk.
            let ahead = i64::try_from(start).unwrap_or(i64::MAX) - i64::try_from(here).unwrap_or(0);
            self.shapes.seek(SeekFrom::Current(ahead))?;
        }
        let mut head = [0; 8];
        self.shapes.read_exact(&mut head)?;
        let length = u64::from(u32::from_be_bytes(part(&head, 4))) * 2;
        let offset = start + 8;
        if length < 4 || offset + length > self.length {
            return Err(NoShapes::Damaged(format!(
                "the shape at {start} says that it is {length} bytes long, and {} are left",
                self.length - offset
            )));
        }
        if self.index.is_none() {
            self.next = offset + length;
        }
        Ok(Some(At { offset, length }))
    }

    /// Goes over all shapes without reading them, and says how many there are.
    pub(super) fn count(&mut self) -> Result<u64, NoShapes> {
        let (mut count, mut bytes) = (0, 0);
        while let Some(at) = self.next()? {
            count += 1;
            bytes += 8 + at.length;
            if bytes > self.length - HEADER {
                return Err(NoShapes::Damaged(
                    "its index names the same shape twice".to_owned(),
                ));
            }
        }
        self.restart()?;
        Ok(count)
    }

    /// The shape there.
    pub(super) fn read(&mut self, at: At) -> Result<Result<Shape, BadGeometry>, NoShapes> {
        if at.length > MAX_SHAPE {
            return Ok(Err(damaged(format!(
                "its geometry is longer than {} MiB",
                MAX_SHAPE >> 20
            ))));
        }
        if self.shapes.stream_position()? != at.offset {
            self.shapes.seek(SeekFrom::Start(at.offset))?;
        }
        let mut bytes = Vec::new();
        (&mut self.shapes).take(at.length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != at.length {
            return Err(NoShapes::Damaged("it is cut off".to_owned()));
        }
        Ok(shape(&bytes))
    }
}

/// `N` bytes from `at`; zeros beyond the end.
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes
        .get(at..at + N)
        .and_then(|part| part.try_into().ok())
        .unwrap_or([0; N])
}

/// The content of a shape.
fn shape(bytes: &[u8]) -> Result<Shape, BadGeometry> {
    let kind = u32::from_le_bytes(part(bytes, 0));
    let number = |at: usize| -> Result<f64, BadGeometry> {
        let bytes = bytes
            .get(at..at + 8)
            .ok_or_else(|| damaged("its geometry is cut off"))?;
        Ok(f64::from_le_bytes(part(bytes, 0)))
    };
    match kind {
        0 => Err(nothing()),
        1 | 21 => Ok(Shape::Point(Position::flat(number(4)?, number(12)?))),
        11 => Ok(Shape::Point(Position {
            x: number(4)?,
            y: number(12)?,
            z: number(20)?,
        })),
        8 | 18 | 28 => match count(bytes, 36, 40, 16)? {
            0 => Err(empty()),
            1 => {
                // Behind the point: the least and the greatest height, then the height.
                let z = if kind == 18 { number(72)? } else { f64::NAN };
                Ok(Shape::Point(Position {
                    x: number(40)?,
                    y: number(48)?,
                    z,
                }))
            }
            _ => Err(other_kind("MultiPoint")),
        },
        5 | 15 | 25 => polygon(bytes, kind == 15),
        3 | 13 | 23 => Err(other_kind("LineString")),
        31 => Err(other_kind("MultiPatch")),
        other => Err(damaged(format!("its geometry is of no known type ({other})"))),
    }
}

/// How many of `size` bytes each lie from `from`, as the number at `at` says.
fn count(bytes: &[u8], at: usize, from: usize, size: usize) -> Result<usize, BadGeometry> {
    let count = u32::from_le_bytes(part(bytes, at)) as usize;
    if bytes.len() < from || count > (bytes.len() - from) / size {
        return Err(damaged(format!(
            "its geometry says that it has {count} points or parts, and has {} bytes",
            bytes.len()
        )));
    }
    Ok(count)
}

fn polygon(bytes: &[u8], high: bool) -> Result<Shape, BadGeometry> {
    let parts = count(bytes, 36, 44, 4)?;
    let points_at = 44 + 4 * parts;
    let points = count(bytes, 40, points_at, 16)?;
    if parts == 0 || points == 0 {
        return Err(empty());
    }
    if parts > MAX_RINGS {
        return Err(damaged(format!("it has more than {MAX_RINGS} rings")));
    }
    let heights_at = points_at + 16 * points + 16;
    let number = |at: usize| f64::from_le_bytes(part(bytes, at));
    let high = high && bytes.len() >= heights_at + 8 * points;
    let position = |index: usize| Position {
        x: number(points_at + 16 * index),
        y: number(points_at + 16 * index + 8),
        z: if high {
            number(heights_at + 8 * index)
        } else {
            f64::NAN
        },
    };
    let start = |index: usize| {
        if index < parts {
            u32::from_le_bytes(part(bytes, 44 + 4 * index)) as usize
        } else {
            points
        }
    };
    let mut rings: Vec<Ring> = Vec::with_capacity(parts);
    for index in 0..parts {
        let (from, to) = (start(index), start(index + 1));
        if from >= to || to > points || (index == 0 && from != 0) {
            return Err(damaged("the rings of its geometry are not in order"));
        }
        rings.push((from..to).map(position).collect());
    }
    grouped(rings)
}

/// Rings put together: each outline with its holes, the outline against the clock and the holes with it (RFC 7946).
fn grouped(rings: Vec<Ring>) -> Result<Shape, BadGeometry> {
    let mut outlines = Vec::with_capacity(rings.len());
    for ring in &rings {
        if ring.iter().any(|at| !at.x.is_finite() || !at.y.is_finite()) {
            return Err(damaged("a coordinate is not a number"));
        }
        let line: LineString<f64> = ring.iter().map(|at| (at.x, at.y)).collect();
        closed(&line)?;
        outlines.push(Polygon::new(line, Vec::new()));
    }
    let areas: Vec<f64> = outlines.iter().map(geo::Area::signed_area).collect();
    let mut rings: Vec<Option<Ring>> = rings.into_iter().map(Some).collect();
    let mut parts: Vec<Vec<Ring>> = Vec::new();
    // In the order in which the file has the outlines.
    let mut groups = nest(&outlines);
    groups.sort_by_key(|group| group.first().copied());
    for group in groups {
        let mut part = Vec::with_capacity(group.len());
        for (place, index) in group.into_iter().enumerate() {
            let Some(mut ring) = rings.get_mut(index).and_then(Option::take) else {
                continue;
            };
            let forward = areas.get(index).is_some_and(|area| *area > 0.0);
            if forward != (place == 0) {
                ring.reverse();
            }
            part.push(ring);
        }
        parts.push(part);
    }
    Ok(if parts.len() == 1 {
        Shape::Polygon(parts.remove(0))
    } else {
        Shape::MultiPolygon(parts)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn walk(shp: &[u8], shx: Option<&[u8]>) -> Result<Vec<Result<Shape, BadGeometry>>, NoShapes> {
        let mut walk = Walk::new(Cursor::new(shp), shx.map(Cursor::new))?;
        let mut shapes = Vec::new();
        while let Some(at) = walk.next()? {
            shapes.push(walk.read(at)?);
            if shapes.len() > 1_000 {
                break;
            }
        }
        Ok(shapes)
    }

    /// Files as the crate `shapefile` writes them.
    fn written(shapes: &[shapefile::Polygon]) -> (Vec<u8>, Vec<u8>) {
        let (mut shp, mut shx) = (Cursor::new(Vec::new()), Cursor::new(Vec::new()));
        let writer = shapefile::ShapeWriter::with_shx(&mut shp, &mut shx);
        writer.write_shapes(shapes).unwrap();
        (shp.into_inner(), shx.into_inner())
    }

    fn ring(points: &[(f64, f64)]) -> Vec<shapefile::Point> {
        points
            .iter()
            .map(|(x, y)| shapefile::Point::new(*x, *y))
            .collect()
    }

    fn example() -> (Vec<u8>, Vec<u8>) {
        let outer = ring(&[(0., 0.), (0., 9.), (9., 9.), (9., 0.), (0., 0.)]);
        let hole = ring(&[(2., 2.), (4., 2.), (4., 4.), (2., 4.), (2., 2.)]);
        let island = ring(&[(20., 20.), (20., 21.), (21., 21.), (20., 20.)]);
        let wrong = ring(&[(0., 0.), (9., 0.), (9., 9.), (0., 9.), (0., 0.)]);
        written(&[
            shapefile::Polygon::with_rings(vec![
                shapefile::PolygonRing::Outer(outer),
                shapefile::PolygonRing::Inner(hole),
                shapefile::PolygonRing::Outer(island),
            ]),
            shapefile::Polygon::new(shapefile::PolygonRing::Inner(wrong)),
        ])
    }

    #[test]
    fn outlines_get_their_holes_whatever_the_directions() {
        let (shp, shx) = example();
        let shapes = walk(&shp, Some(&shx)).unwrap();
        let Ok(Shape::MultiPolygon(parts)) = &shapes[0] else {
            panic!("{shapes:?}");
        };
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        let area = |ring: &Ring| {
            let line: LineString<f64> = ring.iter().map(|at| (at.x, at.y)).collect();
            geo::Area::signed_area(&Polygon::new(line, vec![]))
        };
        assert_eq!(
            (area(&parts[0][0]), area(&parts[0][1]), area(&parts[1][0])),
            (81.0, -4.0, 0.5)
        );
        assert!(matches!(&shapes[1], Ok(Shape::Polygon(rings)) if (area(&rings[0]) - 81.0).abs() < 1e-9));
        // Positions without a height are not equal to themselves.
        let said = |shapes: &Vec<_>| format!("{shapes:?}");
        assert_eq!(said(&walk(&shp, None).unwrap()), said(&shapes));
        assert_eq!(said(&walk(&shp, Some(b"nonsense")).unwrap()), said(&shapes));
    }

    #[test]
    fn cut_off_anywhere_it_is_refused() {
        let (shp, shx) = example();
        for length in 0..shp.len() {
            assert!(walk(&shp[..length], None).is_err(), "{length}");
            assert!(walk(&shp[..length], Some(&shx)).is_err(), "{length}");
        }
    }

    #[test]
    fn absurd_counts_are_not_believed() {
        let mut bytes = vec![5, 0, 0, 0];
        bytes.extend([0; 32]);
        bytes.extend(u32::MAX.to_le_bytes());
        bytes.extend(u32::MAX.to_le_bytes());
        bytes.extend([0; 64]);
        assert!(
            shape(&bytes)
                .unwrap_err()
                .why
                .contains("4294967295 points or parts")
        );
        assert_eq!(shape(&[0, 0, 0, 0]).unwrap_err().why, "it has no geometry");
        assert_eq!(
            shape(&[3, 0, 0, 0]).unwrap_err().why,
            "its geometry is a LineString"
        );
        assert!(shape(&[1, 0, 0, 0, 9]).unwrap_err().why.contains("cut off"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            kind in prop_oneof![Just(1_u32), Just(5), Just(8), Just(11), Just(15), Just(18), Just(25), any::<u32>()],
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6)
        ) {
            let mut headed = kind.to_le_bytes().to_vec();
            headed.extend(&bytes);
            let _ = shape(&headed);
            let _ = walk(&bytes, None);
            let (mut shp, mut shx) = example();
            for (at, with) in changes {
                let index = at.index(shp.len());
                shp[index] = with;
                let index = at.index(shx.len());
                shx[index] = with;
            }
            let _ = walk(&shp, None);
            let _ = walk(&shp, Some(&shx));
        }
    }
}

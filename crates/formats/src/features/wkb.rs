//! Well-known binary (OGC 06-103r4, 8.2) in the envelope of GeoPackage (OGC 12-128r18, 2.1.3).
//!
//! Our own, as it has to be safe with any bytes: no count is believed beyond the bytes that are there, and
//! collections are not followed.

use super::geometry::{BadGeometry, Position, Ring, Shape, damaged, empty, other_kind};

/// A geometry of a GeoPackage.
#[derive(Debug, PartialEq)]
pub(super) struct Blob {
    /// The coordinate system that it names.
    pub(super) srs_id: i32,
    pub(super) shape: Shape,
}

/// Reads the value of a geometry column.
pub(super) fn blob(bytes: &[u8]) -> Result<Blob, BadGeometry> {
    let header = bytes.get(..8).ok_or_else(|| damaged("its geometry is cut off"))?;
    if !header.starts_with(b"GP") {
        return Err(damaged("its geometry does not begin as one of a GeoPackage"));
    }
    let flags = header.get(3).copied().unwrap_or_default();
    if flags & 0b10_0000 != 0 {
        return Err(damaged("its geometry is of an extension that is not read"));
    }
    let id: [u8; 4] = header
        .get(4..8)
        .and_then(|part| part.try_into().ok())
        .unwrap_or_default();
    let srs_id = if flags & 1 == 1 {
        i32::from_le_bytes(id)
    } else {
        i32::from_be_bytes(id)
    };
    let envelope = match (flags >> 1) & 0b111 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err(damaged("the box of its geometry is of no known sort")),
    };
    if flags & 0b1_0000 != 0 {
        return Err(empty());
    }
    let body = bytes
        .get(8 + envelope..)
        .ok_or_else(|| damaged("its geometry is cut off"))?;
    let mut reader = Reader {
        bytes: body,
        little: true,
        height: false,
        measure: false,
    };
    let shape = reader.shape()?;
    if !reader.bytes.is_empty() {
        return Err(damaged(format!(
            "its geometry has {} bytes too many",
            reader.bytes.len()
        )));
    }
    Ok(Blob { srs_id, shape })
}

struct Reader<'a> {
    bytes: &'a [u8],
    little: bool,
    height: bool,
    measure: bool,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BadGeometry> {
        let Some((first, rest)) = self.bytes.split_first_chunk::<N>() else {
            return Err(damaged("its geometry is cut off"));
        };
        self.bytes = rest;
        Ok(*first)
    }

    fn u32(&mut self) -> Result<u32, BadGeometry> {
        let bytes = self.take::<4>()?;
        Ok(if self.little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        })
    }

    fn f64(&mut self) -> Result<f64, BadGeometry> {
        let bytes = self.take::<8>()?;
        Ok(if self.little {
            f64::from_le_bytes(bytes)
        } else {
            f64::from_be_bytes(bytes)
        })
    }

    /// How many follow, each of at least so many bytes.
    fn count(&mut self, least: usize) -> Result<usize, BadGeometry> {
        let count = self.u32()? as usize;
        if count > self.bytes.len() / least {
            return Err(damaged(format!(
                "its geometry says that {count} parts follow, and only {} bytes do",
                self.bytes.len()
            )));
        }
        Ok(count)
    }

    /// The order of bytes and the type, without its dimensions, which are kept. Both manners of saying them are
    /// read: thousands (ISO 13249-3) and high bits (PostGIS).
    fn kind(&mut self) -> Result<u32, BadGeometry> {
        self.little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            [other] => {
                return Err(damaged(format!(
                    "its geometry has no known order of bytes ({other})"
                )));
            }
        };
        let kind = self.u32()?;
        let (high, plain) = (kind >> 28, kind & 0x0FFF_FFFF);
        if high & 2 != 0 {
            // The number of a coordinate system, as PostGIS adds it.
            self.u32()?;
        }
        let dimensions = plain / 1000;
        self.height = high & 8 != 0 || matches!(dimensions, 1 | 3);
        self.measure = high & 4 != 0 || matches!(dimensions, 2 | 3);
        if dimensions > 3 {
            return Err(damaged(format!("its geometry is of no known type ({kind})")));
        }
        Ok(plain % 1000)
    }

    fn position(&mut self) -> Result<Position, BadGeometry> {
        let (x, y) = (self.f64()?, self.f64()?);
        let z = if self.height { self.f64()? } else { f64::NAN };
        if self.measure {
            self.f64()?;
        }
        Ok(Position { x, y, z })
    }

    fn position_size(&self) -> usize {
        16 + 8 * (usize::from(self.height) + usize::from(self.measure))
    }

    fn point(&mut self) -> Result<Position, BadGeometry> {
        let position = self.position()?;
        // An empty point has a position that is no number.
        if position.x.is_nan() && position.y.is_nan() {
            return Err(empty());
        }
        Ok(position)
    }

    fn rings(&mut self) -> Result<Vec<Ring>, BadGeometry> {
        let count = self.count(4)?;
        if count == 0 {
            return Err(empty());
        }
        let mut rings = Vec::new();
        for _ in 0..count {
            let positions = self.count(self.position_size())?;
            let ring: Result<Ring, _> = (0..positions).map(|_| self.position()).collect();
            rings.push(ring?);
        }
        Ok(rings)
    }

    fn shape(&mut self) -> Result<Shape, BadGeometry> {
        match self.kind()? {
            1 => self.point().map(Shape::Point),
            3 => self.rings().map(Shape::Polygon),
            4 => match self.count(21)? {
                0 => Err(empty()),
                1 if self.kind()? == 1 => self.point().map(Shape::Point),
                _ => Err(other_kind("MultiPoint")),
            },
            6 => {
                let count = self.count(9)?;
                if count == 0 {
                    return Err(empty());
                }
                let mut parts = Vec::new();
                for _ in 0..count {
                    if self.kind()? != 3 {
                        return Err(damaged("a part of its multipolygon is no polygon"));
                    }
                    parts.push(self.rings()?);
                }
                Ok(Shape::MultiPolygon(parts))
            }
            kind => Err(match kind {
                2 => other_kind("LineString"),
                5 => other_kind("MultiLineString"),
                7 => other_kind("GeometryCollection"),
                8..=14 => {
                    damaged("its geometry has curves (`ogr2ogr -nlt CONVERT_TO_LINEAR` makes lines of them)")
                }
                15..=17 => other_kind("surface of triangles or faces"),
                _ => damaged(format!("its geometry is of no known type ({kind})")),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A geometry's bytes, written by another hand than the reader's.
    pub(crate) fn written(shape: &Shape, little: bool, height: bool) -> Vec<u8> {
        let mut bytes = vec![b'G', b'P', 0, u8::from(little)];
        let int = |n: usize| {
            let n = u32::try_from(n).unwrap();
            if little { n.to_le_bytes() } else { n.to_be_bytes() }
        };
        let float = |n: f64| if little { n.to_le_bytes() } else { n.to_be_bytes() };
        bytes.extend(int(4326));
        let head = |kind: usize| {
            let mut head = vec![u8::from(little)];
            head.extend(int(kind + if height { 1000 } else { 0 }));
            head
        };
        let position = |p: &Position| {
            let mut bytes: Vec<u8> = [p.x, p.y].into_iter().flat_map(float).collect();
            if height {
                bytes.extend(float(p.z));
            }
            bytes
        };
        let rings = |rings: &Vec<Ring>| {
            let mut bytes = int(rings.len()).to_vec();
            for ring in rings {
                bytes.extend(int(ring.len()));
                bytes.extend(ring.iter().flat_map(position));
            }
            bytes
        };
        match shape {
            Shape::Point(p) => {
                bytes.extend(head(1));
                bytes.extend(position(p));
            }
            Shape::Polygon(r) => {
                bytes.extend(head(3));
                bytes.extend(rings(r));
            }
            Shape::MultiPolygon(parts) => {
                bytes.extend(head(6));
                bytes.extend(int(parts.len()));
                for part in parts {
                    bytes.extend(head(3));
                    bytes.extend(rings(part));
                }
            }
        }
        bytes
    }

    fn any_shape() -> impl Strategy<Value = Shape> {
        let position =
            || (-1e6_f64..1e6, -1e6_f64..1e6, -100.0_f64..100.0).prop_map(|(x, y, z)| Position { x, y, z });
        let rings = || proptest::collection::vec(proptest::collection::vec(position(), 0..6), 1..4);
        prop_oneof![
            position().prop_map(Shape::Point),
            rings().prop_map(Shape::Polygon),
            proptest::collection::vec(rings(), 1..4).prop_map(Shape::MultiPolygon),
        ]
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(shape in any_shape(), little in any::<bool>()) {
            let read = blob(&written(&shape, little, true)).unwrap();
            prop_assert_eq!(read, Blob { srs_id: 4326, shape });
        }

        /// Cut anywhere it is damaged, and never something else.
        #[test]
        fn cut_off_it_is_refused(shape in any_shape(), cut in any::<proptest::sample::Index>()) {
            let bytes = written(&shape, true, true);
            prop_assert!(blob(&bytes[..cut.index(bytes.len())]).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), shape in any_shape(), at in any::<proptest::sample::Index>(), with in any::<u8>()) {
            let _ = blob(&bytes);
            let mut headed = vec![b'G', b'P', 0, 1, 0, 0, 0, 0];
            headed.extend(&bytes);
            let _ = blob(&headed);
            let mut near = written(&shape, true, true);
            let at = at.index(near.len());
            near[at] = with;
            let _ = blob(&near);
        }
    }

    #[test]
    fn absurd_counts_are_not_believed() {
        let mut bytes = vec![b'G', b'P', 0, 1, 0, 0, 0, 0, 1, 3, 0, 0, 0];
        bytes.extend(u32::MAX.to_le_bytes());
        bytes.extend([0; 40]);
        assert_eq!(
            blob(&bytes).unwrap_err().why,
            "its geometry says that 4294967295 parts follow, and only 40 bytes do"
        );
        let collection = [b'G', b'P', 0, 1, 0, 0, 0, 0, 1, 7, 0, 0, 0, 1, 0, 0, 0];
        assert_eq!(
            blob(&collection).unwrap_err().why,
            "its geometry is a GeometryCollection"
        );
        let empty = [b'G', b'P', 0, 0b1_0001, 0, 0, 0, 0];
        assert_eq!(blob(&empty).unwrap_err().why, "its geometry is empty");
    }

    #[test]
    fn one_point_of_several_is_a_point() {
        let mut bytes = vec![
            b'G', b'P', 0, 1, 0, 0, 0, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0,
        ];
        bytes.extend(3.0_f64.to_le_bytes());
        bytes.extend(4.0_f64.to_le_bytes());
        let read = blob(&bytes).unwrap().shape;
        assert!(matches!(read, Shape::Point(Position { x: 3.0, y: 4.0, .. })));
    }
}

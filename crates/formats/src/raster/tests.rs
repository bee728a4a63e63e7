use std::io::Read as _;

use proptest::prelude::*;

use super::*;

fn written(width: u32, rows: &[Vec<f64>], sample: Sample, no_data: Option<f64>) -> (Header, Vec<u8>) {
    let place = Georeference {
        west: 10.0,
        north: 5.0,
        cell_width: 0.01,
        cell_height: 0.02,
    };
    let height = u32::try_from(rows.len()).unwrap();
    let mut writer = GridWriter::new(width, height, sample, place, no_data).unwrap();
    for row in rows {
        writer.push_row(row).unwrap();
    }
    let (header, mut content) = writer.finish().unwrap();
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).unwrap();
    (header, bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Every window is what a plain array would give.
    #[test]
    fn a_window_is_a_part_of_the_array(
        width in 1_u32..300, height in 1_usize..300, seed in any::<u64>(),
        window in (0_u32..320, 0_u32..320, 0_u32..320, 0_u32..320), double in any::<bool>()
    ) {
        let value = |column: usize, row: usize| {
            let mixed = (row as u64 * 1009 + column as u64).wrapping_mul(seed | 1) >> 40;
            if mixed.is_multiple_of(3) { -1.0 } else { f64::from(u32::try_from(mixed).unwrap()) / 8.0 }
        };
        let rows: Vec<Vec<f64>> =
            (0..height).map(|row| (0..width as usize).map(|column| value(column, row)).collect()).collect();
        let sample = if double { Sample::F64 } else { Sample::F32 };
        let (header, bytes) = written(width, &rows, sample, Some(-1.0));
        let grid = Grid::open(bytes.as_slice()).unwrap();
        prop_assert_eq!(grid.header(), &header);
        let flat: Vec<f64> = rows.concat();
        prop_assert_eq!(header.summary.valid, flat.iter().filter(|v| **v >= 0.0).count() as u64);
        let (column, row, w, h) = window;
        let part = grid.window(column, row, w, h).unwrap();
        for y in 0..part.height {
            for x in 0..part.width {
                let expected = rows[(part.row + y) as usize][(part.column + x) as usize];
                let found = part.values[(y * part.width + x) as usize];
                let same = if expected < 0.0 { found.is_nan() } else { found.to_bits() == expected.to_bits() };
                prop_assert!(same, "cell {} {}: {} is not {}", x, y, found, expected);
            }
        }
        let mut visited = 0.0;
        grid.cells(None, &mut |cell| visited += cell.value).unwrap();
        prop_assert!((visited - header.summary.sum).abs() <= 1e-9 * visited.abs().max(1.0));
    }

    #[test]
    fn damaged_bytes_are_an_error_never_a_panic(cut in 0_usize..600, flip in 0_usize..600, bit in 0_u8..8) {
        let rows = vec![vec![1.5, f64::NAN, 3.0]; 4];
        let (_, mut bytes) = written(3, &rows, Sample::F32, None);
        if let Some(byte) = bytes.get_mut(flip) {
            *byte ^= 1 << bit;
        }
        bytes.truncate(bytes.len().saturating_sub(cut % 200));
        if let Ok(grid) = Grid::open(bytes.as_slice()) {
            let _ = grid.window(0, 0, 64, 64);
        }
    }
}

#[test]
fn a_box_takes_the_cells_whose_centres_it_holds() {
    let rows = vec![vec![1.0, 2.0, 3.0], vec![4.0, 5.0, 6.0]];
    let (header, bytes) = written(3, &rows, Sample::F32, None);
    let grid = Grid::open(bytes.as_slice()).unwrap();
    let inside = |bbox: Bbox| {
        let mut values = Vec::new();
        grid.cells(Some(bbox), &mut |cell| {
            assert!(
                cell.lon >= bbox.west
                    && cell.lon <= bbox.east
                    && cell.lat >= bbox.south
                    && cell.lat <= bbox.north
            );
            values.push(cell.value);
        })
        .unwrap();
        values
    };
    assert_eq!(inside(header.bbox()), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(
        inside(Bbox {
            west: 10.012,
            east: 10.018,
            south: 4.98,
            north: 5.0
        }),
        [2.0]
    );
    assert!(
        inside(Bbox {
            west: 20.0,
            east: 21.0,
            south: 4.0,
            north: 5.0
        })
        .is_empty()
    );
    assert!(
        inside(Bbox {
            west: 0.0,
            east: 1.0,
            south: 4.0,
            north: 5.0
        })
        .is_empty()
    );
}

/// Grids written by version 1 must be read for ever.
#[test]
fn the_first_version_is_read() {
    let bytes = include_bytes!("../../fixtures/grid-v1.bin");
    let grid = Grid::open(bytes.as_slice()).unwrap();
    assert_eq!(
        (grid.header().width, grid.header().height, grid.header().sample),
        (130, 2, Sample::F32)
    );
    assert_eq!(grid.header().no_data, Some(-99999.0));
    let window = grid.window(126, 0, 4, 2).unwrap();
    assert_eq!(window.values[..4], [126.5, 127.5, 128.5, 129.5]);
    assert!(window.values[4..].iter().all(|value| value.is_nan()));
    assert_eq!(grid.header().summary.populated, 130);
}

/// Grids in a projection, written by version 2, must be read for ever.
#[test]
fn the_second_version_is_read() {
    let bytes = include_bytes!("../../fixtures/grid-v2.bin");
    let grid = Grid::open(bytes.as_slice()).unwrap();
    assert_eq!((grid.header().width, grid.header().height), (130, 2));
    assert_eq!(grid.header().crs.name(), "EPSG:32737");
    assert_eq!(grid.header().summary.populated, 130);
    let mut cells = Vec::new();
    grid.cells(None, &mut |cell| cells.push(cell)).unwrap();
    let first = cells.first().unwrap();
    // pyproj 3.7: EPSG:32737 to EPSG:4326 of 257050, 9861950.
    assert!(
        (first.lon - 36.816_686_699_881_856).abs() < 1e-9
            && (first.lat + 1.248_067_156_407_875_6).abs() < 1e-9,
        "{first:?}"
    );
    assert_eq!((cells.len(), first.value), (130, 0.5));
    let mut damaged = bytes.to_vec();
    damaged[130] = 0xFF;
    assert!(Grid::open(damaged.as_slice()).is_err());
    damaged[96..100].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(Grid::open(damaged.as_slice()).is_err());
    assert!(Grid::open(&bytes[..135]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// A box of a projected grid takes the cells whose centres it holds: those that a look at every cell finds.
    #[test]
    fn a_box_of_a_projected_grid_holds_its_cells(
        system in 0_usize..6, west in -18.0_f64..50.0, south in -34.0_f64..35.0, wide in 0.001_f64..3.0, high in 0.001_f64..3.0,
        cell in 500.0_f64..40_000.0, east in -0.4_f64..1.2, north in -0.4_f64..1.2
    ) {
        let names = ["EPSG:32737", "EPSG:3857", "ESRI:54009", "EPSG:21037", "ESRI:102022", "+proj=laea +lat_0=5 +lon_0=20 +datum=WGS84"];
        let crs = crate::projection::Crs::from_name(names[system]).unwrap();
        // Within the reach of a zone, and a grid about the box.
        let west = if names[system].ends_with("37") { 36.0 + west / 20.0 } else { west };
        let Some((x, y)) = crs.from_wgs84(west + wide * east, south + high * north) else { return Ok(()) };
        let (width, height) = (40_u32, 30_u32);
        let place = Georeference { west: x - 20.0 * cell, north: y + 15.0 * cell, cell_width: cell, cell_height: cell };
        let mut writer = GridWriter::projected(width, height, Sample::F32, place, None, crs.clone()).unwrap();
        for row in 0..height {
            writer.push_row(&(0..width).map(|column| f64::from(row * width + column)).collect::<Vec<_>>()).unwrap();
        }
        let (header, mut content) = writer.finish().unwrap();
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        let grid = Grid::open(bytes).unwrap();
        let bbox = Bbox { west, south, east: west + wide, north: south + high };
        let mut found = Vec::new();
        grid.cells(Some(bbox), &mut |cell| found.push((cell.column, cell.row))).unwrap();
        found.sort_unstable();
        let mut expected = Vec::new();
        let whole = header.bbox();
        for column in 0..width {
            for row in 0..height {
                let centre = (place.west + (f64::from(column) + 0.5) * cell, place.north - (f64::from(row) + 0.5) * cell);
                let Some((lon, lat)) = crs.to_wgs84(centre.0, centre.1) else { continue };
                prop_assert!(whole.holds(lon, lat), "{} {} {:?}", lon, lat, whole);
                if lon >= bbox.west && lon <= bbox.east && lat >= bbox.south && lat <= bbox.north {
                    expected.push((column, row));
                }
            }
        }
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }
}

#[test]
#[ignore = "writes the fixture of version 2, once"]
fn write_the_second_fixture() {
    let place = Georeference {
        west: 257_000.0,
        north: 9_862_000.0,
        cell_width: 100.0,
        cell_height: 100.0,
    };
    let crs = crate::projection::Crs::from_name("EPSG:32737").unwrap();
    let mut writer = GridWriter::projected(130, 2, Sample::F32, place, Some(-99999.0), crs).unwrap();
    writer
        .push_row(&(0..130).map(|i| f64::from(i) + 0.5).collect::<Vec<_>>())
        .unwrap();
    writer.push_row(&[-99999.0; 130]).unwrap();
    let mut bytes = Vec::new();
    writer.finish().unwrap().1.read_to_end(&mut bytes).unwrap();
    std::fs::write(
        concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/grid-v2.bin"),
        bytes,
    )
    .unwrap();
}

#[test]
#[ignore = "writes the fixture of version 1, once"]
fn write_the_fixture() {
    let rows = vec![
        (0..130).map(|i| f64::from(i) + 0.5).collect(),
        vec![-99999.0; 130],
    ];
    let (_, bytes) = written(130, &rows, Sample::F32, Some(-99999.0));
    std::fs::write(
        concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/grid-v1.bin"),
        bytes,
    )
    .unwrap();
}

//! GeoTIFF of every sort that is read, and of sorts that are refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "a test may fail, and knows its numbers"
)]

mod common;

use common::{count, entity, import_bytes, text};
use formats::{Kind, MemorySink, raster};
use tiff::encoder::colortype::{
    ColorType, Gray8, Gray16, Gray32, Gray32Float, Gray64Float, GrayI16, GrayI32,
};
use tiff::encoder::{Compression, Predictor, TiffEncoder, TiffValue};
use tiff::tags::Tag;

const WGS84: [u16; 12] = [1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4326];

/// A GeoTIFF in strips: width 200, height 150, cells of 0.001 degrees from 36 E, 1 S.
fn geotiff<C: ColorType>(
    cells: &[C::Inner],
    compression: Compression,
    predictor: Predictor,
    keys: &[u16],
) -> Vec<u8>
where
    [C::Inner]: TiffValue,
{
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes)
        .unwrap()
        .with_compression(compression)
        .with_predictor(predictor);
    let mut image = encoder.new_image::<C>(200, 150).unwrap();
    image.rows_per_strip(7).unwrap();
    let directory = image.encoder();
    directory
        .write_tag(Tag::ModelPixelScaleTag, &[0.001_f64, 0.001, 0.0][..])
        .unwrap();
    directory
        .write_tag(Tag::ModelTiepointTag, &[0.0_f64, 0.0, 0.0, 36.0, -1.0, 0.0][..])
        .unwrap();
    directory.write_tag(Tag::GeoKeyDirectoryTag, keys).unwrap();
    directory.write_tag(Tag::GdalNodata, "255").unwrap();
    image.write_data(cells).unwrap();
    bytes.into_inner()
}

fn values(sink: &MemorySink) -> Vec<f64> {
    let grid = entity(sink, "urn:ngsi-ld:PopulationGrid:p-2025");
    let grid = raster::Grid::open(&sink.blobs[&text(grid, "blob")]).unwrap();
    grid.window(0, 0, 200, 150).unwrap().values
}

fn check(bytes: &[u8], cells: &[f64], what: &str) {
    let (sink, report) = import_bytes(Kind::Population, "p-2025.tif", bytes, &[]);
    let report = report.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(report.refused_count, 0);
    for (ours, theirs) in values(&sink).iter().zip(cells) {
        let same = if *theirs == 255.0 {
            ours.is_nan()
        } else {
            ours == theirs
        };
        assert!(same, "{what}: {ours} {theirs}");
    }
}

#[test]
fn every_sort_of_sample_and_compression_is_read() {
    let number = |index: usize| (index * 7919) % 256;
    let as_f64: Vec<f64> = (0..30_000)
        .map(|index| f64::from(u8::try_from(number(index)).unwrap()))
        .collect();
    let compressions = [
        (Compression::Uncompressed, "none"),
        (Compression::Lzw, "LZW"),
        (Compression::Deflate(tiff::encoder::DeflateLevel::Fast), "DEFLATE"),
    ];
    for (compression, name) in compressions {
        for predictor in [Predictor::None, Predictor::Horizontal] {
            let what = |sample: &str| format!("{sample} {name} {predictor:?}");
            let cells: Vec<u8> = as_f64.iter().map(|v| *v as u8).collect();
            check(
                &geotiff::<Gray8>(&cells, compression, predictor, &WGS84),
                &as_f64,
                &what("u8"),
            );
            let cells: Vec<u16> = as_f64.iter().map(|v| *v as u16).collect();
            check(
                &geotiff::<Gray16>(&cells, compression, predictor, &WGS84),
                &as_f64,
                &what("u16"),
            );
            let cells: Vec<u32> = as_f64.iter().map(|v| *v as u32).collect();
            check(
                &geotiff::<Gray32>(&cells, compression, predictor, &WGS84),
                &as_f64,
                &what("u32"),
            );
        }
        let cells: Vec<i16> = as_f64.iter().map(|v| *v as i16 - 100).collect();
        let shifted: Vec<f64> = cells.iter().map(|v| f64::from(*v)).collect();
        check(
            &geotiff::<GrayI16>(&cells, compression, Predictor::None, &WGS84),
            &shifted,
            &format!("i16 {name}"),
        );
        let cells: Vec<i32> = as_f64.iter().map(|v| *v as i32 + 1_000_000_007).collect();
        let large: Vec<f64> = cells.iter().map(|v| f64::from(*v)).collect();
        check(
            &geotiff::<GrayI32>(&cells, compression, Predictor::None, &WGS84),
            &large,
            &format!("i32 {name}"),
        );
        let cells: Vec<f32> = as_f64.iter().map(|v| *v as f32 / 3.0).collect();
        let thirds: Vec<f64> = cells.iter().map(|v| f64::from(*v)).collect();
        check(
            &geotiff::<Gray32Float>(&cells, compression, Predictor::None, &WGS84),
            &thirds,
            &format!("f32 {name}"),
        );
        let cells: Vec<f64> = as_f64.iter().map(|v| v / 3.0).collect();
        check(
            &geotiff::<Gray64Float>(&cells, compression, Predictor::None, &WGS84),
            &cells,
            &format!("f64 {name}"),
        );
    }
}

/// A tiled GeoTIFF, written by hand: 200 by 150 cells in tiles of 64 by 32, DEFLATE where asked.
fn tiled(packed: bool, point: bool, matrix: bool) -> (Vec<u8>, Vec<f64>) {
    let (width, height, tile_width, tile_height) = (200_usize, 150_usize, 64_usize, 32_usize);
    let value = |column: usize, row: usize| ((row * width + column) as f32 + 0.5) / 7.0;
    let mut blocks = Vec::new();
    for down in 0..height.div_ceil(tile_height) {
        for across in 0..width.div_ceil(tile_width) {
            let mut raw = Vec::new();
            for row in down * tile_height..(down + 1) * tile_height {
                for column in across * tile_width..(across + 1) * tile_width {
                    let inside = row < height && column < width;
                    raw.extend(if inside { value(column, row) } else { -7.0 }.to_le_bytes());
                }
            }
            blocks.push(if packed {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
                std::io::Write::write_all(&mut encoder, &raw).unwrap();
                encoder.finish().unwrap()
            } else {
                raw
            });
        }
    }
    let mut keys = WGS84.to_vec();
    keys[3] = 3;
    keys.splice(
        4..,
        [
            1024,
            0,
            1,
            2,
            1025,
            0,
            1,
            if point { 2 } else { 1 },
            2048,
            0,
            1,
            4326,
        ],
    );
    let u16s = |values: &[u16]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let u32s = |values: &[u32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let f64s = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let mut body = vec![b'I', b'I', 42, 0, 0, 0, 0, 0];
    let mut offsets = Vec::new();
    for block in &blocks {
        offsets.push(u32::try_from(body.len()).unwrap());
        body.extend(block);
    }
    let counts: Vec<u32> = blocks
        .iter()
        .map(|block| u32::try_from(block.len()).unwrap())
        .collect();
    let place = if matrix {
        let m = [
            0.001, 0.0, 0.0, 36.0, 0.0, -0.001, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0,
        ];
        vec![(34264_u16, 12_u16, 16_usize, f64s(&m))]
    } else {
        vec![
            (33550, 12, 3, f64s(&[0.001, 0.001, 0.0])),
            (33922, 12, 6, f64s(&[10.0, 20.0, 0.0, 36.01, -1.02, 0.0])),
        ]
    };
    let mut entries: Vec<(u16, u16, usize, Vec<u8>)> = vec![
        (256, 3, 1, u16s(&[200])),
        (257, 3, 1, u16s(&[150])),
        (258, 3, 1, u16s(&[32])),
        (259, 3, 1, u16s(&[if packed { 8 } else { 1 }])),
        (262, 3, 1, u16s(&[1])),
        (277, 3, 1, u16s(&[1])),
        (322, 3, 1, u16s(&[64])),
        (323, 3, 1, u16s(&[32])),
        (324, 4, offsets.len(), u32s(&offsets)),
        (325, 4, counts.len(), u32s(&counts)),
        (339, 3, 1, u16s(&[3])),
    ];
    entries.extend(place);
    entries.push((34735, 3, keys.len(), u16s(&keys)));
    let at = u32::try_from(body.len() + body.len() % 2).unwrap();
    body.resize(at as usize, 0);
    body[4..8].copy_from_slice(&at.to_le_bytes());
    let mut directory = u16s(&[u16::try_from(entries.len()).unwrap()]);
    let mut tail = Vec::new();
    let tail_at = at as usize + 2 + entries.len() * 12 + 4;
    for (tag, kind, count, mut value) in entries {
        directory.extend(u16s(&[tag, kind]));
        directory.extend(u32s(&[u32::try_from(count).unwrap()]));
        if value.len() > 4 {
            directory.extend(u32s(&[u32::try_from(tail_at + tail.len()).unwrap()]));
            tail.extend(value);
        } else {
            value.resize(4, 0);
            directory.extend(value);
        }
    }
    directory.extend([0; 4]);
    body.extend(directory);
    body.extend(tail);
    let cells = (0..height * width)
        .map(|index| f64::from(value(index % width, index / width)))
        .collect();
    (body, cells)
}

#[test]
fn tiles_are_read() {
    for packed in [false, true] {
        let (bytes, cells) = tiled(packed, false, packed);
        check(&bytes, &cells, &format!("tiles, packed: {packed}"));
    }
    let place = |point: bool, matrix: bool| {
        let (sink, report) = import_bytes(Kind::Population, "p-2025.tif", &tiled(true, point, matrix).0, &[]);
        report.unwrap();
        let grid = entity(&sink, "urn:ngsi-ld:PopulationGrid:p-2025");
        let grid = raster::Grid::open(&sink.blobs[&text(grid, "blob")]).unwrap();
        let header = grid.header();
        (header.place.west, header.place.north)
    };
    for matrix in [false, true] {
        let (west, north) = place(false, matrix);
        assert!(
            (west - 36.0).abs() < 1e-12 && (north + 1.0).abs() < 1e-12,
            "{west} {north}"
        );
        let (west, north) = place(true, matrix);
        assert!(
            (west - 35.9995).abs() < 1e-12 && (north + 0.9995).abs() < 1e-12,
            "{west} {north}"
        );
    }
}

#[test]
fn coordinate_systems_that_are_not_understood_are_refused_with_the_remedy() {
    let with = |keys: &[u16]| {
        let cells = vec![1.0_f32; 30_000];
        let bytes = geotiff::<Gray32Float>(&cells, Compression::Uncompressed, Predictor::None, keys);
        let (sink, report) = import_bytes(Kind::Population, "utm.tif", &bytes, &[]);
        let error = report.unwrap_err().to_string();
        assert_eq!((count(&sink, "PopulationGrid"), sink.blobs.len()), (0, 0));
        assert!(
            error.starts_with("utm.tif: ")
                && (error.contains("gdalwarp -t_srs EPSG:4326") || error.contains("--crs")),
            "{error}"
        );
        error
    };
    assert!(with(&[1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 20_800]).contains("EPSG:20800"));
    assert!(with(&[1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32767]).contains("projection of its own"));
    assert!(with(&[1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4267]).contains("EPSG:4267"));
    assert!(with(&[1, 1, 0, 0]).contains("does not say its coordinate system"));
}

#[test]
fn damaged_pictures_write_nothing() {
    let cells = vec![1.0_f32; 30_000];
    let whole = geotiff::<Gray32Float>(&cells, Compression::Lzw, Predictor::None, &WGS84);
    for keep in [0, 3, 9, whole.len() / 4, whole.len() / 2, whole.len() - 8] {
        let (sink, report) = import_bytes(Kind::Population, "p.tif", &whole[..keep], &[]);
        assert!(report.is_err(), "{keep} bytes");
        assert!(sink.entities.is_empty() && sink.blobs.is_empty());
    }
}

#[test]
fn a_table_of_cells_is_a_grid() {
    let csv = "lon,lat,population\n36.05,-1.05,3\n36.15,-1.05,4.5\n36.05,-1.15,5\n36.25,-1.25,6\n36.05,-1.05,9\n36.15,-1.15,-4\nx,-1.15,2\n";
    let (sink, report) = import_bytes(Kind::Population, "p-2025.csv", csv.as_bytes(), &[]);
    let report = report.unwrap();
    assert_eq!(
        report.refused.iter().map(|r| r.line.unwrap()).collect::<Vec<_>>(),
        [6, 7, 8]
    );
    let grid = entity(&sink, "urn:ngsi-ld:PopulationGrid:p-2025");
    assert_eq!(
        (
            text(grid, "width"),
            text(grid, "height"),
            text(grid, "totalPopulation")
        ),
        ("3".into(), "3".into(), "18.5".into())
    );
    let grid = raster::Grid::open(&sink.blobs[&text(grid, "blob")]).unwrap();
    let mut cells = Vec::new();
    grid.cells(None, &mut |cell| cells.push((cell.column, cell.row, cell.value)))
        .unwrap();
    assert_eq!(cells, [(0, 0, 3.0), (1, 0, 4.5), (0, 1, 5.0), (2, 2, 6.0)]);
    let (lon, lat) = grid.header().centre(2, 2).unwrap();
    assert!((lon - 36.25).abs() < 1e-9 && (lat + 1.25).abs() < 1e-9);

    let error = |csv: &str| {
        import_bytes(Kind::Population, "p.csv", csv.as_bytes(), &[])
            .1
            .unwrap_err()
            .to_string()
    };
    assert!(error("lon,lat,population\n0,0,1\n1,0,1\n1.4,1,1\n").contains("not evenly spaced"));
    assert!(error("a,b\n1,2\n").contains("its columns are a, b"));
    assert!(error("lon,lat,population\n").contains("no row of it could be read"));
}

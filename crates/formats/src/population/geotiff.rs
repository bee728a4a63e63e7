//! GeoTIFF (OGC 19-008r4): strips and tiles, one band, in degrees or a projection.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;

use tiff::decoder::{Decoder, DecodingResult, DecodingSampleType, Limits};
use tiff::tags::Tag;
use tiff::{TiffError, TiffUnsupportedError};

use super::{check_row, grid_error, spool_error, store};
use crate::file::InputFile;
use crate::import::{ImportError, Session};
use crate::projection::{GeoKeys, choose};
use crate::raster::{Georeference, GridWriter, Sample, TILE};

/// The largest strip or tile in bytes.
const MAX_CHUNK: usize = 64 << 20;
/// The most that the rows of one row of tiles may hold, in samples.
const MAX_BAND: u64 = 64 << 20;

const RETILE: &str = "store it in tiles: `gdal_translate -co TILED=YES -co COMPRESS=DEFLATE in.tif out.tif`";
const REPROJECT: &str = "reproject it: `gdalwarp -t_srs EPSG:4326 -r sum in.tif out.tif`";
const ASSIGN: &str = "name it with --crs, as in --crs EPSG:4326 for degrees of WGS 84, or put it in the file: \
                      `gdal_translate -a_srs EPSG:4326 in.tif out.tif`";

type Tiff = Decoder<BufReader<File>>;

pub(super) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    let bytes = File::open(&file.path).map_err(ImportError::read(&file.name))?;
    let refused = |error: TiffError| refusal(&file.name, error);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_CHUNK;
    limits.intermediate_buffer_size = MAX_CHUNK;
    limits.ifd_value_size = 64 << 20;
    let mut tiff = Decoder::new(BufReader::new(bytes))
        .map_err(refused)?
        .with_limits(limits);
    let (width, height) = tiff.dimensions().map_err(refused)?;
    let bands: u32 = tiff
        .find_tag_unsigned(Tag::SamplesPerPixel)
        .map_err(refused)?
        .unwrap_or(1);
    if bands != 1 {
        return Err(ImportError::file(
            &file.name,
            format!("it has {bands} bands, and a population grid has one"),
            "keep one: `gdal_translate -b 1 in.tif out.tif`",
        ));
    }
    let keys = keys(&mut tiff);
    let Some(crs) = choose(&file.name, keys.crs(), session, REPROJECT)? else {
        return Err(ImportError::file(
            &file.name,
            "it does not say its coordinate system",
            ASSIGN,
        ));
    };
    let place = georeference(&file.name, &mut tiff, keys.is_point())?;
    let no_data = no_data(&mut tiff);
    let (chunk_width, chunk_height) = tiff.chunk_dimensions();
    if chunk_width == 0 || chunk_height == 0 || u64::from(width) * u64::from(chunk_height) > MAX_BAND {
        let why = format!(
            "its strips or tiles are {chunk_width} by {chunk_height} cells, too large to be read in parts"
        );
        return Err(ImportError::file(&file.name, why, RETILE));
    }

    let sample = sample_of(&file.name, &mut tiff)?;
    let mut writer =
        GridWriter::projected(width, height, sample, place, no_data, crs).map_err(grid_error(file))?;
    let across = width.div_ceil(chunk_width);
    let mut rows: VecDeque<Vec<f64>> = VecDeque::new();
    for down in 0..height.div_ceil(chunk_height) {
        let row_count = chunk_height.min(height - down * chunk_height);
        rows.extend((0..row_count).map(|_| Vec::with_capacity(width as usize)));
        for column in 0..across {
            let chunk = down * across + column;
            let (chunk_columns, chunk_rows) = tiff.chunk_data_dimensions(chunk);
            let samples = samples(&file.name, tiff.read_chunk(chunk).map_err(refused)?)?;
            if chunk_rows != row_count || samples.len() < chunk_columns as usize * chunk_rows as usize {
                let why = format!("block {chunk} is shorter than its size says");
                return Err(ImportError::file(
                    &file.name,
                    why,
                    "download it again: it may have been cut off",
                ));
            }
            for (row, part) in rows.iter_mut().zip(samples.chunks_exact(chunk_columns as usize)) {
                row.extend_from_slice(part);
            }
        }
        for (row, number) in rows.drain(..).zip(down * chunk_height..) {
            check_row(file, writer.header(), number, &row)?;
            writer.push_row(&row).map_err(|error| spool_error(&error))?;
        }
        if down % TILE == 0 {
            session.tell(&file.name);
        }
    }
    let (header, mut content) = writer.finish().map_err(grid_error(file))?;
    let cells = u64::from(width) * u64::from(height);
    store(file, session, &header, &mut content, &[("cells", cells)])
}

/// Integers beyond 24 bits need 64 bits of a float; everything else fits 32.
fn sample_of(file: &str, tiff: &mut Tiff) -> Result<Sample, ImportError> {
    let layout = tiff
        .image_chunk_buffer_layout(0)
        .map_err(|error| refusal(file, error))?;
    Ok(match layout.sample_type {
        Some(
            DecodingSampleType::U32
            | DecodingSampleType::I32
            | DecodingSampleType::F64
            | DecodingSampleType::U64
            | DecodingSampleType::I64,
        ) => Sample::F64,
        _ => Sample::F32,
    })
}

fn samples(file: &str, decoded: DecodingResult) -> Result<Vec<f64>, ImportError> {
    Ok(match decoded {
        DecodingResult::U8(v) => v.into_iter().map(f64::from).collect(),
        DecodingResult::I8(v) => v.into_iter().map(f64::from).collect(),
        DecodingResult::U16(v) => v.into_iter().map(f64::from).collect(),
        DecodingResult::I16(v) => v.into_iter().map(f64::from).collect(),
        DecodingResult::U32(v) => v.into_iter().map(f64::from).collect(),
        DecodingResult::I32(v) => v.into_iter().map(f64::from).collect(),
        DecodingResult::F32(v) => v.into_iter().map(f64::from).collect(),
        DecodingResult::F64(v) => v,
        _ => {
            return Err(ImportError::file(
                file,
                "its samples are of a sort that is not read (64-bit integers or 16-bit floats)",
                "convert them: `gdal_translate -ot Float32 in.tif out.tif`",
            ));
        }
    })
}

/// The keys of the GeoKeyDirectory (7.1), with their numbers and texts.
fn keys(tiff: &mut Tiff) -> GeoKeys {
    let mut value = |tag: Tag| tiff.find_tag(tag).ok().flatten();
    let directory = value(Tag::GeoKeyDirectoryTag).and_then(|value| value.into_u16_vec().ok());
    let numbers = value(Tag::GeoDoubleParamsTag).and_then(|value| value.into_f64_vec().ok());
    let text = value(Tag::GeoAsciiParamsTag).and_then(|value| value.into_string().ok());
    GeoKeys::new(
        &directory.unwrap_or_default(),
        numbers.unwrap_or_default(),
        text.unwrap_or_default(),
    )
}

/// Where the cells lie (clause 7.2: ModelTiepoint with ModelPixelScale, or ModelTransformation).
fn georeference(file: &str, tiff: &mut Tiff, point: bool) -> Result<Georeference, ImportError> {
    let mut numbers = |tag: Tag| {
        tiff.find_tag(tag)
            .ok()
            .flatten()
            .and_then(|value| value.into_f64_vec().ok())
            .unwrap_or_default()
    };
    let scale = numbers(Tag::ModelPixelScaleTag);
    let tie = numbers(Tag::ModelTiepointTag);
    let matrix = numbers(Tag::ModelTransformationTag);
    let turned = || {
        Err(ImportError::file(
            file,
            "its rows do not run from west to east and from north to south",
            REPROJECT,
        ))
    };
    let mut place = match (scale.as_slice(), tie.as_slice(), matrix.as_slice()) {
        ([width, height, ..], [column, row, _, x, y, _], _) => Georeference {
            west: x - column * width,
            north: y + row * height,
            cell_width: *width,
            cell_height: *height,
        },
        // Rows of the matrix: x = width·column + shear·row + west; y = shear·column + height·row + north.
        (_, _, [width, shear_x, _, west, shear_y, height, _, north, ..]) => {
            if *shear_x != 0.0 || *shear_y != 0.0 {
                return turned();
            }
            Georeference {
                west: *west,
                north: *north,
                cell_width: *width,
                cell_height: -height,
            }
        }
        _ => {
            return Err(ImportError::file(
                file,
                "it does not say where its cells lie",
                "give it its corners: `gdal_translate -a_srs EPSG:4326 -a_ullr WEST NORTH EAST SOUTH in.tif out.tif`",
            ));
        }
    };
    if place.cell_width <= 0.0 || place.cell_height <= 0.0 {
        return turned();
    }
    // The point of a cell is its centre, not its corner.
    if point {
        place.west -= place.cell_width / 2.0;
        place.north += place.cell_height / 2.0;
    }
    Ok(place)
}

/// GDAL's own tag 42113: the number that stands for no data.
fn no_data(tiff: &mut Tiff) -> Option<f64> {
    let text = tiff
        .find_tag(Tag::GdalNodata)
        .ok()
        .flatten()?
        .into_string()
        .ok()?;
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0')
        .parse::<f64>()
        .ok()
        .filter(|mark| !mark.is_nan())
}

fn refusal(file: &str, error: TiffError) -> ImportError {
    match error {
        TiffError::LimitsExceeded => {
            ImportError::file(file, "it is stored in blocks too large to be read", RETILE)
        }
        TiffError::UnsupportedError(TiffUnsupportedError::UnsupportedCompressionMethod(method)) => {
            ImportError::file(
                file,
                format!("it is compressed with {method:?}, which is not read"),
                "compress it otherwise: `gdal_translate -co COMPRESS=DEFLATE in.tif out.tif`",
            )
        }
        TiffError::UnsupportedError(error) => ImportError::file(
            file,
            format!("it is a TIFF of a sort that is not read: {error}"),
            "convert it: `gdal_translate -ot Float32 -co COMPRESS=DEFLATE in.tif out.tif`",
        ),
        other => ImportError::file(
            file,
            format!("it is damaged or not whole: {other}"),
            "download it again; `gdalinfo -checksum` on the file should end without an error",
        ),
    }
}

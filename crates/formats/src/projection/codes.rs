//! Definitions by authority and code: EPSG's from the crate `crs-definitions`, and ESRI's that files use most.

/// Codes of ESRI, as PROJ 9.5 defines them; those of the web's Mercator among them.
const ESRI: [(u32, &str); 17] = [
    (53_008, "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371000 +units=m"),
    (53_009, "+proj=moll +lon_0=0 +x_0=0 +y_0=0 +R=6371000 +units=m"),
    (54_008, "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (54_009, "+proj=moll +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (
        54_017,
        "+proj=cea +lat_ts=30 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (54_030, "+proj=robin +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (
        54_034,
        "+proj=cea +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (
        54_035,
        "+proj=eqearth +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (
        102_001,
        "+proj=aea +lat_0=40 +lon_0=-96 +lat_1=50 +lat_2=70 +x_0=0 +y_0=0 +datum=NAD83 +units=m",
    ),
    (
        102_003,
        "+proj=aea +lat_0=37.5 +lon_0=-96 +lat_1=29.5 +lat_2=45.5 +x_0=0 +y_0=0 +datum=NAD83 +units=m",
    ),
    (
        102_008,
        "+proj=aea +lat_0=40 +lon_0=-96 +lat_1=20 +lat_2=60 +x_0=0 +y_0=0 +datum=NAD83 +units=m",
    ),
    (
        102_022,
        "+proj=aea +lat_0=0 +lon_0=25 +lat_1=20 +lat_2=-23 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (
        102_024,
        "+proj=lcc +lat_0=0 +lon_0=25 +lat_1=20 +lat_2=-23 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (
        102_025,
        "+proj=aea +lat_0=30 +lon_0=95 +lat_1=15 +lat_2=65 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (
        102_028,
        "+proj=aea +lat_0=-15 +lon_0=125 +lat_1=7 +lat_2=-32 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (
        102_100,
        "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m",
    ),
    (
        102_113,
        "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m",
    ),
];

/// Geographic systems in grads, whose definitions do not say so.
const GRADS: [u32; 8] = [4807, 4810, 4811, 4816, 4819, 4821, 4901, 4902];

/// Codes whose definition in `crs-definitions` gives places more than fifty metres from those of EPSG's registry (as
/// PROJ 9.5 has it, tried at two places of each system), or counts its axes otherwise.
const WRONG: [u32; 36] = [
    2065, 2082, 2978, 3303, 3973, 3974, 3975, 4161, 4240, 4630, 4688, 4805, 5513, 6200, 6204, 6871, 6989,
    6990, 6991, 6996, 6997, 7400, 24_047, 24_048, 24_305, 24_306, 24_375, 31_281, 31_282, 31_283, 31_288,
    31_289, 31_290, 31_291, 31_292, 31_293,
];

/// The definition of a code, as PROJ writes it; `Err`: why there is none.
pub(super) fn find(authority: &str, code: u32) -> Result<&'static str, String> {
    let esri = || {
        ESRI.iter()
            .find(|(known, _)| *known == code)
            .map(|(_, definition)| *definition)
    };
    match authority {
        "EPSG" if GRADS.contains(&code) => Err("its coordinates are grads, not degrees".to_owned()),
        "EPSG" if WRONG.contains(&code) => {
            Err("the definition of this code that is known here is not EPSG's own".to_owned())
        }
        // Before it had a code of its own, the web's Mercator was called so.
        "EPSG" if code == 900_913 => find("ESRI", 102_100),
        "EPSG" => u16::try_from(code)
            .ok()
            .and_then(crs_definitions::from_code)
            .map(|found| found.proj4)
            .filter(|definition| !definition.is_empty())
            .or_else(|| newer(code))
            // Files give ESRI's codes as if they were EPSG's.
            .or_else(esri)
            .ok_or_else(|| "there is no definition of this code here".to_owned()),
        "ESRI" => esri().ok_or_else(|| "there is no definition of this code here".to_owned()),
        _ => Err("codes of EPSG and ESRI only are known".to_owned()),
    }
}

/// Codes that came after those of the crate.
fn newer(code: u32) -> Option<&'static str> {
    const TABLE: &str = include_str!("../../data/epsg.tsv");
    TABLE.lines().find_map(|line| {
        let (known, definition) = line.split_once('\t')?;
        (known.parse() == Ok(code)).then_some(definition)
    })
}

/// The part of a geographic system's definition that says how its datum lies to WGS 84: `+towgs84=…` or
/// `+datum=…`.
pub(super) fn shift(code: u32) -> Option<&'static str> {
    find("EPSG", code).ok()?.split_whitespace().find(|word| {
        word.starts_with("+towgs84=")
            || (word.starts_with("+datum=")
                && !matches!(*word, "+datum=NAD27" | "+datum=WGS84" | "+datum=NAD83"))
    })
}

/// The geographic system whose datum this is, by the datum's name (`D_Arc_1960`, `Arc_1960`, `Arc 1960`).
pub(super) fn datum(name: &str) -> Option<u32> {
    const TABLE: &str = include_str!("../../data/datums.tsv");
    let name = name.strip_prefix("D_").unwrap_or(name);
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let code = TABLE.lines().find_map(|line| {
        let (known, code) = line.split_once('\t')?;
        (known == plain).then_some(code)
    })?;
    code.parse().ok()
}

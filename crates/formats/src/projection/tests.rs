use proptest::prelude::*;

use super::*;

fn crs(name: &str) -> Crs {
    Crs::from_name(name).unwrap()
}

#[test]
fn wgs84_is_left_as_it_is() {
    for name in [
        "EPSG:4326",
        "urn:ogc:def:crs:OGC:1.3:CRS84",
        "urn:ogc:def:crs:EPSG::4326",
        "4326",
        "EPSG:4258",
        "http://www.opengis.net/def/crs/EPSG/0/4326",
    ] {
        assert!(crs(name).is_wgs84(), "{name}");
        assert_eq!(crs(name).to_wgs84(36.8219, -1.2921), Some((36.8219, -1.2921)));
    }
    assert!(!crs("EPSG:4210").is_wgs84() && crs("EPSG:4210").is_degrees());
    assert_eq!(Crs::wgs84().to_wgs84(181.0, 0.0), None);
    assert_eq!(Crs::wgs84().to_wgs84(f64::NAN, 0.0), None);
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let why = |name: &str| Crs::from_name(name).unwrap_err().to_string();
    assert_eq!(
        why("EPSG:99999"),
        "its coordinate system EPSG:99999 is not understood: there is no definition of this code here"
    );
    assert!(why("EPSG:4267").contains("needs a grid of shifts"));
    assert!(why("EPSG:4978").contains("geocentric"));
    assert!(why("EPSG:4807").contains("grads"));
    assert!(why("EPSG:24047").contains("not EPSG's own"));
    assert!(why("EPSG:2000").contains("how its datum lies to WGS 84 is not known"));
    assert!(why("EPSG:29701").contains("no definition"));
    assert!(why("Arc 1960").contains("not a code"));
    assert!(why("+proj=utm +zone=99 +datum=WGS84").contains("zone"));
    assert!(why("+proj=longlat +nadgrids=/etc/passwd").contains("grid of shifts"));
    for bad in [
        "",
        ":",
        "EPSG:",
        "EPSG:x",
        "IAU:30100",
        "+",
        "+proj=",
        "EPSG:-1",
        "EPSG:4326.5",
    ] {
        assert!(Crs::from_name(bad).is_err(), "{bad}");
    }
}

#[test]
fn places_beyond_the_map_are_none() {
    let utm = crs("EPSG:32737");
    assert!(utm.to_wgs84(257_000.0, 9_857_000.0).is_some());
    for (x, y) in [
        (f64::NAN, 0.0),
        (1e9, 0.0),
        (500_000.0, 5e7),
        (f64::INFINITY, 1.0),
        (-1e300, 1e300),
    ] {
        assert_eq!(utm.to_wgs84(x, y), None, "{x} {y}");
    }
    let web = crs("EPSG:3857");
    assert_eq!(
        web.to_wgs84(3e7, 0.0),
        None,
        "one and a half times round the earth"
    );
    let edge = web.to_wgs84(20_037_508.342_789_244, 1e6).unwrap();
    assert!((edge.0 - 180.0).abs() < 1e-9, "{edge:?}");
    let edge = web.to_wgs84(-20_037_508.342_789_244, 1e6).unwrap();
    assert!((edge.0 + 180.0).abs() < 1e-9, "{edge:?}");
    assert_eq!(
        crs("ESRI:54009").to_wgs84(1.7e7, 8e6),
        None,
        "a corner of the world map"
    );
    // Zone 60 reaches over the antimeridian.
    let (lon, _) = crs("EPSG:32660").to_wgs84(900_000.0, 100_000.0).unwrap();
    assert!((-180.0..-179.0).contains(&lon), "{lon}");
}

#[test]
fn south_and_west_are_directions_and_not_an_order() {
    // South Africa's Lo29 counts to the west and to the south; its definition keeps that.
    let lo = crs("EPSG:2053");
    let (lon, lat) = lo.to_wgs84(0.0, 2_867_000.0).unwrap();
    assert!(
        (lon - 29.0).abs() < 1e-9 && (-26.0..-25.0).contains(&lat),
        "{lon} {lat}"
    );
    let lambert = Crs::from_name("+proj=lcc +lat_1=35 +lat_2=65 +lat_0=52 +lon_0=10 +x_0=4000000 +y_0=2800000 +axis=neu +ellps=GRS80 +units=m").unwrap();
    assert_eq!(
        lambert.to_wgs84(4_100_000.0, 2_800_000.0),
        crs("EPSG:3034").to_wgs84(4_100_000.0, 2_800_000.0)
    );
}

#[test]
fn text_of_every_flavour_is_read() {
    let nairobi = (257_000.0, 9_857_000.0);
    let direct = crs("EPSG:21037").to_wgs84(nairobi.0, nairobi.1).unwrap();
    let near = |text: &str| {
        let system = Crs::from_wkt(text).unwrap();
        let (lon, lat) = system.to_wgs84(nairobi.0, nairobi.1).unwrap();
        assert!(
            (lon - direct.0).abs() < 1e-6 && (lat - direct.1).abs() < 1e-6,
            "{system:?}: {lon} {lat}"
        );
    };
    near(
        r#"PROJCS["Arc 1960 / UTM zone 37S",GEOGCS["Arc 1960",DATUM["Arc_1960",SPHEROID["Clarke 1880 (RGS)",6378249.145,293.465]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",39],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],PARAMETER["false_northing",10000000],UNIT["metre",1]]"#,
    );
    near(
        r#"PROJCS["Arc_1960_UTM_Zone_37S",GEOGCS["GCS_Arc_1960",DATUM["D_Arc_1960",SPHEROID["Clarke_1880_RGS",6378249.145,293.465]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",10000000.0],PARAMETER["Central_Meridian",39.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#,
    );
    near(
        r#"PROJCRS["Arc 1960 / UTM zone 37S",BASEGEOGCRS["Arc 1960",DATUM["Arc 1960",ELLIPSOID["Clarke 1880 (RGS)",6378249.145,293.465,LENGTHUNIT["metre",1]]],PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]]],CONVERSION["UTM zone 37S",METHOD["Transverse Mercator",ID["EPSG",9807]],PARAMETER["Latitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Longitude of natural origin",39,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Scale factor at natural origin",0.9996,SCALEUNIT["unity",1]],PARAMETER["False easting",500000,LENGTHUNIT["metre",1]],PARAMETER["False northing",10000000,LENGTHUNIT["metre",1]]],CS[Cartesian,2],AXIS["(E)",east],AXIS["(N)",north],LENGTHUNIT["metre",1]]"#,
    );
    near(
        r#"PROJCS["x",GEOGCS["y",DATUM["z",SPHEROID["c",6378249.145,293.465],TOWGS84[-160,-6,-302,0,0,0,0]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["central_meridian",39],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],PARAMETER["false_northing",10000000],UNIT["metre",1],AUTHORITY["EPSG","32737"]]"#,
    );
    let esri = r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
    assert!(Crs::from_wkt(esri).unwrap().is_wgs84());
    // The ellipsoid of WGS 84, and not its datum.
    let vietnam = r#"GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
    let (lon, lat) = Crs::from_wkt(vietnam).unwrap().to_wgs84(105.85, 21.03).unwrap();
    assert!(
        (0.0015..0.003).contains(&(lon - 105.85).hypot(lat - 21.03)),
        "{lon} {lat}"
    );
    let web = r#"PROJCS["WGS_1984_Web_Mercator_Auxiliary_Sphere",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Mercator_Auxiliary_Sphere"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",0.0],PARAMETER["Standard_Parallel_1",0.0],PARAMETER["Auxiliary_Sphere_Type",0.0],UNIT["Meter",1.0]]"#;
    let (a, b) = (Crs::from_wkt(web).unwrap(), crs("EPSG:3857"));
    let (ours, theirs) = (
        a.to_wgs84(4.1e6, -1.4e5).unwrap(),
        b.to_wgs84(4.1e6, -1.4e5).unwrap(),
    );
    assert!(
        (ours.0 - theirs.0).abs() < 1e-12 && (ours.1 - theirs.1).abs() < 1e-12,
        "{ours:?} {theirs:?}"
    );
}

#[test]
fn text_that_is_not_understood_is_refused() {
    let why = |text: &str| Crs::from_wkt(text).unwrap_err().to_string();
    assert!(why(r#"GEOGCS["x",DATUM["Martian",SPHEROID["m",3396190,169.8]],PRIMEM["z",0],UNIT["degree",0.0174532925199433]]"#).contains("how its datum lies"));
    assert!(why(r#"GEOGCS["NTF",DATUM["NTF",SPHEROID["c",6378249.2,293.466]],PRIMEM["Paris",2.337],UNIT["grad",0.0157079632679]]"#).contains("other than degrees"));
    assert!(why(r#"LOCAL_CS["site",UNIT["metre",1]]"#).contains("site"));
    assert!(why(r#"PROJCS["x",GEOGCS["y",DATUM["WGS_1984",SPHEROID["w",6378137,298.257223563]],PRIMEM["g",0],UNIT["degree",0.0174532925199433]],PROJECTION["Dymaxion"],UNIT["m",1],EXTENSION["PROJ4","+proj=longlat +nadgrids=/etc/passwd"]]"#).contains("grid of shifts"));
    assert!(why("PROJCS[").contains("damaged"));
    assert!(why(&"A[".repeat(7000)).contains("damaged"));
}

fn keys(entries: &[[u16; 4]], numbers: &[f64], text: &str) -> Result<Option<Crs>, UnknownCrs> {
    let mut directory = vec![1, 1, 0, u16::try_from(entries.len()).unwrap()];
    directory.extend(entries.iter().flatten());
    GeoKeys::new(&directory, numbers.to_vec(), text.to_owned()).crs()
}

#[test]
fn keys_of_a_geotiff_are_read() {
    let is = |stated: Result<Option<Crs>, UnknownCrs>| stated.unwrap().expect("it says something");
    assert_eq!(
        is(keys(
            &[[1024, 0, 1, 1], [3072, 0, 1, 32737], [3076, 0, 1, 9001]],
            &[],
            ""
        )),
        crs("EPSG:32737")
    );
    assert!(is(keys(&[[1024, 0, 1, 2], [2048, 0, 1, 4326]], &[], "")).is_wgs84());
    assert_eq!(keys(&[], &[], ""), Ok(None));
    // As GDAL writes a transverse Mercator of one's own with a shift of the datum.
    let own = is(keys(
        &[
            [1024, 0, 1, 1],
            [2048, 0, 1, 32767],
            [2050, 0, 1, 32767],
            [2054, 0, 1, 9102],
            [2057, 34736, 1, 5],
            [2059, 34736, 1, 6],
            [2061, 34736, 1, 7],
            [2062, 34736, 3, 8],
            [3072, 0, 1, 32767],
            [3074, 0, 1, 32767],
            [3075, 0, 1, 1],
            [3076, 0, 1, 9001],
            [3080, 34736, 1, 1],
            [3081, 34736, 1, 0],
            [3082, 34736, 1, 3],
            [3083, 34736, 1, 4],
            [3092, 34736, 1, 2],
        ],
        &[
            0.0,
            39.0,
            0.9996,
            500_000.0,
            10_000_000.0,
            6_378_249.145,
            293.4663,
            0.0,
            -160.0,
            -6.0,
            -302.0,
        ],
        "",
    ));
    let (ours, theirs) = (
        own.to_wgs84(257_000.0, 9_857_000.0).unwrap(),
        crs("EPSG:21037").to_wgs84(257_000.0, 9_857_000.0).unwrap(),
    );
    assert!(
        (ours.0 - theirs.0).abs() < 1e-9 && (ours.1 - theirs.1).abs() < 1e-9,
        "{ours:?} {theirs:?}"
    );
    // As GDAL writes Mollweide, for which GeoTIFF has no code.
    let text = r#"ESRI PE String = PROJCS["World_Mollweide",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Mollweide"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",0.0],UNIT["Meter",1.0]]|"#;
    let length = u16::try_from(text.len()).unwrap();
    let moll = is(keys(
        &[
            [1024, 0, 1, 32767],
            [2048, 0, 1, 32767],
            [3073, 34737, length, 0],
            [3076, 0, 1, 9001],
        ],
        &[],
        text,
    ));
    assert_eq!(moll.name(), "World_Mollweide");
    let (ours, theirs) = (
        moll.to_wgs84(3.6e6, -1.6e5).unwrap(),
        crs("ESRI:54009").to_wgs84(3.6e6, -1.6e5).unwrap(),
    );
    assert!(
        (ours.0 - theirs.0).abs() < 1e-12 && (ours.1 - theirs.1).abs() < 1e-12,
        "{ours:?} {theirs:?}"
    );
    assert!(
        keys(
            &[[1024, 0, 1, 1], [3072, 0, 1, 32737], [3076, 0, 1, 9003]],
            &[],
            ""
        )
        .unwrap_err()
        .to_string()
        .contains("the file says that its own unit")
    );
    assert!(
        keys(&[[1024, 0, 1, 3]], &[], "")
            .unwrap_err()
            .to_string()
            .contains("geocentric")
    );
    assert!(
        keys(&[[1024, 0, 1, 1], [3072, 0, 1, 32767]], &[], "")
            .unwrap_err()
            .to_string()
            .contains("does not describe")
    );
    assert!(
        keys(&[[1024, 0, 1, 1], [3072, 0, 1, 32767], [3075, 0, 1, 19]], &[], "")
            .unwrap_err()
            .to_string()
            .contains("method 19")
    );
}

/// Positions and what PROJ 9.5 (pyproj) makes of them; `tests/fixtures/projection/points.py` wrote them.
#[test]
fn it_agrees_with_proj() {
    let table = include_str!("../../tests/fixtures/projection/points.tsv");
    let mut count = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, x, y, lon, lat, tolerance] = fields[..] else {
            panic!("{line}");
        };
        let number = |text: &str| text.parse::<f64>().unwrap();
        let system = Crs::from_name(name).unwrap_or_else(|error| panic!("{error}"));
        let (ours_lon, ours_lat) = system
            .to_wgs84(number(x), number(y))
            .unwrap_or_else(|| panic!("{line}: it is nowhere"));
        let off = (ours_lon - number(lon)).abs().max((ours_lat - number(lat)).abs());
        assert!(
            off <= number(tolerance),
            "{line}: {ours_lon} {ours_lat} is {off} degrees off"
        );
        count += 1;
    }
    assert!(count > 300, "{count}");
}

proptest! {
    /// There and back is the same place.
    #[test]
    fn there_and_back(lon in 33.5_f64..44.0, lat in -40.0_f64..40.0, which in 0_usize..8) {
        let names = ["EPSG:32737", "EPSG:21037", "EPSG:3857", "ESRI:54009", "EPSG:4210", "ESRI:102022", "EPSG:6933",
            "+proj=laea +lat_0=5 +lon_0=20 +datum=WGS84"];
        let system = crs(names[which]);
        let (x, y) = system.from_wgs84(lon, lat).unwrap();
        let (back_lon, back_lat) = system.to_wgs84(x, y).unwrap();
        // A shift of the datum loses the height: a few centimetres.
        prop_assert!((back_lon - lon).abs() < 3e-7 && (back_lat - lat).abs() < 3e-7, "{} {}", back_lon - lon, back_lat - lat);
    }

    /// Equal areas stay equal: a quarter of a degree anywhere has the area that the ellipsoid's authalic sphere has.
    #[test]
    fn mollweide_keeps_areas(lon in -179.0_f64..178.0, lat in -80.0_f64..79.0) {
        let system = crs("ESRI:54009");
        let ring: Vec<(f64, f64)> = (0..4000).map(|step| {
            let (side, part) = (step / 1000, f64::from(step % 1000) / 1000.0);
            match side { 0 => (lon + part, lat), 1 => (lon + 1.0, lat + part), 2 => (lon + 1.0 - part, lat + 1.0), _ => (lon, lat + 1.0 - part) }
        }).map(|(lon, lat)| system.from_wgs84(lon, lat).unwrap()).collect();
        let area: f64 = ring.iter().zip(ring.iter().cycle().skip(1)).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>() / 2.0;
        // PROJ's Mollweide treats the latitude as that of a sphere with the semi-major axis.
        let expected = 6_378_137.0_f64.powi(2) * 1_f64.to_radians() * ((lat + 1.0).to_radians().sin() - lat.to_radians().sin());
        prop_assert!((area / expected - 1.0).abs() < 1e-6, "{area} {expected}");
    }

    /// Whatever a file says, an answer or a refusal.
    #[test]
    fn any_definition_is_answered(text in "\\PC{0,60}", words in proptest::collection::vec(
        prop_oneof![Just("+proj=utm"), Just("+zone=-7"), Just("+proj=omerc"), Just("+lat_0=1e308"), Just("+a=-1"), Just("+rf=0"),
            Just("+b=nan"), Just("+datum=WGS84"), Just("+proj=stere"), Just("+lat_ts=91"), Just("+k=0"), Just("+towgs84=1,2"), Just("+pm=x"),
            Just("+units=ft"), Just("+axis=eee"), Just("+proj=krovak"), Just("+R=1e-300"), Just("+lat_1=90"), Just("+lat_2=-90"), Just("+proj=lcc")], 0..6),
        x in any::<f64>(), y in any::<f64>())
    {
        let _ = Crs::from_wkt(&text);
        let _ = Crs::from_wkt(&format!("PROJCS[\"{text}\"]"));
        let _ = Crs::from_name(&text);
        if let Ok(system) = Crs::from_name(&format!("+{text} {}", words.join(" "))) {
            if let Some((lon, lat)) = system.to_wgs84(x, y) {
                prop_assert!(lon.abs() <= 180.0 && lat.abs() <= 90.0);
            }
            let _ = system.from_wgs84(1.0, 2.0);
        }
    }

    #[test]
    fn any_keys_are_answered(entries in proptest::collection::vec(any::<[u16; 4]>(), 0..8), known in proptest::collection::vec((0_usize..12, 0_u16..4, any::<u16>()), 0..8), text in "\\PC{0,40}") {
        const KEYS: [u16; 12] = [1024, 2048, 2050, 2057, 2059, 2062, 3072, 3073, 3075, 3076, 3082, 3080];
        let mut all: Vec<[u16; 4]> = known.iter().map(|(key, count, value)| {
            [KEYS[*key], if *value % 2 == 0 { 0 } else { 34736 + value % 3 }, *count, value % 40]
        }).collect();
        all.extend(entries);
        let _ = keys(&all, &[1.0, f64::NAN, 6_378_137.0, 298.2], &text);
    }
}

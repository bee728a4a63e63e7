//! The 91 indicators of U4SSC and their 112 data points: only what is needed to know that a row means one.

use std::sync::OnceLock;

use crate::text::closest;

const TABLE: &str = include_str!("../../data/u4ssc-data-points.tsv");

/// The table of data points.
pub(super) struct DataPoints {
    rows: Vec<DataPoint>,
}

/// A data point.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DataPoint {
    pub(super) kpi: &'static str,
    pub(super) code: Option<&'static str>,
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
}

impl DataPoints {
    pub(super) fn built_in() -> &'static Self {
        static BUILT_IN: OnceLock<DataPoints> = OnceLock::new();
        BUILT_IN.get_or_init(|| {
            let row = |line: &'static str| {
                let mut fields = line.split('\t');
                Some(DataPoint {
                    kpi: fields.next()?,
                    code: Some(fields.next()?).filter(|text| !text.is_empty()),
                    name: fields.next()?,
                    unit: fields.next()?,
                })
            };
            Self {
                rows: TABLE.lines().skip(1).filter_map(row).collect(),
            }
        })
    }

    /// The data point that a row means. `Err`: the column, why not, and what to do.
    pub(super) fn find(
        &self,
        kpi: &str,
        data_point: &str,
    ) -> Result<&DataPoint, (&'static str, String, String)> {
        let wanted = plain(kpi);
        let of_kpi: Vec<&DataPoint> = self.rows.iter().filter(|row| plain(row.kpi) == wanted).collect();
        let Some(first) = of_kpi.first() else {
            if kpi.trim().is_empty() {
                return Err((
                    "kpi",
                    "it names no indicator".to_owned(),
                    "give the identifier, as in EC: I: T: 2A".to_owned(),
                ));
            }
            let near = closest(kpi, self.rows.iter().map(|row| row.kpi)).or_else(|| {
                closest(kpi, self.rows.iter().map(|row| row.name))
                    .and_then(|name| self.rows.iter().find(|row| row.name == name).map(|row| row.kpi))
            });
            let remedy = near.map_or_else(
                || "give the identifier of one of the 91 indicators, as in EC: I: T: 2A".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(("kpi", format!("there is no indicator `{kpi}`"), remedy));
        };
        let names: Vec<&str> = of_kpi.iter().filter_map(|row| row.code).collect();
        if data_point.is_empty() {
            if names.is_empty() {
                return Ok(first);
            }
            let why = format!("{} has several data points and the row names none", first.kpi);
            return Err(("data_point", why, format!("give one of: {}", names.join(", "))));
        }
        let wanted = plain(data_point);
        of_kpi
            .iter()
            .copied()
            .find(|row| row.code.is_some_and(|name| plain(name) == wanted))
            .ok_or_else(|| {
                let remedy = if names.is_empty() {
                    "leave data_point empty".to_owned()
                } else {
                    let near = closest(data_point, names.iter().copied());
                    near.map_or_else(
                        || format!("give one of: {}", names.join(", ")),
                        |near| format!("did you mean `{near}`?"),
                    )
                };
                (
                    "data_point",
                    format!("{} has no data point `{data_point}`", first.kpi),
                    remedy,
                )
            })
    }
}

/// Without blanks and in capitals: `ec:i:t:2a` is `EC: I: T: 2A`.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_however_they_are_written() {
        let all = DataPoints::built_in();
        assert_eq!(all.find("ec:i:t:2a", "").unwrap().kpi, "EC: I: T: 2A");
        assert_eq!(all.find("EC: ICT: ICT: 4C", "4g").unwrap().code, Some("4G"));
        let (column, why, remedy) = all.find("EC: I: T: 2B", "").unwrap_err();
        assert_eq!(
            (column, why.as_str()),
            ("kpi", "there is no indicator `EC: I: T: 2B`")
        );
        assert!(remedy.starts_with("did you mean `EC: I: T: "), "{remedy}");
        assert_eq!(all.find("EC: ICT: ICT: 4C", "").unwrap_err().0, "data_point");
        assert_eq!(
            all.find("EC: I: T: 2A", "x").unwrap_err().2,
            "leave data_point empty"
        );
    }

    /// Against the source of the catalogue.
    #[test]
    fn the_table_is_the_catalogues() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../indicators/data/u4ssc-catalogue-1.json"
        );
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let expected: Vec<_> = json["kpis"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|kpi| {
                let points = kpi["data_points"].as_array().unwrap();
                points
                    .iter()
                    .map(|point| (kpi["id"].as_str().unwrap(), point["code"].as_str()))
                    .collect::<Vec<_>>()
            })
            .collect();
        let found: Vec<_> = DataPoints::built_in()
            .rows
            .iter()
            .map(|row| (row.kpi, row.code))
            .collect();
        assert_eq!(found.len(), 112);
        assert_eq!(found, expected);
    }
}

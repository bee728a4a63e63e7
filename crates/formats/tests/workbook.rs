//! Reported values in a workbook: packed by hand, as a spreadsheet program packs it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{entity, import_bytes, text, zip};
use formats::Kind;

/// A workbook whose second sheet holds these rows; a cell is a number where it looks like one.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let sheet = |rows: &[&[&str]]| {
        let cell = |text: &&str| match text.parse::<f64>() {
            Ok(number) => format!("<c><v>{number}</v></c>"),
            Err(_) => format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>"),
        };
        let row = |cells: &&[&str]| format!("<row>{}</row>", cells.iter().map(cell).collect::<String>());
        let rows: String = rows.iter().map(row).collect();
        format!(
            "<?xml version=\"1.0\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
             <sheetData>{rows}</sheetData></worksheet>"
        )
    };
    let types = "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
        <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
        <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
        <Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/></Types>";
    let relationship = |kind: &str, id: &str, target: &str| {
        format!(
            "<Relationship Id=\"{id}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/>"
        )
    };
    let relationships = |inner: &str| {
        format!(
            "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{inner}</Relationships>"
        )
    };
    let book = "<?xml version=\"1.0\"?><workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
        xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>\
        <sheet name=\"Read me\" sheetId=\"1\" r:id=\"r1\"/><sheet name=\"Values\" sheetId=\"2\" r:id=\"r2\"/></sheets></workbook>";
    let sheets = relationship("worksheet", "r1", "worksheets/sheet1.xml")
        + &relationship("worksheet", "r2", "worksheets/sheet2.xml");
    zip(&[
        ("[Content_Types].xml", types.to_owned()),
        (
            "_rels/.rels",
            relationships(&relationship("officeDocument", "r1", "xl/workbook.xml")),
        ),
        ("xl/workbook.xml", book.to_owned()),
        ("xl/_rels/workbook.xml.rels", relationships(&sheets)),
        (
            "xl/worksheets/sheet1.xml",
            sheet(&[&["This workbook holds values."]]),
        ),
        ("xl/worksheets/sheet2.xml", sheet(rows)),
    ])
}

#[test]
fn a_workbook_is_read_like_a_table() {
    let rows: &[&[&str]] = &[
        &[
            "KPI",
            "Data point",
            "Value",
            "Unit",
            "Period",
            "Quality",
            "Source",
            "Note",
        ],
        &[
            "EC: I: T: 2A",
            "",
            "92.5",
            "%",
            "2025",
            "1",
            "Transport office",
            "",
        ],
        &["EC: ICT: ICT: 4C", "4G", "80", "%", "2025", "", "", ""],
        &["EC: ICT: ICT: 4C", "9G", "80", "%", "2025", "", "", ""],
    ];
    let (sink, report) = import_bytes(Kind::Kpi, "values.xlsx", &workbook(rows), &[]);
    let report = report.unwrap();
    assert_eq!(
        report
            .refused
            .iter()
            .map(|refusal| refusal.line)
            .collect::<Vec<_>>(),
        [Some(4)]
    );
    let convenience = entity(&sink, formats::kpi::entity_id("EC: I: T: 2A", None).as_str());
    assert_eq!(
        (text(convenience, "kpiValue"), text(convenience, "unit")),
        ("92.5".into(), "%".into())
    );

    let (sink, report) = import_bytes(Kind::Kpi, "values.xlsx", &workbook(&[&["a", "b"]]), &[]);
    assert!(sink.entities.is_empty());
    let error = report.unwrap_err().to_string();
    assert!(
        error.contains("no sheet has the columns") && error.contains("Values (a, b)"),
        "{error}"
    );
}

#[test]
fn a_number_is_a_number_beside_texts_with_a_decimal_comma() {
    let rows: &[&[&str]] = &[
        &["KPI", "Data point", "Value", "Unit", "Period"],
        &["EC: I: T: 2A", "", "92.5", "%", "2025"],
        &["EC: ICT: ICT: 1C", "", "78,4", "%", "2025"],
    ];
    let (sink, report) = import_bytes(
        Kind::Kpi,
        "values.xlsx",
        &workbook(rows),
        &[("decimal-comma", "true")],
    );
    assert_eq!(report.unwrap().refused, []);
    let value = |kpi| {
        text(
            entity(&sink, formats::kpi::entity_id(kpi, None).as_str()),
            "kpiValue",
        )
    };
    assert_eq!(
        (value("EC: I: T: 2A"), value("EC: ICT: ICT: 1C")),
        ("92.5".into(), "78.4".into())
    );
}

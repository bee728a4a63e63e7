use geo_types::polygon;

use super::super::sample::sample;
use super::*;

fn square(west: f64) -> MultiPolygon<f64> {
    MultiPolygon(vec![
        polygon![(x: west, y: 0.0), (x: west + 1.0, y: 0.0), (x: west + 1.0, y: 1.0), (x: west, y: 1.0)],
    ])
}

#[test]
fn the_page_loads_nothing_and_names_everything() {
    let page = html(&sample(), &[square(0.0), square(1.0)]);
    for absent in [
        "<script",
        "src=",
        "href=",
        "url(http",
        "@import",
        "<b>",
        "=cmd|' /C",
    ] {
        assert!(!page.contains(absent), "{absent}");
    }
    for present in [
        "<html lang=\"en\">",
        "Scenario kerbs &lt;b&gt;",
        "+6 (better)",
        "−2.5 (worse)",
        "0 (no difference)",
        "between +5 and +8",
        "(differences in percentage points)",
        "60\u{a0}%",
        "More &lt;buses&gt; <small><code>buses-measure</code></small>",
        "A clinic within reach, by wheelchair (Persons with disabilities)",
        "A &lt;warning&gt;.",
        "Persons with disabilities",
        "kerbs-measure (best)",
        "it would be over the budget",
        "Nobody moves.",
        "1\u{a0}000 USD",
        "Carried out: Roads, &lt;department&gt;, from 2027-03-01",
    ] {
        assert!(page.contains(present), "{present}");
    }
    for absent in ["(% of people)", ", %:", "clinic-wheelchair (disability)"] {
        assert!(!page.contains(absent), "{absent}");
    }
    // Every table has a caption and every picture a title and a description.
    assert_eq!(page.matches("<table>").count(), page.matches("<caption>").count());
    assert!(!page.contains("<th>"));
    let pictures = page.matches("<svg").count();
    assert!(pictures >= 4, "bars, maps and the choice: {pictures}");
    for part in ["role=\"img\"", "<title", "<desc"] {
        let of_page = usize::from(part == "<title");
        assert_eq!(page.matches(part).count(), pictures + of_page, "{part}");
    }
    // Ids are unique.
    let ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let unique: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
    assert!(!html(&sample(), &[]).contains("map-"));
}

#[test]
fn areas_are_counted_in_words_that_read_well() {
    for (shown, differing, all, words) in [
        (1, 1, 1, "the only area"),
        (1, 1, 7, "the only one of 7 areas that differs"),
        (7, 7, 7, "all 7 areas differ"),
        (5, 5, 7, "the 5 of 7 areas that differ"),
        (20, 35, 90, "the 20 that differ most, of 35 that do"),
        (20, 35, 35, "the 20 that differ most, of 35 that do"),
    ] {
        assert_eq!(which_areas(shown, differing, all), words);
    }
}

#[test]
fn a_run_without_scenarios_is_the_city_as_it_is() {
    let mut result = sample();
    result.scenarios.clear();
    result.choice = None;
    let page = html(&result, &[]);
    assert!(page.contains("The city as it is") && !page.contains("<svg"));
}

//! What a test that lacks its data does, seen from outside: a copy of this program is the test.

#![allow(clippy::unwrap_used, reason = "a suite fails by panicking")]

use std::process::{Command, Output};

/// The test that the other one runs and looks at; by itself it wants nothing.
#[test]
fn wants_what_may_not_be_there() {
    if std::env::var_os(LOOKED_AT).is_some() {
        let _ = test_data::test_data("wanted");
    }
}

const LOOKED_AT: &str = "TEST_DATA_IS_LOOKED_AT";

fn run(required: &str, folder: &std::path::Path) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "wants_what_may_not_be_there", "--nocapture"])
        .env(LOOKED_AT, "1")
        .env("MAPACHA_TEST_DATA", folder)
        .env("MAPACHA_DATA_REQUIRED", required)
        .env("MAPACHA_SKIPPED", folder.join("skipped"))
        .output()
        .unwrap()
}

#[test]
fn what_is_missing_is_said_or_fails() {
    let folder = std::env::temp_dir().join(format!("test-data-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let told = || std::fs::read_to_string(folder.join("skipped")).unwrap_or_default();

    for required in ["", "0"] {
        let output = run(required, &folder);
        assert!(output.status.success(), "{required:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("not tested: skips wants_what_may_not_be_there")
        );
    }
    assert_eq!(told().lines().count(), 2);
    assert!(
        told().starts_with("skips wants_what_may_not_be_there: there is no "),
        "{}",
        told()
    );

    let output = run("1", &folder);
    assert!(!output.status.success());
    assert_eq!(told().lines().count(), 2, "a failure speaks for itself");

    std::fs::write(folder.join("wanted"), "").unwrap();
    let output = run("1", &folder);
    assert!(output.status.success());
    assert_eq!(told().lines().count(), 2);
    std::fs::remove_dir_all(&folder).unwrap();
}

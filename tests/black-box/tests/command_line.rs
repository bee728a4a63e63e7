//! What every command says of itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a suite fails by panicking and says why; its numbers are small"
)]

use black_box::{json, mapacha, run, told};

#[test]
fn every_command_helps_with_an_example() {
    for command in [
        "demo",
        "serve",
        "import",
        "assess",
        "simulate",
        "scenario",
        "policy",
        "doctor",
        "guideline",
        "config",
        "openapi",
        "sbom",
        "completions",
    ] {
        let (code, stdout, _) = told(&run([command, "--help"]));
        assert_eq!(code, 0);
        assert!(stdout.contains("Example"), "{command}: {stdout}");
    }
}

#[test]
fn configuration_says_where_each_value_came_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mapacha.toml");
    std::fs::write(&file, "[city]\nname = \"Eldoret\"\n").expect("a file");
    let output = mapacha(["config", "--json", "--config"])
        .arg(&file)
        .env("MAPACHA__HTTP__LISTEN", "127.0.0.1:9")
        .output();
    let (code, stdout, stderr) = told(&output.expect("it starts"));
    assert_eq!(code, 0, "{stderr}");
    let document: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let text = document.to_string();
    for part in ["Eldoret", "mapacha.toml", "$MAPACHA__HTTP__LISTEN", "127.0.0.1:9"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The flags of `serve` are taken, so that one sees what it would do.
    let (code, stdout, stderr) = told(&run(["config", "--data-dir", "here", "--listen", "127.0.0.1:7"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("\"here\"") && stdout.contains("--data-dir"),
        "{stdout}"
    );
    assert!(
        stdout.contains("127.0.0.1:7") && stdout.contains("--listen"),
        "{stdout}"
    );
    std::fs::write(&file, "[http]\nlissen = \"127.0.0.1:1\"\n").expect("a file");
    let (code, _, stderr) = told(
        &mapacha(["config", "--config"])
            .arg(&file)
            .output()
            .expect("it starts"),
    );
    assert_eq!(code, 1);
    assert!(
        stderr.contains("http.lissen") && stderr.contains("http.listen"),
        "{stderr}"
    );
}

#[test]
fn openapi_and_completions_are_printed() {
    let document = json(["openapi"]);
    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.1")),
        "{}",
        document["openapi"]
    );
    assert!(document["paths"]["/ngsi-ld/v1/entities"].is_object());
    for shell in ["bash", "zsh", "fish"] {
        let (code, stdout, _) = told(&run(["completions", shell]));
        assert_eq!(code, 0);
        assert!(stdout.contains("mapacha"));
    }
}

#[test]
fn policies_are_checked_and_tried_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let good = file(
        "good.cedar",
        "@id(\"lamps\") permit (principal in Group::\"north\", action == Action::\"Delete\", resource)\n\
         when { resource.types.contains(\"Streetlight\") };",
    );
    let bad = file(
        "bad.cedar",
        "@id(\"typo\")\npermit (principal, action, resource) when { resource.typs.contains(\"X\") };",
    );
    let case = |allowed: bool| {
        format!(
            "[[case]]\nname = \"a lamp\"\nwho = {{ id = \"ada\", groups = [\"north\"] }}\nwhat = \"Delete\"\n\
             entity = {{ id = \"urn:ngsi-ld:Streetlight:1\", type = \"Streetlight\", powerState = \"on\" }}\n\
             attribute = \"powerState\"\nallowed = {allowed}\n"
        )
    };
    let (right, wrong) = (file("right.toml", &case(true)), file("wrong.toml", &case(false)));

    let (code, stdout, stderr) = told(&run(["policy", "check", &good]));
    assert!(
        code == 0 && stdout.contains("policies hold together"),
        "{stdout}{stderr}"
    );
    let (code, stdout, _) = told(&run(["policy", "check", &good, &bad]));
    assert_eq!(code, 3, "{stdout}");
    assert!(
        stdout.starts_with("bad.cedar:2:45: policy `typo`:") && stdout.contains("did you mean `types`?"),
        "{stdout}"
    );
    let (code, stdout, _) = told(&run(["policy", "check", "--json", &bad]));
    let document: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(
        (code, &document["refused"][0]["policy"]),
        (3, &serde_json::json!("typo")),
        "{document}"
    );

    let (code, stdout, stderr) = told(&run(["policy", "test", &right, "--policies", &good]));
    assert!(code == 0 && stdout.contains("1 of 1 cases"), "{stdout}{stderr}");
    let (code, stdout, _) = told(&run(["policy", "test", &right, &wrong, "--policies", &good]));
    assert_eq!(code, 3, "{stdout}");
    assert!(
        stdout.contains("a lamp: allowed, and should be denied; class `open`: permitted by `lamps`"),
        "{stdout}"
    );
    // Without the policy nobody may.
    let (code, stdout, _) = told(&run(["policy", "test", &right]));
    assert!(code == 3 && stdout.contains("no policy permits it"), "{stdout}");
    let (code, _, stderr) = told(&run(["policy", "test", "no-such-file.toml"]));
    assert!(
        code == 1 && stderr.contains("no-such-file.toml") && stderr.contains("what to do"),
        "{stderr}"
    );
}

#[test]
fn an_empty_city_is_assessed_honestly() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let assessment = json(["assess", "--data-dir", &data]);
    assert_eq!(assessment["data_points"].as_array().map(Vec::len), Some(112));
    assert_eq!(assessment["coverage"]["reported"], 0);
    let (code, stdout, stderr) = told(&run(["assess", "--data-dir", &data]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("0 of 112"), "{stdout}");
}

#[test]
fn an_implausible_value_is_found_and_not_scored() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let file = folder.path().join("reported.csv");
    let rows = "kpi,data_point,value,unit,period,quality,source\n\
                EC: ICT: ICT: 1C,,140,%,2025,unknown,survey\n\
                EC: ICT: ICT: 5C,,12,furlongs,2025,unknown,survey\n";
    std::fs::write(&file, rows).expect("a file");
    let (code, stdout, stderr) = told(&run([
        "import",
        "kpi",
        &file.display().to_string(),
        "--data-dir",
        &data,
    ]));
    assert_eq!(code, 0, "{stdout}{stderr}");
    let (code, stdout, stderr) = told(&run(["assess", "--data-dir", &data]));
    assert_eq!(code, 3, "{stdout}{stderr}");
    assert!(
        stdout.contains("140") && stdout.contains("no share of a whole"),
        "{stdout}"
    );
    let assessment = json(["assess", "--data-dir", &data]);
    let rows = assessment["data_points"].as_array().expect("data points");
    let share = rows
        .iter()
        .find(|row| row["kpi"] == "EC: ICT: ICT: 1C")
        .expect("the row");
    assert_eq!(
        (share["value"].as_f64(), share["points"].is_null()),
        (Some(140.0), true),
        "shown raw, not scored"
    );
}

#[test]
fn doctor_finds_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let (code, stdout, stderr) = told(&run(["doctor", "--data-dir", &data, "--listen", "127.0.0.1:0"]));
    assert_eq!(code, 0, "{stdout}{stderr}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let (code, stdout, _) = told(&run(["doctor", "--data-dir", &data, "--listen", &address]));
    assert_eq!(code, 3, "{stdout}");
    assert!(stdout.contains(&address), "{stdout}");
    // Whom to tell of a weakness, quoted or not, and never for ever.
    for (expires, exit) in [
        ("9999-01-01T00:00:00Z", 0),
        ("\"9999-01-01T00:00:00Z\"", 0),
        ("2020-01-01T00:00:00Z", 3),
        ("next year", 1),
    ] {
        let mut doctor = mapacha(["doctor", "--data-dir", &data, "--listen", "127.0.0.1:0"]);
        doctor
            .env("MAPACHA__SECURITY__CONTACT", "[\"mailto:security@city.example\"]")
            .env("MAPACHA__SECURITY__EXPIRES", expires);
        let (code, stdout, stderr) = told(&doctor.output().expect("it starts"));
        let told = format!("{stdout}{stderr}");
        assert_eq!(code, exit, "{expires}: {told}");
        assert!(
            exit == 0 || told.contains("security.expires"),
            "{expires}: {told}"
        );
    }
}

#[test]
fn doctor_holds_an_installation_against_a_law() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    std::fs::create_dir(&data).expect("a folder");
    let asked = |more: &[&str]| {
        let mut arguments = vec!["doctor", "--profile", "kenya-dpa", "--data-dir", &data, "--json"];
        arguments.extend(more);
        told(&run(arguments))
    };
    let (code, stdout, stderr) = asked(&[]);
    assert_eq!(code, 3, "{stdout}{stderr}");
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let holds = |report: &serde_json::Value, check: &str| {
        let articles = report["articles"].as_array().expect("articles").clone();
        let mut checks = articles
            .iter()
            .flat_map(|article| article["checks"].as_array().expect("checks"));
        checks
            .find(|found| found["check"] == check)
            .map(|found| found["holds"] == true)
    };
    assert_eq!(holds(&report, "login-required"), Some(false), "open on loopback");
    assert_eq!(holds(&report, "registered-with-authority"), Some(false));
    let config = folder.path().join("city.toml").display().to_string();
    let text =
        "[access]\nmode = \"required\"\n[governance]\nprofile = \"kenya-dpa\"\nregistration = \"ODPC-1\"\n";
    std::fs::write(&config, text).expect("a file");
    let (_, stdout, stderr) = asked(&["--config", &config]);
    let report: serde_json::Value =
        serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
    for check in [
        "login-required",
        "personal-data-closed",
        "registered-with-authority",
        "clocks-of-this-law",
    ] {
        assert_eq!(holds(&report, check), Some(true), "{check}: {report:#}");
    }
    let (code, _, stderr) = told(&run(["doctor", "--profile", "atlantis", "--data-dir", &data]));
    assert_eq!(code, 2);
    assert!(stderr.contains("kenya-dpa"), "{stderr}");
}

#[test]
fn the_guideline_is_written_under_a_law() {
    let (code, stdout, stderr) = told(&run(["guideline", "export", "--profile", "popia"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.starts_with("# Guideline") && stdout.contains("Information Regulator"),
        "{stdout}"
    );
    assert!(!stdout.contains("{{"), "every place is filled");
}

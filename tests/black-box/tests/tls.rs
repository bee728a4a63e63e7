//! The program with certificates: made by its own authority, read again while it runs, shown by devices.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a suite fails by panicking and says why"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use black_box::{Server, json, mapacha, root, run, told};
use rcgen::{CertificateParams, KeyPair};
use reqwest::blocking::{Client, ClientBuilder};
use reqwest::{Certificate, Identity, StatusCode};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

const LAMP: &str = "urn:ngsi-ld:Device:lamp-7";

/// A data folder with an authority, and a certificate of it for this machine.
struct Rig {
    folder: TempDir,
}

impl Rig {
    fn new() -> Self {
        let rig = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let (code, told, error) = told(&rig.ca(&["init"]));
        assert_eq!(code, 0, "{error}");
        assert!(
            told.starts_with("root: SHA-256 ") && error.contains("root.key"),
            "{told}{error}"
        );
        rig.certificate();
        rig
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ca(&self, arguments: &[&str]) -> std::process::Output {
        let data = self.data();
        let data = ["--data-dir", data.to_str().unwrap()];
        run(["ca"].iter().chain(arguments).chain(&data))
    }

    /// A new one.
    fn certificate(&self) {
        let folder = self.folder.path().to_str().unwrap();
        let made = self.ca(&["server", "localhost", "127.0.0.1", "-o", folder]);
        assert_eq!(made.status.code(), Some(0), "{}", told(&made).2);
    }

    fn serve(&self, listen: &str, more: &[(&str, &str)]) -> Server {
        let mut command = self.command(listen);
        command
            .env("MAPACHA__TLS__CERTIFICATE", self.file("server.pem"))
            .env("MAPACHA__TLS__KEY", self.file("server.key"));
        for (name, value) in more {
            command.env(name, value);
        }
        Server::start(&mut command)
    }

    fn command(&self, listen: &str) -> Command {
        let mut command = mapacha(["serve", "--listen", listen, "--data-dir"]);
        command.arg(self.data());
        command
    }

    /// A client that trusts the authority.
    fn client(&self) -> ClientBuilder {
        let shown = self.ca(&["show"]);
        let mut builder = Client::builder().no_proxy().timeout(Duration::from_mins(1));
        for certificate in Certificate::from_pem_bundle(&shown.stdout).unwrap() {
            builder = builder.add_root_certificate(certificate);
        }
        builder
    }
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn certificates_are_made_served_and_read_again() {
    let rig = Rig::new();
    let again = rig.ca(&["init"]);
    assert_eq!(again.status.code(), Some(1));
    for key in ["data/ca/root.key", "data/ca/issuing.key", "server.key"] {
        assert_eq!(mode(&rig.file(key)), 0o600, "{key}");
    }
    let server = rig.serve("127.0.0.1:0", &[]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let health = format!("{}/healthz", server.url);
    let answer = rig.client().build().unwrap().get(&health).send().unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    let stranger = Client::builder().no_proxy().build().unwrap();
    assert!(
        stranger.get(&health).send().is_err(),
        "nobody trusts a city's own authority unasked"
    );
    let plain = stranger.get(health.replace("https", "http")).send().unwrap();
    assert_eq!(plain.status(), StatusCode::BAD_REQUEST);
    assert!(plain.text().unwrap().contains("https"));
    // The certificate that is served, as a client sees it.
    let served = || {
        let client = rig.client().tls_info(true).build().unwrap();
        let answer = client.get(&health).send().unwrap();
        let info = answer.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
        info.peer_certificate().unwrap().to_vec()
    };
    let mut before = served();
    for asked in [false, true] {
        rig.certificate();
        if asked {
            let pid = server.pid().to_string();
            assert!(
                Command::new("kill")
                    .args(["-HUP", &pid])
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let begun = Instant::now();
        while served() == before {
            assert!(begun.elapsed() < Duration::from_mins(1), "it is never read again");
            std::thread::sleep(Duration::from_millis(50));
        }
        before = served();
    }
    // Files that are none change nothing.
    std::fs::write(rig.file("server.pem"), "nonsense").unwrap();
    let pid = server.pid().to_string();
    assert!(
        Command::new("kill")
            .args(["-HUP", &pid])
            .status()
            .unwrap()
            .success()
    );
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(served(), before);
    assert_eq!(server.stop().0, Some(0));
    let mut command = rig.command("127.0.0.1:0");
    command
        .env("MAPACHA__TLS__CERTIFICATE", rig.file("server.pem"))
        .env("MAPACHA__TLS__KEY", rig.file("server.key"));
    let (code, _, error) = told(&command.output().unwrap());
    assert!(
        code == 1 && error.contains("server.pem") && error.contains("BEGIN CERTIFICATE"),
        "{error}"
    );
}

#[test]
fn other_machines_get_nothing_in_plain_text_and_no_metrics() {
    let rig = Rig::new();
    let (code, _, error) = told(&rig.command("0.0.0.0:0").output().unwrap());
    assert!(code == 1 && error.contains("tls.certificate"), "{error}");
    let half = rig
        .command("127.0.0.1:0")
        .env("MAPACHA__TLS__KEY", rig.file("server.key"))
        .output()
        .unwrap();
    let (code, _, error) = told(&half);
    assert!(code == 1 && error.contains("tls.certificate"), "{error}");
    let server = rig.serve("0.0.0.0:0", &[("MAPACHA__HTTP__ADMIN_LISTEN", "127.0.0.1:0")]);
    let port = server.url.rsplit(':').next().unwrap();
    let client = rig.client().build().unwrap();
    for (path, status) in [
        ("/healthz", StatusCode::OK),
        ("/metrics", StatusCode::NOT_FOUND),
        ("/ngsi-ld/v1/types", StatusCode::UNAUTHORIZED),
    ] {
        let answer = client
            .get(format!("https://localhost:{port}{path}"))
            .send()
            .unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn a_device_from_the_command_line_to_its_first_request() {
    let rig = Rig::new();
    let data = rig.data();
    let place = ["--data-dir", data.to_str().unwrap()];
    let device = |arguments: &[&str]| -> Json { json(["device"].iter().chain(arguments).chain(&place)) };
    let qr = rig.file("lamp.svg");
    let qr_path = qr.to_str().unwrap();
    let made = device(&[
        "add",
        LAMP,
        "--role",
        "operator",
        "--scope",
        "twin.write",
        "--qr",
        qr_path,
    ]);
    assert!(std::fs::read_to_string(&qr).unwrap().starts_with("<svg"));
    let code = made["claim"]["code"].as_str().unwrap();
    let (exit, _, error) = told(&run(["device", "claim", LAMP, "AAAA"].iter().chain(&place)));
    assert!(exit == 1 && error.contains("not its code"), "{error}");
    let token = device(&["claim", LAMP, code])["token"].clone();
    let server = rig.serve("127.0.0.1:0", &[("MAPACHA__ACCESS__MODE", "required")]);
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap();
    let client = rig.client().build().unwrap();
    let enrolled = client
        .post(format!("{}/access/devices/{LAMP}/enrol", server.url))
        .json(&json!({"token": token, "request": request.pem().unwrap()}))
        .send()
        .unwrap();
    assert_eq!(enrolled.status(), StatusCode::OK);
    let enrolled: Json = enrolled.json().unwrap();
    let shown = format!(
        "{}{}",
        enrolled["certificates"].as_str().unwrap(),
        key.serialize_pem()
    );
    let lamp = rig
        .client()
        .identity(Identity::from_pem(shown.as_bytes()).unwrap())
        .build()
        .unwrap();
    let me = format!("{}/access/me", server.url);
    let who: Json = lamp.get(&me).send().unwrap().json().unwrap();
    assert_eq!((&who["kind"], &who["id"]), (&json!("device"), &json!(LAMP)));
    assert_eq!(client.get(&me).send().unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.stop().0, Some(0));
    // What the folder says holds for the next start.
    assert_eq!(device(&["suspend", LAMP])["state"], "suspended");
    assert_eq!(device(&["list"])[0]["state"], "suspended");
    let server = rig.serve("127.0.0.1:0", &[("MAPACHA__ACCESS__MODE", "required")]);
    let me = format!("{}/access/me", server.url);
    assert_eq!(lamp.get(&me).send().unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.stop().0, Some(0));
    assert_eq!(device(&["resume", LAMP])["state"], "active");
    let released = device(&["release", LAMP]);
    assert_eq!(released["info"]["state"], "manufactured");
    assert_ne!(released["claim"]["code"], made["claim"]["code"]);
    assert_eq!(device(&["retire", LAMP])["state"], "retired");
    // The root's key can be away until it is needed.
    let root_key = rig.file("root.key");
    std::fs::rename(data.join("ca/root.key"), &root_key).unwrap();
    assert_eq!(rig.ca(&["renew"]).status.code(), Some(1));
    let renewed = rig.ca(&["renew", "--root-key", root_key.to_str().unwrap()]);
    assert_eq!(renewed.status.code(), Some(0), "{}", told(&renewed).2);
}

/// The unit of systemd gives the process little: `systemd-analyze security` scores it, 0 (best) to 10.
#[test]
fn the_unit_of_systemd_scores_at_most_3() {
    let unit = root().join("packaging/mapacha.service");
    let analysed = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(&unit)
        .output();
    let Ok(analysed) = analysed else {
        test_data::skipped("systemd-analyze is not installed (Debian package systemd)");
        return;
    };
    let text = String::from_utf8_lossy(&analysed.stdout).into_owned();
    let level = text
        .split("Overall exposure level for mapacha.service: ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<f64>().ok());
    let level = level.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&analysed.stderr)));
    assert!(level <= 3.0, "{level}\n{text}");
}

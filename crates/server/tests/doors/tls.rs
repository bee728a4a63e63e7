//! TLS on the socket, with real clients: who gets through, who does not, and what changes while it runs.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::City;
use crate::pki::{Authority, Client, Listening, Rig};

/// A guard against hanging; nothing is measured by it.
const AT_MOST: Duration = Duration::from_mins(1);

async fn listening(rig: &Rig) -> Listening {
    Listening::over(City::with(|config| config.tls = Some(rig.tls(&[])))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_are_spoken_and_a_hybrid_key_exchange_where_there_is_one() {
    let rig = Rig::new();
    let house = listening(&rig).await;
    for version in [&TLS13, &TLS12] {
        let client = Client {
            versions: vec![version],
            ..rig.client()
        };
        let answer = client.ask(house.port, "GET /healthz", "").await.unwrap();
        let answer = answer.to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
        assert!(
            answer.contains("strict-transport-security: max-age=31536000\r\n"),
            "{answer}"
        );
        let stream = client.connect(house.port).await.unwrap();
        let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap().name();
        let expected = if version.version == TLS13.version {
            rustls::NamedGroup::X25519MLKEM768
        } else {
            rustls::NamedGroup::X25519
        };
        assert_eq!(group, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_version_is_refused() {
    let rig = Rig::new();
    let house = listening(&rig).await;
    // A ClientHello of TLS 1.1 (RFC 4346, 7.4.1.2), and the same of TLS 1.2, which is taken.
    let hello = |version: u8| {
        let mut hello = vec![3, version];
        hello.extend([7; 32]); // random
        hello.push(0); // no session
        // ECDHE-RSA and RSA with AES-128-CBC, ECDHE-ECDSA with AES-128-GCM
        hello.extend([0, 6, 0xc0, 0x13, 0x00, 0x2f, 0xc0, 0x2b]);
        hello.extend([1, 0]); // no compression
        hello.extend([0, 22, 0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0]); // P-256, uncompressed points
        hello.extend([0, 13, 0, 4, 0, 2, 4, 3]); // ECDSA on P-256 with SHA-256
        let mut record = vec![22, 3, 1];
        let length = u8::try_from(hello.len()).unwrap();
        record.extend([0, length + 4, 1, 0, 0, length]);
        record.extend(&hello);
        record
    };
    let answered = async |version, bytes| {
        let mut socket = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
        socket.write_all(&hello(version)).await.unwrap();
        let mut answer = vec![0; bytes];
        let reading = socket.read_exact(&mut answer);
        tokio::time::timeout(AT_MOST, reading)
            .await
            .expect("it answers")
            .unwrap();
        answer
    };
    // An alert (21) of two bytes: fatal (2), protocol_version (70).
    let refused = answered(2, 7).await;
    assert_eq!((refused[0], &refused[3..]), (21, &[0, 2, 2, 70][..]));
    // A handshake's record (22), and in it a ServerHello (2).
    let taken = answered(3, 6).await;
    assert_eq!((taken[0], taken[5]), (22, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_see_when_it_is_somebody_else() {
    let rig = Rig::new();
    let house = listening(&rig).await;
    let other_name = Client {
        expects: "other.example",
        ..rig.client()
    };
    let refused = other_name.ask(house.port, "GET /healthz", "").await.unwrap_err();
    assert!(refused.contains("not valid for name"), "{refused}");
    let other_authority = Client::trusting(&Authority::new("the city"));
    let refused = other_authority
        .ask(house.port, "GET /healthz", "")
        .await
        .unwrap_err();
    assert!(refused.contains("invalid peer certificate"), "{refused}");
    // Neither is a matter for anybody else.
    assert!(rig.client().ask(house.port, "GET /healthz", "").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_is_told_so_and_a_slow_handshake_ends() {
    let rig = Rig::new();
    let city = City::with(|config| {
        config.tls = Some(rig.tls(&[]));
        config.header_timeout = Duration::from_millis(200);
    });
    let house = Listening::over(city).await;
    for (sent, starts) in [
        (
            &b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
            "HTTP/1.1 400",
        ),
        (b"\x00\x01\x02", ""),
        (b"", ""),
        // The beginning of a record that does not go on.
        (b"\x16\x03\x01\x02\x00\x01", ""),
    ] {
        let mut socket = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
        socket.write_all(sent).await.unwrap();
        let mut answer = Vec::new();
        let reading = socket.read_to_end(&mut answer);
        // A reset is an end, too.
        let _ = tokio::time::timeout(AT_MOST, reading).await.expect("it ends");
        let answer = String::from_utf8_lossy(&answer);
        if starts.is_empty() {
            assert!(answer.is_empty(), "{sent:?}: {answer}");
        } else {
            assert!(
                answer.starts_with(starts) && answer.ends_with("https:// for http://"),
                "{answer}"
            );
        }
    }
    // Who does shake hands, and then sends nothing, is not kept either.
    let mut stream = rig.client().connect(house.port).await.unwrap();
    let mut nothing = Vec::new();
    let reading = stream.read_to_end(&mut nothing);
    let _ = tokio::time::timeout(AT_MOST, reading).await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_change_while_requests_run() {
    let rig = Rig::new();
    let tls = rig.tls(&[]);
    let city = City::with(|config| {
        config.tls = Some(tls.clone());
        config.header_timeout = Duration::from_hours(1);
    });
    let house = Listening::over(city).await;
    let port = house.port;
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let (client, stop, asked) = (rig.client(), Arc::clone(&stop), Arc::clone(&asked));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let answer = client.ask(port, "GET /healthz", "").await.unwrap();
                    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    // A connection that is open all the while.
    let mut open = rig.client().connect(port).await.unwrap();
    let shown = async || {
        let stream = rig.client().connect(port).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let mut before = shown().await;
    for _ in 0..20 {
        rig.authority.write_server(rig.folder.path());
        assert!(tls.reload_if_changed().unwrap() || tls.reload().is_ok());
        let after = shown().await;
        assert_ne!(before, after);
        before = after;
    }
    assert!(!tls.reload_if_changed().unwrap(), "nothing changed since");
    // Files that do not fit together, or are none, change nothing.
    let at = |name: &str| rig.folder.path().join(name);
    let key = std::fs::read(at("server.key")).unwrap();
    let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for (bad, why) in [(other.as_bytes(), "server.pem"), (b"hello", "private key")] {
        std::fs::write(at("server.key"), bad).unwrap();
        let error = tls.reload().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(shown().await, before);
    }
    std::fs::write(at("server.key"), key).unwrap();
    tls.reload().unwrap();
    let head = format!("GET /healthz HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    open.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert!(asked.load(Ordering::Relaxed) > 20);
}

/// Another client than ours, and HTTP/2.
#[tokio::test(flavor = "multi_thread")]
async fn curl_speaks_both_versions_of_http() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("ignored: curl is not installed");
        return;
    }
    let rig = Rig::new();
    let house = listening(&rig).await;
    let root = rig.folder.path().join("root.pem");
    std::fs::write(&root, rig.authority.pem()).unwrap();
    let port = house.port;
    let curl = |more: &[&str], path: &str| {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60"])
            .args(["--write-out", "\n%{http_version} %{http_code}", "--cacert"])
            .arg(&root)
            .args(more)
            .arg(format!("https://localhost:{port}{path}"));
        tokio::task::spawn_blocking(move || {
            let output = command.output().unwrap();
            (
                output.status.code().unwrap(),
                String::from_utf8_lossy(&output.stdout).into_owned(),
            )
        })
    };
    for (version, told) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let (code, answer) = curl(&[version], "/healthz").await.unwrap();
        assert_eq!(code, 0, "{answer}");
        assert!(answer.ends_with(&format!("\n{told} 200")), "{answer}");
        let entity = r#"{"id":"urn:ngsi-ld:A:1","type":"A"}"#;
        let post = [version, "-H", "Content-Type: application/json", "--data", entity];
        let (_, answer) = curl(&post, "/ngsi-ld/v1/entities").await.unwrap();
        let expected = if told == "2" { "201" } else { "409" };
        assert!(answer.ends_with(&format!("\n{told} {expected}")), "{answer}");
        // A name that somebody else points here opens nothing, whatever way it comes.
        let (_, answer) = curl(&[version, "-H", "Host: evil.example"], "/healthz")
            .await
            .unwrap();
        assert!(answer.ends_with(&format!("\n{told} 421")), "{answer}");
        // An answer of some size, and many at once.
        let (_, answer) = curl(&[version], "/openapi.json").await.unwrap();
        assert!(answer.len() > 100_000 && answer.ends_with(&format!("\n{told} 200")));
    }
    let (code, _) = curl(
        &["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"],
        "/healthz",
    )
    .await
    .unwrap();
    assert_eq!(code, 35, "no handshake");
    // Without the authority, and under another name.
    let (code, _) = curl(&["--cacert", "/dev/null"], "/healthz").await.unwrap();
    assert!([60, 77].contains(&code), "{code}");
}

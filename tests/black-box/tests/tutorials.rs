//! What the tutorials tell their readers to type is typed, and prints what they say.

#![allow(clippy::unwrap_used, reason = "a suite fails by panicking and says why")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use black_box::{Server, mapacha, root};

/// A command as it stands in a `console` block, and the lines below it.
struct Step {
    command: String,
    printed: Vec<String>,
}

/// The blocks of a language in a Markdown text.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}");
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == opening {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push(block.join("\n"));
        }
    }
    found
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in blocks(text, "console") {
        for line in block.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                steps.push(Step {
                    command: command.to_owned(),
                    printed: Vec::new(),
                });
            } else if let Some(step) = steps.last_mut() {
                match line.strip_prefix("> ") {
                    Some(more) => step.command = format!("{}\n{more}", step.command),
                    None => step.printed.push(line.to_owned()),
                }
            }
        }
    }
    steps
}

/// Whether a line is as the tutorial has it, where `…` stands for anything.
fn is_as_told(told: &str, line: &str) -> bool {
    let parts: Vec<&str> = told.split('…').collect();
    let [first, between @ .., last] = parts.as_slice() else {
        return told == line;
    };
    let Some(mut rest) = line.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    between.iter().all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[test]
fn a_line_is_compared_around_what_is_left_out() {
    assert!(is_as_told("ab", "ab") && !is_as_told("ab", "abc"));
    assert!(is_as_told("a…c", "abbc") && is_as_told("a…", "abc") && is_as_told("…c…", "abcd"));
    assert!(is_as_told("{…}", "{{}}") && !is_as_told("ab…bc", "abc"));
    assert!(!is_as_told("a…c", "abcd") && !is_as_told("x…", "abc"));
}

#[test]
fn a_first_application() {
    let text = std::fs::read_to_string(root().join("docs/src/tutorial/first-application.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let city = Server::start(
        mapacha(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("first-app"))
            .env("MAPACHA__NOTIFICATIONS__ALLOW_PRIVATE", "true"),
    );
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let receiver = free.local_addr().unwrap().to_string();
    drop(free);
    // The ports of the text may be taken.
    let here = |text: &str| {
        let text = text.replace("http://127.0.0.1:8080", &city.url);
        let port = receiver.rsplit(':').next().unwrap();
        text.replace("127.0.0.1:9099", &receiver)
            .replace("(\"127.0.0.1\", 9099)", &format!("(\"127.0.0.1\", {port})"))
    };
    for program in blocks(&text, "python") {
        let name = program
            .lines()
            .next()
            .unwrap()
            .trim_start_matches("# ")
            .to_owned();
        std::fs::write(folder.path().join(name), here(&program)).unwrap();
    }
    let steps = steps(&text);
    assert!(
        steps.len() > 15,
        "the tutorial has its commands in console blocks"
    );
    let printed = typed(&steps, folder.path(), &here);
    for (step, printed) in steps.iter().zip(printed) {
        let lines: Vec<&str> = printed.lines().collect();
        let same = lines.len() == step.printed.len()
            && step
                .printed
                .iter()
                .zip(&lines)
                .all(|(told, line)| is_as_told(told, line));
        assert!(
            same,
            "$ {}\nshould print\n{}\nand printed\n{printed}",
            step.command,
            step.printed.join("\n")
        );
    }
}

/// Types all commands into one shell; gives what each printed.
fn typed(steps: &[Step], folder: &Path, here: &dyn Fn(&str) -> String) -> Vec<String> {
    const END: &str = "=== end of a command ===";
    let mut script = String::from("trap 'kill $(jobs -p) 2>/dev/null' EXIT\n");
    for step in steps {
        let _ = writeln!(script, "{}\necho '{END}'", here(&step.command));
        if step.command.ends_with('&') {
            // The reader takes a moment to type on.
            script += "sleep 1\n";
        }
    }
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    let printed: Vec<String> = stdout.split(&format!("{END}\n")).map(str::to_owned).collect();
    assert_eq!(printed.len(), steps.len() + 1, "{stdout}\n{errors}");
    printed
}

//! The guideline for deploying an Internet of Things in a city: a template that a ministry can adapt, filled in with a
//! law's articles and with the settings that the program checks.

use std::fmt::Write as _;

use super::checks;
use super::profile::{CAUTION, Profile};
use super::report::Report;
use crate::desk::Kind;

/// The template: Markdown with `{{name}}` where something is filled in.
const TEMPLATE: &str = include_str!("../../../../docs/guideline/iot-deployment.md");

/// The guideline under a law, as Markdown; with a gap report, it says how the installation stands.
pub fn guideline(profile: &Profile, report: Option<&Report>, version: &str) -> String {
    let filled = [
        ("law", profile.name.clone()),
        ("territory", profile.territory.clone()),
        ("authority", profile.authority.clone()),
        ("text", profile.text.clone()),
        ("basis", profile.basis.clone()),
        ("caution", CAUTION.to_owned()),
        ("profile", profile.id.clone()),
        ("version", version.to_owned()),
        ("breach_hours", profile.clocks.breach_hours.to_string()),
        ("clocks", clocks(profile)),
        ("articles", articles(profile)),
        ("settings", settings(profile)),
        ("organisational", organisational(profile)),
        ("standing", report.map_or_else(String::new, standing)),
    ];
    // The comment at its head is for those who change the template.
    let body = TEMPLATE
        .split_once("-->\n")
        .map_or(TEMPLATE, |(_, body)| body)
        .trim_start();
    let mut text = String::with_capacity(body.len() * 2);
    let mut rest = body;
    // One pass: what was filled in is not looked at again.
    while let Some((before, after)) = rest.split_once("{{") {
        text += before;
        let Some((name, after)) = after.split_once("}}") else {
            text += "{{";
            rest = after;
            continue;
        };
        match filled.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => text += value,
            None => text = text + "{{" + name + "}}",
        }
        rest = after;
    }
    text + rest
}

fn clocks(profile: &Profile) -> String {
    let mut text = String::from("| What is asked | Days |\n|---|---|\n");
    for kind in Kind::ALL {
        let _ = writeln!(text, "| {} | {} |", kind.name(), profile.clocks.days(kind));
    }
    let _ = writeln!(
        text,
        "| put off, once, by at most | {} |",
        profile.clocks.extension_days
    );
    text.trim_end().to_owned()
}

fn articles(profile: &Profile) -> String {
    let mut text = String::from("| Article | What it asks | What the program checks |\n|---|---|---|\n");
    for article in &profile.articles {
        let checks: Vec<String> = article.checks.iter().map(|name| format!("`{name}`")).collect();
        let checks = if checks.is_empty() {
            "nothing: organisational".to_owned()
        } else {
            checks.join(", ")
        };
        let _ = writeln!(
            text,
            "| {} {} | {} | {checks} |",
            cell(&article.article),
            cell(&article.title),
            cell(&article.duty)
        );
    }
    text.trim_end().to_owned()
}

/// The checks that the articles name, each once, with the setting that it looks at.
fn settings(profile: &Profile) -> String {
    let mut text = String::from("| Check | Question | Setting or record |\n|---|---|---|\n");
    for check in checks::CHECKS {
        let of: Vec<&str> = (profile.articles.iter())
            .filter(|article| article.checks.iter().any(|name| name == check.name))
            .map(|article| article.article.as_str())
            .collect();
        if !of.is_empty() {
            let _ = writeln!(
                text,
                "| `{}` ({}) | {} | {} |",
                check.name,
                cell(&of.join("; ")),
                check.asks,
                check.setting
            );
        }
    }
    text.trim_end().to_owned()
}

fn organisational(profile: &Profile) -> String {
    let mut text = String::new();
    for article in profile
        .articles
        .iter()
        .filter(|article| !article.organisational.trim().is_empty())
    {
        let _ = writeln!(
            text,
            "- [ ] **{}** {}: {}",
            article.article, article.title, article.organisational
        );
    }
    text.trim_end().to_owned()
}

fn standing(report: &Report) -> String {
    let mut text = format!(
        "\n## How this installation stands\n\nOn {}: {} articles violated, {} checked without a finding, {} for people alone.\n",
        report.at, report.violated, report.checked, report.organisational
    );
    for article in &report.articles {
        for check in article.checks.iter().filter(|check| !check.holds) {
            let _ = write!(
                text,
                "\n- [ ] **{}** {}: {}. *What to do:* {}.",
                article.article,
                article.title,
                check.found,
                check.remedy.as_deref().unwrap_or_default()
            );
        }
    }
    text + "\n"
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled_and_every_article_is_in_it() {
        for profile in Profile::built_in() {
            let text = guideline(profile, None, "1.2.3");
            assert!(!text.contains("{{") && !text.contains("-->"), "{}", profile.id);
            assert!(text.starts_with("# "), "{text}");
            assert!(text.contains("1.2.3"));
            for article in &profile.articles {
                assert!(text.contains(&cell(&article.article)), "{}", article.article);
                assert!(text.contains(&article.organisational));
                for check in &article.checks {
                    assert!(text.contains(&format!("`{check}`")), "{check}");
                }
            }
        }
    }
}

//! Mapacha, the twin of a smart sustainable city in one program: the command line. Configuration and wiring, nothing
//! else.

mod cli;
mod commands;
mod config;
mod output;
mod world;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use toml::Value;

use cli::{Cli, Command};
use config::{Effective, Layers};
use output::{Failure, Outcome};

/// Entities are made by the threads that read requests and live on with the writer: of such memory glibc's allocator gives
/// back half (docs/adr/0004).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.global.json;
    match run(&cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(3),
        Err(failure) => ExitCode::from(failure.report(json)),
    }
}

fn run(cli: &Cli) -> Result<Outcome, Failure> {
    let effective = effective(cli)?;
    start_log(&effective)?;
    let json = cli.global.json;
    match &cli.command {
        Command::Demo(arguments) => commands::demo::run(arguments, effective),
        Command::Serve(_) => commands::serve::run(&effective),
        Command::Import(arguments) => commands::import::run(arguments, &effective, json),
        Command::Assess(arguments) => commands::assess::run(arguments, &effective, json),
        Command::Scenario(command) => commands::scenario::run(command, &effective, json),
        Command::Simulate(command) => commands::simulate::run(command, &effective),
        Command::User(command) => commands::user::run(command, &effective, json),
        Command::Key(command) => commands::key::run(command, &effective, json),
        Command::Device(command) => commands::device::run(command, &effective, json),
        Command::Ca(command) => commands::ca::run(command, &effective, json),
        Command::Verify(arguments) => commands::verify::run(arguments, &effective, json),
        Command::Audit(command) => commands::audit::run(command, &effective, json),
        Command::Policy(policy) => commands::policy::run(policy, &effective, json),
        Command::Retention(command) => commands::retention::run(command, &effective, json),
        Command::Doctor(arguments) => match &arguments.profile {
            Some(profile) => commands::law::run(profile, arguments, &effective, json),
            None => commands::doctor::run(&effective, json),
        },
        Command::Guideline(command) => commands::guideline::run(command, json),
        Command::Config(arguments) => commands::config::run(arguments, &effective, json),
        Command::Openapi => {
            output::print(&format!(
                "{}\n",
                serde_json::to_string_pretty(&server::openapi())?
            ))?;
            Ok(Outcome::Done)
        }
        Command::Sbom => {
            output::print(&format!("{:#}\n", server::sbom()))?;
            Ok(Outcome::Done)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "mapacha", &mut script);
            output::print(&String::from_utf8_lossy(&script))?;
            Ok(Outcome::Done)
        }
    }
}

/// Lays file, environment and flags over the defaults.
fn effective(cli: &Cli) -> Result<Effective, Failure> {
    let (data_dir, listen) = match &cli.command {
        Command::Demo(arguments) => (arguments.data_dir.as_ref(), arguments.listen),
        Command::Serve(arguments) => (arguments.data_dir.as_ref(), arguments.listen),
        Command::Import(arguments) => (arguments.place.data_dir.as_ref(), None),
        Command::Assess(arguments) => (arguments.place.data_dir.as_ref(), None),
        Command::Scenario(command) => (command.data_dir(), None),
        Command::Simulate(command) => (command.data_dir(), None),
        Command::User(command) => (command.place().data_dir.as_ref(), None),
        Command::Key(command) => (command.place().data_dir.as_ref(), None),
        Command::Policy(command) => (command.place().and_then(|place| place.data_dir.as_ref()), None),
        Command::Retention(command) => (command.place().data_dir.as_ref(), None),
        Command::Device(command) => (command.place().data_dir.as_ref(), None),
        Command::Ca(command) => (command.data_dir(), None),
        Command::Verify(arguments) => (arguments.data_dir.as_ref(), None),
        Command::Audit(cli::Audit::Export(arguments)) => (arguments.place.data_dir.as_ref(), None),
        Command::Doctor(arguments) => (arguments.data_dir.as_ref(), arguments.listen),
        Command::Config(arguments) => (arguments.data_dir.as_ref(), arguments.listen),
        Command::Guideline(_) | Command::Openapi | Command::Sbom | Command::Completions { .. } => {
            (None, None)
        }
    };
    let mut flags = Vec::new();
    if let Some(folder) = data_dir {
        let text = folder
            .to_str()
            .ok_or_else(|| Failure::usage("--data-dir is not text in UTF-8"))?;
        flags.push(("--data-dir", "storage.data_dir", Value::String(text.to_owned())));
    }
    if let Some(address) = listen {
        flags.push(("--listen", "http.listen", Value::String(address.to_string())));
    }
    if let Some(level) = &cli.global.log {
        flags.push(("--log", "log.level", Value::String(level.clone())));
    }
    let layers = Layers {
        file: cli.global.config.clone(),
        environment: Layers::process_environment(),
        flags,
    };
    Ok(layers.effective()?)
}

/// Logs go to stderr, as text or as JSON.
fn start_log(effective: &Effective) -> Result<(), Failure> {
    let log = &effective.config.log;
    let filter = tracing_subscriber::EnvFilter::try_new(&log.level).map_err(|error| {
        Failure::new(format!("log.level: `{}` is no filter: {error}", log.level))
            .remedy("use error, warn, info, debug, trace, or as in info,twin=debug")
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if log.json {
        builder.json().init();
    } else {
        builder.with_ansi(output::interactive()).init();
    }
    Ok(())
}

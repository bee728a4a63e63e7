//! What people and scripts see: results on stdout, everything else on stderr.

use std::io::{IsTerminal as _, Write as _};

/// How a command ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Done,
    /// Exit code 3.
    Findings,
}

/// A failure: what, where, and what to do. Exit code 1, or 2 for wrong usage.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// What went wrong, and where.
    pub(crate) message: String,
    /// What to do, if the message does not say it.
    pub(crate) remedy: Option<String>,
    /// Whether the command was used wrongly.
    pub(crate) usage: bool,
    /// Whether stdout has the JSON document of it already.
    pub(crate) told: bool,
}

impl Failure {
    /// Something went wrong.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            remedy: None,
            usage: false,
            told: false,
        }
    }

    /// Something went wrong, and with `--json` stdout has it already.
    pub(crate) fn told(message: impl Into<String>) -> Self {
        Self {
            told: true,
            ..Self::new(message)
        }
    }

    /// The command was used wrongly.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            remedy: None,
            usage: true,
            told: false,
        }
    }

    /// The same, with what to do.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Prints it to stderr, or as a JSON document to stdout, and gives the exit code.
    pub(crate) fn report(&self, json: bool) -> u8 {
        if json && !self.told {
            let document = serde_json::json!({ "error": { "message": self.message, "remedy": self.remedy } });
            let _ = writeln!(std::io::stdout(), "{document}");
        }
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(stderr, "error: {}", self.message);
        if let Some(remedy) = &self.remedy {
            let _ = writeln!(stderr, "  what to do: {remedy}");
        }
        if self.usage { 2 } else { 1 }
    }
}

macro_rules! failure_from {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.to_string())
            }
        })*
    };
}
failure_from!(
    twin::Error,
    storage::StorageError,
    access::Error,
    std::io::Error,
    serde_json::Error
);

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        Self::new(format!("{}: {}", error.place, error.what)).remedy(error.remedy)
    }
}

/// Writes a result to stdout. A reader that went away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// One line on stderr, for a person who waits.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether stderr is a terminal, so that a bar can be drawn.
pub(crate) fn interactive() -> bool {
    std::io::stderr().is_terminal()
}

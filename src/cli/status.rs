//! `guard status`: which of guard's layers hold here, and why those that do not.

use clap::Args;
use serde::Serialize;

use crate::gate::{self, EXIT_FAILED, Requests, State};
use crate::policy::{Places, Policy};
use crate::{supervise, sys};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One layer of what guard does.
#[derive(Debug, Serialize)]
struct Layer {
    layer: &'static str,
    on: bool,
    what: String,
}

#[derive(Debug, Serialize)]
struct Status {
    version: &'static str,
    layers: Vec<Layer>,
    /// Whether this very command runs below a supervisor.
    supervised: bool,
    /// Requests that wait for a person; `None` where there is no state directory.
    waiting: Option<usize>,
}

pub(super) fn run(options: &Options) -> u8 {
    let status = Status::now();
    if options.json {
        match serde_json::to_string_pretty(&status) {
            Ok(text) => super::print(&format!("{text}\n")),
            Err(error) => {
                super::say(&format!("guard: the status cannot be written: {error}"));
                return EXIT_FAILED;
            }
        }
    } else {
        super::print(&status.text());
    }
    u8::from(!status.layers.iter().all(|layer| layer.on))
}

impl Status {
    fn now() -> Self {
        let policy = Policy::read(
            &Places::of(&sys::working_directory()),
            jiff::Timestamp::now(),
        );
        let supervised = gate::Inside::find().is_some();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            layers: vec![text(), shims(), supervision(supervised, &policy), audit()],
            supervised,
            waiting: State::open()
                .ok()
                .map(|state| Requests::in_state(&state).waiting().len()),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("guard {}\n", self.version);
        for layer in &self.layers {
            let on = if layer.on { "on" } else { "off" };
            text.push_str(&format!("  {:<12} {on:<4} {}\n", layer.layer, layer.what));
        }
        if let Some(waiting) = self.waiting.filter(|waiting| *waiting > 0) {
            text.push_str(&format!(
                "{waiting} waiting for approval: run `guard approve` to see\n"
            ));
        }
        text
    }
}

fn text() -> Layer {
    Layer {
        layer: "text",
        on: true,
        what: "what a command line would run is read before it runs".to_owned(),
    }
}

fn shims() -> Layer {
    let directory = sys::shim_directory();
    Layer {
        layer: "shims",
        on: directory.is_some(),
        what: match directory {
            Some(directory) => format!("in {}", directory.display()),
            None => "this guard has no links; `guard setup` makes them".to_owned(),
        },
    }
}

fn supervision(supervised: bool, policy: &Policy) -> Layer {
    let off = if policy.requires_supervision() {
        "; the policy requires it, so nothing runs by `guard --`"
    } else {
        "; what runs by `guard --` is judged by its text"
    };
    let tried = if supervised {
        Ok(())
    } else {
        supervise::probe()
    };
    Layer {
        layer: "supervision",
        on: tried.is_ok(),
        what: match tried {
            Ok(()) if supervised => "this command is supervised".to_owned(),
            Ok(()) => format!(
                "below `guard --`, each program that starts and each file that goes is judged; a \
                 call waits {} s for a person",
                policy.hold().as_secs()
            ),
            Err(reason) => format!("{reason}{off}"),
        },
    }
}

fn audit() -> Layer {
    match State::open() {
        Ok(state) => Layer {
            layer: "audit",
            on: true,
            what: state.audit_log().display().to_string(),
        },
        Err(failure) => Layer {
            layer: "audit",
            on: false,
            what: failure.to_string(),
        },
    }
}

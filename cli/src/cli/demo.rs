//! The demo's commands as clap reads them.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::Args;

const DEMO_EXAMPLES: &str = "\
Examples:
  orchestra demo --open          look at it in your browser
  orchestra demo --shell         try the commands on it, too; exit ends it
  orchestra demo --keep ~/demo   leave it there, to go on with it

A made-up developer's sessions and repository, and agents that play from a
script: they change files, ask for leave, wait for answers and fail, as real
ones do. No model is asked and nothing of yours is read. Everything lies in one
temporary folder, which goes when you press Ctrl-C.

--json prints one object: \"url\", \"pairing_url\" (null with --no-web), \"folder\",
\"repository\" and \"env\", the variables with which commands mean the demo.";

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = DEMO_EXAMPLES)]
pub(crate) struct DemoArguments {
    /// Where the dashboard is: a port, or an address of this machine with a port
    #[arg(long, alias = "port", value_name = "ADDR", value_parser = super::parse_address, conflicts_with = "no_web")]
    pub(crate) addr: Option<SocketAddr>,

    /// Open the dashboard in the browser
    #[arg(long, conflicts_with = "no_web")]
    pub(crate) open: bool,

    /// Without the dashboard
    #[arg(long)]
    pub(crate) no_web: bool,

    /// Open a shell in which the commands mean the demo
    #[arg(long, conflicts_with = "json")]
    pub(crate) shell: bool,

    /// Make it in this folder, and leave it there
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keep: Option<PathBuf>,

    /// How much faster than life the agents are
    #[arg(long, value_name = "X", default_value = "1", hide_default_value = true, value_parser = parse_speed)]
    pub(crate) speed: f64,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

fn parse_speed(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('x').parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed > 0.0 => Ok(speed),
        _ => Err("write a number above 0, like 2 or 0.5".to_owned()),
    }
}

/// Arguments of the demo's client.
#[derive(Debug, Args)]
pub(crate) struct ClientArguments {
    /// The program as it was called.
    pub(crate) program: PathBuf,

    /// What it was told.
    #[arg(last = true)]
    pub(crate) arguments: Vec<OsString>,
}

//! A home folder in which the real client and Orchestra speak to a scripted model, for trying things by hand.
//!
//! ```text
//! cargo run -p orchestra-scripted-model --example sandbox [2.1.197]
//! ```
//!
//! Prints the shell's words that lead there (`eval` them), and goes on until its standard input ends.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::{error::Error, io::Read, process::Command};

use orchestra_scripted_model::{
    Script, ScriptedModel,
    client::{ClientSandbox, ClientVersion},
};

fn main() -> Result<(), Box<dyn Error>> {
    let asked = std::env::args().nth(1);
    let version =
        match ClientVersion::ALL.into_iter().find(|version| asked.as_deref() == Some(version.as_str())) {
            Some(version) => version,
            None => ClientVersion::V2_1_330,
        };
    let model = ScriptedModel::start(Script::default())?;
    let sandbox = ClientSandbox::new(model.base_url())?;
    sandbox.install(&version.find()?)?;
    let mut command = Command::new("env");
    sandbox.apply_to(&mut command);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => println!("export {}='{}'", name.display(), value.display()),
            None => println!("unset {}", name.display()),
        }
    }
    println!("cd '{}'", sandbox.home().display());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    model.shutdown();
    Ok(())
}

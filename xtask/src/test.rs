//! `cargo xtask test`: every check there is, one after the other, and a summary at the end.
//!
//! A check that fails does not stop the others: whoever waits some minutes should learn everything at once. What
//! each check does stands in [`checks`].

mod checks;

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::process::seconds;
use crate::project::Project;

use checks::{CHECKS, Check};

const HELP: &str = "\
cargo xtask test [--list] [--only STEP,…] [--skip STEP,…]

Runs every check, each with a line of its own, and ends with a summary.";

/// What the command line asks for.
enum Wish {
    List,
    Help,
    Run(Vec<&'static Check>),
}

/// How one check went.
struct Outcome {
    check: &'static Check,
    time: Duration,
    result: Result<String, Failure>,
}

/// Runs the checks that the arguments choose; fails when one of them did.
pub(crate) fn test(project: &Project, arguments: &[String]) -> Result<(), Failure> {
    let chosen = match understand(arguments)? {
        Wish::Help => {
            println!("{HELP}");
            return Ok(());
        }
        Wish::List => {
            for check in &CHECKS {
                println!("{:<10} {}", check.name, check.what);
            }
            return Ok(());
        }
        Wish::Run(chosen) => chosen,
    };
    let begun = Instant::now();
    let outcomes: Vec<Outcome> = chosen.into_iter().map(|check| run(project, check)).collect();
    summarise(&outcomes, begun.elapsed())
}

fn understand(arguments: &[String]) -> Result<Wish, Failure> {
    let mut chosen: Vec<&'static Check> = CHECKS.iter().collect();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), None),
        };
        match name {
            "--list" => return Ok(Wish::List),
            "--help" | "-h" => return Ok(Wish::Help),
            "--only" | "--skip" => {
                let names = value.or_else(|| arguments.next().map(String::as_str)).ok_or_else(|| {
                    Failure::Usage(format!("{name} wants names of steps; --list shows them"))
                })?;
                let named = find(names)?;
                let wanted = name == "--only";
                chosen.retain(|check| named.contains(&check.name) == wanted);
            }
            other => return Err(Failure::Usage(format!("`test` knows no `{other}`\n{HELP}"))),
        }
    }
    Ok(Wish::Run(chosen))
}

/// The names in a list with commas, all of which must be checks.
fn find(names: &str) -> Result<Vec<&str>, Failure> {
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    match names.iter().find(|name| !CHECKS.iter().any(|check| check.name == **name)) {
        Some(unknown) => Err(Failure::Usage(format!("there is no step `{unknown}`; --list shows them"))),
        None => Ok(names),
    }
}

fn run(project: &Project, check: &'static Check) -> Outcome {
    eprintln!("\n━━ {}: {}", check.name, check.what);
    let begun = Instant::now();
    let result = (check.run)(project);
    let time = begun.elapsed();
    match &result {
        Ok(words) => eprintln!("━━ {} ok in {}{}", check.name, seconds(time), aside(words)),
        Err(failure) => eprintln!("━━ {} FAILED after {}: {failure}", check.name, seconds(time)),
    }
    Outcome { check, time, result }
}

fn aside(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(" ({words})") }
}

fn summarise(outcomes: &[Outcome], time: Duration) -> Result<(), Failure> {
    println!("\nThe checks, in {}:", seconds(time));
    for Outcome { check, time, result } in outcomes {
        let (mark, words) = match result {
            Ok(words) => ("ok    ", words.clone()),
            Err(failure) => ("FAILED", failure.to_string()),
        };
        let line = format!("  {mark} {:<10} {:>12}  {words}", check.name, seconds(*time));
        println!("{}", line.trim_end());
    }
    let failed: Vec<&str> =
        outcomes.iter().filter(|outcome| outcome.result.is_err()).map(|outcome| outcome.check.name).collect();
    println!("{} passed, {} failed", outcomes.len() - failed.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { Err(Failure::Checks(failed.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Vec<&'static str> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        match understand(&arguments).unwrap() {
            Wish::Run(chosen) => chosen.iter().map(|check| check.name).collect(),
            Wish::List | Wish::Help => panic!("not a run"),
        }
    }

    #[test]
    fn everything_runs_unless_told_otherwise() {
        assert_eq!(names(&[]).len(), CHECKS.len());
    }

    #[test]
    fn steps_can_be_picked_and_left_out_but_keep_their_order() {
        assert_eq!(names(&["--only", "wasm,fmt"]), ["fmt", "wasm"]);
        assert_eq!(names(&["--only=fmt,wasm", "--skip", "fmt"]), ["wasm"]);
    }

    #[test]
    fn an_unknown_step_is_refused() {
        let failure = understand(&["--only".to_owned(), "fmt,nonsense".to_owned()]).err().unwrap();
        assert!(failure.to_string().contains("`nonsense`"), "{failure}");
    }
}

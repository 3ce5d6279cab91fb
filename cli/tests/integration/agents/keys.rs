//! What is asked of an agent twice under one key: whoever was not told what came of it asks again.

use orchestra_core::agents::{
    Control,
    control::{Caller, Command},
    entry::Steering,
};

use super::world::World;

const LONG: &str = "::sleep 300000";

#[test]
fn what_is_asked_again_under_one_key_is_not_done_again() {
    let world = World::new();
    let name = world.spawn("Work", LONG);
    world.wait_for_state(&name, "running");
    let ask = |command: Command, key: &str| {
        let caller = Caller { by: "web".into(), key: Some(key.into()) };
        Control::connect(&world.agent_folder(&name)).unwrap().ask(command, caller).unwrap().1
    };
    let steer = |how: Steering, key: &str| ask(Command::Steer { how }, key);
    let go_on = || {
        world.ok(&["send", &name, LONG]);
        world.wait_for_state(&name, "running");
    };

    steer(Steering::Interrupt, "i-1");
    world.wait_for_state(&name, "idle");
    go_on();
    steer(Steering::Interrupt, "i-1");

    let id = ask(Command::Send { text: "first".into(), from: None }, "m-1").unwrap();
    for (text, key) in [("second", "e-1"), ("third", "e-2"), ("second", "e-1")] {
        ask(Command::Edit { id, text: text.into() }, key);
    }
    assert_eq!(world.agent(&name)["queue"][0]["text"], "third");
    // A second time it would be refused: there is no such message any more.
    ask(Command::Remove { id }, "r-1");
    ask(Command::Remove { id }, "r-1");

    // Another runner knows what the one before it was asked.
    steer(Steering::Stop, "s-1");
    world.wait_for_state(&name, "stopped");
    go_on();
    steer(Steering::Stop, "s-1");

    let log = world.ok(&["logs", &name]).out;
    for once in ["interrupted (through web)", "stopped (through web)"] {
        assert_eq!(log.matches(once).count(), 1, "{once}:\n{log}");
    }
    assert_eq!(world.agent(&name)["state"], "running");
}

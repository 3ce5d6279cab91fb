//! The picker of `orchestra resume`, in a pseudo-terminal.

use std::fs;

use orchestra_scripted_model::client::Terminal;

use super::world::World;

// A picture is drawn over the last one by printing only what differs, so only what appears at once can be waited for.

/// Where a terminal would say that its cursor is: this one is no terminal, so the answer is typed.
const CURSOR: &str = "\u{1b}[1;1R";

fn open(world: &World) -> Terminal {
    world.install_fake_claude();
    let mut terminal = Terminal::start(world.command(&["resume"])).unwrap();
    terminal.send(CURSOR).unwrap();
    terminal.wait_for("Basket rename").unwrap();
    terminal
}

#[test]
fn typing_filters_and_enter_continues() {
    let world = World::with_sessions();
    let mut terminal = open(&world);
    terminal.wait_for("Ctrl-F in a copy").unwrap();
    terminal.send("tour").unwrap();
    terminal.send("\r").unwrap();
    terminal.wait_for("argument 33333333-").unwrap();
    assert!(terminal.finish().unwrap().success());
}

#[test]
fn control_f_continues_a_copy() {
    let world = World::with_sessions();
    let mut terminal = open(&world);
    terminal.send("\u{6}").unwrap();
    terminal.wait_for("argument --fork-session").unwrap();
    assert!(terminal.finish().unwrap().success());
}

#[test]
fn the_preview_shows_the_last_turns() {
    let world = World::with_sessions();
    let terminal = open(&world);
    terminal.wait_for("Remove it").unwrap();
}

#[test]
fn escape_leaves_without_a_word() {
    let world = World::with_sessions();
    let mut terminal = open(&world);
    terminal.send("\u{1b}").unwrap();
    assert_eq!(terminal.finish().unwrap().code(), Some(130));
}

#[test]
fn in_an_empty_home_there_is_nothing_to_choose() {
    let world = World::empty();
    fs::create_dir(world.claude_folder()).unwrap();
    world.install_fake_claude();
    let mut terminal = Terminal::start(world.command(&["resume"])).unwrap();
    terminal.send(CURSOR).unwrap();
    terminal.wait_for("Esc leave").unwrap();
    terminal.send("\r\u{3}").unwrap();
    assert_eq!(terminal.finish().unwrap().code(), Some(130));
}

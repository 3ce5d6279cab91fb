//! What a new user reads first.

use super::world::World;

#[test]
fn alone_it_shows_the_way_in() {
    let text = World::empty().run(&[]).ok();
    assert!(text.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!(text);
}

#[test]
fn help_fits_eighty_columns() {
    let world = World::empty();
    for command in [
        &["--help"][..],
        &["sessions", "--help"],
        &["show", "--help"],
        &["resume", "--help"],
        &["web", "--help"],
        &["completions", "--help"],
    ] {
        let text = world.run(command).ok();
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{command:?}: {line}");
        }
        insta::assert_snapshot!(format!("help_{}", command.join("_").replace("-", "")), text);
    }
}

#[test]
fn usage_errors_end_with_two() {
    let world = World::empty();
    for wrong in [
        &["sesions"][..],
        &["sessions", "--since", "soon"],
        &["sessions", "--hours", "0"],
        &["sessions", "--all", "--hours", "2"],
        &["sessions", "--kind", "robots"],
        &["sessions", "--since", "2999-01-01"],
        &["show"],
        &["web", "--addr", "everywhere"],
    ] {
        let said = world.run(wrong);
        assert_eq!(said.code, Some(2), "{wrong:?}: {}", said.stderr);
        assert_eq!(said.stdout, "");
        assert!(said.stderr.starts_with("error: "), "{}", said.stderr);
    }
}

#[test]
fn a_word_mistyped_is_guessed() {
    insta::assert_snapshot!(World::empty().run(&["sesions"]).failure());
    insta::assert_snapshot!(World::empty().run(&["sessions", "--since", "soon"]).failure());
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = World::empty().run(&["completions", shell]).ok();
        assert!(script.contains("sessions") && script.contains("project"), "{shell}");
    }
}

#[test]
fn a_reader_who_leaves_early_is_not_bothered() {
    let world = World::with_sessions();
    let mut command = world.command(&["completions", "bash"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let said = world.said(&command.stdout(writer).output().unwrap());
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
}

//! What the machine does to agents: it runs out of descriptors, has its programs replaced, gives ids out again, and has
//! more than one file system.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Child, Command},
};

use jiff::Timestamp;
use orchestra_core::{
    agents::{
        entry::{Entry, Event},
        log::LogWriter,
    },
    process::Process,
};
use orchestra_model::Exit;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::world::{ORCHESTRA, Said, World, kill, runs, said};

/// Has the system give a process no more descriptors than so many; answers what it was before.
fn limit_descriptors(pid: u32, most: u64) -> Rlimit {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap());
    let before = rustix::process::getrlimit(Resource::Nofile);
    prlimit(pid, Resource::Nofile, Rlimit { current: Some(most), ..before }).unwrap()
}

/// A process that has nothing to do with any agent; it ends with the value.
struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

/// `spawn` where no process may have more descriptors than so many.
fn spawn_with(world: &World, descriptors: u32, name: &str) -> Said {
    let script = format!("ulimit -n {descriptors}; exec \"$@\"");
    let arguments = ["-c", &script, "sh", ORCHESTRA, "spawn", "--trust", &format!("{name}\n::say hello")];
    said(world.command_of(Path::new("/bin/sh"), &arguments))
}

#[test]
fn without_descriptors_new_agents_are_refused_and_others_live() {
    let world = World::new();
    let name = world.spawn("Others", "::ask Bash wait");
    world.wait_for_request(&name);
    // Where there are none for Orchestra itself, for a runner, for a client; with a few more, all goes well.
    for descriptors in [4, 6, 8, 12, 16] {
        let said = spawn_with(&world, descriptors, &format!("New {descriptors}"));
        assert!(said.code == 1 && said.words.contains("Too many open files"), "{descriptors}: {said:?}");
    }
    let said = spawn_with(&world, 64, "Enough");
    assert_eq!(said.code, 0, "{said:?}");
    world.wait("enough", |agent| agent["turns"] == 1);
    // A runner that has no more of its own goes on, and hears callers again once there are some.
    let runner = world.runner(&name);
    let open = fs::read_dir(format!("/proc/{runner}/fd")).unwrap().count() as u64;
    let before = limit_descriptors(runner, open);
    assert_eq!(world.run(&["answer", &name, "allow"]).code, 1);
    assert_eq!(world.agent(&name)["state"], "waiting");
    limit_descriptors(runner, before.current.unwrap());
    world.ok(&["answer", &name, "allow"]);
    world.wait(&name, |agent| agent["turns"] == 1);
}

#[test]
fn a_program_that_is_replaced_steers_what_the_one_before_it_started() {
    let world = World::new();
    let program = world.home().join("bin/orchestra");
    let copy = |to: &Path| fs::copy(ORCHESTRA, to).unwrap();
    copy(&program);
    let run = |arguments: &[&str]| said(world.command_of(&program, arguments));
    let tasks = ["First\n::ask Bash wait", "Second\n::say hello"];
    let said = run(&[&["spawn", "--trust", "--max-parallel", "1"][..], &tasks].concat());
    assert_eq!(said.code, 0, "{said:?}");
    world.wait_for_request("first");
    let runner = world.runner("first");
    let newer = world.home().join("bin/newer");
    copy(&newer);
    fs::rename(&newer, &program).unwrap();
    let running = fs::read_link(format!("/proc/{runner}/exe")).unwrap();
    assert!(running.to_str().unwrap().ends_with(" (deleted)"), "{running:?}");
    assert_eq!(world.agent("first")["state"], "waiting");
    assert_eq!(world.runner("first"), runner);
    let said = run(&["answer", "first", "allow"]);
    assert_eq!(said.code, 0, "{said:?}");
    world.wait_for_state("first", "done");
    // What the old one's guard starts next is the new one.
    world.wait("second", |agent| agent["turns"] == 1);
    let said = run(&["send", "first", "::say again"]);
    assert_eq!(said.code, 0, "{said:?}");
    world.wait("first", |agent| agent["turns"] == 2);
}

#[test]
fn an_id_that_was_given_out_again_is_never_signalled() {
    let world = World::new();
    let name = world.spawn("Work", "::say hello");
    world.wait_for_state(&name, "idle");
    let runner = world.runner(&name);
    kill(runner);
    world.wait_for_state(&name, "lost");
    let stranger = Stranger(Command::new("sleep").arg("600").spawn().unwrap());
    let pid = stranger.0.id();
    // The log says that the agent's processes had the id that a stranger has now.
    let now = Process::of(pid).unwrap();
    let before = Process { start: (now.start.parse::<u64>().unwrap() - 1).to_string(), ..now };
    let mut log = LogWriter::open(&world.agent_folder(&name).join("events")).unwrap();
    let mut add = |event| log.append(Timestamp::now(), &Entry::Event(event).encode()).unwrap();
    let version = String::new();
    add(Event::RunnerStarted { process: before.clone(), version });
    add(Event::ClientStarted { process: before.clone(), program: "claude".into(), resumes: true });
    assert_eq!(world.agent(&name)["state"], "lost");
    let steer = || {
        for arguments in [&["stop", &name][..], &["interrupt", &name], &["doctor", "--fix"], &["clean"]] {
            world.run(arguments);
            assert!(runs(pid), "{arguments:?} ended a stranger");
        }
    };
    steer();
    let exit = Exit { code: Some(0), signal: None };
    add(Event::ClientExited { exit, survivors: vec![before] });
    add(Event::RunnerEnded);
    steer();
    // `clean` has put it into the trash: nothing was in it.
    world.ok(&["restore", &name]);
    world.ok(&["send", &name, "::say again"]);
    world.wait(&name, |agent| agent["turns"] == 2);
    world.ok(&["stop", &name]);
    assert!(runs(pid));
}

#[test]
fn a_repository_may_lie_on_another_file_system_than_the_state() {
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
        return eprintln!("skipped: there is no second file system at /dev/shm");
    };
    let mut world = World::new();
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    if device(elsewhere.path()) == device(world.home()) {
        return eprintln!("skipped: /dev/shm is on the same file system");
    }
    world.set_state(&elsewhere.path().join("state"));
    fs::write(world.shop().join(".env"), "SECRET=1\n").unwrap();
    fs::write(world.shop().join(".git/info/exclude"), ".env\n").unwrap();
    fs::write(world.shop().join(".orchestra.toml"), "copy = [\".env\"]\n").unwrap();
    world.ok(&["spawn", "--trust", "--wait", "Merge me\n::write a 1", "Keep me\n::write b 2"]);
    assert!(world.worktree("keep-me").starts_with(elsewhere.path()));
    assert_eq!(fs::read_to_string(world.worktree("keep-me").join(".env")).unwrap(), "SECRET=1\n");
    world.ok(&["merge", "merge-me"]);
    assert!(world.shop().join("a").is_file());
    world.ok(&["clean", "merge-me"]);
    world.ok(&["clean", "keep-me", "--anyway"]);
    assert!(!world.worktree("keep-me").exists());
    world.ok(&["restore", "keep-me"]);
    assert_eq!(fs::read_to_string(world.worktree("keep-me").join("b")).unwrap(), "2\n");
    world.ok(&["send", "keep-me", "::say again"]);
    world.wait("keep-me", |agent| agent["turns"] == 2);
}

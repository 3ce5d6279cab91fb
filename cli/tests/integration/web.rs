//! `orchestra web`: that it starts, says where it is, and stops.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::Stdio,
};

use super::world::World;

#[test]
fn it_says_where_it_is_answers_and_stops() {
    let world = World::with_sessions();
    let mut command = world.command(&["web", "--addr", "0"]);
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.strip_prefix("Orchestra is at http://").unwrap().strip_suffix('/').unwrap();
    let link = lines.nth(1).unwrap().unwrap();
    assert!(link.trim().starts_with(&format!("http://{address}/pair?code=")), "{link}");

    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    assert!(!answer.contains("Basket rename"), "whoever is not paired sees nothing");

    let second = world.run(&["web", "--addr", "0"]).failure();
    assert!(second.contains("runs already at http://"), "{second}");

    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(server.wait().unwrap().success());
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_to_do() {
    let world = World::empty();
    for (name, arguments) in [
        ("open_without_tls", &["--addr", "0.0.0.0:0", "--no-tls"][..]),
        ("lan_and_an_address", &["--lan", "--addr", "192.0.2.1:4600"]),
        ("trust_for_no_name", &["--trust-proxy"]),
        ("half_a_certificate", &["--tls-cert", "box.pem"]),
        ("no_certificate", &["--addr", "0", "--tls-cert", "missing.pem", "--tls-key", "missing.key"]),
        ("no_name", &["--host", "https://box.example.net/"]),
    ] {
        let said = world.run(&[&["web"], arguments].concat()).failure();
        insta::assert_snapshot!(format!("web_{name}"), said);
    }
}

#[test]
fn for_a_phone_it_says_the_address_that_a_phone_opens() {
    let world = World::empty();
    let mut command = world.command(&["web", "--addr", "0", "--host", "box.example.net", "--trust-proxy"]);
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "Orchestra is at https://box.example.net/");
    let link = lines.nth(1).unwrap().unwrap();
    assert!(link.starts_with("  https://box.example.net/pair?code="), "{link}");
    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(server.wait().unwrap().success());
    // Nothing but links goes into a pipe: a square is for a camera.
    assert!(lines.next().is_none());
}

#[test]
fn a_word_mistyped_in_the_configuration_is_said_before_anything_starts() {
    let world = World::empty();
    let folder = world.home().join(".config/orchestra");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), "[notify]\n\ncomand = [\"notify-send\"]\n").unwrap();
    let said = world.run(&["web", "--addr", "0"]).failure();
    insta::assert_snapshot!(said);
    assert!(!world.home().join(".local/state/orchestra/web").exists(), "nothing was made");
}

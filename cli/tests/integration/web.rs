//! `orchestra web`: that it starts, says where it is, and stops.

use std::{
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
fn an_address_that_others_reach_is_refused() {
    let said = World::empty().run(&["web", "--addr", "0.0.0.0:0"]).failure();
    insta::assert_snapshot!(said);
}

//! Starting: one server a state folder, on this machine only, and a clear word when it does not work.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use orchestra_server::{Encryption, Listen, Reach, ServeError};

use crate::server::Machine;

#[tokio::test(flavor = "multi_thread")]
async fn the_second_server_says_where_the_first_is() {
    let machine = Machine::new();
    let first = machine.serve().await;
    let second = machine.bind(Reach::default()).await;
    let Err(ServeError::AlreadyRunning(Some(url))) = second else { panic!("{second:?}") };
    assert_eq!(url, first.ready.url);
    assert_eq!(url, format!("http://{}/", first.address));
    first.stop().await;
    machine.serve().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_asked_for_is_had_or_nothing_is() {
    let machine = Machine::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refused = machine.bind(Reach::at(address)).await.unwrap_err();
    assert!(matches!(refused, ServeError::Listen { .. }), "{refused:?}");
    assert!(refused.to_string().contains("--addr"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_could_read_along_and_a_proxy_for_no_name_are_refused() {
    let machine = Machine::new();
    let bind = async |reach| machine.bind(reach).await.unwrap_err();
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let reach = Reach { encryption: Encryption::Never, ..Reach::at(open.parse().unwrap()) };
        let refused = bind(reach).await;
        assert!(matches!(refused, ServeError::OpenWithoutTls), "{open}: {refused:?}");
        assert!(refused.to_string().contains("--host"));
    }
    let everywhere =
        Reach { listen: Listen::Everywhere(None), encryption: Encryption::Never, ..Reach::default() };
    assert!(matches!(bind(everywhere).await, ServeError::OpenWithoutTls));
    let refused = bind(Reach { trust_proxy: true, ..Reach::default() }).await;
    assert!(matches!(refused, ServeError::ProxyWithoutHost), "{refused:?}");
    assert!(!machine.state().exists(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_the_next_free_port_does() {
    let machines = [Machine::new(), Machine::new()];
    let mut servers = Vec::new();
    for machine in &machines {
        servers.push(machine.bind(Reach::default()).await.unwrap());
    }
    // The default port may be taken by anything on this machine; the second server's is not the first's.
    let [first, second] = [&servers[0], &servers[1]].map(|server| server.ready().unwrap());
    assert_ne!(first.address.port(), second.address.port());
    assert_eq!(second.moved_from, Some(orchestra_server::DEFAULT_PORT));
    assert!(second.address.ip().is_loopback());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_folder_that_cannot_be_used_is_one_clear_line() {
    let machine = Machine::new();
    fs::write(machine.state(), "a file where the folder should be").unwrap();
    let refused = machine.bind(Reach::default()).await.unwrap_err();
    assert!(matches!(refused, ServeError::StateFolder { .. }), "{refused:?}");
    let words = refused.to_string();
    assert!(words.contains("ORCHESTRA_HOME") && !words.contains('\n'), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_folder_is_its_owners_alone() {
    let machine = Machine::new();
    let server = machine.serve().await;
    for folder in ["server", "server/sessions"] {
        let mode = fs::metadata(machine.state().join(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{folder}");
    }
    server.stop().await;
}

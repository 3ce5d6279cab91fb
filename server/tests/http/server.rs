//! A server on a free port, over a made-up machine.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use orchestra_core::agents::{Launcher, Pace, Tools};
use orchestra_core::sessions::{Catalog, Places, Root};
use orchestra_core::worktrees::Git;
use orchestra_server::{
    Devices, Encryption, Notifier, NotifyConfig, PairingLinks, Reach, Ready, Route, ServeError, Server,
};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::client::{Endpoint, Reply, Request};

/// A session with one picture in its first line.
pub(crate) const SESSION: &str = "11111111-1111-4111-8111-111111111111";

/// The smallest picture there is, in base64.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A machine: a client's folder with a session in it, and a state folder.
pub(crate) struct Machine {
    folder: TempDir,
}

impl Machine {
    /// A conversation that the session's agent had aside.
    pub(crate) const SUBAGENT: &'static str = "a1b2c3d";
    /// An agent that has not been started.
    pub(crate) const AGENT: &'static str = "wrkr2345";
    /// Its run.
    pub(crate) const RUN: &'static str = "team2345";

    pub(crate) fn new() -> Self {
        let machine = Self { folder: TempDir::new().unwrap() };
        fs::create_dir_all(machine.transcript(SESSION).parent().unwrap()).unwrap();
        let first = serde_json::json!({
            "parentUuid": null, "isSidechain": false, "type": "user", "userType": "external", "entrypoint": "cli",
            "cwd": "/home/ada/shop", "sessionId": SESSION, "version": "2.1.197", "gitBranch": "main",
            "uuid": "00000000-0000-4000-8000-000000000001", "timestamp": "2026-01-01T10:00:00.000Z",
            "message": { "role": "user", "content": [
                { "type": "text", "text": "SECRET-PROMPT: what is in this picture?" },
                { "type": "image", "source": { "type": "base64", "media_type": "image/svg+xml", "data": PICTURE } },
            ] },
        });
        machine.append(SESSION, &first);
        let aside = machine.transcript(SESSION).with_extension("").join("subagents");
        fs::create_dir_all(&aside).unwrap();
        let mut said = Self::prompt(1, "SECRET-PROMPT: look aside");
        said["isSidechain"] = true.into();
        fs::write(aside.join(format!("agent-{}.jsonl", Self::SUBAGENT)), format!("{said}\n")).unwrap();
        machine
    }

    /// The same with an agent.
    pub(crate) fn with_an_agent() -> Self {
        let machine = Self::new();
        let plan = serde_json::json!({
            "id": Self::AGENT, "name": "look", "provider": "claude", "client": "/nonexistent/claude",
            "task": "SECRET-PROMPT: look around", "place": { "kind": "folder", "folder": "/home/ada/shop" },
            "conversation": { "kind": "new", "session": "22222222-2222-4222-8222-222222222222" },
            "settings": {}, "run": { "id": Self::RUN, "index": 0, "max_parallel": null },
            "created_at": "2026-01-01T10:00:00Z",
        });
        let folder = machine.state().join("agents").join(Self::AGENT);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("agent.json"), plan.to_string()).unwrap();
        machine
    }

    pub(crate) fn transcript(&self, id: &str) -> PathBuf {
        self.folder.path().join("claude/projects/-home-ada-shop").join(format!("{id}.jsonl"))
    }

    /// Appends a line to a session's transcript.
    pub(crate) fn append(&self, id: &str, line: &serde_json::Value) {
        use std::io::Write;
        let mut file = fs::OpenOptions::new().create(true).append(true).open(self.transcript(id)).unwrap();
        writeln!(file, "{line}").unwrap();
    }

    /// A line that a person typed.
    pub(crate) fn prompt(number: u32, text: &str) -> serde_json::Value {
        serde_json::json!({
            "parentUuid": "00000000-0000-4000-8000-000000000001", "isSidechain": false, "type": "user",
            "userType": "external", "entrypoint": "cli", "cwd": "/home/ada/shop", "sessionId": SESSION,
            "version": "2.1.197", "uuid": format!("00000000-0000-4000-8001-{number:012}"),
            "timestamp": "2026-01-01T10:01:00.000Z", "message": { "role": "user", "content": text },
        })
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// What agents would be worked with: nothing is started here that is not there.
    pub(crate) fn tools(&self) -> Tools {
        Tools {
            state: self.state(),
            git: Some(Git::new("git")),
            client: None,
            gh: None,
            launcher: Launcher {
                program: "/nonexistent".into(),
                arguments: Vec::new(),
                pace: Pace::default(),
            },
            scrubbed: Vec::new(),
        }
    }

    pub(crate) fn catalog(&self) -> Catalog {
        let path = self.folder.path().join("claude");
        Catalog::new(Places {
            roots: vec![Root { path, asked_for: false, is_default: true }],
            cache_dir: None,
            state_dir: None,
        })
    }

    pub(crate) async fn serve(&self) -> Running {
        self.serve_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn serve_at(&self, address: SocketAddr) -> Running {
        self.serve_as(Reach::at(address)).await
    }

    /// Encrypted, with the certificate that the server makes for itself.
    pub(crate) async fn serve_encrypted(&self) -> Running {
        let address = "127.0.0.1:0".parse().unwrap();
        self.serve_as(Reach { encryption: Encryption::Always, ..Reach::at(address) }).await
    }

    pub(crate) async fn serve_with(&self, notify: NotifyConfig) -> Running {
        self.start(Reach::at("127.0.0.1:0".parse().unwrap()), notify).await
    }

    pub(crate) async fn serve_as(&self, reach: Reach) -> Running {
        self.start(reach, NotifyConfig::for_tests()).await
    }

    /// Takes what a server needs, or says why not.
    pub(crate) async fn bind(&self, reach: Reach) -> Result<Server, ServeError> {
        Server::bind(reach, self.catalog(), self.tools(), NotifyConfig::for_tests()).await
    }

    async fn start(&self, reach: Reach, notify: NotifyConfig) -> Running {
        let certificate = match &reach.encryption {
            Encryption::With { certificate, .. } => Some(certificate.clone()),
            Encryption::Always => Some(self.state().join("server/tls.pem")),
            Encryption::WhereOthersReach | Encryption::Never => None,
        };
        let server = Server::bind(reach, self.catalog(), self.tools(), notify).await.unwrap();
        let ready = server.ready().unwrap();
        let endpoint = match certificate {
            None => Endpoint::plain(ready.address),
            Some(path) => Endpoint::encrypted(ready.address, CertificateDer::from_pem_file(path).unwrap()),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        Running {
            address: ready.address,
            endpoint,
            pairing_url: ready.pairing_url.clone(),
            links: ready.links.clone(),
            ready,
            devices: server.devices(),
            notifier: server.notifier(),
            routes: server.routes().to_vec(),
            stop,
            task: tokio::spawn(server.run(async move {
                let _ = stopped.await;
            })),
        }
    }
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) endpoint: Endpoint,
    pub(crate) ready: Ready,
    pub(crate) pairing_url: String,
    pub(crate) links: PairingLinks,
    pub(crate) devices: Devices,
    pub(crate) notifier: Notifier,
    pub(crate) routes: Vec<Route>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn get(&self, target: &str) -> Request {
        Request::new(&self.endpoint, "GET", target)
    }

    pub(crate) fn post(&self, target: &str) -> Request {
        Request::new(&self.endpoint, "POST", target)
    }

    /// Posts JSON as our own page does.
    pub(crate) async fn post_json(&self, target: &str, cookie: &str, body: &serde_json::Value) -> Reply {
        let post = self.post(target).sent_by_our_page().header("Cookie", cookie);
        post.body("application/json", body.to_string()).send().await
    }

    /// Hands a code in as the pairing page does.
    pub(crate) async fn hand_in(&self, code: &str) -> Reply {
        self.post("/pair").sent_by_our_page().form(&format!("code={code}")).send().await
    }

    /// Pairs a browser; returns its cookie.
    pub(crate) async fn pair(&self) -> String {
        let reply = self.hand_in(code_of(&self.links.new_link().unwrap())).await;
        assert_eq!(reply.status, 303, "{}", reply.text());
        reply.cookie().expect("a cookie")
    }

    /// Stops it and waits for its end.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(crate::client::PATIENCE, self.task).await.expect("an end").unwrap();
    }
}

/// The code in a pairing link.
pub(crate) fn code_of(link: &str) -> &str {
    link.split_once("code=").expect("a code").1
}

/// All that is below a folder, by name and content.
pub(crate) fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(snapshot(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

//! The server that is measured, and a browser's way in, without a browser.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    pin::Pin,
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use hyper::{
    Request, Response, StatusCode,
    body::{Body, Bytes, Incoming},
    client::conn::http1::{SendRequest, handshake},
    header::{ACCEPT_ENCODING, CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE},
};
use hyper_util::rt::TokioIo;
use orchestra_fake_claude::home::{Failure, Home};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::measure::{memory_of, ticks_of};

/// `orchestra web` over a history; it ends with the value.
pub(crate) struct Server {
    child: Child,
    input: Option<ChildStdin>,
    links: BufReader<ChildStdout>,
    /// The last link that it told.
    link: String,
}

/// What a server holds in memory, in MB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// All of it.
    pub(crate) resident: f64,
    /// Its part of what it shares with other processes, and what is its own.
    pub(crate) part: f64,
}

impl Server {
    /// Starts one in a home, over the history in a folder.
    pub(crate) fn start(home: &Home, history: &Path) -> Result<Self, Failure> {
        let mut command = home.command(&["web", "--addr", "127.0.0.1:0", "--held"]);
        command.env("CLAUDE_CONFIG_DIR", history).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let input = child.stdin.take();
        let links = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut server = Self { child, input, links, link: String::new() };
        server.hear()?;
        Ok(server)
    }

    /// A link that lets in one browser.
    pub(crate) fn new_link(&mut self) -> Result<String, Failure> {
        let input = self.input.as_mut().ok_or("no input")?;
        writeln!(input).map_err(|error| error.to_string())?;
        self.hear()?;
        Ok(self.link.clone())
    }

    fn hear(&mut self) -> Result<(), Failure> {
        let mut line = String::new();
        self.links.read_line(&mut line).map_err(|error| error.to_string())?;
        let said: Value = serde_json::from_str(&line).map_err(|_| format!("the server said {line:?}"))?;
        said["pairing_url"].as_str().ok_or("no link")?.clone_into(&mut self.link);
        Ok(())
    }

    /// What it holds now.
    pub(crate) fn memory(&self) -> Memory {
        let pid = self.child.id();
        Memory { resident: memory_of(pid, "status", "VmRSS:"), part: memory_of(pid, "smaps_rollup", "Pss:") }
    }

    /// How long it has worked so far, on all processors together, in ms.
    pub(crate) fn worked(&self) -> f64 {
        // A tick is a hundredth of a second.
        ticks_of(self.child.id()) as f64 * 10.0
    }

    /// The most that it ever held, in MB.
    pub(crate) fn peak(&self) -> f64 {
        memory_of(self.child.id(), "status", "VmHWM:")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.input.take());
        drop(self.child.wait());
    }
}

/// A paired browser.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    address: SocketAddr,
    cookie: String,
}

impl Visitor {
    /// Is let in by a link.
    pub(crate) async fn pair(link: &str) -> Result<Self, Failure> {
        let parts = link.strip_prefix("http://").and_then(|rest| rest.split_once("/pair?"));
        let (host, code) = parts.ok_or_else(|| format!("no link: {link}"))?;
        let address = host.parse().map_err(|_| format!("no address: {host}"))?;
        let mut line = Line::open(&Self { address, cookie: String::new() }).await?;
        let request = Request::post("/pair")
            .header(HOST, host)
            .header(ORIGIN, format!("http://{host}"))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = line.send(request, code.to_owned()).await?;
        let cookie = answer.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
        match answer.status() {
            StatusCode::SEE_OTHER if !cookie.is_empty() => Ok(Self { address, cookie }),
            status => Err(format!("not paired: {status}")),
        }
    }
}

/// A connection that is kept.
pub(crate) struct Line {
    visitor: Visitor,
    sender: SendRequest<String>,
}

impl Line {
    /// Connects.
    pub(crate) async fn open(visitor: &Visitor) -> Result<Self, Failure> {
        let stream = TcpStream::connect(visitor.address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(Self { visitor: visitor.clone(), sender })
    }

    async fn send(
        &mut self,
        request: hyper::http::request::Builder,
        body: String,
    ) -> Result<Response<Incoming>, Failure> {
        let request = request.body(body).map_err(|error| error.to_string())?;
        self.sender.ready().await.map_err(|error| error.to_string())?;
        self.sender.send_request(request).await.map_err(|error| error.to_string())
    }

    /// Asks for a path as a browser does, and answers its body.
    pub(crate) async fn ask(&mut self, path: &str) -> Result<Answer, Failure> {
        let request = Request::get(path)
            .header(HOST, self.visitor.address.to_string())
            .header(COOKIE, &self.visitor.cookie)
            .header(ACCEPT_ENCODING, "gzip, deflate, br");
        let answer = self.send(request, String::new()).await?;
        match answer.status() {
            StatusCode::OK => Ok(Answer(answer.into_body())),
            status => Err(format!("{path}: {status}")),
        }
    }

    /// Reads a whole page; answers how many bytes came.
    pub(crate) async fn load(&mut self, path: &str) -> Result<usize, Failure> {
        let mut answer = self.ask(path).await?;
        let mut bytes = 0;
        while let Some(piece) = answer.next().await? {
            bytes += piece.len();
        }
        Ok(bytes)
    }
}

/// What comes back.
pub(crate) struct Answer(Incoming);

impl Answer {
    /// The next piece of it; none when that was all.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while let Some(frame) =
            std::future::poll_fn(|context| Pin::new(&mut self.0).poll_frame(context)).await
        {
            if let Ok(data) = frame.map_err(|error| error.to_string())?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

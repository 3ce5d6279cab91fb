//! A client that sends exactly what it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Far longer than anything takes; a test that hangs fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A connection, encrypted or not.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Where a server is, and how it is spoken to.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    /// Believes nobody but the one certificate it was made with.
    tls: Option<Arc<ClientConfig>>,
}

impl Endpoint {
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    pub(crate) fn encrypted(address: SocketAddr, certificate: CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { address, tls: Some(Arc::new(config)) }
    }

    /// What a browser speaks to it.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.address)
    }

    /// The name of its cookie.
    pub(crate) fn cookie_name(&self) -> String {
        let host_only = if self.tls.is_some() { "__Host-" } else { "" };
        format!("{host_only}orchestra_{}", self.address.port())
    }

    pub(crate) async fn connect(&self) -> Box<dyn Wire> {
        let stream = TcpStream::connect(self.address).await.expect("a server");
        match &self.tls {
            None => Box::new(stream),
            Some(config) => {
                let name = ServerName::IpAddress(self.address.ip().into());
                let connecting = TlsConnector::from(Arc::clone(config)).connect(name, stream);
                Box::new(connecting.await.expect("the certificate of the server's own address"))
            }
        }
    }
}

/// A request in the making.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    endpoint: Endpoint,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A request with our host and `Connection: close`, and nothing else.
    pub(crate) fn new(endpoint: &Endpoint, method: &str, target: &str) -> Self {
        let (endpoint, host) = (endpoint.clone(), endpoint.address.to_string());
        let headers = vec![("Host".to_owned(), host), ("Connection".to_owned(), "close".to_owned())];
        Self { endpoint, method: method.to_owned(), target: target.to_owned(), headers, body: Vec::new() }
    }

    /// With another method.
    pub(crate) fn method(mut self, method: &str) -> Self {
        self.method = method.to_owned();
        self
    }

    /// For another target.
    pub(crate) fn target(mut self, target: &str) -> Self {
        self.target = target.to_owned();
        self
    }

    /// With one header more.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// With a header in place of those of the same name.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).header(name, value)
    }

    /// As a page of ours sends it.
    pub(crate) fn sent_by_our_page(self) -> Self {
        let origin = self.endpoint.origin();
        self.with("Origin", &origin).with("Sec-Fetch-Site", "same-origin")
    }

    /// With a body.
    pub(crate) fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        let length = self.body.len().to_string();
        self.with("Content-Type", kind).with("Content-Length", &length)
    }

    /// With a form.
    pub(crate) fn form(self, body: &str) -> Self {
        self.body("application/x-www-form-urlencoded", body)
    }

    /// Its body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What it calls the server.
    pub(crate) fn host(&self) -> String {
        let host = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
        host.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// What it asks for.
    pub(crate) fn what(&self) -> &str {
        &self.target
    }

    /// The bytes of its head.
    pub(crate) fn head(&self) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head
    }

    /// Sends it and reads the whole answer.
    pub(crate) async fn send(&self) -> Reply {
        let mut stream = self.open().await;
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an answer");
        assert!(read.is_ok() || !bytes.is_empty(), "{self:?}: {read:?}");
        Reply::parse(&bytes)
    }

    /// Sends it and reads the answer's status and no more of it: for what has no end.
    pub(crate) async fn status(&self) -> u16 {
        let mut stream = self.open().await;
        let mut start = [0; 12];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut start))
            .await
            .expect("an answer")
            .expect("a status");
        String::from_utf8_lossy(&start[9..]).parse().expect("a number")
    }

    /// Sends it and hands over the connection.
    pub(crate) async fn open(&self) -> Box<dyn Wire> {
        let mut stream = self.endpoint.connect().await;
        stream.write_all(self.head().as_bytes()).await.expect("writable");
        // A server that refuses by the head may have gone by now.
        let _ = stream.write_all(&self.body).await;
        let _ = stream.flush().await;
        stream
    }
}

impl Reply {
    /// Reads an answer that is there in full.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = std::str::from_utf8(&bytes[..end]).expect("text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').expect("a header"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let rest = &bytes[end + 4..];
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if chunked { unchunk(rest) } else { rest.to_vec() };
        Self { status: status.parse().expect("a number"), headers, body }
    }

    /// A header's value, if it is there.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The cookie that it sets, as a request sends it back.
    pub(crate) fn cookie(&self) -> Option<String> {
        let (cookie, _) = self.header("set-cookie")?.split_once(';')?;
        Some(cookie.to_owned())
    }
}

/// Puts a chunked body together, as far as it came.
pub(crate) fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let Ok(length) = usize::from_str_radix(&String::from_utf8_lossy(&bytes[..end]), 16) else { break };
        let chunk = &bytes[end + 2..];
        body.extend_from_slice(&chunk[..length.min(chunk.len())]);
        bytes = chunk.get(length + 2..).unwrap_or_default();
    }
    body
}

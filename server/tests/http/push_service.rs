//! A push service of the tests' own, and browsers that subscribe to it: signatures are checked and pushes decrypted by
//! the rules of RFC 8291, 8188 and 8292, not by the server's own library.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use web_push_native::p256::ecdsa::signature::Verifier as _;
use web_push_native::p256::ecdsa::{Signature, VerifyingKey};
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint as _;
use web_push_native::p256::{PublicKey, SecretKey, ecdh};

use crate::client::{PATIENCE, Reply};
use crate::server::Running;

/// How long nothing must come for there to be nothing to come: far longer than the tests' server gathers and retries.
const SILENCE: Duration = Duration::from_millis(1_500);

/// A push as a browser reads it, with what the push service saw of it.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) to: String,
    pub(crate) headers: HeaderMap,
    pub(crate) message: Value,
}

/// The service. Whatever is wrong with a push fails the test that waits for it.
pub(crate) struct PushService {
    address: SocketAddr,
    shared: Arc<Shared>,
    arriving: mpsc::UnboundedReceiver<Result<Pushed, String>>,
}

struct Shared {
    origin: String,
    arrived: mpsc::UnboundedSender<Result<Pushed, String>>,
    browsers: Mutex<HashMap<String, Secrets>>,
    /// What the next pushes to a browser are answered, before it is 201.
    answers: Mutex<HashMap<String, VecDeque<u16>>>,
    /// How many pushes were tried, those that were turned away among them.
    tried: Mutex<HashMap<String, u32>>,
}

#[derive(Clone)]
struct Secrets {
    key: SecretKey,
    auth: [u8; 16],
    /// The server's key that the browser subscribed with.
    server_key: String,
}

impl PushService {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (arrived, arriving) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            origin: format!("http://{address}"),
            arrived,
            browsers: Mutex::default(),
            answers: Mutex::default(),
            tried: Mutex::default(),
        });
        let router = Router::new().route("/wpush/{browser}", post(receive)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, arriving }
    }

    /// Pairs a browser and subscribes it; returns its cookie.
    pub(crate) async fn browser(&self, server: &Running, name: &str) -> String {
        let cookie = server.pair().await;
        let reply = self.subscribe(server, &cookie, name).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        cookie
    }

    /// Subscribes a browser that is paired.
    pub(crate) async fn subscribe(&self, server: &Running, cookie: &str, name: &str) -> Reply {
        let key = server.get("/push/key").header("Cookie", cookie).send().await;
        let server_key = key.json()["key"].as_str().unwrap().to_owned();
        let (key, auth) = (SecretKey::from_slice(&random::<32>()).unwrap(), random());
        let public = URL_SAFE_NO_PAD.encode(key.public_key().to_encoded_point(false).as_bytes());
        let subscription = json!({
            "endpoint": format!("http://{}/wpush/{name}", self.address),
            "expirationTime": null,
            "keys": { "p256dh": public, "auth": URL_SAFE_NO_PAD.encode(auth) },
        });
        let secrets = Secrets { key, auth, server_key };
        self.shared.browsers.lock().unwrap().insert(name.to_owned(), secrets);
        server.post_json("/push/subscribe", cookie, &subscription).await
    }

    /// Answers the next pushes to a browser so.
    pub(crate) fn answer(&self, browser: &str, statuses: &[u16]) {
        let mut answers = self.shared.answers.lock().unwrap();
        answers.entry(browser.to_owned()).or_default().extend(statuses);
    }

    /// How often a push to a browser was tried.
    pub(crate) fn tried(&self, browser: &str) -> u32 {
        self.shared.tried.lock().unwrap().get(browser).copied().unwrap_or_default()
    }

    /// The next push that is taken.
    pub(crate) async fn next(&mut self) -> Pushed {
        let pushed = tokio::time::timeout(PATIENCE, self.arriving.recv()).await.expect("a push").unwrap();
        pushed.unwrap_or_else(|wrong| panic!("a push is not as it must be: {wrong}"))
    }

    /// That nothing comes.
    pub(crate) async fn assert_silence(&mut self) {
        if let Ok(Some(pushed)) = tokio::time::timeout(SILENCE, self.arriving.recv()).await {
            panic!("a push that nobody asked for: {pushed:?}");
        }
    }
}

fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    Path(browser): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    *shared.tried.lock().unwrap().entry(browser.clone()).or_default() += 1;
    let answer = shared.answers.lock().unwrap().get_mut(&browser).and_then(VecDeque::pop_front);
    if let Some(status) = answer {
        return StatusCode::from_u16(status).unwrap();
    }
    let secrets = shared.browsers.lock().unwrap().get(&browser).cloned();
    let read = secrets.ok_or_else(|| "nobody has subscribed".to_owned()).and_then(|secrets| {
        check_headers(&headers, &shared.origin, &secrets)?;
        let message = decrypt(&body, &secrets)?;
        if message.len() > 3_000 {
            return Err(format!("{} bytes", message.len()));
        }
        serde_json::from_slice(&message).map_err(|error| error.to_string())
    });
    let pushed = read.map(|message| Pushed { to: browser, headers, message });
    let _ = shared.arrived.send(pushed);
    StatusCode::CREATED
}

/// RFC 8030's and 8292's part.
fn check_headers(headers: &HeaderMap, origin: &str, secrets: &Secrets) -> Result<(), String> {
    let header = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).ok_or_else(|| format!("no {name}"))
    };
    let is = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    is(header("content-encoding")? == "aes128gcm", "content-encoding")?;
    is(header("ttl")?.parse::<u32>().is_ok_and(|seconds| seconds > 0), "ttl")?;
    is(["high", "normal"].contains(&header("urgency")?), "urgency")?;
    let topic = header("topic")?;
    let is_topic = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    is(topic.len() <= 32 && topic.bytes().all(is_topic), "topic")?;

    let authorization = header("authorization")?.strip_prefix("vapid ").ok_or("no vapid")?;
    let part =
        |name: &str| authorization.split(", ").find_map(|part| part.strip_prefix(name)).ok_or("no part");
    let (token, key) = (part("t=")?, part("k=")?);
    is(key == secrets.server_key, "another key than the browser subscribed with")?;
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|error| error.to_string());
    let (signed, signature) = token.rsplit_once('.').ok_or("no signature")?;
    let key = VerifyingKey::from_sec1_bytes(&bytes(key)?).map_err(|error| error.to_string())?;
    let signature = Signature::from_slice(&bytes(signature)?).map_err(|error| error.to_string())?;
    key.verify(signed.as_bytes(), &signature).map_err(|error| format!("the signature: {error}"))?;

    let (head, claims) = signed.split_once('.').ok_or("no claims")?;
    let json = |text: &str| serde_json::from_slice::<Value>(&bytes(text)?).map_err(|error| error.to_string());
    let (head, claims) = (json(head)?, json(claims)?);
    is(head == json!({ "typ": "JWT", "alg": "ES256" }), "the token's head")?;
    is(claims["aud"] == origin, &format!("aud {}", claims["aud"]))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    is(claims["exp"].as_u64().is_some_and(|at| (now..=now + 24 * 60 * 60).contains(&at)), "exp")?;
    is(claims["sub"].as_str().is_some_and(|sub| sub.starts_with("mailto:")), "sub")
}

/// RFC 8188's and 8291's part: one record.
fn decrypt(body: &[u8], secrets: &Secrets) -> Result<Vec<u8>, String> {
    let (salt, rest) = body.split_at_checked(16).ok_or("no salt")?;
    let (size, rest) = rest.split_at_checked(4).ok_or("no record size")?;
    let ([length], rest) = rest.split_first_chunk::<1>().ok_or("no key")?;
    let (sender, record) = rest.split_at_checked(usize::from(*length)).ok_or("no key")?;
    if u32::from_be_bytes(size.try_into().unwrap()) < u32::try_from(record.len()).unwrap() {
        return Err("more than one record".to_owned());
    }
    let public = PublicKey::from_sec1_bytes(sender).map_err(|error| error.to_string())?;
    let shared = ecdh::diffie_hellman(secrets.key.to_nonzero_scalar(), public.as_affine());
    let own = secrets.key.public_key().to_encoded_point(false);

    let expand = |salt: &[u8], key: &[u8], info: &[u8], out: &mut [u8]| {
        Hkdf::<Sha256>::new(Some(salt), key).expand(info, out).unwrap();
    };
    let (mut secret, mut key, mut nonce) = ([0; 32], [0; 16], [0; 12]);
    let info = [b"WebPush: info\0", own.as_bytes(), sender].concat();
    expand(&secrets.auth, shared.raw_secret_bytes(), &info, &mut secret);
    expand(salt, &secret, b"Content-Encoding: aes128gcm\0", &mut key);
    expand(salt, &secret, b"Content-Encoding: nonce\0", &mut nonce);
    let cipher = Aes128Gcm::new_from_slice(&key).unwrap();
    let mut plain =
        cipher.decrypt(Nonce::from_slice(&nonce), record).map_err(|_| "it cannot be decrypted".to_owned())?;
    while plain.last() == Some(&0) {
        plain.pop();
    }
    match plain.pop() {
        Some(2) => Ok(plain),
        other => Err(format!("the last record ends with {other:?}")),
    }
}

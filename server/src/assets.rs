//! The site as it is embedded: the dashboard's WebAssembly, JavaScript and stylesheet, and the files of `public/`.
//!
//! Nothing here is anyone's data, so no cookie is asked for. Files are served as they were compressed at build time.
//! Which file a page needs is read from `assets.json`, which the build writes; without it (a build of the server alone)
//! pages are served without scripts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::{Path, Request};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use orchestra_app::AssetNames;
use rust_embed::RustEmbed;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::plain;

/// What the app's files are called, before hashes and endings.
pub(crate) const OUTPUT_NAME: &str = "orchestra";

/// The list of the hashed names, for the server and not for browsers.
const MANIFEST: &str = "assets.json";

/// Where the files with hashes in their names are, in the site and on the server.
const PACKAGE_FOLDER: &str = "pkg/";
pub(crate) const PACKAGE_PREFIX: &str = "/pkg/";

/// The service worker, which is served with the build's facts in front.
const SERVICE_WORKER: &str = "sw.js";
pub(crate) const SERVICE_WORKER_PATH: &str = "/sw.js";

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
#[allow_missing = true]
struct Site;

/// What `assets.json` says.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Manifest {
    /// Changes whenever any byte of the site does.
    build: String,
    /// From a plain name (`orchestra.js`) to the file (`pkg/orchestra.0123456789abcdef.js`).
    files: BTreeMap<String, String>,
}

/// A marker on answers that are compressed, or not worth compressing: they are sent as they are.
#[derive(Clone, Copy)]
pub(crate) struct AsStored;

impl Manifest {
    /// The manifest of the embedded site, if it was built.
    pub(crate) fn of_site() -> Option<Self> {
        Self::of_a_watched_site().or_else(|| {
            let file = Site::get(MANIFEST)?;
            serde_json::from_slice(&file.data)
                .inspect_err(|problem| tracing::error!(%problem, "cannot read the site's {MANIFEST}"))
                .ok()
        })
    }

    /// `cargo leptos watch` writes no list and no hashes; its files are there only while someone develops.
    fn of_a_watched_site() -> Option<Self> {
        let files: BTreeMap<String, String> = ["css", "js", "wasm"]
            .map(|ending| {
                (format!("{OUTPUT_NAME}.{ending}"), format!("{PACKAGE_FOLDER}{OUTPUT_NAME}.{ending}"))
            })
            .into();
        let hashes: Option<Vec<[u8; 32]>> =
            files.values().map(|file| Some(Site::get(file)?.metadata.sha256_hash())).collect();
        Some(Self { build: hexadecimal(&Sha256::digest(hashes?.concat())), files })
    }

    /// The addresses of what a page loads.
    pub(crate) fn asset_names(&self) -> Option<AssetNames> {
        let find = |ending: &str| {
            let (_, file) = self.files.iter().find(|(name, _)| name.ends_with(ending))?;
            Some(format!("/{file}"))
        };
        Some(AssetNames { css: find(".css")?, js: find(".js")?, wasm: find(".wasm")? })
    }
}

/// The paths of the site's files outside the package folder.
pub(crate) fn plain_paths() -> Vec<String> {
    let names: Vec<Cow<'static, str>> = Site::iter().collect();
    names
        .iter()
        .filter(|name| !name.starts_with(PACKAGE_FOLDER) && *name != MANIFEST && *name != SERVICE_WORKER)
        .filter(|name| !is_compressed_copy(name))
        .map(|name| format!("/{name}"))
        .collect()
}

/// Whether a file is another one's brotli or gzip copy.
fn is_compressed_copy(name: &str) -> bool {
    [".br", ".gz"]
        .iter()
        .any(|ending| name.strip_suffix(ending).is_some_and(|name| Site::get(name).is_some()))
}

/// `GET /pkg/…`.
pub(crate) async fn package_file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let name = format!("{PACKAGE_FOLDER}{name}");
    if is_compressed_copy(&name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let caching = if has_hash(&name) { FOR_EVER } else { ASK_AGAIN };
    serve(&name, &headers, caching)
}

/// `GET` of a file outside the package folder.
pub(crate) async fn plain_file(request: Request) -> Response {
    serve(request.uri().path().trim_start_matches('/'), request.headers(), ASK_AGAIN)
}

/// `GET /sw.js`: the worker with its build and the files it keeps in front, so that it changes when they do.
pub(crate) async fn service_worker() -> Response {
    let (Some(worker), Some(manifest)) = (Site::get(SERVICE_WORKER), Manifest::of_site()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let files: Vec<String> = manifest.files.values().map(|file| format!("/{file}")).collect();
    let build = Sha256::digest([manifest.build, plain::kept_offline()].concat());
    let facts = serde_json::json!({ "build": hexadecimal(&build[..8]), "files": files });
    let script = format!("self.orchestra = {facts};\n{}", String::from_utf8_lossy(&worker.data));
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")], script).into_response()
}

/// Whether a name tells what is in the file: a part of 16 hexadecimal digits between two dots.
fn has_hash(name: &str) -> bool {
    name.split('.')
        .rev()
        .skip(1)
        .any(|part| part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A file of the site, in the smallest form that the browser takes.
fn serve(name: &str, request: &HeaderMap, caching: HeaderValue) -> Response {
    let plain = name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && !name.contains(['\\', '\0']);
    if !plain {
        return StatusCode::NOT_FOUND.into_response();
    }
    let accepted = request.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let candidates = preference(accepted).into_iter();
    let found = candidates.chain([None]).find_map(|encoding| {
        let stored = encoding
            .map_or_else(|| name.to_owned(), |encoding: Encoding| format!("{name}.{}", encoding.ending()));
        Site::get(&stored).map(|file| (encoding, file))
    });
    let Some((encoding, file)) = found else { return StatusCode::NOT_FOUND.into_response() };

    let tag = format!("\"{}\"", hexadecimal(&file.metadata.sha256_hash()[..16]));
    let mut response = if is_known(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = file.data.into_response();
        response.headers_mut().insert(CONTENT_TYPE, content_type(name));
        if let Some(encoding) = encoding {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, caching);
    headers.insert(VARY, HeaderValue::from_name(ACCEPT_ENCODING));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response.extensions_mut().insert(AsStored);
    response
}

/// How a file may be stored besides as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    const fn ending(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// The encodings that an `Accept-Encoding` takes, the one it likes best first, brotli before gzip when it does not say.
/// The file as it is always comes last: nothing is refused for want of an encoding.
fn preference(accepted: &str) -> Vec<Option<Encoding>> {
    let quality = |wanted: &str| {
        let mut otherwise = 0.0;
        for part in accepted.split(',') {
            let mut pieces = part.split(';').map(str::trim);
            let name = pieces.next().unwrap_or_default();
            let quality = pieces
                .find_map(|piece| piece.strip_prefix("q=").or_else(|| piece.strip_prefix("Q=")))
                .map_or(1.0, |quality| quality.parse::<f32>().unwrap_or(0.0));
            if name.eq_ignore_ascii_case(wanted) {
                return quality;
            }
            if name == "*" {
                otherwise = quality;
            }
        }
        otherwise
    };
    let mut encodings = [(Encoding::Brotli, quality("br")), (Encoding::Gzip, quality("gzip"))];
    encodings.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    encodings.into_iter().filter(|(_, quality)| *quality > 0.0).map(|(encoding, _)| Some(encoding)).collect()
}

/// Whether the browser has the file with this tag.
fn is_known(request: &HeaderMap, tag: &str) -> bool {
    request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|given| given.trim())
        .any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content_type(name: &str) -> HeaderValue {
    let kind = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    };
    HeaderValue::from_static(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_taken_in_the_order_the_browser_likes() {
        let (brotli, gzip) = (Some(Encoding::Brotli), Some(Encoding::Gzip));
        for (accepted, wanted) in [
            ("gzip, deflate, br, zstd", vec![brotli, gzip]),
            ("gzip;q=1.0, br;q=0.5", vec![gzip, brotli]),
            ("br;q=0, gzip", vec![gzip]),
            ("*", vec![brotli, gzip]),
            ("*;q=0.1, br;q=0", vec![gzip]),
            ("identity", vec![]),
            ("gzip;q=nonsense", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(preference(accepted), wanted, "{accepted:?}");
        }
    }

    #[test]
    fn a_tag_is_known_in_a_list_and_when_weak() {
        let ask =
            |value: &'static str| HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(value))]);
        assert!(is_known(&ask("\"a\", W/\"b\""), "\"b\""));
        assert!(is_known(&ask("*"), "\"b\""));
        assert!(!is_known(&ask("\"a\""), "\"b\""));
        assert!(!is_known(&HeaderMap::new(), "\"b\""));
    }

    #[test]
    fn only_a_name_with_a_hash_is_for_ever() {
        assert!(has_hash("pkg/orchestra.0123456789abcdef.js"));
        assert!(!has_hash("pkg/orchestra.js"));
        assert!(!has_hash("pkg/0123456789abcdef"));
    }

    #[test]
    fn nothing_outside_the_site_is_served() {
        for name in ["../Cargo.toml", "pkg/../../Cargo.toml", "pkg//x", "", "a\\..\\b", "a\0", "/etc/passwd"]
        {
            assert_eq!(serve(name, &HeaderMap::new(), ASK_AGAIN).status(), StatusCode::NOT_FOUND, "{name:?}");
        }
    }
}

//! The small pages that stand without the app: pairing, offline, refusals.
//!
//! They hold no data, need no session and no build of the site, and work without JavaScript.

use std::fmt::Write;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use leptos::nonce::Nonce;

use crate::security::headers::page_policy;

/// Their stylesheet, and where it is served.
const STYLE: &str = include_str!("plain/plain.css");
pub(crate) const STYLE_PATH: &str = "/plain.css";

/// Where the page is that a service worker shows when the server cannot be reached.
pub(crate) const OFFLINE_PATH: &str = "/offline";

/// Tries the server every few seconds, and shows what was asked for as soon as it answers.
const WAIT_FOR_THE_SERVER: &str = "setInterval(async () => {
  try { if ((await fetch('/offline', { cache: 'no-store' })).ok) location.reload(); } catch { /* still away */ }
}, 3000);";

/// A page in the making.
pub(crate) struct Page {
    title: String,
    body: String,
    script: Option<&'static str>,
}

impl Page {
    /// A page with a heading and a paragraph, in which `…` is code.
    pub(crate) fn new(title: &str, words: &str) -> Self {
        let body = format!("<h1>{}</h1><p>{}</p>", escape(title), escape_with_code(words));
        Self { title: escape(title), body, script: None }
    }

    /// With a link that looks like a button.
    pub(crate) fn link(mut self, target: &str, words: &str) -> Self {
        let (target, words) = (escape(target), escape(words));
        // A `String` takes whatever is written into it.
        let _ = write!(self.body, "<p><a class=\"button\" href=\"{target}\">{words}</a></p>");
        self
    }

    /// With a form of hidden fields and one button.
    pub(crate) fn form(mut self, action: &str, fields: &[(&str, &str)], button: &str) -> Self {
        let _ = write!(self.body, "<form method=\"post\" action=\"{}\">", escape(action));
        for (name, value) in fields {
            let (name, value) = (escape(name), escape(value));
            let _ = write!(self.body, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        }
        let _ = write!(self.body, "<button>{}</button></form>", escape(button));
        self
    }

    /// With a script of ours.
    pub(crate) fn script(mut self, script: &'static str) -> Self {
        self.script = Some(script);
        self
    }
}

/// The page as an answer, with the policy that lets its own script run and no other.
///
/// The `Referrer-Policy` header says `no-referrer`, under which browsers send forms with `Origin: null`; that is
/// refused. The page narrows it for itself to `same-origin`: a form says where it comes from, other sites learn nothing.
pub(crate) fn respond(page: &Page) -> Response {
    let nonce = Nonce::new();
    let script =
        page.script.map(|script| format!("<script nonce=\"{nonce}\">{script}</script>")).unwrap_or_default();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"referrer\" content=\"same-origin\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{} · Orchestra</title><link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\"><link rel=\"stylesheet\" href=\"{STYLE_PATH}\"></head>\
         <body><main>{}</main>{script}</body></html>",
        page.title, page.body
    );
    let mut response = Html(html).into_response();
    match page_policy(&nonce) {
        Some(policy) => {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            response
        }
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn offline_page() -> Page {
    Page::new(
        "Orchestra does not answer",
        "There is no connection to the machine that it runs on, or `orchestra web` does not run there. What you tapped is \
         kept and sent once; this page goes on by itself.",
    )
    .link("", "Try again")
    .script(WAIT_FOR_THE_SERVER)
}

/// Everything that a service worker keeps of these pages: when it changes, so must the worker.
pub(crate) fn kept_offline() -> String {
    let Page { title, body, script } = offline_page();
    [&*title, &body, script.unwrap_or_default(), STYLE].concat()
}

/// `GET /offline`.
pub(crate) async fn offline() -> Response {
    let mut response = respond(&offline_page());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// `GET /plain.css`.
pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")], STYLE)
}

/// A text as HTML, with what stands between backticks as code.
fn escape_with_code(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for (index, part) in text.split('`').enumerate() {
        let part = escape(part);
        html += &if index % 2 == 1 { format!("<code>{part}</code>") } else { part };
    }
    html
}

/// A text as it may stand in HTML, in an attribute too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_a_page_is_text() {
        let page = Page::new("<b>", "a & b `c <i>` d").form("/pair", &[("next", "/\"><script>")], "Go");
        assert!(!page.body.contains("<b>") && !page.body.contains("<script>"));
        assert!(page.body.contains("<p>a &amp; b <code>c &lt;i&gt;</code> d</p>"), "{}", page.body);
        assert!(page.body.contains("value=\"/&quot;&gt;&lt;script&gt;\""));
    }

    #[test]
    fn a_script_carries_the_nonce_of_its_answer() {
        let response = respond(&Page::new("a", "b").script("1"));
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'nonce-"), "{policy}");
    }
}

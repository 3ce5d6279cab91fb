//! What every answer says about itself: what may run in it, where it may be shown, who may keep it.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use orchestra_app::ssr::content_security_policy;

/// For answers that are no page: nothing runs. A service worker may still fetch.
const NO_SCRIPT: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; connect-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; \
     base-uri 'none'; form-action 'self'",
);

/// For what came out of a transcript: nothing at all, and an origin of its own.
pub(crate) const FOREIGN: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox",
);

const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
             microphone=(), midi=(), payment=(), publickey-credentials-get=(), serial=(), usb=()",
        ),
    ),
];

/// The policy of a page whose scripts carry this nonce. `None` only if the nonce could not stand in a header.
pub(crate) fn page_policy(nonce: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&content_security_policy(nonce)).ok()
}

/// Adds what an answer does not say by itself; what it must say, it says whatever the route thought.
pub(crate) fn complete(headers: &mut HeaderMap) {
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NO_SCRIPT);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_run_by_nonce_or_not_at_all() {
        let page = page_policy("abc").unwrap();
        assert!(page.to_str().unwrap().contains("script-src 'nonce-abc' 'wasm-unsafe-eval';"));
        assert!(!page.to_str().unwrap().contains("unsafe-inline"));
        let mut headers = HeaderMap::new();
        complete(&mut headers);
        assert!(!headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("script-src"));
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
    }

    #[test]
    fn a_route_may_narrow_what_runs_but_not_drop_the_rest() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_SECURITY_POLICY, FOREIGN);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("sniff"));
        complete(&mut headers);
        assert_eq!(headers[CONTENT_SECURITY_POLICY], FOREIGN);
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

//! The content security policy of every page.

/// The policy for a page whose scripts carry a nonce.
///
/// Nothing is allowed that is not named: no remote anything, no inline style, no frame, no plug-in. The browser may
/// compile our WebAssembly, and nothing else by string.
pub fn content_security_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )
}

//! The HTML document around every page. Rendered on the host only; the browser takes over what is in its body.

mod frame;

use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;

use crate::{
    APP_ELEMENT, App,
    components::{
        frame::{SETTINGS, place_of},
        icon::IconSheet,
    },
    ssr,
};

/// The addresses of the site's files, with the hashes in their names.
#[derive(Clone, Debug)]
pub struct AssetNames {
    /// The style sheet.
    pub css: String,
    /// The script that loads the WebAssembly.
    pub js: String,
    /// The WebAssembly.
    pub wasm: String,
}

const THEME: &str = include_str!("shell/theme.js");
const START: &str = include_str!("shell/start.js");
const OPEN_AT: &str = include_str!("shell/open_at.js");
const KEYBOARD: &str = include_str!("shell/keyboard.js");
const KEYS: &str = include_str!("shell/keys.js");
const PULL: &str = include_str!("shell/pull.js");
const NOTIFICATIONS: &str = include_str!("shell/notifications.js");

/// The document. Without assets it carries no style and no script that could hydrate it, and reads all the same.
pub fn shell(options: LeptosOptions, assets: Option<AssetNames>) -> impl IntoView {
    let nonce = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
    set_policy(&nonce);
    // Read before anything is: what happens from here on reaches the page through the event stream.
    let sequence = use_context::<ssr::AppContext>().map(|context| context.last_event());
    let path = use_context::<http::request::Parts>()
        .map(|request| request.uri.path().to_owned())
        .unwrap_or_default();
    let (style, start) = assets
        .map(|AssetNames { css, js, wasm }| {
            let script = format!("const js={js:?},wasm={wasm:?};{START}");
            (
                view! { <link rel="stylesheet" href=css/> },
                view! { <script type="module" nonce=nonce.clone() inner_html=script></script> },
            )
        })
        .unzip();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-sequence=sequence>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbf9f4"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#16151a"/>
                <meta name="description" content="Every agent session on your machine, read like a score."/>
                <meta name="application-name" content="Orchestra"/>
                <meta name="apple-mobile-web-app-title" content="Orchestra"/>
                <meta name="mobile-web-app-capable" content="yes"/>
                <meta name="apple-mobile-web-app-status-bar-style" content="default"/>
                <meta name="referrer" content="no-referrer"/>
                <meta name="format-detection" content="telephone=no"/>
                <script nonce=nonce.clone() inner_html=THEME></script>
                {style}
                <AutoReload options/>
                <link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials"/>
                <link rel="icon" href="/icon.svg" type="image/svg+xml"/>
                <link rel="apple-touch-icon" href="/apple-touch-icon.png"/>
                <MetaTags/>
            </head>
            <body>
                <a class="skip" href="#main">"Skip to the content"</a>
                {frame::rail(&path)}
                <div id=APP_ELEMENT class="app"><App/></div>
                {frame::keys()}
                <IconSheet/>
                <script nonce=nonce.clone() inner_html=OPEN_AT></script>
                <script nonce=nonce.clone() inner_html=KEYBOARD></script>
                <script nonce=nonce.clone() inner_html=KEYS></script>
                <script nonce=nonce.clone() inner_html=PULL></script>
                {(place_of(&path) == SETTINGS).then(|| view! { <script nonce=nonce inner_html=NOTIFICATIONS></script> })}
                {start}
            </body>
        </html>
    }
}

fn set_policy(nonce: &str) {
    let policy = http::HeaderValue::from_str(&ssr::content_security_policy(nonce));
    if let (Some(response), Ok(policy)) = (use_context::<ResponseOptions>(), policy) {
        response.insert_header(http::header::CONTENT_SECURITY_POLICY, policy);
    }
}

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
const DRAFTS: &str = include_str!("shell/drafts.js");
const KEEP: &str = include_str!("shell/keep.js");
const KEYS: &str = include_str!("shell/keys.js");
const STEADY: &str = include_str!("shell/steady.js");
const PAIRED: &str = include_str!("shell/paired.js");
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
    let head = view! {
        {style}
        <AutoReload options/>
        <MetaTags/>
    };
    let scripts = view! {
        <script nonce=nonce.clone() inner_html=OPEN_AT></script>
        {common_scripts(&nonce)}
        {(place_of(&path) == SETTINGS).then(|| view! { <script nonce=nonce.clone() inner_html=NOTIFICATIONS></script> })}
        {start}
    };
    document(
        &Around { path: &path, nonce: &nonce, sequence },
        head.into_any(),
        view! { <App/> }.into_any(),
        scripts.into_any(),
    )
}

/// A page that the server draws whole: no WebAssembly takes it over, a small script of its own keeps it in step.
#[derive(Clone, Debug, Default)]
pub struct PlainPage {
    /// Its title.
    pub title: String,
    /// What stands in its body, as HTML.
    pub body: String,
    /// Its address, which says what place it belongs to.
    pub path: String,
    /// The last event before it was drawn.
    pub sequence: u64,
}

/// The document of such a page, with the addresses of its own style and script.
pub fn plain_document(
    page: PlainPage,
    assets: Option<&AssetNames>,
    nonce: &str,
    own: [&'static str; 2],
) -> String {
    let PlainPage { title, body, path, sequence } = page;
    let [own_style, script] = own;
    let style = assets.map(|AssetNames { css, .. }| view! { <link rel="stylesheet" href=css.clone()/> });
    let head = view! {
        {style}
        <link rel="stylesheet" href=own_style/>
        <title inner_html=crate::text::escaped(&format!("{title} · Orchestra"))></title>
    };
    let scripts = view! {
        {common_scripts(nonce)}
        <script type="module" nonce=nonce.to_owned() src=script></script>
    };
    let around = Around { path: &path, nonce, sequence: Some(sequence) };
    let body = view! { <div class="as-its-content" inner_html=body></div> };
    document(&around, head.into_any(), body.into_any(), scripts.into_any()).to_html()
}

/// What a document is made around.
struct Around<'a> {
    path: &'a str,
    nonce: &'a str,
    sequence: Option<u64>,
}

fn common_scripts(nonce: &str) -> impl IntoView + use<> {
    let nonce = nonce.to_owned();
    view! {
        <script nonce=nonce.clone() inner_html=KEYBOARD></script>
        <script nonce=nonce.clone() inner_html=DRAFTS></script>
        <script nonce=nonce.clone() inner_html=KEEP></script>
        <script nonce=nonce.clone() inner_html=KEYS></script>
        <script nonce=nonce.clone() inner_html=STEADY></script>
        <script nonce=nonce.clone() inner_html=PAIRED></script>
        <script nonce=nonce inner_html=PULL></script>
    }
}

fn document(around: &Around<'_>, head: AnyView, content: AnyView, scripts: AnyView) -> impl IntoView + use<> {
    let Around { path, nonce, sequence } = *around;
    let nonce = nonce.to_owned();
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
                // Narrowed from `no-referrer`, under which browsers send a form with `Origin: null`: that is refused.
                <meta name="referrer" content="same-origin"/>
                <meta name="format-detection" content="telephone=no"/>
                <script nonce=nonce inner_html=THEME></script>
                <link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials"/>
                <link rel="icon" href="/icon.svg" type="image/svg+xml"/>
                <link rel="apple-touch-icon" href="/apple-touch-icon.png"/>
                {head}
            </head>
            <body>
                <a class="skip" href="#main">"Skip to the content"</a>
                {frame::rail(path)}
                <div id=APP_ELEMENT class="app">{content}</div>
                {frame::keys()}
                <IconSheet/>
                {scripts}
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

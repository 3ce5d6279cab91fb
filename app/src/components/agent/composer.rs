//! Where a message to an agent is written. `shell/keys.js` sends it at Enter, `shell/drafts.js` keeps what is not sent.

use leptos::prelude::*;

use crate::{components::icon, text::escaped};

/// The element's id: what is said elsewhere on the page is added to it.
pub const MESSAGE: &str = "message";

/// The composer.
#[component]
pub fn Composer(
    /// The agent.
    id: String,
) -> impl IntoView {
    let form = form(&escaped(&id));
    view! { <div class="as-its-content" inner_html=form></div> }
}

fn form(id: &str) -> String {
    let send = icon::markup("send");
    format!(
        "<form class=\"composer needs-script\" data-draft=\"{id}\" data-command=\"{{&quot;do&quot;:&quot;send&quot;,&quot;agent&quot;:&quot;{id}&quot;}}\">\
         <p class=\"said-here\" role=\"status\" data-said></p><div class=\"composer-line\">\
         <textarea id=\"{MESSAGE}\" name=\"text\" rows=\"1\" required aria-label=\"Message\" placeholder=\"Message\"></textarea>\
         <button class=\"icon-button send\" aria-label=\"Send\">{send}</button></div></form>"
    )
}

//! What an agent changed and what it came to: beside the conversation on wide screens, else a part of the page.

use std::sync::Arc;

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement, HtmlTextAreaElement};

use super::{Tab, composer::MESSAGE};
use crate::{
    api::get_work,
    components::{
        beside::has_room,
        drawn::{Drawn, plainly_clicked},
        error_view::ErrorView,
        outbox::use_outbox,
        skeleton::list_skeleton,
    },
    data::AgentRow,
    reactive::on_change,
    reads::{no_skeleton, read},
};

/// The dialog in which a line is commented on.
const COMMENT: &str = concat!(
    r#"<dialog class="comment" aria-label="Comment on a line"><form><p class="comment-line"><code></code></p>"#,
    r#"<textarea rows="3" required aria-label="Comment" placeholder="What about it?"></textarea><div class="answers">"#,
    r#"<button class="button" formmethod="dialog" formnovalidate>Cancel</button>"#,
    r#"<button class="button is-primary">Add to the message</button></div></form></dialog>"#,
);

/// The panel.
#[component]
pub fn WorkPanel(
    /// The agent.
    id: String,
    /// As it is now.
    row: Memo<Option<Arc<AgentRow>>>,
    /// What is in front.
    tab: Memo<Tab>,
) -> impl IntoView {
    let has_room = has_room();
    // What was commanded may have changed what there is to take.
    let outbox = use_outbox();
    let commanded = RwSignal::new(0_u32);
    on_change(
        move || outbox.arrived.read().as_ref().map(|(key, _)| key.clone()),
        move |_| *commanded.write() += 1,
    );
    let wanted = move || match tab.get() {
        Tab::Result => Some(true),
        Tab::Changes => Some(false),
        Tab::Talk => has_room.get().then_some(false),
    };
    let work = read(
        move || {
            let made = row.read().as_deref().map(|row| format!("{} {}", row.work, row.state));
            let wanted = match wanted() {
                Some(true) => "result",
                Some(false) => "changes",
                None => "",
            };
            format!("{wanted} {} {}", commanded.get(), made.unwrap_or_default())
        },
        move || {
            let (id, wanted) = (id.clone(), untrack(wanted));
            async move {
                match wanted {
                    Some(result) => get_work(id, result).await.map(|html| Some((result, html))),
                    None => Ok(None),
                }
            }
        },
    );
    let body = work.show(list_skeleton, |work| match work {
        Ok(Some((result, html))) => {
            let class = if result { "work-body result" } else { "work-body changes" };
            view! { <Drawn class html=Signal::stored(html)/> }.into_any()
        }
        Ok(None) => no_skeleton(),
        Err(error) => view! { <ErrorView error/> }.into_any(),
    });
    let frame = NodeRef::<html::Div>::new();
    let comment =
        move || frame.get()?.query_selector("dialog").ok().flatten()?.dyn_into::<HtmlDialogElement>().ok();
    let about = StoredValue::new(String::new());
    let begin = move |event: ev::MouseEvent| {
        let line =
            plainly_clicked(&event, ".diff-line").and_then(|line| Some((place_of(&line)?, code_of(&line))));
        if let (Some((place, code)), Some(dialog)) = (line, comment()) {
            about.set_value(format!("{place}\n> {code}"));
            if let Some(shown) = dialog.query_selector("code").ok().flatten() {
                shown.set_text_content(Some(&format!("{place}  {code}")));
            }
            let _ = dialog.show_modal();
        }
    };
    let add = move |event: ev::SubmitEvent| {
        let is_cancelled = event.submitter().is_some_and(|button| button.has_attribute("formmethod"));
        let Some(dialog) = comment().filter(|_| !is_cancelled) else { return };
        let area = dialog
            .query_selector("textarea")
            .ok()
            .flatten()
            .and_then(|area| area.dyn_into::<HtmlTextAreaElement>().ok());
        let Some(area) = area else { return };
        event.prevent_default();
        add_to_message(&format!("{}\n{}\n", about.get_value(), area.value().trim()));
        area.set_value("");
        dialog.close();
    };
    let name = move || tab.get().name();
    view! {
        <aside class="work" data-tab=name aria-label="Its work" on:click=begin>{body}</aside>
        <div class="as-its-content" node_ref=frame on:submit=add inner_html=COMMENT></div>
    }
}

/// The file and the line.
fn place_of(line: &Element) -> Option<String> {
    let file = line.closest("[data-path]").ok().flatten()?.get_attribute("data-path")?;
    let number = line.query_selector(".diff-number").ok().flatten().and_then(|number| number.text_content());
    Some(match number.filter(|number| !number.is_empty()) {
        Some(number) => format!("{file}:{number}"),
        None => file,
    })
}

fn code_of(line: &Element) -> String {
    let code = line.query_selector("code").ok().flatten().and_then(|code| code.text_content());
    code.unwrap_or_default().trim().to_owned()
}

/// Adds words to the message that is being written.
fn add_to_message(words: &str) {
    let area =
        document().get_element_by_id(MESSAGE).and_then(|area| area.dyn_into::<HtmlTextAreaElement>().ok());
    let Some(area) = area else { return };
    let before = area.value();
    let blank = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    area.set_value(&format!("{before}{blank}{words}"));
    if let Ok(event) = web_sys::Event::new_with_event_init_dict("input", &bubbling()) {
        // Drafts are kept of what is typed.
        let _ = area.dispatch_event(&event);
    }
}

fn bubbling() -> web_sys::EventInit {
    let init = web_sys::EventInit::new();
    init.set_bubbles(true);
    init
}

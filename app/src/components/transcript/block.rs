//! One block of a conversation: its items as the server drew them, or its room until they come.

use leptos::{html, prelude::*};

use super::{reel::Reel, scroll::set_room};
use crate::{
    data::Item,
    reactive::{changing, effect, memo},
};

/// What an item's element says of its drawing: the same stamp is the same drawing.
const STAMP: &str = "data-stamp";

/// A block.
#[component]
pub fn BlockView(
    /// Which.
    index: u32,
    /// The conversation.
    reel: Reel,
) -> impl IntoView {
    let items = NodeRef::<html::Div>::new();
    let state = memo(move || reel.blocks.read().get(&index).cloned().flatten());
    let drawn = state.with_untracked(|state| match state {
        Some(Ok(items)) => items.iter().map(element).collect(),
        _ => String::new(),
    });
    let block = NodeRef::<html::Div>::new();
    effect(move || {
        // While its turns are on their way it keeps the room it is taken to need, so that nothing moves meanwhile.
        let room = state.read().is_none().then(|| reel.height(index));
        if let Some(block) = block.get() {
            set_room(&block, "min-height", room);
        }
        match &*state.read() {
            None => return reel.fetch(index),
            Some(Ok(new)) => {
                if let Some(held) = items.get() {
                    put(&held, new);
                }
            }
            Some(Err(_)) => {}
        }
        reel.arrive(index);
    });
    let trouble = changing(move || match state.get().and_then(Result::err) {
        None => ().into_any(),
        Some(error) => view! {
            <p class="block-trouble" role="alert">
                {error.message} " "
                <button type="button" class="button" on:click=move |_| reel.fetch(index)>"Try again"</button>
            </p>
        }
        .into_any(),
    });
    view! {
        <div class="block" class:is-waiting-for-turns=move || state.read().is_none() data-block=index.to_string() node_ref=block>
            <div class="items" node_ref=items inner_html=drawn></div>
            {trouble}
        </div>
    }
}

/// An item with its element.
fn element(item: &Item) -> String {
    format!("<div class=\"item\" {STAMP}=\"{}\">{}</div>", item.stamp, item.html)
}

/// Brings the elements in step with the items. What did not change stays as it is: what the reader opened stays open.
fn put(held: &web_sys::Element, items: &[Item]) {
    let mut next = held.first_element_child();
    for item in items {
        match next.take() {
            Some(old) => {
                next = old.next_element_sibling();
                if old.get_attribute(STAMP).as_deref() != Some(&item.stamp) {
                    old.set_outer_html(&element(item));
                }
            }
            None => {
                let _ = held.insert_adjacent_html("beforeend", &element(item));
            }
        }
    }
    while let Some(old) = next {
        next = old.next_element_sibling();
        old.remove();
    }
}

//! One block of a conversation: its items as the server drew them, or its room until they come.

use leptos::{html, prelude::*};

use super::reel::Reel;
use crate::data::Item;

/// A block.
#[component]
pub fn BlockView(
    /// Which.
    index: u32,
    /// The conversation.
    reel: Reel,
) -> impl IntoView {
    let root = NodeRef::<html::Section>::new();
    let state = Memo::new(move |_| reel.blocks.read().get(&index).cloned().flatten());
    Effect::new(move |_| match &*state.read() {
        None => reel.fetch(index),
        Some(_) => reel.arrive(index),
    });
    let items = move || state.get().and_then(Result::ok).unwrap_or_default();
    let trouble = move || {
        match state.get() {
        Some(Err(error)) => Some(
            view! {
                <p class="block-trouble" role="alert">
                    {error.message} " "
                    <button type="button" class="button" on:click=move |_| reel.fetch(index)>"Try again"</button>
                </p>
            }
            .into_any(),
        ),
        _ => None,
    }
    };
    view! {
        <section class="block" class:is-waiting-for-turns=move || state.read().is_none() data-block=index.to_string() node_ref=root>
            <For each=items key=|item| (item.first, item.last, item.stamp) let:item>
                <Drawn item/>
            </For>
            {trouble}
        </section>
    }
}

#[component]
fn Drawn(item: Item) -> impl IntoView {
    view! { <div class="item" inner_html=item.html></div> }
}

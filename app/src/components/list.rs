//! Lists whose entries come, go and move.

use std::sync::Arc;

use leptos::prelude::*;

/// An entry: what it is known by, and how it is drawn when it is new.
struct Entry {
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Draws each item that is new and leaves the others as they are; what changes within an item is the item's affair. All
/// lists are of one type, since Leptos makes its code anew for each.
pub fn list<T: Send + 'static>(
    items: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: fn(&T) -> String,
    draw: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let draw = Arc::new(draw);
    let entry = move |item: T| {
        let draw = Arc::clone(&draw);
        Entry { key: key(&item), draw: Box::new(move || draw(item)) }
    };
    entries(Box::new(move || items().into_iter().map(&entry).collect()))
}

fn entries(entries: Box<dyn Fn() -> Vec<Entry> + Send + Sync>) -> AnyView {
    view! { <For each=entries key=|entry| entry.key.clone() let:entry>{(entry.draw)()}</For> }.into_any()
}

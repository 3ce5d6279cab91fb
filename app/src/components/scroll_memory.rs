//! Where the reader was in each list, so that coming back leads there.

use std::collections::HashMap;

use leptos::prelude::*;

use crate::reactive::{effect, on_window};

/// How far each list was scrolled, by its address.
#[derive(Clone, Copy)]
struct ScrollMemory(StoredValue<HashMap<String, f64>>);

/// Provides the memory; it lasts as long as the page is loaded.
pub fn provide_scroll_memory() {
    provide_context(ScrollMemory(StoredValue::new(HashMap::new())));
}

/// Goes back to where this list was left, and notes where it is left next.
pub fn keep_scroll(address: String) {
    let ScrollMemory(memory) = expect_context();
    effect(move || {
        if let Some(place) = memory.with_value(|memory| memory.get(&address).copied()) {
            request_animation_frame(move || window().scroll_to_with_x_and_y(0.0, place));
        }
        let address = address.clone();
        on_window("scroll", move |_| {
            // A page that follows scrolls for itself before this one is gone.
            let is_here =
                window().location().pathname().is_ok_and(|path| address.split('?').next() == Some(&path));
            if is_here {
                let place = window().scroll_y().unwrap_or(0.0);
                memory.try_update_value(|memory| memory.insert(address.clone(), place));
            }
        });
    });
}

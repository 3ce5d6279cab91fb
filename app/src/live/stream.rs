//! The event stream of `/events`: opened while the page is seen, closed while it is hidden, caught up after that.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent, VisibilityState};

use super::{Connection, Live, take};
use crate::{
    data::News,
    reactive::{effect, on_window},
};

/// An open stream with the handlers it calls; both end together.
struct Stream {
    source: EventSource,
    _on_open: Closure<dyn FnMut()>,
    _on_error: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}

/// Opens the stream, and keeps it in step with whether the page is seen and whose words it shows.
pub(super) fn open(live: Live) {
    let held: Rc<RefCell<Option<Stream>>> = Rc::default();
    let keep_in_step = Rc::new(move || {
        let is_seen = document().visibility_state() == VisibilityState::Visible;
        held.replace(None);
        held.replace(if is_seen { connect(live) } else { None });
    });
    let on_change = Rc::clone(&keep_in_step);
    on_window("visibilitychange", move |_| on_change());
    effect(move || {
        live.writing_of.track();
        keep_in_step();
    });
}

fn connect(live: Live) -> Option<Stream> {
    // The stream goes on where it was, and first where the page was rendered; what the server no longer holds, it tells
    // to fetch again.
    let place = match live.sequence.get_untracked() {
        0 => rendered_at(),
        place => place.to_string(),
    };
    let words = live.writing_of.get_untracked();
    let source = EventSource::new(&format!("/events?after={place}&words={words}")).ok()?;
    let on_open = Closure::<dyn FnMut()>::new(move || live.connection.set(Connection::Open));
    let refused = source.clone();
    let on_error = Closure::<dyn FnMut()>::new(move || {
        live.connection.set(Connection::Lost);
        // A browser tries again by itself, unless the server refused: the shell finds out why.
        if refused.ready_state() == EventSource::CLOSED
            && let Ok(event) = web_sys::Event::new("stream-refused")
        {
            let _ = window().dispatch_event(&event);
        }
    });
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        let news = message.data().as_string().and_then(|data| serde_json::from_str::<News>(&data).ok());
        if let Some(news) = news {
            take(live, news);
        }
    });
    source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
    source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    Some(Stream { source, _on_open: on_open, _on_error: on_error, _on_message: on_message })
}

/// The last event before the server rendered the page, see the shell.
fn rendered_at() -> String {
    let page = document().document_element();
    page.and_then(|page| page.get_attribute("data-sequence")).unwrap_or_default()
}

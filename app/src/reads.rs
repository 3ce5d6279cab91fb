//! How pages read: one kind of resource, and one kind of boundary around what it brings.
//!
//! Leptos makes the code of resources and boundaries anew for each type that passes through them, and each page has
//! several. Here all of them are of one type: in the WebAssembly that is a fifth less to load.

use std::{any::Any, marker::PhantomData, pin::Pin, sync::Arc, time::Duration};

use leptos::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    error::{AppError, AppErrorKind},
    reactive::effect,
};

/// How soon what did not arrive is asked for again.
pub const AGAIN: Duration = Duration::from_secs(3);

type Future<T> = Pin<Box<dyn std::future::Future<Output = T> + Send>>;

/// What was read, whatever it is. As a page carries it along it is a text, which is read when it is asked for.
#[derive(Clone, Serialize, Deserialize)]
struct Answer {
    carried: String,
    #[serde(skip)]
    whole: Option<Arc<dyn Any + Send + Sync>>,
}

impl Answer {
    fn new<T: Serialize + Send + Sync + 'static>(value: T) -> Self {
        // Only the host renders pages that carry anything.
        #[cfg(feature = "ssr")]
        let carried = serde_json::to_string(&value).unwrap_or_default();
        #[cfg(not(feature = "ssr"))]
        let carried = String::new();
        Self { carried, whole: Some(Arc::new(value)) }
    }

    fn read<T: Clone + DeserializeOwned + 'static>(&self) -> Result<T, AppError> {
        if let Some(whole) = self.whole.as_ref().and_then(|whole| whole.downcast_ref::<T>()) {
            return Ok(whole.clone());
        }
        serde_json::from_str(&self.carried).map_err(|_| {
            AppError::new(AppErrorKind::Internal, "The page is incomplete.", "Load the page again.")
        })
    }
}

/// Something that is read from the server, and read anew when what it depends on changes.
pub struct Reading<T> {
    resource: Resource<Result<Answer, AppError>>,
    what: PhantomData<fn() -> T>,
}

/// Reads: `fetch` is called anew whenever `key`, which is tracked, is another text.
pub fn read<T, F>(
    key: impl Fn() -> String + Send + Sync + 'static,
    fetch: impl Fn() -> F + Send + Sync + 'static,
) -> Reading<T>
where
    T: Serialize + Send + Sync + 'static,
    F: std::future::Future<Output = Result<T, AppError>> + Send + 'static,
{
    // What was asked without a connection is asked again, until there is one.
    let (was_lost, tries) = (RwSignal::new(false), RwSignal::new(0_u32));
    try_again(was_lost, tries);
    let key = move || format!("{} {}", tries.get(), key());
    let fetch = move || {
        let future = fetch();
        Box::pin(async move {
            let answer = future.await;
            let is_lost = matches!(&answer, Err(error) if error.kind == AppErrorKind::Offline);
            was_lost.try_set(is_lost);
            answer.map(Answer::new)
        }) as Future<Result<Answer, AppError>>
    };
    Reading { resource: resource(Box::new(key), Box::new(fetch)), what: PhantomData }
}

fn try_again(was_lost: RwSignal<bool>, tries: RwSignal<u32>) {
    effect(move || {
        if was_lost.get() {
            let again = move || {
                // The page may be gone, or has asked for something else meanwhile.
                if was_lost.try_get_untracked() == Some(true) {
                    was_lost.set(false);
                    tries.update(|tries| *tries += 1);
                }
            };
            set_timeout(again, AGAIN);
        }
    });
}

fn resource(
    key: Box<dyn Fn() -> String + Send + Sync>,
    fetch: Box<dyn Fn() -> Future<Result<Answer, AppError>> + Send + Sync>,
) -> Resource<Result<Answer, AppError>> {
    Resource::new(key, move |_| fetch())
}

impl<T: Clone + DeserializeOwned + Send + Sync + 'static> Reading<T> {
    /// Shows what was read, and until that is there for the first time its skeleton.
    pub fn show(
        self,
        skeleton: fn() -> AnyView,
        view: impl Fn(Result<T, AppError>) -> AnyView + Send + Sync + 'static,
    ) -> AnyView {
        let (resource, view) = (self.resource, Arc::new(view));
        let make = move || {
            let view = Arc::clone(&view);
            Box::pin(async move { view(resource.await.and_then(|answer| answer.read())) }) as Future<AnyView>
        };
        suspended(skeleton, Box::new(make))
    }
}

fn suspended(skeleton: fn() -> AnyView, make: Box<dyn Fn() -> Future<AnyView> + Send + Sync>) -> AnyView {
    view! { <Transition fallback=skeleton>{move || Suspend::new(make())}</Transition> }.into_any()
}

/// Nothing, where no skeleton is wanted.
pub fn no_skeleton() -> AnyView {
    ().into_any()
}

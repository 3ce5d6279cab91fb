//! How a browser asks the server: what a proxy says while the server is away is no answer.

use std::future::Future;

use futures::{Sink, Stream};
use leptos::server_fn::{
    Bytes,
    client::{Client, browser::BrowserClient},
    error::{IntoAppError, ServerFnErrorErr},
    response::ClientRes,
};

use crate::error::AppError;

/// The browser's own client, which tells who answered.
#[derive(Clone, Copy, Debug)]
pub struct OurClient;

impl Client<AppError> for OurClient {
    type Request = <BrowserClient as Client<AppError>>::Request;
    type Response = <BrowserClient as Client<AppError>>::Response;

    async fn send(request: Self::Request) -> Result<Self::Response, AppError> {
        let response = <BrowserClient as Client<AppError>>::send(request).await?;
        if is_of_a_proxy(ClientRes::<AppError>::status(&response)) {
            return Err(ServerFnErrorErr::Request(String::new()).into_app_error());
        }
        Ok(response)
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<
            (impl Stream<Item = Result<Bytes, Bytes>> + Send + 'static, impl Sink<Bytes> + Send + 'static),
            AppError,
        >,
    > + Send {
        <BrowserClient as Client<AppError>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<AppError>>::spawn(future);
    }
}

/// Whether a status is one that Orchestra never answers with, but a proxy does when it does not reach it.
const fn is_of_a_proxy(status: u16) -> bool {
    status >= 502
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AppErrorKind::{BadRequest, Internal, NotFound, Refused, Unreadable};

    #[test]
    fn what_we_answer_is_told_from_what_a_proxy_answers_for_us() {
        for kind in [NotFound, BadRequest, Refused, Unreadable, Internal] {
            assert!(!is_of_a_proxy(AppError::new(kind, "", "").status()), "{kind:?}");
        }
        assert!([502, 503, 504, 521].into_iter().all(is_of_a_proxy));
    }
}

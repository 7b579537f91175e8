//! Lists that the server gives page by page.

use crate::{Client, Error, transport::Call};
use futures::{
    FutureExt, Stream, StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use http::Method;
use serde::de::DeserializeOwned;
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

/// A list: awaited, it is all of it; as a stream, pages are fetched as they are needed.
///
/// ```
/// # use propus_client::testing::json;
/// # let page = json(r#"{"models":[{"name":"models/a"},{"name":"models/b"}]}"#);
/// # propus_client::testing::example([page.clone(), page], async |client| {
/// use futures::TryStreamExt;
///
/// let all = client.models().list().await?;
/// assert_eq!(all.len(), 2);
///
/// let mut one_by_one = client.models().list();
/// let first = one_by_one.try_next().await?;
/// assert_eq!(first.and_then(|model| model.name).as_deref(), Some("models/a"));
/// # Ok(()) });
/// ```
#[must_use = "a list is fetched when it is awaited or read as a stream"]
pub struct Pages<T> {
    items: BoxStream<'static, Result<T, Error>>,
}

/// A message that holds a page.
pub(crate) trait Page: DeserializeOwned + Send + 'static {
    type Item: Send + 'static;

    /// Its items, and what asks for the next page.
    fn take(self) -> (Vec<Self::Item>, Option<String>);
}

/// Says where a message keeps its items.
macro_rules! page {
    ($($Message:ty { $items:ident: $Item:ty }),* $(,)?) => {$(
        impl $crate::pages::Page for $Message {
            type Item = $Item;

            fn take(self) -> (Vec<$Item>, Option<String>) {
                (self.$items, self.next_page_token)
            }
        }
    )*};
}
pub(crate) use page;

impl<T: Send + 'static> Pages<T> {
    /// The list at a path, with so many items on a page.
    pub(crate) fn of<P: Page<Item = T>>(
        client: &Client,
        path: Result<String, Error>,
        size: u32,
    ) -> Self {
        Self::asked::<P>(client, path, move |call| {
            call.query("pageSize", &size.to_string())
        })
    }

    /// The same with other parameters.
    pub(crate) fn asked<P: Page<Item = T>>(
        client: &Client,
        path: Result<String, Error>,
        ask: impl Fn(Call) -> Call + Send + 'static,
    ) -> Self {
        let client = client.clone();
        let path = match path {
            Ok(path) => path,
            Err(error) => {
                return Self {
                    items: stream::once(async { Err(error) }).boxed(),
                };
            }
        };
        let pages = stream::try_unfold(Some(String::new()), move |token| {
            let call = token.as_ref().map(|token| {
                let call = ask(client.call(Method::GET, &path));
                match token.as_str() {
                    "" => call,
                    token => call.query("pageToken", token),
                }
            });
            let client = client.clone();
            async move {
                let (Some(call), Some(token)) = (call, token) else {
                    return Ok(None);
                };
                let (items, next) = client.json::<P>(call).await?.take();
                // A server that names the same page again would keep us here for good.
                let next = next.filter(|next| !next.is_empty() && *next != token);
                let items = stream::iter(items.into_iter().map(Ok));
                Ok::<_, Error>(Some((items, next)))
            }
        });
        Self {
            items: pages.try_flatten().boxed(),
        }
    }
}

impl<T: Send + 'static> Pages<T> {
    /// The same list of something else.
    pub(crate) fn mapped<U: Send + 'static>(self, map: fn(T) -> U) -> Pages<U> {
        Pages {
            items: self.items.map_ok(map).boxed(),
        }
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.poll_next_unpin(context)
    }
}

impl<T: Send + 'static> IntoFuture for Pages<T> {
    type Output = Result<Vec<T>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.items.try_collect().boxed()
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

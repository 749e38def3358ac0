//! Answers that end when their client goes away.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::*;

const WATCHED: &[u8] = b"GET /watched HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Nothing, until the test opens the gate; then it ends.
struct Opened {
    _held: Held,
    open: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl HttpBody for Opened {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.open.as_mut().poll(context).map(|()| None)
    }
}

/// What a handler gives of which nothing comes after the head.
pub(super) fn answer(gate: Arc<Gate>) -> Response<Body> {
    let held = Held(Arc::clone(&gate));
    let open = Box::pin(async move { gate.open.notified().await });
    let mut response = Response::new(Body::frames(Opened { _held: held, open }));
    response.extensions_mut().insert(UntilClientLeaves);
    response
}

#[tokio::test]
async fn an_answer_that_lasts_ends_with_its_client_and_no_other_does() {
    let house = open(patient()).await;
    let mut stream = house.ask(WATCHED).await;
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
    drop(stream);
    in_time(house.gate.dropped.notified()).await;

    // Whoever says that nothing more comes is gone from such an answer, and waits for any other.
    let mut stream = house.ask(WATCHED).await;
    stream.shutdown().await.unwrap();
    in_time(house.gate.dropped.notified()).await;
    let mut stream = house.ask(WAIT).await;
    stream.shutdown().await.unwrap();
    in_time(house.gate.entered.notified()).await;
    house.gate.open.notify_one();
    assert!(rest(&mut stream).await.ends_with("waited"));
    house.close().await;
}

#[tokio::test]
async fn what_comes_while_a_client_is_watched_is_the_next_request() {
    let house = open(patient()).await;
    let mut stream = house.ask(WATCHED).await;
    head(&mut stream).await;
    stream.write_all(HELLO).await.unwrap();
    stream.write_all(LAST_HELLO).await.unwrap();
    house.gate.open.notify_one();
    let answers = rest(&mut stream).await;
    assert_eq!(answers.matches("\r\n\r\nhello").count(), 2, "{answers}");
    house.close().await;
}

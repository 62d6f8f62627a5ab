//! Answers with futures, without a runtime: each waits for a thread that does the slow work.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tftp_serve::{Answer, Request, Server};

/// A text that a thread will supply. With a runtime, use one of its channels instead.
#[derive(Clone, Default)]
struct Promise(Arc<Mutex<(Option<String>, Option<Waker>)>>);

impl Promise {
    fn keep(&self, text: String) {
        let mut state = self.0.lock().expect("nothing panics with the lock");
        state.0 = Some(text);
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }
}

impl Future for Promise {
    type Output = String;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<String> {
        let mut state = self.0.lock().expect("nothing panics with the lock");
        match state.0.take() {
            Some(text) => Poll::Ready(text),
            None => {
                state.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Looks a name up in place of a slow database.
fn look_up(name: &str) -> Promise {
    let (promise, name) = (Promise::default(), name.to_owned());
    let made = promise.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        made.keep(format!("what is known of {name}\n"));
    });
    promise
}

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .listen(([127, 0, 0, 1], 6969))
        .async_handler(|request: Request| async move {
            // Any number of requests wait here at the same time.
            let text = look_up(request.name()).await;
            Answer::bytes(text)
        })
        // For futures that need tokio around them: .spawner(move |task| drop(runtime.spawn(task)))
        .start()?;
    println!("listening on {}", server.local_addr());
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

//! A server in a program with tokio: its readers, writers and timers as sources and sinks.

mod support;

use std::path::PathBuf;
use std::time::Duration;

use support::{Events, Failed, get, local, pattern, put, refused};
use tftp_serve::{Answer, AsyncSource, ErrorCode, Outcome, Refusal, Request, Server};
use tokio::fs::File;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

/// Answers according to the requested name; files are in a directory.
async fn answer(directory: PathBuf, request: Request) -> Result<Answer, Refusal> {
    let path = directory.join(request.name());
    if request.is_upload() {
        return Ok(Answer::async_writer(File::create(path).await?.compat_write()));
    }
    if request.name() == "slow" {
        return Ok(Answer::async_source(Slow));
    }
    let file = File::open(path).await?;
    let size = file.metadata().await?.len();
    Ok(Answer::async_reader(file.compat(), Some(size)))
}

/// A source that needs the runtime's timers, and fails.
struct Slow;

impl AsyncSource for Slow {
    async fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        match offset {
            0 => {
                buffer[..512].copy_from_slice(&pattern(512));
                Ok(512)
            }
            _ => Err(Refusal::new(ErrorCode::ACCESS, "Out of time").into()),
        }
    }
}

fn serve(directory: PathBuf, runtime: &tokio::runtime::Runtime) -> (Server, Events) {
    let handle = runtime.handle().clone();
    let builder = local()
        .read_only(false)
        .async_handler(move |request: Request| answer(directory.clone(), request))
        .spawner(move |task| drop(handle.spawn(task)));
    let (builder, events) = Events::of(builder);
    (builder.start().unwrap(), events)
}

#[test]
fn files_of_tokio_are_served_and_written() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, events) = serve(directory.path().to_owned(), &runtime);
    for length in [0, 1, 512, 300_000] {
        put(&server, "file", &pattern(length)).unwrap();
        assert!(events.outcome().is_complete());
        assert_eq!(
            std::fs::read(directory.path().join("file")).unwrap(),
            pattern(length)
        );
        assert_eq!(get(&server, "file"), Ok(pattern(length)));
        assert!(events.outcome().is_complete());
    }
    assert_eq!(get(&server, "none"), Err(refused(1, "File not found")));
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
    assert_eq!(get(&server, "slow"), Err(refused(2, "Out of time")));
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
}

#[test]
fn a_server_is_closed_on_the_only_thread_of_its_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let handle = runtime.handle().clone();
    let server = local()
        .handler(|_: Request| Answer::async_source(Endless))
        .spawner(move |task| drop(handle.spawn(task)))
        .start()
        .unwrap();
    let address = server.local_addr();
    let client = std::thread::spawn(move || {
        support::Client::new(address).get("file", support::Options::NONE)
    });
    runtime.block_on(async move {
        while server.connection_count() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // While `close` waits for the server's threads, nothing else runs on the runtime.
        server.close();
    });
    assert!(matches!(client.join().unwrap(), Err(Failed::Error(..))));
}

/// A source that is pending for ever.
struct Endless;

impl AsyncSource for Endless {
    async fn read_at(&mut self, _: u64, _: &mut [u8]) -> std::io::Result<usize> {
        std::future::pending().await
    }
}

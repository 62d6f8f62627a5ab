//! async-tftp with its default settings.
//!
//!     async-tftp ADDRESS:PORT DIR

use async_tftp::server::TftpServerBuilder;

fn main() -> async_tftp::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().expect("ADDRESS:PORT");
    let dir = arguments.next().expect("DIR");
    async_io::block_on(async {
        let server = TftpServerBuilder::with_dir_rw(dir)?
            .bind(address.parse().expect("ADDRESS:PORT"))
            .build()
            .await?;
        server.serve().await
    })
}

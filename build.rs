//! Gives the shared library its SONAME (Cargo sets none), and nothing else: never writes into the
//! tree.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The SONAME carries the first part of the version: while that stays, the C interface only
    // grows.
    let major = env!("CARGO_PKG_VERSION_MAJOR");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match os.as_str() {
        "macos" | "ios" => {
            println!(
                "cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libtftpserver.{major}.dylib"
            );
        }
        "windows" => {}
        _ => println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libtftpserver.so.{major}"),
    }
}

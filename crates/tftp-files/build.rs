//! Sets `cfg(linux)`, for the system calls that only Linux has. With `--cfg portable` the code for
//! other systems is compiled on Linux too, so that tests can run it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(linux)");
    let is_linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    if is_linux && std::env::var_os("CARGO_CFG_PORTABLE").is_none() {
        println!("cargo::rustc-cfg=linux");
    }
}

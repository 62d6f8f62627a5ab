//! Sets `cfg(linux)` for the system calls that only Linux has; with `--cfg portable` the code of
//! other systems is compiled on Linux too, so that tests can run it. Sets `cfg(uring)` where the
//! crate io-uring supports the processor as well, see Cargo.toml.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(linux, uring)");
    let is_linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    if is_linux && std::env::var_os("CARGO_CFG_PORTABLE").is_none() {
        println!("cargo::rustc-cfg=linux");
        if std::env::var("CARGO_CFG_TARGET_ARCH")
            .is_ok_and(|arch| matches!(&*arch, "x86_64" | "aarch64" | "riscv64"))
        {
            println!("cargo::rustc-cfg=uring");
        }
    }
}

//! `cfg(linux)`: the system calls that only Linux has. With `--cfg portable` what other systems get is compiled there too,
//! so that tests can run it. `cfg(uring)`: the crate io-uring knows the processor too, see Cargo.toml.

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

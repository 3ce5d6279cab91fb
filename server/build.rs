//! Makes the folder of the site exist, so that the server builds before the site does, and builds again when it changes.

fn main() -> std::io::Result<()> {
    let site = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/site");
    std::fs::create_dir_all(&site)?;
    println!("cargo::rerun-if-changed={}", site.display());
    Ok(())
}

//! The site's folder: names with hashes, their list, and compressed copies.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use brotli::enc::{BrotliEncoderParams, backward_references::BrotliEncoderMode};
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::inputs::files_below;
use crate::failure::Failure;

/// The list's name in the site's folder. A file for the server, not for browsers.
pub(super) const MANIFEST: &str = "assets.json";

/// Endings of files that brotli and gzip make smaller; pictures and fonts are compressed already.
const COMPRESSIBLE: [&str; 10] =
    ["css", "html", "ico", "js", "json", "svg", "txt", "wasm", "webmanifest", "xml"];

/// What `assets.json` says.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Manifest {
    /// Changes whenever any byte of the site does.
    build: String,
    /// From a plain name (`orchestra.js`) to where the file lies in the site (`pkg/orchestra.0123456789abcdef.js`).
    files: BTreeMap<String, String>,
}

/// A site in the making.
pub(super) struct Output {
    folder: PathBuf,
    package_folder: String,
    contents: Xxh3,
    manifest: Manifest,
}

impl Output {
    pub(super) fn new(folder: &Path, package_folder: &str) -> Result<Self, Failure> {
        let inner = folder.join(package_folder);
        std::fs::create_dir_all(&inner).map_err(Failure::file("make", &inner))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            package_folder: package_folder.to_owned(),
            contents: Xxh3::new(),
            manifest: Manifest::default(),
        })
    }

    /// A file whose name tells its contents, so that a browser may keep it for ever.
    pub(super) fn add_hashed(&mut self, name: &str, contents: &[u8]) -> Result<(), Failure> {
        let hash = format!("{:016x}", xxh3_64(contents));
        let hashed = match name.rsplit_once('.') {
            Some((stem, ending)) => format!("{stem}.{hash}.{ending}"),
            None => format!("{name}.{hash}"),
        };
        let place = format!("{}/{hashed}", self.package_folder);
        self.write(&place, contents)?;
        self.manifest.files.insert(name.to_owned(), place);
        Ok(())
    }

    /// A folder's files under their own names.
    pub(super) fn add_folder(&mut self, folder: &Path) -> Result<(), Failure> {
        for file in files_below(folder)? {
            let contents = std::fs::read(&file).map_err(Failure::file("read", &file))?;
            let name = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            self.write(&name, &contents)?;
        }
        Ok(())
    }

    /// Writes the list, which names what is in the site by now.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.manifest.build = format!("{:016x}", self.contents.digest());
        let json = serde_json::to_vec_pretty(&self.manifest).map_err(Failure::form("the site's list"))?;
        let place = self.folder.join(MANIFEST);
        std::fs::write(&place, json).map_err(Failure::file("write", &place))
    }

    fn write(&mut self, name: &str, contents: &[u8]) -> Result<(), Failure> {
        self.contents.update(name.as_bytes());
        self.contents.update(&contents.len().to_le_bytes());
        self.contents.update(contents);
        let place = self.folder.join(name);
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder).map_err(Failure::file("make", folder))?;
        }
        std::fs::write(&place, contents).map_err(Failure::file("write", &place))?;
        let ending = place.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if COMPRESSIBLE.contains(&ending) {
            write_if_smaller(&place, "br", contents, brotli)?;
            write_if_smaller(&place, "gz", contents, gzip)?;
        }
        Ok(())
    }
}

fn write_if_smaller(
    place: &Path,
    ending: &str,
    contents: &[u8],
    compress: fn(&[u8]) -> std::io::Result<Vec<u8>>,
) -> Result<(), Failure> {
    let copy = with_ending(place, ending);
    let smaller = compress(contents).map_err(Failure::file("compress", place))?;
    if smaller.len() < contents.len() {
        std::fs::write(&copy, smaller).map_err(Failure::file("write", &copy))?;
    }
    Ok(())
}

/// `a/b.js` and `br` make `a/b.js.br`.
fn with_ending(place: &Path, ending: &str) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Of two ways to write it down the shorter: which that is, text and WebAssembly differ in.
fn brotli(contents: &[u8]) -> std::io::Result<Vec<u8>> {
    // The highest quality, and a window as large as every browser takes.
    let usual = BrotliEncoderParams { quality: 11, lgwin: 24, ..Default::default() };
    let for_code =
        BrotliEncoderParams { mode: BrotliEncoderMode::BROTLI_FORCE_MSB_PRIOR, lgblock: 16, ..usual.clone() };
    let compress = |parameters| {
        let mut compressed = Vec::new();
        brotli::BrotliCompress(&mut &contents[..], &mut compressed, &parameters).map(|_| compressed)
    };
    let (one, other) = (compress(usual)?, compress(for_code)?);
    Ok(if other.len() < one.len() { other } else { one })
}

fn gzip(contents: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(contents)?;
    encoder.finish()
}

/// How much a browser loads on its first visit.
#[derive(Default)]
pub(super) struct Sizes {
    /// Name, bytes, bytes of brotli.
    files: Vec<(String, u64, u64)>,
}

impl Sizes {
    /// The brotli bytes of JavaScript, WebAssembly and stylesheet together.
    pub(super) fn first_load(&self) -> u64 {
        self.files.iter().map(|(_, _, compressed)| compressed).sum()
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, plain, compressed) in &self.files {
            writeln!(formatter, "  {name:<24} {plain:>9} bytes, {compressed:>7} as brotli")?;
        }
        writeln!(formatter, "  {:<24} {:>9}        {:>7} as brotli", "first load", "", self.first_load())
    }
}

/// Measures a finished site.
pub(super) fn sizes(site: &Path) -> Result<Sizes, Failure> {
    let place = site.join(MANIFEST);
    let json = std::fs::read(&place).map_err(Failure::file("read", &place))?;
    let manifest: Manifest = serde_json::from_slice(&json).map_err(Failure::form("the site's list"))?;
    let length = |place: &Path| std::fs::metadata(place).map(|metadata| metadata.len());
    let mut sizes = Sizes::default();
    for (name, file) in manifest.files {
        let place = site.join(file);
        let plain = length(&place).map_err(Failure::file("measure", &place))?;
        // Without a compressed copy the file itself travels.
        let compressed = length(&with_ending(&place, "br")).unwrap_or(plain);
        sizes.files.push((name, plain, compressed));
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_contents_and_the_list_tells_names() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        let mut output = Output::new(&site, "pkg").unwrap();
        output.add_hashed("orchestra.css", "a { color: red } ".repeat(40).as_bytes()).unwrap();
        output.finish().unwrap();

        let manifest: Manifest =
            serde_json::from_slice(&std::fs::read(site.join(MANIFEST)).unwrap()).unwrap();
        let place = site.join(&manifest.files["orchestra.css"]);
        assert!(
            place.is_file() && with_ending(&place, "br").is_file() && with_ending(&place, "gz").is_file()
        );
        assert_eq!(manifest.build.len(), 16);

        let sizes = sizes(&site).unwrap();
        assert!(sizes.first_load() < 100 && sizes.first_load() > 0);
    }

    #[test]
    fn what_compression_makes_larger_has_no_copies() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = Output::new(folder.path(), "pkg").unwrap();
        output.add_hashed("tiny.txt", b"x").unwrap();
        let place = folder.path().join(&output.manifest.files["tiny.txt"]);
        assert!(place.is_file() && !with_ending(&place, "br").exists());
    }

    #[test]
    fn both_compressions_can_be_undone() {
        use std::io::Read;
        let text = "orchestra ".repeat(500).into_bytes();
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&gzip(&text).unwrap()[..]).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, text);
        plain.clear();
        brotli::Decompressor::new(&brotli(&text).unwrap()[..], 4096).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, text);
    }
}

//! Whether anything changed: one hash of all that a site is made from.

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use crate::failure::Failure;
use crate::project::Project;

/// The steps themselves: a site made by older ones is made again.
const STEPS: [&str; 3] = [include_str!("../site.rs"), include_str!("output.rs"), include_str!("wasm.rs")];

/// The hash of the WebAssembly, the stylesheets, the public files, the settings, the tools and the steps.
pub(super) fn hash(project: &Project, wasm_file: &Path) -> Result<String, Failure> {
    let mut hasher = Xxh3::new();
    for step in STEPS {
        hasher.update(step.as_bytes());
    }
    hasher.update(&serde_json::to_vec(&project.settings).map_err(Failure::form("the site's settings"))?);
    let style = project.root.join(&project.settings.style_file);
    let mut files = vec![wasm_file.to_path_buf(), project.root.join("xtask/tools/package-lock.json")];
    files.extend(files_below(style.parent().unwrap_or(&project.root))?);
    files.extend(files_below(&project.root.join(&project.settings.assets_dir))?);
    for file in files {
        let contents = std::fs::read(&file).map_err(Failure::file("read", &file))?;
        let name = file.strip_prefix(&project.root).unwrap_or(Path::new("wasm"));
        hasher.update(name.to_string_lossy().as_bytes());
        hasher.update(&contents.len().to_le_bytes());
        hasher.update(&contents);
    }
    Ok(format!("{:032x}\n", hasher.digest128()))
}

/// Every file below a folder, in the order of their names. Those that begin with a dot are nobody's business.
pub(super) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Failure::file("list", &folder))? {
            let entry = entry.map_err(Failure::file("list", &folder))?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        for name in ["b.css", "inner/a.css", ".swap"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let found = files_below(folder.path()).unwrap();
        assert_eq!(found, [folder.path().join("b.css"), folder.path().join("inner/a.css")]);
    }
}

//! Where the project lies and the settings of its site.
//!
//! The settings are those of cargo-leptos, in `[[workspace.metadata.leptos]]` of the root Cargo.toml: one source
//! for `cargo leptos watch` and for these chores. Only what the release build needs is read here.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::process;

/// The clone this program was built from.
pub(crate) struct Project {
    /// The folder of the root Cargo.toml.
    pub(crate) root: PathBuf,
    pub(crate) settings: Settings,
}

/// The part of cargo-leptos' settings that a release build uses; the names are its own.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Settings {
    pub(crate) output_name: String,
    pub(crate) bin_package: String,
    pub(crate) bin_target: String,
    #[serde(default)]
    pub(crate) bin_features: Vec<String>,
    #[serde(default)]
    pub(crate) bin_default_features: bool,
    pub(crate) lib_package: String,
    #[serde(default)]
    pub(crate) lib_features: Vec<String>,
    #[serde(default)]
    pub(crate) lib_default_features: bool,
    pub(crate) lib_profile_release: String,
    pub(crate) site_root: PathBuf,
    pub(crate) site_pkg_dir: String,
    pub(crate) style_file: PathBuf,
    pub(crate) assets_dir: PathBuf,
    pub(crate) browserquery: String,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    metadata: WorkspaceMetadata,
}

#[derive(Deserialize)]
struct WorkspaceMetadata {
    leptos: [Settings; 1],
}

impl Project {
    /// Asks cargo, which knows of every place that could move a folder.
    pub(crate) fn find() -> Result<Self, Failure> {
        let json = process::capture(
            "cargo metadata",
            process::cargo()
                .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")),
        )?;
        Self::from_metadata(&json)
    }

    fn from_metadata(json: &str) -> Result<Self, Failure> {
        let found: Metadata = serde_json::from_str(json)
            .map_err(Failure::form("[[workspace.metadata.leptos]] in Cargo.toml"))?;
        let WorkspaceMetadata { leptos: [settings] } = found.metadata;
        Ok(Self { root: found.workspace_root, settings })
    }

    /// The site's folder, always under the clone: the server embeds it from there.
    pub(crate) fn site(&self) -> PathBuf {
        self.root.join(&self.settings.site_root)
    }

    /// The features a settings pair asks for, as cargo's arguments.
    pub(crate) fn feature_arguments(features: &[String], default_features: bool) -> Vec<String> {
        let mut arguments = Vec::new();
        if !default_features {
            arguments.push("--no-default-features".to_owned());
        }
        if !features.is_empty() {
            arguments.push(format!("--features={}", features.join(",")));
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_projects_own_settings_are_understood() {
        let project = Project::find().unwrap();
        assert_eq!(project.settings.output_name, "orchestra");
        assert!(project.site().ends_with("target/site"));
    }

    #[test]
    fn a_missing_setting_is_named() {
        let json = r#"{"workspace_root": "/", "metadata": {"leptos": [{"name": "x"}]}}"#;
        let Err(failure) = Project::from_metadata(json) else { panic!("accepted") };
        assert!(failure.to_string().contains("output-name"), "{failure}");
    }

    #[test]
    fn features_become_arguments() {
        assert_eq!(Project::feature_arguments(&[], true), Vec::<String>::new());
        assert_eq!(
            Project::feature_arguments(&["a".into(), "b".into()], false),
            ["--no-default-features", "--features=a,b"]
        );
    }
}

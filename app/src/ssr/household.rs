//! The browsers that are paired, which the server keeps and the page of settings shows.

use http::request::Parts;

/// A paired browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairedDevice {
    /// What names it; it gives no access.
    pub id: String,
    /// What to call it.
    pub name: String,
    /// When it was paired, in milliseconds.
    pub paired_ms: i64,
    /// When it was last here, in milliseconds, to the hour.
    pub seen_ms: i64,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// What the server lets pages do with paired browsers. Both read or change files: they are called where that may block.
pub trait Household: Send + Sync {
    /// All of them, those seen last first.
    ///
    /// # Errors
    /// When they cannot be read; why, in words.
    fn devices(&self, request: Option<&Parts>) -> Result<Vec<PairedDevice>, String>;

    /// Takes a browser's access away; says whether there was such a one.
    ///
    /// # Errors
    /// When that cannot be kept; why, in words.
    fn revoke(&self, id: &str) -> Result<bool, String>;
}

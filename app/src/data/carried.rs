//! What a rendered page carries along for hydration.

use serde::{Deserialize, Serialize, Serializer};

/// An answer without its drawings when a page carries it: they are in the page's document already, and a second copy
/// would double the page.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Carried<T>(pub T);

/// Something with drawings in it.
pub trait Drawings {
    /// The same without those that are in the document wherever it is shown.
    #[must_use]
    fn without_drawings(&self) -> Self;
}

impl<T: Drawings + Serialize> Serialize for Carried<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.without_drawings().serialize(serializer)
    }
}

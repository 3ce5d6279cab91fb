//! The parts of an agent's page.

pub mod column;
pub mod composer;
pub mod tab;
pub mod work;
pub mod writing;

pub use composer::Composer;
pub use tab::Tab;
pub use work::WorkPanel;
pub use writing::Writing;

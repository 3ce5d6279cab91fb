//! The catalog on folders as clients leave them, and as they are found.

//! The calculations, pure.

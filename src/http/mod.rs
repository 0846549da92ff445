//! The internal listener.

"""Public topics in, frames out."""

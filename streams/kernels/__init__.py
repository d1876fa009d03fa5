"""Compiles the kernels ahead: at set-up, at the build of an image, and where a run finds some that are not compiled."""

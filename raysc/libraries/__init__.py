"""Optional and third-party libraries: what to install, where downloads lie, what a version lacks."""

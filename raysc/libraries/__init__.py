"""Optional and third-party libraries: installation hints, downloads, compatibility."""

"""Reference material made from the code: descriptions of settings, and the JSON Schema of the sweep file."""

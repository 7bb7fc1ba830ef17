"""The sweep file: schema, reading with line numbers, expansion into cells."""

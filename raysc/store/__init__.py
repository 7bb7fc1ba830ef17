"""The store: keys, publishing, leases; the only truth about what is done."""

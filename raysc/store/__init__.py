"""The store: keys, published spans, metric files, leases, retention. It alone records which work is done."""

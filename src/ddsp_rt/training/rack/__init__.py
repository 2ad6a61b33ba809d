"""Several instruments by one manifest: what each is made from, in which order, here or on a cluster."""

"""What all metrics share: the protocol, measuring, feature extractors."""

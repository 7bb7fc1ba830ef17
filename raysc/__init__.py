"""raysc: sweeps of self-consuming generative training loops on Ray."""

__version__ = "0.1.0"

"""What polyflow costs beside its peers: ``python -m benchmarks --help``."""

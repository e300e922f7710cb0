"""The toy chapter."""

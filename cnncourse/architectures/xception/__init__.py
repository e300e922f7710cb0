"""Chapter 7: Xception (Chollet 2016)."""

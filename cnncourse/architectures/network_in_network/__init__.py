"""Appendix: Network in Network (Lin, Chen and Yan 2013)."""

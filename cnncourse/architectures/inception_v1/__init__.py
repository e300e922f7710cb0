"""Chapter 4: Inception-v1, GoogLeNet (Szegedy and others 2014)."""

"""Chapter 8: Inception-v4 (Szegedy, Ioffe, Vanhoucke and Alemi 2016)."""

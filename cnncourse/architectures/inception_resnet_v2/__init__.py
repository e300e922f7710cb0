"""Chapter 9: Inception-ResNet-v2 (Szegedy, Ioffe, Vanhoucke and Alemi 2016)."""

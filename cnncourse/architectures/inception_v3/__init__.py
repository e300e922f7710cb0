"""Chapter 5: Inception-v3 (Szegedy, Vanhoucke, Ioffe, Shlens and Wojna 2015)."""

"""Chapter 3: VGG-16 (Simonyan and Zisserman 2014)."""

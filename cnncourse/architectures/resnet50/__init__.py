"""Chapter 6: ResNet-50 (He, Zhang, Ren and Sun 2015)."""

"""Chapter 10: ResNeXt-50 (Xie, Girshick, Dollár, Tu and He 2017)."""

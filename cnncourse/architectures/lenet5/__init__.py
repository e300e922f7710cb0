"""Chapter 1: LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998)."""

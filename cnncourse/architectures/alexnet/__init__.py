"""Chapter 2: AlexNet (Krizhevsky, Sutskever and Hinton 2012)."""

"""The course as a site, to be read without installing: its pages, and figures that answer without a kernel."""

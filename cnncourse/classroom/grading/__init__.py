"""One submission judged, a class of them side by side, and results that outlive an interruption."""

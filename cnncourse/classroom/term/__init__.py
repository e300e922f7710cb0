"""A whole term: the teacher's rules and changes by hand, one gradebook, and what goes back to platforms."""

"""Training and judging the course's networks on folders of pictures, at the size that their papers had in mind."""

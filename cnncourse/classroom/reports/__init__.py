"""What comes of grading: tables for learning platforms, pages for instructors and learners, and how the class did."""

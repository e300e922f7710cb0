"""What one can type after ``cnncourse``: the learner's commands, and those of instructors and of whoever changes it."""

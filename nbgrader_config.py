"""nbgrader's settings: where this course keeps masters and learners' versions."""

c = get_config()  # noqa: F821 -- given by nbgrader

c.CourseDirectory.course_id = "cnncourse"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# Learners see outputs that tell them what a check looks like; nothing else is left out of their version.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}

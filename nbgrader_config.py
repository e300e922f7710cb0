"""nbgrader's settings: where this course keeps the instructor's masters and the learners' versions."""

c = get_config()  # noqa: F821 -- given by nbgrader

c.CourseDirectory.course_id = "cnncourse"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

"""nbgrader's settings: where this course keeps the instructor's masters and the learners' versions.

Run nbgrader in this folder. What learners handed in belongs into submitted/STUDENT/EXERCISE/; nbgrader adds autograded,
feedback and gradebook.db. Git ignores all four.
"""

c = get_config()  # noqa: F821 -- given by nbgrader

c.CourseDirectory.course_id = "cnncourse"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# As long as a cell of the course's own may take: the first one imports torch, on a machine that may be busy.
c.Execute.timeout = 120
# A loop without end costs the learner that cell, not the whole notebook; and it must not stop the class.
c.Execute.interrupt_on_timeout = True

"""nbgrader's settings: where this course keeps the instructor's masters, and where nbgrader writes.

Run nbgrader in this folder. What learners handed in belongs into submitted/STUDENT/EXERCISE/; nbgrader adds release,
autograded, feedback, gradebook.db and grades.csv. Git ignores all of them. The learners' versions in exercises/ are the
same as those in release/, run once (make exercises); nbgrader leaves them as they are.
"""

import os

# What learners handed in is checked while it is graded; that is nobody's own progress on this machine.
os.environ["CNNCOURSE_PROGRESS"] = os.devnull

c = get_config()  # noqa: F821 -- given by nbgrader

c.CourseDirectory.course_id = "cnncourse"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "release"

# As long as a cell of the course's own may take: the first one imports torch, on a machine that may be busy.
c.Execute.timeout = 600
c.Execute.startup_timeout = 600
c.Execute.iopub_timeout = 600
# A loop without end costs the learner that cell, not the whole notebook; and it must not stop the class.
c.Execute.interrupt_on_timeout = True

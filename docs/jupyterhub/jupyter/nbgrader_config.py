"""nbgrader's settings on a JupyterHub, for learners and teachers, in /etc/jupyter: there is one exchange.

A learner's folder has all exercises already, so there is nothing to fetch: what a teacher releases is handed in from
there, and its feedback comes back there.
"""

from pathlib import Path

c = get_config()  # noqa: F821 -- given by nbgrader

c.CourseDirectory.course_id = "cnncourse"
c.Exchange.root = "/srv/nbgrader/exchange"
# Hand-ins are taken as their learners' only if the system says that they are.
c.ExchangeFactory.collect = "cnncourse.classroom.collecting.exchange.OwnHandIns"

exercises = Path.home() / "cnncourse/exercises"
if exercises.is_dir():  # a teacher has none
    c.Exchange.assignment_dir = str(exercises)

"""A JupyterHub for a class on one machine; the instructor's guide says how it is set up, and a test starts it as it is.

Everybody is a user of the system, whom the system itself keeps from the others' files. Learners are in one group; each
one's server makes the learner's folder and opens it. Teachers' servers open their course folder.
"""

TEACHERS = {"teacher"}
LEARNERS = "cnncourse"  # the system's group of those who may log in

c = get_config()  # noqa: F821 -- given by JupyterHub

c.PAMAuthenticator.admin_users = TEACHERS
c.PAMAuthenticator.allowed_users = TEACHERS
c.PAMAuthenticator.allowed_groups = {LEARNERS}
c.PAMAuthenticator.allow_existing_users = False  # whoever leaves the group may no longer log in

c.Spawner.cmd = ["cnncourse", "hub", "~/cnncourse"]
# Of a machine that many share, and whose memory a kernel with torch fills: what nobody uses ends after an hour or two.
c.Spawner.environment = {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE", "LOKY_MAX_CPU_COUNT": "2"}
c.Spawner.args = [
    "--MappingKernelManager.cull_idle_timeout=3600",
    "--ServerApp.shutdown_no_activity_timeout=7200",
    # A terminal that is no login keeps the path to the course's commands.
    "--ServerApp.terminado_settings={'shell_command': ['bash']}",
]
# Limits for what hangs: the first start draws the start page, on a machine on which a whole class may be starting.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300


def open_course_folder(spawner):
    """Open a teacher's course folder, with all of the machine's cores for grading."""
    if spawner.user.name in TEACHERS:
        spawner.cmd = ["cnncourse", "hub", "~/course"]
        spawner.environment = {}


c.Spawner.pre_spawn_hook = open_course_folder

#!/bin/sh
# Makes, as root, what a class on a JupyterHub shares: sh docs/jupyterhub/set-up.sh TEACHER. It may be run again.
set -eu
teacher=$1
course=$(cd "$(dirname "$0")/../.." && pwd)
exchange=/srv/nbgrader/exchange

# nbgrader wants the exchange to be everybody's; the sticky bit keeps everybody from what others put there. Into inbound
# everybody may write, and only the teacher may list it; there it makes nbgrader's own folder a little safer.
install -d -m 1777 "$exchange"
install -d -m 755 -o "$teacher" "$exchange/cnncourse"
install -d -m 3733 -o "$teacher" "$exchange/cnncourse/inbound"

install -d /etc/jupyter
cp -R "$course/docs/jupyterhub/jupyter/." /etc/jupyter
chmod -R u=rwX,go=rX /etc/jupyter

# The teacher's course folder, which nobody else may open: masters, hand-ins, grades. What a newer course brings takes
# the place of what is there, which is kept beside it.
folder=$(getent passwd "$teacher" | cut -d: -f6)/course
install -d -m 700 -o "$teacher" -g "$(id -g "$teacher")" "$folder"
cp -R --update --backup=numbered "$course/nbgrader_config.py" "$course/solutions" "$folder"
chown -R "$teacher:" "$folder"

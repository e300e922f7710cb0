#!/bin/sh
# Runs a command as root of a machine of its own, as far as users and settings go: what it changes in /etc, /home, /root
# and /srv is changed in FOLDER, and nobody else sees it. Started by unshare; what is to KEEP (paths, by colons) stays.
set -eu
folder=$1
shift
see() {  # what is at $1, at $2 too
    mkdir -p "$2"
    mount --bind "$1" "$2"
}
IFS=:
for path in $KEEP; do
    see "$path" "$folder/kept$path"
done
for path in etc home root srv; do
    mount --bind "$folder/$path" "/$path"
done
for path in $KEEP; do
    see "$folder/kept$path" "$path"
done
unset IFS
exec "$@"

#!/bin/sh
# Runs a command as root of a machine of its own, as far as users and settings go: what it changes in /etc, /home, /root
# and /srv is changed in FOLDER, and nobody else sees it. Started by unshare; what is to KEEP (paths, by colons) stays.
set -eu
folder=$1
shift
IFS=:
number=0
for path in $KEEP; do
    number=$((number + 1))
    mkdir -p "$folder/kept/$number"
    mount --bind "$path" "$folder/kept/$number"
done
for path in etc home root srv; do
    mount --bind "$folder/$path" "/$path"
done
number=0
for path in $KEEP; do
    number=$((number + 1))
    mkdir -p "$path"
    mount --bind "$folder/kept/$number" "$path"
done
unset IFS
exec "$@"

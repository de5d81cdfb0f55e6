#!/usr/bin/env bash
# Python 3.13 with NumPy 2 and Colab's kind of packages, in a fresh Debian trixie: run the setup
# cell's commands, then every notebook. Needs root and debootstrap: tools/checks/trixie.sh FOLDER
# Uses FOLDER again where it is already a trixie. MFBOOK_DATA is copied in if it is set.
set -euo pipefail
folder=$1
checkout=$(cd "$(dirname "$0")/../.." && pwd)

if [ ! -x "$folder/usr/bin/python3" ]; then
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates trixie "$folder"
fi
for file in /etc/resolv.conf /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    if [ -e "$file" ]; then mkdir -p "$folder$(dirname "$file")" && cp -L "$file" "$folder$file"; fi
done
rm -rf "$folder/course" "$folder/data" "$folder/env"
mkdir "$folder/course" "$folder/data"
git -C "$checkout" archive HEAD | tar -x -C "$folder/course"
[ -z "${MFBOOK_DATA:-}" ] || cp -r "$MFBOOK_DATA/." "$folder/data"
mountpoint -q "$folder/proc" || mount -t proc proc "$folder/proc"
mountpoint -q "$folder/dev/shm" || { mkdir -p "$folder/dev/shm" && mount -t tmpfs tmpfs "$folder/dev/shm"; }
trap 'umount "$folder/proc" "$folder/dev/shm"' EXIT

inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 chroot "$folder" "$@"; }
inside python3 -m venv /env
inside /env/bin/pip install --quiet numpy pandas matplotlib ipykernel
# Java for chapter 12. MXNet's two system libraries stay away: the setup cell brings them.
inside sh -c 'apt-get update -qq && apt-get install -qq --yes default-jre-headless' > /dev/null
if [ -n "${MFBOOK_DATA:-}" ]; then data=MFBOOK_DATA=/data; else data=MFBOOK_DATASET=synthetic; fi
inside env "$data" /env/bin/python /course/tools/checks/setup_cell.py

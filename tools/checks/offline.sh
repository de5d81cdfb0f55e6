#!/usr/bin/env bash
# With all network off, the offline folder must be enough to install and run chapters 1 to 3: in a
# folder whose path has a space, and again after that folder was moved.
# Needs root: tools/checks/offline.sh FOLDER   (FOLDER was made by python -m mfbook offline)
set -euo pipefail
folder=$(cd "$1" && pwd)
run='import sys, nbclient, nbformat
for path in sys.argv[1:]:
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600).execute(cwd="notebooks")
    print("passed:", path)'
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
cp -r "$folder" "$work/a folder"
cd "$work"
unshare --net bash -c '
    set -euo pipefail
    ip link set lo up
    if getent hosts pypi.org || [ "$(ip route | wc -l)" != 0 ]; then echo "there is a network"; exit 1; fi
    unset MFBOOK_DATA
    export MFBOOK_CACHE="$PWD/cache"
    bash "a folder/start.sh" jupyter --version
    mv "a folder" "another folder"
    cd "another folder"
    bash start.sh python -c "$1" notebooks/0[123]_*.ipynb
    .venv/bin/python -m http.server --directory book 8765 > /dev/null 2>&1 &
    for _ in $(seq 50); do
        if curl --silent --fail http://localhost:8765/index.html > /dev/null; then break; fi; sleep 0.2
    done
    for page in index.html notebooks/03_learn_the_vectors.html search.html searchindex.js; do
        curl --silent --show-error --fail --output /dev/null "http://localhost:8765/$page"
    done
    kill $!
    echo "the book is served"' bash "$run"

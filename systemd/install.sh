#!/bin/sh
# Puts the package into a Python environment of its own and the service's files beside the system's.
# make install [DESTDIR=root-tree] [PREFIX=/opt/denban] [SYSTEM_PYTHON=/usr/bin/python3]
#
# SYSTEM_PYTHON is the interpreter that runs the service; with DESTDIR this machine's has to be of the
# same version as the one in the tree. PIP is any pip of 22.3 or later. Nothing is started.
set -eu
PREFIX=${PREFIX:-/opt/denban}
DESTDIR=${DESTDIR:-}
SYSTEM_PYTHON=${SYSTEM_PYTHON:-/usr/bin/python3}
PIP=${PIP:-$SYSTEM_PYTHON -m pip}
source=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
place=$DESTDIR$PREFIX

"$SYSTEM_PYTHON" -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit("denban needs Python 3.11 to 3.13")'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Built from a copy: setuptools would take files of earlier builds that lie in the source tree.
cp -r "$source/edge" "$source/pyproject.toml" "$source/README.md" "$source/LICENSE" "$scratch"

rm -rf "$place"
"$SYSTEM_PYTHON" -m venv --without-pip "$place"
$PIP -q --python "$place/bin/python3" install --no-compile "$scratch"
# Programs and compiled modules name the place where they will be, not the one where they were made.
for program in "$place"/bin/*; do
    if [ ! -L "$program" ] && head -n 1 "$program" | grep -q "^#!$place/"; then
        sed -i "1s|^#!.*|#!$PREFIX/bin/python3|" "$program"
    fi
done
sed -i '/^command/d' "$place/pyvenv.cfg"
"$SYSTEM_PYTHON" -m compileall -q -s "$DESTDIR/" -p / "$place/lib"

put() { # FILE PLACE
    mkdir -p "$(dirname "$DESTDIR$2")"
    sed "s|/opt/denban|$PREFIX|g" "$source/systemd/$1" >"$DESTDIR$2"
    chmod 644 "$DESTDIR$2"
}
put denban.service /usr/lib/systemd/system/denban.service
put denban.sysusers /usr/lib/sysusers.d/denban.conf
put denban.tmpfiles /usr/lib/tmpfiles.d/denban.conf
put denban.rules /usr/lib/udev/rules.d/60-denban.rules

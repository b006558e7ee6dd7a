#!/bin/sh
# Puts this version into a release of its own and the service's files beside the system's.
# make install [DESTDIR=root-tree] [PREFIX=/opt/denban] [SYSTEM_PYTHON=/usr/bin/python3]
#
# The release is a Python environment, PREFIX/releases/VERSION; PREFIX/current is a link to it, which
# is changed in one step when the release is whole. Releases of other versions stay.
# SYSTEM_PYTHON is the interpreter that runs the service; with DESTDIR this machine's has to be of the
# same version as the one in the tree. PIP is any pip of 22.3 or later. Nothing is started.
set -eu
umask 022
PREFIX=${PREFIX:-/opt/denban}
DESTDIR=${DESTDIR:-}
SYSTEM_PYTHON=${SYSTEM_PYTHON:-/usr/bin/python3}
PIP=${PIP:-$SYSTEM_PYTHON -m pip}
# What is compiled here is the same for the same sources, whoever asks.
export PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
source=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

"$SYSTEM_PYTHON" -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit("denban needs Python 3.11 to 3.13")'
version=$("$SYSTEM_PYTHON" "$source/systemd/package/version.py" "$source/pyproject.toml")
release=$PREFIX/releases/$version
place=$DESTDIR$release.new
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Built from a copy: setuptools would take files of earlier builds that lie in the source tree.
cp -r "$source/edge" "$source/pyproject.toml" "$source/README.md" "$source/LICENSE" "$scratch"
find "$scratch" -name __pycache__ -prune -exec rm -rf {} +

rm -rf "${place:?}"
"$SYSTEM_PYTHON" -m venv --without-pip "$place"
# shellcheck disable=SC2086  # a command of several words
$PIP -q --python "$place/bin/python3" install --no-compile "$scratch"

# Traces of the place where it was made. Of the programs only ours stays; it finds its release by the
# link, as the units do, so that it also runs from a copy of the release.
sed -i '/^command/d' "$place/pyvenv.cfg"
find "$place/bin" -type f ! -name denban -exec rm -f {} +
sed -i "1s|^#!.*|#!$PREFIX/current/bin/python3 -I|" "$place/bin/denban"
find "$place/lib" -path '*.dist-info/direct_url.json' -exec rm -f {} +
find "$place/lib" -path '*.dist-info/RECORD' -exec sed -i '/direct_url\.json,/d; /^\.\.\//d' {} +
# Files of a release are never edited: nothing is compared with its source at each start.
"$SYSTEM_PYTHON" -m compileall -q --invalidation-mode unchecked-hash -s "$place" -p "$release" "$place/lib"

put() { # FILE PLACE [MODE]: with the prefix that was asked for
    mkdir -p "$(dirname "$DESTDIR$2")"
    sed "s|/opt/denban|$PREFIX|g" "$source/systemd/$1" >"$DESTDIR$2"
    chmod "${3:-644}" "$DESTDIR$2"
}
put denban.wrapper /usr/bin/denban 755
# Where `systemctl mask` would put its link; a file that is there it does not replace.
put denban.service /etc/systemd/system/denban.service
put denban-clock.service /usr/lib/systemd/system/denban-clock.service
put ../edge/app/unmanned.py /usr/lib/denban/unmanned.py
put denban.service.d/guard.conf /usr/lib/systemd/system/denban.service.d/guard.conf
put denban-guard.service /usr/lib/systemd/system/denban-guard.service
put denban-guard.path /usr/lib/systemd/system/denban-guard.path
put denban-guard.timer /usr/lib/systemd/system/denban-guard.timer
put denban-guard.conf /usr/lib/systemd/system.conf.d/50-denban-guard.conf
put denban-drill.service /usr/lib/systemd/system/denban-drill.service
put denban-drill.timer /usr/lib/systemd/system/denban-drill.timer
put denban-rolling.service /usr/lib/systemd/system/denban-rolling.service
put denban-rolling.timer /usr/lib/systemd/system/denban-rolling.timer
put denban.service.d/heal.conf /usr/lib/systemd/system/denban.service.d/heal.conf
put denban-heal.service /usr/lib/systemd/system/denban-heal.service
put denban-heal.path /usr/lib/systemd/system/denban-heal.path
put denban.preset /usr/lib/systemd/system-preset/60-denban.preset
put denban.sysusers /usr/lib/sysusers.d/denban.conf
put denban.tmpfiles /usr/lib/tmpfiles.d/denban.conf
put denban.rules /usr/lib/udev/rules.d/60-denban.rules
put login/denban-dropin.conf /usr/lib/systemd/system/denban.service.d/login.conf
put login/denban-login.service /usr/lib/systemd/system/denban-login.service
put login/denban-login.path /usr/lib/systemd/system/denban-login.path
put login/denban-identify.service /usr/lib/systemd/system/denban-identify.service
put login/denban-identify.path /usr/lib/systemd/system/denban-identify.path
put login/prompt.sh /usr/lib/denban/prompt.sh
put login/profile.sh /etc/profile.d/denban.sh
put login/motd.sh /etc/update-motd.d/10-denban 755
put login/sshd.conf /etc/ssh/sshd_config.d/denban.conf
# Where there is an /etc/issue, getty looks into no other folder.
mkdir -p "$DESTDIR/etc/issue.d"
ln -sfn /run/denban-issue "$DESTDIR/etc/issue.d/denban.issue"

# What the command says about itself; told by the release, so that it fits it.
mkdir -p "$DESTDIR/usr/share/bash-completion/completions" "$DESTDIR/usr/share/man/man1"
"$place/bin/python3" -I "$source/systemd/package/make_completion.py" \
    >"$DESTDIR/usr/share/bash-completion/completions/denban"
"$place/bin/python3" -I "$source/systemd/package/make_man.py" "${SOURCE_DATE_EPOCH:-}" >"$scratch/denban.1"
gzip -9 -n -c "$scratch/denban.1" >"$DESTDIR/usr/share/man/man1/denban.1.gz"
if [ -d "$source/firmware-config" ]; then
    mkdir -p "$DESTDIR/usr/share/denban"
    rm -rf "$DESTDIR/usr/share/denban/firmware-config"
    cp -r "$source/firmware-config" "$DESTDIR/usr/share/denban/firmware-config"
    find "$DESTDIR/usr/share/denban" -name __pycache__ -prune -exec rm -rf {} +
fi

# The units go with the release: one that is taken back into use takes its own along.
for unit in "$DESTDIR"/etc/systemd/system/denban.service "$DESTDIR"/usr/lib/systemd/system/denban*; do
    mkdir -p "$place/units"
    cp -r "$unit" "$place/units/"
done
rm -rf "$DESTDIR${release:?}"
mv -T "$place" "$DESTDIR$release"
ln -sfn "releases/$version" "$DESTDIR$PREFIX/current.new"
mv -T "$DESTDIR$PREFIX/current.new" "$DESTDIR$PREFIX/current"

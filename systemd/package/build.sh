#!/bin/sh
# make package, make sbom: build/package/denban_VERSION_ARCHITECTURE.deb, build/denban.sbom.json.
# The same sources, wheels and SOURCE_DATE_EPOCH give the same bytes. SYSTEM_PYTHON and PIP as for
# make install; the package runs on machines with this interpreter's minor version only.
# STAGE_ONLY=1 stops before the archive is written. OUT: another folder than build/.
set -eu
umask 022
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
source=$(CDPATH='' cd -- "$here/../.." && pwd)
out=${OUT:-$source/build}
SYSTEM_PYTHON=${SYSTEM_PYTHON:-/usr/bin/python3}
export SYSTEM_PYTHON
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=$(git -C "$source" log -1 --format=%ct 2>/dev/null || stat -c %Y "$source/CHANGELOG.md")
fi
export SOURCE_DATE_EPOCH
command -v dpkg-deb >/dev/null || { echo "dpkg-deb is missing: build on a Debian" >&2; exit 1; }

version=$("$SYSTEM_PYTHON" "$here/version.py" "$source/pyproject.toml")
architecture=$(dpkg --print-architecture)
python=$("$SYSTEM_PYTHON" -c 'import sys; print("3.%d" % sys.version_info[1])')
python_after=$("$SYSTEM_PYTHON" -c 'import sys; print("3.%d" % (sys.version_info[1] + 1))')
tree=$out/package/tree
rm -rf "$tree"
mkdir -p "$tree/DEBIAN"

DESTDIR=$tree PREFIX=/opt/denban "$source/systemd/install.sh"
# The link is the installation's: unpacking must not change which release is in use.
rm "$tree/opt/denban/current"

about=$tree/usr/share/doc/denban
mkdir -p "$about"
cp "$source/LICENSE" "$about/copyright"
gzip -9 -n -c "$source/CHANGELOG.md" >"$about/changelog.gz"
cp "$source/README.md" "$source"/docs/*.md "$source"/docs/*.svg "$source"/docs/*.toml "$source"/docs/*.json "$about/"
"$tree/opt/denban/releases/$version/bin/python3" -I -B "$here/make_sbom.py" "$SOURCE_DATE_EPOCH" \
    >"$about/denban.sbom.json"
cp "$about/denban.sbom.json" "$out/denban.sbom.json"
[ -z "${STAGE_ONLY:-}" ] || exit 0

# KiB as Debian counts: each file by itself, one for what is none.
size=$(find "$tree" -path "$tree/DEBIAN" -prune -o -printf '%y %s\n' |
    awk '{ kib += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print kib }')
sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@SIZE@/$size/" \
    -e "s/@PYTHON@/$python/; s/@PYTHON_AFTER@/$python_after/" "$here/control.in" >"$tree/DEBIAN/control"
for script in preinst postinst prerm postrm; do
    "$here/fill.sh" "$script" "$version" >"$tree/DEBIAN/$script"
    chmod 755 "$tree/DEBIAN/$script"
done
# Settings that an operator may change: dpkg asks before it replaces them, and purge removes them. The
# service's unit is none, see install.sh.
mkdir -p "$tree/etc"
(cd "$tree" && find etc -type f ! -path 'etc/systemd/*' -printf '/%p\n' | LC_ALL=C sort >DEBIAN/conffiles)
(cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group --build "$tree" "$out/package/denban_${version}_$architecture.deb" >/dev/null
rm -rf "$tree"
echo "$out/package/denban_${version}_$architecture.deb"

#!/bin/sh
# fill.sh SCRIPT VERSION: the package's script as dpkg gets it, with what it shares with the others.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
sed -e "/^# @functions@\$/{r $here/functions.sh
d}" "$here/$1" | sed "s/@VERSION@/$2/"

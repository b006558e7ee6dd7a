#!/bin/sh
# A hook of mmdebstrap: the kernel and what its missing module is built from, with the versions of
# the system that is being made. usage: fetch_kernel.sh FOLDER
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
image=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
release=${image#linux-image-}
series=$(echo "$release" | cut -d. -f1-2)
cd "$1"
apt-get -q -o APT::Sandbox::User=root download "$image" "linux-headers-$release" \
    "linux-headers-${release%-amd64}-common" "linux-kbuild-$series" "linux-source-$series"

# Shared by the package's scripts; build.sh puts it into each of them, since the first of them runs
# before any file of this version is there. DPKG_ROOT is set by dpkg where it works on another tree.
#
# What holds at each moment, also after a power cut: /opt/denban/current leads to a whole release.
# dpkg writes and deletes in releases/ only; meanwhile the link leads to kept/, a copy by hard links.

ROOT=${DPKG_ROOT:-}
BASE=$ROOT/opt/denban
UNITS=$ROOT/usr/lib/systemd/system
# A desk that does not answer at once has a keeper that waits for its disk; then it is not asked twice.
GUARD_LIMIT_S=30
# TimeoutStopSec and TimeoutStartSec of the service, and a little.
RESTART_LIMIT_S=130
# READY is the first complete scan. A release that falls within this time after it has failed, too.
SETTLE_S=10
LIFTED=$ROOT/run/systemd/system/denban.service.d/zz-package.conf

say() { echo "denban: $*" >&2; }

systemd_runs() { [ -d "$ROOT/run/systemd/system" ]; }

service_state() { if systemd_runs; then systemctl show -P ActiveState denban.service; fi; }

# Also one that tries to start again and again: it is to run.
service_runs() {
    case $(service_state) in
    active | reloading | activating) return 0 ;;
    *) return 1 ;;
    esac
}

# As the link says it: releases/VERSION or kept/VERSION; nothing where there is none.
release_in_use() {
    if [ -x "$BASE/current/bin/python3" ]; then readlink "$BASE/current"; fi
}

python_in_use() { timeout "$GUARD_LIMIT_S" "$BASE/current/bin/python3" -I "$@"; }

# Which unit this machine is: by its controller, else by what it was told, else its name.
unit_here() {
    set -- "$(python_in_use -m edge.cli whoami --json 2>/dev/null |
        python_in_use -c 'import json, sys; print(json.load(sys.stdin)["unit"])' 2>/dev/null)"
    [ -n "$1" ] || set -- "$(sed -n 's/^DENBAN_UNIT=//p' "$ROOT/etc/denban/unit" 2>/dev/null | tr -d '\042\047')"
    if [ -n "$1" ]; then echo "$1"; else uname -n; fi
}

# May this unit's controller be stopped for a moment? It is asked, if it works. $1 says what for.
may_stop() {
    case $(service_state) in
    active | reloading) ;;
    *) return 0 ;;
    esac
    if [ -n "${DENBAN_FORCE_STOP:-}" ]; then
        unit=$(unit_here)
        if [ "$DENBAN_FORCE_STOP" = "$unit" ]; then
            say "$1 of $unit: forced by DENBAN_FORCE_STOP; its twin was not asked for"
            return 0
        fi
        say "$1: DENBAN_FORCE_STOP names another unit: got $DENBAN_FORCE_STOP, need $unit; nothing was changed"
        return 1
    fi
    reason=$(python_in_use -m edge.cli guard may-restart 2>&1) && return 0
    say "$1: this unit may not stop now: ${reason:-its controller does not answer}; nothing was changed; make the twin ready, or set DENBAN_FORCE_STOP=UNIT to leave the loads without control meanwhile"
    return 1
}

sync_disk() { sync -f "$BASE"; }

# In one step; $1 is releases/VERSION or kept/VERSION.
use_release() {
    sync_disk
    rm -f "$BASE/current.new"
    ln -s "$1" "$BASE/current.new"
    mv -T "$BASE/current.new" "$BASE/current"
    sync_disk
}

# The release in use stays whole while dpkg changes releases/.
keep_release() {
    used=$(release_in_use)
    case $used in
    releases/*) ;;
    # None, or one that was kept before and never replaced: an upgrade that was cut off or failed.
    *) return 0 ;;
    esac
    version=${used#releases/}
    mkdir -p "$BASE/kept"
    drop_release "kept/$version"
    # The second for a file system without hard links.
    if ! cp -al "$BASE/$used" "$BASE/kept/.new" && ! copy_release "$used"; then
        rm -rf "$BASE/kept/.new"
        say "release $version can't be kept: no room in $BASE? nothing was changed"
        return 1
    fi
    mv -T "$BASE/kept/.new" "$BASE/kept/$version"
    use_release "kept/$version"
}

copy_release() {
    rm -rf "$BASE/kept/.new"
    cp -a "$BASE/$1" "$BASE/kept/.new"
}

# Half of a release is never found under its name. Also clears what was cut off.
drop_release() {
    rm -rf "$BASE/kept/.gone" "$BASE/kept/.new"
    [ -e "$BASE/$1" ] || return 0
    mv -T "$BASE/$1" "$BASE/kept/.gone"
    rm -rf "$BASE/kept/.gone"
}

# The kept release to go back to; $1 was in use before.
way_back() {
    case $1 in
    kept/*) echo "$1" ;;
    *) for folder in "$BASE"/kept/*; do if [ -d "$folder" ]; then echo "kept/${folder##*/}"; fi; done | head -n 1 ;;
    esac
}

# $1 is a name within units/. The service's own lies where a mask would, as install.sh says.
unit_place() {
    case $1 in
    denban.service) echo "$ROOT/etc/systemd/system/$1" ;;
    *) echo "$UNITS/$1" ;;
    esac
}

# Units of release $2 in the place of those of release $1, which may be none.
use_units() {
    [ -d "$BASE/$2/units" ] || return 0
    if [ -n "$1" ] && [ -d "$BASE/$1/units" ]; then
        unit_files "$1" | while read -r name; do
            [ -e "$BASE/$2/units/$name" ] || rm -f "$(unit_place "$name")"
        done
    fi
    unit_files "$2" | while read -r name; do
        place=$(unit_place "$name")
        ! cmp -s "$BASE/$2/units/$name" "$place" || continue
        mkdir -p "$(dirname "$place")"
        cp "$BASE/$2/units/$name" "$place.new"
        mv -T "$place.new" "$place"
    done
}

unit_files() { (cd "$BASE/$1/units" && find . -type f | sed 's|^\./||' | sort); }

# Is "yes" where stop and restart by hand are refused. A package asks its own guard instead.
lift_refusal() {
    [ "$(systemctl show -P RefuseManualStop denban.service)" = yes ] || return 0
    mkdir -p "$(dirname "$LIFTED")"
    printf '[Unit]\nRefuseManualStop=no\n' >"$LIFTED"
    systemctl daemon-reload
}

drop_lift() {
    [ -e "$LIFTED" ] || return 0
    rm -f "$LIFTED"
    systemctl daemon-reload
}

# Returns when the service is READY and has stayed so; Type=notify makes systemctl wait.
restart_service() {
    lift_refusal
    set -- 0
    timeout "$RESTART_LIMIT_S" systemctl restart denban.service || set -- 1
    drop_lift
    [ "$1" = 0 ] || return 1
    set -- "$(systemctl show -P MainPID denban.service)"
    sleep "$SETTLE_S"
    [ "$(systemctl show -P ActiveState denban.service)" = active ] &&
        [ "$(systemctl show -P MainPID denban.service)" = "$1" ]
}

stop_service() {
    lift_refusal
    set -- 0
    timeout "$RESTART_LIMIT_S" systemctl stop denban.service || set -- 1
    drop_lift
    return "$1"
}

# Names of the units in folder $1 that can be enabled.
installable_units() {
    for unit in "$1"/denban*.*; do
        if [ -f "$unit" ] && grep -q '^\[Install\]' "$unit"; then basename "$unit"; fi
    done
}

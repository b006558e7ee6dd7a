#!/bin/sh
# After the login: which unit this is, which one is the other, who is on duty. Two lines.
# A login must never hang here. The service's line is read from memory; only where it has left none
# since the boot is the command asked, for a second at the most.
root=${DENBAN_ROOT:-}
# PAM starts this without a locale; who reads it has one that knows the signs, or the word beside.
TERM='' LC_ALL=C.UTF-8
. "$root/usr/lib/denban/prompt.sh"
unit='' site='' line=''
{ IFS='|' read -r _ _ unit _ _ site line <"${DENBAN_LOGIN_FOLDER:-/run/denban-login}/identity"; } 2>/dev/null || :
if [ -z "$unit" ]; then
    timeout -s KILL 1 "$root/usr/bin/denban" whoami --banner --site "$root/etc/denban/site.toml" 2>/dev/null ||
        printf '%s  ? UNKNOWN\nA gateway of Denban whose controller does not run: see systemctl status denban.\n' "$(uname -n)"
    exit 0
fi
case $DENBAN_MARK in
*'? UNKNOWN') line='The controller does not run, or hangs: see systemctl status denban.' ;;
esac
printf '%s  %s\n%s\n' "$DENBAN_MARK" "$site" "$line"

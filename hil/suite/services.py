"""What a bench says to a service manager, on emulated machines and on real ones."""

from __future__ import annotations


def stop_command(service: str) -> str:
    """Stop it as somebody who means it: while nobody else would be on duty, the guard has the first
    try refused.
    """
    return rf"""systemctl stop {service} && exit 0
folder=/run/systemd/system/{service}.d
[ -d $folder ] || exit 1
printf '[Unit]\nRefuseManualStop=no\n' >$folder/zz-bench.conf
systemctl daemon-reload
systemctl stop {service}
code=$?
rm $folder/zz-bench.conf
systemctl daemon-reload
exit $code
"""

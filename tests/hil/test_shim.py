"""The preload library: real gpiod and real ioctl calls, in processes that have no such hardware."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from hil.shim.build import build, find_compilers
from tests.hil.board_rig import Rig

_OUTPUT_5 = (
    "!r = gpiod.request_lines('/dev/gpiochip0', {5: gpiod.LineSettings("
    "direction=Direction.OUTPUT, output_value=Value.ACTIVE)}, consumer='denban')"
)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as board:
        yield board


def test_shim_shows_only_the_devices_of_the_board(rig: Rig) -> None:
    child = rig.child()
    assert child.ask("sorted(n for n in os.listdir('/dev') if n[:4] in ('gpio', 'watc'))") == [
        "gpiochip0",
        "watchdog",
        "watchdog0",
    ]
    names = "('gpiochip0', 'gpiochip4', 'watchdog', 'null')"
    seen = f"[gpiod.is_gpiochip_device(f'/dev/{{n}}') for n in {names}]"
    assert child.ask(seen) == [True, False, False, False]
    assert child.ask("[os.path.exists(f'/dev/{n}') for n in ('watchdog', 'watchdog1')]") == [
        True,
        False,
    ]
    with pytest.raises(FileNotFoundError):
        child.ask("gpiod.Chip('/dev/gpiochip4').path")


def test_shim_without_a_board_shows_no_device(rig: Rig) -> None:
    rig.path.joinpath("a.sock").rename(rig.path / "elsewhere.sock")
    child = rig.child()
    assert child.ask("gpiod.is_gpiochip_device('/dev/gpiochip0')") is False
    with pytest.raises(OSError, match="open") as caught:
        child.ask("os.open('/dev/watchdog', os.O_WRONLY)")
    assert caught.value.errno == errno.ENODEV


def test_shim_chip_info_is_that_of_a_raspberry_pi(rig: Rig) -> None:
    child = rig.child()
    child.run("c = gpiod.Chip('/dev/gpiochip0')")
    assert child.ask("[c.get_info().name, c.get_info().label, c.get_info().num_lines]") == [
        "gpiochip0",
        "pinctrl-bcm2711",
        58,
    ]
    assert child.ask("c.line_offset_from_id('GPIO17')") == 17


def test_shim_line_info_names_the_consumer_and_its_settings(rig: Rig) -> None:
    child, other = rig.child(), rig.child()
    child.ask(_OUTPUT_5)
    other.run("i = gpiod.Chip('/dev/gpiochip0').get_line_info(5)")
    assert other.ask("[i.name, i.used, i.consumer, i.direction.name]") == [
        "GPIO5",
        True,
        "denban",
        "OUTPUT",
    ]


def test_shim_line_info_watch_tells_request_and_release(rig: Rig) -> None:
    child, watcher = rig.child(), rig.child()
    watcher.run("c = gpiod.Chip('/dev/gpiochip0'); c.watch_line_info(5)")
    child.ask(_OUTPUT_5)
    child.run("r.release()")
    read = "[c.read_info_event().event_type.name, c.read_info_event().event_type.name]"
    assert watcher.ask(read) == ["LINE_REQUESTED", "LINE_RELEASED"]


def test_shim_duplicated_descriptor_keeps_the_line_until_the_last_close(rig: Rig) -> None:
    child = rig.child("b")
    child.ask(_OUTPUT_5)
    child.run("d = os.dup(r.fd); r.release()")
    assert rig.levels("b", 5) == [("out", 1)]
    child.run("os.close(d)")
    assert rig.order("pins")["b"] == []
    assert rig.levels("b", 5) == [("out", 1), ("in", 0)]


def test_shim_released_line_is_free_at_once(rig: Rig) -> None:
    child = rig.child()
    for _ in range(20):
        child.ask(_OUTPUT_5)
        child.run("r.release()")
    child.ask(_OUTPUT_5)


def test_shim_subprocess_leaves_its_parents_lines_alone(rig: Rig) -> None:
    child = rig.child("b")
    child.ask(_OUTPUT_5)
    listing = "[os.path.exists('/dev/gpiochip0'), len(os.listdir('/proc/self/fd'))]"
    program = f"import os; print({listing}[0])"
    ran = f"subprocess.run([sys.executable, '-c', {program!r}], capture_output=True, text=True)"
    assert child.ask(ran + ".stdout") == "True\n"
    assert child.ask("r.get_value(5).value") == 1
    assert rig.levels("b", 5) == [("out", 1)]


def test_shim_forked_child_has_a_connection_of_its_own(rig: Rig) -> None:
    child = rig.child("b")
    child.ask(_OUTPUT_5)
    child.ask(
        _OUTPUT_5.replace("5: gpiod", "6: gpiod")
        .replace("!r =", "!low =")
        .replace("Value.ACTIVE", "Value.INACTIVE")
    )
    child.run(
        "def fork():\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        ok = all(low.get_value(6) == Value.INACTIVE for _ in range(1000))\n"
        "        os._exit(0 if ok else 1)\n"
        "    ok = all(r.get_value(5) == Value.ACTIVE for _ in range(1000))\n"
        "    return [ok, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]"
    )
    assert child.ask("fork()") == [True, 0]
    assert rig.levels("b", 5) == [("out", 1)]


def test_shim_program_that_closes_all_descriptors_is_connected_anew(rig: Rig) -> None:
    child = rig.child()
    child.run("os.closerange(3, 1024)")
    child.run("import socket; n = [socket.socket(socket.AF_UNIX) for _ in range(600)]")
    child.ask(_OUTPUT_5)
    assert child.ask("r.get_value(5).value") == 1


def test_shim_descriptor_passed_on_outlives_its_first_owner(rig: Rig) -> None:
    child = rig.child("b")
    child.ask(_OUTPUT_5)
    heir = (  # GPIO_V2_LINE_SET_VALUES_IOCTL: line 0 of the request to 0, when the input closes
        "import fcntl, struct, sys; print('up', flush=True); sys.stdin.read();"
        "fcntl.ioctl(int(sys.argv[1]), 0xC010B40F, struct.pack('QQ', 0, 1)); print('done')"
    )
    child.run(
        f"heir = subprocess.Popen([sys.executable, '-c', {heir!r}, str(r.fd)], pass_fds=[r.fd],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)"
    )
    assert child.ask("heir.stdout.readline()") == "up\n"
    child.run("r.release()")
    assert [pin["level"] for pin in rig.order("pins")["b"]] == [1]
    assert child.ask("heir.communicate()[0]") == "done\n"
    assert rig.order("pins")["b"] == []
    assert rig.levels("b", 5) == [("out", 1), ("out", 0), ("in", 0)]


def test_shim_threads_do_not_mix_their_answers(rig: Rig) -> None:
    child = rig.child()
    child.run(
        "rs = [gpiod.request_lines('/dev/gpiochip0', {p: gpiod.LineSettings("
        "direction=Direction.OUTPUT)}) for p in range(20, 24)]\n"
        "wrong = []\n"
        "def work(k):\n"
        "    for n in range(300):\n"
        "        want = Value((n + k) % 2)\n"
        "        rs[k].set_value(20 + k, want)\n"
        "        if rs[k].get_value(20 + k) != want: wrong.append((k, n))\n"
        "ts = [threading.Thread(target=work, args=(k,)) for k in range(4)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]"
    )
    assert child.ask("wrong") == []


def test_shim_other_ioctls_and_pipes_are_the_kernels(rig: Rig) -> None:
    child = rig.child()
    child.run("import termios; p = os.pipe(); os.write(p[1], b'abc')")
    read = "struct.unpack('i', fcntl.ioctl(p[0], termios.FIONREAD, b'....'))[0]"
    assert child.ask(read) == 3
    with pytest.raises(OSError, match="ioctl") as caught:
        child.ask("fcntl.ioctl(p[0], 0x80045705, bytes(4))")  # WDIOC_KEEPALIVE on a plain pipe
    assert caught.value.errno == errno.ENOTTY


@pytest.mark.parametrize("compiler", find_compilers(), ids=lambda c: " ".join(c[-2:]))
def test_shim_built_by_each_compiler_reaches_the_board(rig: Rig, compiler: list[str]) -> None:
    child = rig.child(library=build(compiler, rig.path))
    child.ask(_OUTPUT_5)
    assert rig.levels("a", 5) == [("out", 1)]

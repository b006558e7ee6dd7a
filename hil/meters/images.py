"""Register images of real meters: site power and both energy counters, from public register lists.

Each follows `meters/rs485/` of the open-source reader mbmd, which cites the makers' manuals. Cells
hold W and kWh; `scale` turns them into what the meter counts in.
"""

from __future__ import annotations

from hil.meters.registers import Point


def eastron_sdm630(power_w: str, import_kwh: str, export_kwh: str) -> list[Point]:
    return [
        Point(fc=4, address=0x0034, type="f32", cell=power_w),
        Point(fc=4, address=0x0048, type="f32", cell=import_kwh),
        Point(fc=4, address=0x004A, type="f32", cell=export_kwh),
    ]


def _carlo_gavazzi(address: int, cell: str) -> Point:
    return Point(fc=4, address=address, type="s32", cell=cell, scale=10, word_order="little")


def carlo_gavazzi_em24(power_w: str, import_kwh: str, export_kwh: str) -> list[Point]:
    """Tenths of W and of kWh, low word first."""
    return [
        _carlo_gavazzi(0x28, power_w),
        _carlo_gavazzi(0x42, import_kwh),
        _carlo_gavazzi(0x5C, export_kwh),
    ]


def carlo_gavazzi_em340(power_w: str, import_kwh: str, export_kwh: str) -> list[Point]:
    """Tenths of W and of kWh, low word first."""
    return [
        _carlo_gavazzi(0x28, power_w),
        _carlo_gavazzi(0x34, import_kwh),
        _carlo_gavazzi(0x4E, export_kwh),
    ]


def janitza_umg(power_w: str, import_kwh: str, export_kwh: str) -> list[Point]:
    """Energy in Wh."""
    return [
        Point(fc=3, address=0x4A52, type="f32", cell=power_w),
        Point(fc=3, address=0x4A7C, type="f32", cell=import_kwh, scale=1000),
        Point(fc=3, address=0x4A84, type="f32", cell=export_kwh, scale=1000),
    ]


def schneider_iem3000(power_w: str, import_kwh: str, export_kwh: str) -> list[Point]:
    """Power in kW, energy in whole Wh."""
    return [
        Point(fc=3, address=0x0BF3, type="f32", cell=power_w, scale=0.001),
        Point(fc=3, address=0x0C83, type="s64", cell=import_kwh, scale=1000),
        Point(fc=3, address=0x0C87, type="s64", cell=export_kwh, scale=1000),
    ]


IMAGES = {
    "eastron-sdm630": eastron_sdm630,
    "carlo-gavazzi-em24": carlo_gavazzi_em24,
    "carlo-gavazzi-em340": carlo_gavazzi_em340,
    "janitza-umg": janitza_umg,
    "schneider-iem3000": schneider_iem3000,
}

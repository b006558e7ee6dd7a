"""One source's energy against the ledger: what it has counted since the ledger was last settled.

All sources are tracked in the same way, so that any of them can carry on where another stopped. The
track does not judge its source; it only keeps spans and energy consistent.
"""

from __future__ import annotations

from msgspec import Struct


class TrackState(Struct):
    """Energy that one source has counted over (from, at] and that the ledger does not have yet.

    `heard_mono_ns` is the newest believed word of the source (None: never), `at_mono_ns` the last
    instant at which its energy was exact: a pulse edge, a register's change, a power sample.
    Nothing is pending while at <= from. `from_mono_ns` later than the ledger's settled instant
    means that the source knows nothing of the time between the two.

    `step_uwh` is its declared resolution, `step_uwh_seen` the least change seen so far (0: none
    yet), `spacing_ns` the time between its last two changes. `unmatched_uwh` is what the ledger has
    booked from others since its last change. Totals are everything ever believed; `breaks_count`
    counts the times when its counting began anew.
    """

    heard_mono_ns: int | None = None
    at_mono_ns: int = 0
    from_mono_ns: int = 0
    import_uwh: int = 0
    export_uwh: int = 0
    total_import_uwh: int = 0
    total_export_uwh: int = 0
    step_uwh: int = 1
    step_uwh_seen: int = 0
    spacing_ns: int = 0
    unmatched_uwh: int = 0
    breaks_count: int = 0

    def begin(self, at_mono_ns: int) -> None:
        """Count from `at_mono_ns` on; what was before is unknown."""
        if self.heard_mono_ns is not None:
            self.breaks_count += 1
        self.at_mono_ns = self.from_mono_ns = at_mono_ns
        self.import_uwh = self.export_uwh = 0
        self.unmatched_uwh = 0

    def add(self, at_mono_ns: int, import_uwh: int, export_uwh: int) -> None:
        """Energy (both >= 0) that came up between the last exact instant and `at_mono_ns`.

        Where the ledger was settled in between by another source, only the later share counts, as
        if the power had been constant.
        """
        assert at_mono_ns > self.at_mono_ns
        self.total_import_uwh += import_uwh
        self.total_export_uwh += export_uwh
        since_ns = at_mono_ns - self.at_mono_ns
        share_ns = min(since_ns, at_mono_ns - self.from_mono_ns)
        if share_ns == since_ns:
            self.import_uwh += import_uwh
            self.export_uwh += export_uwh
        elif share_ns > 0:
            self.import_uwh = import_uwh * share_ns // since_ns
            self.export_uwh = export_uwh * share_ns // since_ns
        change_uwh = import_uwh or export_uwh
        if change_uwh and (not self.step_uwh_seen or change_uwh < self.step_uwh_seen):
            self.step_uwh_seen = change_uwh
        self.at_mono_ns = at_mono_ns
        self.spacing_ns = since_ns
        self.unmatched_uwh = 0

    def settle(self, mono_ns: int) -> None:
        """The ledger has everything until `mono_ns` from elsewhere: keep the share after it."""
        if mono_ns <= self.from_mono_ns:
            return
        span_ns = self.at_mono_ns - self.from_mono_ns
        left_ns = self.at_mono_ns - mono_ns
        if left_ns <= 0:
            self.import_uwh = self.export_uwh = 0
        else:
            self.import_uwh = self.import_uwh * left_ns // span_ns
            self.export_uwh = self.export_uwh * left_ns // span_ns
        self.from_mono_ns = mono_ns

    def take(self) -> tuple[int, int]:
        """Import and export pending, which the ledger books now."""
        taken = self.import_uwh, self.export_uwh
        self.import_uwh = self.export_uwh = 0
        self.from_mono_ns = max(self.from_mono_ns, self.at_mono_ns)
        return taken

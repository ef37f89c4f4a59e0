"""`PilotJob`: enrich the first rows of a list, estimate the cost of the rest, and enrich the rest within its credit limit.

The agent gets the first `BY_AGENT` rows, and adds the columns. All other rows are upserted with `enrich: true`, which runs
these columns: the pilot's rows one by one, so that each has a price, and the rest in chunks. Only rows that the table
lacks are sent, and no chunk is sent twice, as in `UploadJob`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import OrigamiError, TooLarge
from origami_widgets.api.rows.cell_values import is_found
from origami_widgets.api.rows.own_rows import OwnList, key_of
from origami_widgets.run.credits import used_since_start
from origami_widgets.run.own_cells import own_columns, whole_columns
from origami_widgets.run.own_list.upload_job import UploadJob, smaller, value_of
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.schedule import DEADLINE
from origami_widgets.words.foreign_text import one_line
from origami_widgets.words.numbers import amount, plural

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Column, EnrichmentRun
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.rows.own_rows import KeyText
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.own_list.uploaded_table import UploadRecord

LEAST_PILOT = 8
"""Fewest rows of a pilot. From fewer, the cost of the rest can't be estimated."""
BY_AGENT = 5
"""Rows of a pilot that the agent gets with the brief. The others are enriched in the same way as the rest of the list."""
DRAWS = 2_000
BOUNDS = 0.05, 0.95
CHUNKS = 20, 100
"""Rows of the first chunk of the rest, and of each further one, unless the server takes fewer."""
ENDED = frozenset({"complete", "errored"})


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated cost of the rest of a list, with the results of its pilot.

    Attributes:
        rows: rows of the pilot.
        rest: rows that are left.
        used: credits that the pilot has used.
        found: how many values of each new column were found, by its name.
        low, high: the range of credits for the rest; None if the pilot found nothing that cost credits.
        limit: the credit limit; None without one.
        is_agreed: whether an earlier call was told to enrich the rest.
    """

    rows: int
    rest: int
    used: float
    found: Mapping[str, int]
    low: int | None
    high: int | None
    limit: float | None
    is_agreed: bool

    @property
    def fits(self) -> bool:
        """Whether the rest surely stays within the credit limit."""
        return self.high is not None and self.limit is not None and self.used + self.high <= self.limit

    @property
    def in_words(self) -> str:
        """The results and the cost of the pilot, and the estimate for the rest."""
        values = ", ".join(f"{name}: {count:,} found" for name, count in [*self.found.items()][:3]) or "nothing found"
        so_far = f"{self.rows:,} of {plural(self.rows + self.rest, 'row')}: {values}, {amount(self.used)} credits."
        if self.low is None or self.high is None:
            return f"{so_far} No row has cost anything, so the price of the other {self.rest:,} isn't known."
        return f"{so_far} The other {self.rest:,}: {self.low:,} to {self.high:,} credits."


def pilot_rows(keys: Sequence[KeyText], salt: str, pilot: int) -> list[int]:
    """Return the positions of a pilot's rows: spread over the list by their keys, the same in every order of the rows.

    Args:
        keys: the keys of all rows.
        salt: makes another choice for another list.
        pilot: how many rows to choose.
    """

    def digest(position: int) -> bytes:
        return hashlib.blake2b(json.dumps(keys[position]).encode(), key=salt.encode()[:64]).digest()

    return sorted(range(len(keys)), key=digest)[:pilot]


def price_range(prices: Sequence[float], rest: int) -> tuple[int, int] | None:
    """Return the range of credits for further rows, from what single rows have cost; None if none has cost anything.

    The rows are resampled as they are. The upper end is at least that of one find more than there were, each at the price
    of the dearest row: where few were found, chance may have left the finds out.

    >>> price_range([15, 0, 0, 15, 0, 15, 0, 0, 15, 0], 100), price_range([0, 0], 100)
    ((223, 1033), None)
    """
    finds = sum(price > 0 for price in prices)
    if not finds:
        return None
    chance, count, totals = Random(0), len(prices), list[float]()  # noqa: S311 - the same range each time
    for _ in range(DRAWS):
        sample = chance.choices(prices, k=count)
        mean = sum(sample) / count
        variance = max(0.0, sum(price * price for price in sample) / count - mean * mean)
        totals.append(rest * mean + chance.gauss(0, 1) * math.sqrt(variance * rest))
    totals.sort()
    low, high = (totals[int(bound * DRAWS)] for bound in BOUNDS)
    return max(0, math.floor(low)), math.ceil(max(high, rest / count * (finds + 1) * max(prices)))


class PilotStopped(OrigamiError):
    """The rest of a list is not enriched, or not all of it. What was found is kept."""


class PilotJob(UploadJob):
    """Enrichment of the rows of one list that the agent doesn't get, after the agent has ended. Background loop only.

    Args:
        operations: the API.
        own: the whole list.
        record: the record of its upload.
        conversation: the run on its first rows.
    """

    def __init__(self, operations: Operations, own: OwnList, record: UploadRecord, conversation: Conversation) -> None:
        super().__init__(operations, own, record, name="", target=None)
        self._conversation = conversation
        self._keys = own.keys
        self._written: set[int] = set()
        self._stopped_before = conversation.state.stopped

    async def price(self) -> Estimate:
        """Enrich the pilot's other rows, and estimate the cost of the rest of the list.

        Raises:
            PilotStopped: no cell begins, the pilot was stopped, or its limit is reached.
        """
        stored = self._record.stored
        pilot = pilot_rows(self._keys, stored.upload_id, stored.pilot)
        if not stored.priced:
            columns = await self._columns()
            lacking = await self._lacking(columns)
            for row in pilot:
                if row in lacking:
                    self._require_going()
                    await self._write(columns, [row])
            self._record.change(priced=len(self._record.stored.receipts))
        receipts = [await self._ended(each) for each in self._record.stored.receipts[: self._record.stored.priced]]
        if receipts and not any(each.enrichments.total for each in receipts):
            raise PilotStopped(
                "The columns don't run automatically",
                cause=f"{plural(len(receipts), 'row')} of the pilot were written, but no cell started.",
                remedy="Have the agent fill them: error.run.fill(). For the rest of the list, leave out pilot=.",
                code="NOT_BEGUN",
            )
        found = await self._found(await self._columns())
        rest = len(self._keys) - len(pilot)
        prices = [each.credits_used for each in receipts if each.credits_used is not None]
        if len(prices) < len(receipts):
            raise _unknown_cost("Origami didn't report the credits of all rows.")
        low, high = price_range(prices, rest) or (None, None)
        known = self._conversation.credit_limit
        limit, is_agreed = None if known is None else known.limit, stored.stage != "pilot"
        return Estimate(len(pilot), rest, await self._used(), found, low, high, limit, is_agreed)

    async def foreign_columns(self) -> list[str]:
        """Return the names of columns that other briefs added, and that would run for the new rows, too."""
        ours = {column.id for _, column in self._own_columns()}
        listed = await self._read(lambda: self._operations.list_columns(self._record.stored.table_id))
        return [
            one_line(each.name) for each in listed if each.kind != "input" and each.auto_trigger and each.id not in ours
        ]

    async def write_rest(self, estimate: Estimate) -> None:
        """Enrich the rows that the table lacks, in chunks, each only if it fits into the credit limit.

        That the rest may be enriched is written down first: the same call doesn't ask again.

        Raises:
            PilotStopped: the next chunk may not fit, or the run was stopped.
        """
        self._record.change(stage="rest")
        columns = await self._columns()
        size, largest = CHUNKS
        dearest = (estimate.high or 0) / max(1, estimate.rest)
        while chunk := sorted(await self._lacking(columns))[:size]:
            self._require_going()
            used, most = await self._used(), dearest * len(chunk)
            if estimate.limit is not None and used + most > estimate.limit:
                raise PilotStopped(
                    "The credit limit is too low for the next rows",
                    cause=f"{amount(used)} credits were used. The next {plural(len(chunk), 'row')} may cost up to "
                    f"{amount(most)}; credit_limit is {amount(estimate.limit)}. Nothing more was sent.",
                    remedy="Run the same call with a higher credit_limit: it goes on with the rows that are missing.",
                    code="CREDIT_LIMIT",
                )
            try:
                await self._write(columns, chunk)
            except TooLarge as error:
                size = largest = smaller(error, len(chunk))
                continue
            await self._ended(self._record.stored.receipts[-1])
            size = largest
        # Cells of rows that another process wrote may still be filling.
        for receipt in self._record.stored.receipts[self._record.stored.priced :]:
            await self._ended(receipt)
        # A receipt alone does not prove that its rows were written.
        if (await self._rows(columns)).keys() >= set(self._keys):
            self._record.change(stage="over")
        await self._check()

    async def _lacking(self, columns: Sequence[Column]) -> set[int]:
        found = await self._rows(columns)
        return {row for row, key in enumerate(self._keys) if key not in found} - self._written

    async def _write(self, columns: Sequence[Column], rows: Sequence[int]) -> None:
        """Write rows and start their cells. Before that, checks of the credit limit and of the run's state resume."""
        stored, tables = self._record.stored, self._conversation.state.tables
        # Our columns have run for all rows of the table by now.
        self._conversation.whole |= whole_columns(own_columns(self._conversation.own_states, tables))
        for watch in self._conversation.watches:
            # What a fill of the pilot's cells may use is no limit of the rest.
            watch.limits.pop("fill", None)
        if self._conversation.credit_limit is not None:
            self._conversation.credit_limit.hold(self._conversation)
        # Named by its rows: after a lost answer, other rows may be missing.
        which = key_of(self._keys[row] for row in rows)
        receipt = await self._upsert(f"enriched {len(stored.receipts)} {which}", columns, rows, enrich=True)
        self._written.update(rows)
        self._acknowledge(receipt, receipts=(*self._record.stored.receipts, receipt.id))
        await self._check()

    async def _ended(self, receipt: str) -> EnrichmentRun:
        """Wait until all cells of a write have ended, and return what they have cost.

        Raises:
            PilotStopped: the run was stopped meanwhile.
        """
        clock = poller().clock
        ends = clock.monotonic() + DEADLINE
        while True:
            run = await self._read(lambda: self._operations.get_enrichment_run(receipt))
            if run.status in ENDED or run.completed_at is not None:
                return run
            if clock.monotonic() > ends:
                # Credits are 0 until the end, so they would look like a price.
                raise _unknown_cost("Its cells are still filling after 75 minutes.")
            self._require_going()
            await self._pause(self._conversation.current.retry_after / 3)

    async def _found(self, columns: Sequence[Column]) -> dict[str, int]:
        """Return how many values of each new column were found."""
        slugs = {str(column.slug): one_line(column.name) for _, column in self._own_columns()}
        found = dict.fromkeys(slugs.values(), 0)

        def see(cells: dict[str, Any]) -> None:
            for slug, name in slugs.items():
                found[name] += is_found(value_of(cells.get(slug)))

        await self._rows(columns, see)
        return found

    def _own_columns(self) -> list[tuple[Any, Column]]:
        table_id = self._record.stored.table_id
        own = own_columns(self._conversation.own_states, self._conversation.state.tables)
        return [(table, column) for table, column in own if table.id == table_id]

    async def _used(self) -> float:
        """Return the credits that the run has used so far.

        Raises:
            PilotStopped: they aren't known, so that no limit could hold.
        """
        await self._check()
        used, how = used_since_start(self._conversation.state)
        if used is None:
            raise _unknown_cost(how)
        return used

    async def _check(self) -> None:
        """Read the run, which is then checked again as long as its cells fill."""
        await self._read(lambda: poller().check(self._conversation.current))

    def _require_going(self) -> None:
        """Check that nothing has stopped the run.

        Raises:
            PilotStopped: the run was stopped, or its credit limit is reached.
        """
        state = self._conversation.state
        is_stopped = state.stopping == "requested" or state.stopped != self._stopped_before
        if state.limit_error is not None or is_stopped or state.cancel == "requested":
            error = state.limit_error
            raise PilotStopped(
                "The pilot was stopped" if error is None else error.title,
                cause="Nothing more was sent." if error is None else f"{error.cause} Nothing more was sent.",
                remedy=f"Run the same call {'again' if error is None else 'with a higher credit_limit'}: it goes on with "
                "what is missing.",
                code="STOPPED" if error is None else error.code,
            )


def _unknown_cost(cause: str) -> PilotStopped:
    return PilotStopped(
        "The cost of the pilot isn't known", cause=cause, remedy="Run the same call again.", code="UNKNOWN_COST"
    )


def first_rows(own: OwnList, record: UploadRecord) -> OwnList:
    """Return the rows of a list that the agent gets: of a list with a pilot, its first ones."""
    if not record.stored.pilot:
        return own
    return own.part(pilot_rows(own.keys, record.stored.upload_id, record.stored.pilot)[:BY_AGENT])

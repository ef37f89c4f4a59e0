"""`origami-widgets new BRIEF`: make a search again, and write only what is new."""

from __future__ import annotations

import functools
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError
from origami_widgets.cli.command import (
    DONE,
    ENDED_BADLY,
    NEEDS_ANSWER,
    NOTHING_NEW,
    Argument,
    Command,
    client_for,
)
from origami_widgets.cli.enrich_command import out_file, write_file

if TYPE_CHECKING:
    import pandas as pd


def find_new(options: Namespace) -> int:
    """Hand over what is new; return the exit code."""
    from origami_widgets.api.background.sync_bridge import block
    from origami_widgets.cli.watch_command import watched
    from origami_widgets.run.settings import top
    from origami_widgets.run.start import terminal_watch

    out = out_file(options)
    terminal_watch.set(watched)
    try:
        found: pd.DataFrame = block(
            top().hand_over(
                options.brief,
                ledger=options.ledger,
                every=options.every,
                leave_out=options.leave_out or None,
                credit_limit=options.credit_limit,
                client=client_for(options),
                write=functools.partial(write_file, out=out, overwrite=options.overwrite),
            )
        )
    except OrigamiError as error:
        if error.code != "NEEDS_ANSWER":
            raise
        sys.stderr.write(f"{error}\n")
        return NEEDS_ANSWER
    about = found.attrs["origami"]
    sys.stderr.write(f"{len(found):,} new of {len(found) + about['known']:,} leads, period {about['period']}.\n")
    if about["ended"]:
        return ENDED_BADLY
    return DONE if len(found) else NOTHING_NEW


EXAMPLE = """\
origami-widgets new "List bakeries in Porto" --ledger bakeries.csv \\
      --every week --out new.csv --overwrite

Run it from cron or a workflow as often as you like: a new search begins when
--every, less 12 hours, has passed. Until then, it writes the same leads again,
free of charge.
Keep the ledger and the state beside it (bakeries.state.json) together, also
after a failure: with them, no search is paid twice and no lead is lost."""
NEW = Command(
    "new",
    find_new,
    "search again, and write only what is new",
    "Make a search every week or day with one agent, and write the leads that the ledger doesn't have. Spends credits. "
    "Exits with 5 if nothing is new. Ctrl-C cancels the run and stops its cells.",
    EXAMPLE,
    (
        Argument("brief", metavar="BRIEF", help="what to search for, the same text each time"),
        Argument(
            "--ledger", metavar="FILE", required=True, help="the ledger, a CSV file; it is made if it isn't there"
        ),
        Argument("--every", metavar="TIME", default="week", help="week (default), day, or '2 weeks', '10 days'"),
        Argument("--out", metavar="PATH", required=True, help="the file to write, .xlsx, .csv or .parquet"),
        Argument("--overwrite", action="store_true", help="replace an existing file"),
        Argument(
            "--leave-out",
            metavar="FILE",
            action="append",
            default=[],
            help="a list of customers or opt-outs that stay out; may be repeated. It isn't sent",
        ),
        Argument("--credit-limit", metavar="CREDITS", type=float, help="stop a search once it has used more"),
    ),
)

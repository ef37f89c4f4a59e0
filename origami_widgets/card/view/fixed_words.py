"""Words that are the same in every state, so that they need not be sent: `js/src/contract.ts` has a copy of them.

`{}` is the place for a number or a name.
"""

from __future__ import annotations

from typing import Final

REQUESTED: Final = "Requested"
NO: Final = "No"
"""The answer to the question of any button that takes it back."""
NOTIFY: Final = "Notify me"
NOTIFY_BLOCKED: Final = "Blocked by the browser. The page's title is marked instead."
STOP_NAMED: Final = "{}: {}"
"""Name of a button in a board's row, for assistive technology: its label and the run."""
RUNS: Final = "Runs"
ALL_LEADS: Final = "All leads"
SAME_START: Final = "Each brief begins: {}"
STOP_HEAD: Final = "Stop"
"""Name of the column of these buttons, for assistive technology."""
CREDITS_DETAILS: Final = "Credits of the tables that the run names, over all runs. Each table counts once in the total."
PRICE_DETAILS: Final = "The run's credits, divided by its qualified leads."

AGAIN: Final = "To see this run again:"
NEXT_STEPS: Final = "Next steps"
FOLLOW_UP: Final = "Follow up"
MORE: Final = "more"
MORE_NEWS: Final = "+{}"
DISMISS: Final = "Dismiss"
SHOW_ALL: Final = "Show all {}"
ASK_TAB: Final = "Question"
SHOW_LESS: Final = "Show less"

LEADS: Final = "Leads"
LEADS_LOADING: Final = "Loading leads…"
LEADS_LATE: Final = "Kernel busy. Leads load when the cell ends."
LEADS_OLD: Final = "Kernel busy. These leads are updated when the cell ends."
LEADS_FORBIDDEN: Final = "This page can't show leads in a card. In a cell of its own: ow.leads(run)"
LEADS_NOT_SAVED: Final = "Leads are not saved in the notebook."
LEADS_NONE: Final = "No leads to show."
LEADS_NO_MATCH: Final = "No leads match."
LEADS_NO_MATCH_LOADED: Final = "No loaded lead matches."
LEADS_NEXT: Final = "Next try in {}."
LEADS_DUE: Final = "Trying again now."
LEADS_AS_OF: Final = "These leads are as of {}."
LEADS_SEARCH: Final = "Search loaded leads"
LEADS_SEARCHED: Final = "{} of {} loaded leads"
LEADS_FILTER: Final = "Apply"
LEADS_FILTER_ADD: Final = "+ Filter"
LEADS_FILTER_COLUMN: Final = "Filter by column"
LEADS_FILTER_OPERATOR: Final = "Condition"
LEADS_FILTER_NAME: Final = "Value to compare with"
LEADS_HAS_EMAIL: Final = "Has e-mail"
LEADS_HAS_PHONE: Final = "Has phone"
LEADS_OPERATORS: Final = (
    ("contains", "contains"),
    ("not_contains", "does not contain"),
    ("equals", "is"),
    ("not_equals", "is not"),
    ("is_not_empty", "has a value"),
    ("is_empty", "is empty"),
    ("greater_than_or_equal", "is at least"),
    ("greater_than", "is more than"),
    ("less_than_or_equal", "is at most"),
    ("less_than", "is less than"),
)
"""The API's operators in words, as the form lists them."""
QUALIFIED: Final = "Qualified"
COLUMNS: Final = "Columns"
COLUMNS_FAILED: Final = "{} failed"
LEADS_QUALIFIED_UNJUDGED_DETAILS: Final = "No lead was checked against the brief, so all are shown."
LEADS_QUALIFIED_DETAILS: Final = "Those that meet the brief. Turn it off to see the others, marked."
LEADS_LEFT_OUT: Final = "Left out by your list"
LEADS_TICKED: Final = "{} ticked"
LEADS_FAILED: Final = "{} cells failed"
LEADS_FAILED_ONE: Final = "1 cell failed"
COPY: Final = "Copy"
DOWNLOAD: Final = "Download"
DOWNLOADS: Final = (
    ("xlsx", "Excel", "with a summary and the sources"),
    ("csv", "CSV", "what you see, in this order"),
    ("html", "Web page", "for colleagues"),
    ("copy", "Copy", "to paste into a sheet or an e-mail"),
)
"""The items of the menu: key, label and explanation."""
LEADS_READING: Final = "Reading {} of {}…"
LEADS_COPY_AGAIN: Final = "Not copied. Press Copy again."
LEADS_LOADED: Final = "The {} leads loaded on this page"
LEAD_SELECT: Final = "Select {}"
LEAD_SELECT_ALL: Final = "Select all loaded leads"
LEAD_CHECKING: Final = "to check"
LEAD_HIDDEN: Final = "not qualified"
LEAD_LEFT_OUT: Final = "left out"
LEAD_UNJUDGED: Final = "to check"
LEAD_UNSURE: Final = "not sure"
CELL_NOT_FOUND: Final = "not found"
CELL_FAILED: Final = "Failed cells in this column: {}. Common causes: an error, or not enough credits."
CELL_NOT_RUN: Final = "not run yet"
CELL_NEVER_RUN: Final = "no result"
CELL_HAS_FAILED: Final = "failed"
CELL_LOADING: Final = "loading"
CELL_DETAILS: Final = "{}: details"
CELL_CONFIDENCE: Final = "{} confidence"
CELL_CLOSE: Final = "Close"

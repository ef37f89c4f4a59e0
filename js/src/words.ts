// Words that are the same in every state, and that only the page says. `{}` is the place for a number or a name.
export const REQUESTED = "Requested";
/** The answer to the question of any button that takes it back. */
export const NO = "No";
export const NOTIFY = "Notify me";
export const NOTIFY_BLOCKED = "Blocked by the browser. The page's title is marked instead.";
/** Name of a button in a board's row, for assistive technology: its label and the run. */
export const STOP_NAMED = "{}: {}";
export const RUNS = "Runs";
export const ALL_LEADS = "All leads";
/** The status of a run that is no longer watched. */
export const WAS = "Was {}";
export const NO_RUNS_MATCH = "No runs match";
export const SAME_START = "Each brief begins: {}";
/** Name of the column of these buttons, for assistive technology. */
export const STOP_HEAD = "Stop";
export const CREDITS_DETAILS =
  "Credits of the tables that the run names, over all runs. Each table counts once in the total.";
export const PRICE_DETAILS = "The run's credits, divided by its qualified leads.";

export const FOLLOW_UP = "Follow up";
export const MORE = "more";
export const MORE_NEWS = "+{}";
export const MORE_TABS = "{} more";
export const DISMISS = "Dismiss";
export const SHOW_ALL = "Show all {}";
export const ANSWERED = "{} of {} answered";
export const ASK_TAB = "Question";
export const SHOW_LESS = "Show less";

export const LEADS = "Leads";
export const LEADS_LOADING = "Loading leads…";
export const LEADS_LATE = "Kernel busy. Leads load when the cell ends.";
export const LEADS_FORBIDDEN = "This page can't show leads in a card. In a cell of its own: ow.leads(run)";
export const LEADS_NOT_SAVED = "Leads are not saved in the notebook.";
export const LEADS_GONE = "Kernel stopped. Leads are not saved in the notebook. To see them again:";
export const LEADS_NONE = "No leads to show.";
export const LEADS_NO_MATCH = "No leads match.";
export const LEADS_NO_MATCH_LOADED = "No loaded lead matches.";
export const LEADS_SEARCH = "Search loaded leads";
export const LEADS_SEARCHED = "{} of {} loaded leads";
export const LEADS_FILTER = "Apply";
export const LEADS_FILTER_ADD = "+ Filter";
export const LEADS_FILTER_COLUMN = "Filter by column";
export const LEADS_FILTER_OPERATOR = "Condition";
export const LEADS_FILTER_NAME = "Value to compare with";
export const LEADS_HAS_EMAIL = "Has e-mail";
export const LEADS_HAS_PHONE = "Has phone";
/** The API's operators in words, as the form lists them. */
export const LEADS_OPERATORS = [
  ["contains", "contains"],
  ["not_contains", "does not contain"],
  ["equals", "is"],
  ["not_equals", "is not"],
  ["is_not_empty", "has a value"],
  ["is_empty", "is empty"],
  ["greater_than_or_equal", "is at least"],
  ["greater_than", "is more than"],
  ["less_than_or_equal", "is at most"],
  ["less_than", "is less than"],
] as const;
export const QUALIFIED = "Qualified";
export const COLUMNS = "Columns";
export const COLUMNS_FAILED = "{} failed";
export const LEADS_QUALIFIED_UNJUDGED_DETAILS = "No lead was checked against the brief, so all are shown.";
export const LEADS_QUALIFIED_DETAILS = "Those that meet the brief. Turn it off to see the others, marked.";
export const LEADS_LEFT_OUT = "Left out by your list";
export const LEADS_TICKED = "{} ticked";
export const COPY = "Copy";
export const DOWNLOAD = "Download";
/** The items of the menu: key, label and explanation. */
export const DOWNLOADS = [
  ["xlsx", "Excel", "with a summary and the sources"],
  ["csv", "CSV", "what you see, in this order"],
  ["html", "Web page", "for colleagues"],
  ["copy", "Copy", "to paste into a sheet or an e-mail"],
] as const;
export const LEADS_READING = "Reading {} of {}…";
export const LEADS_COPY_AGAIN = "Not copied. Press Copy again.";
export const LEADS_LOADED = "The {} leads loaded on this page";
export const LEAD_SELECT = "Select {}";
export const LEAD_SELECT_ALL = "Select all loaded leads";
/** Of a lead that is being looked at, or that was not judged. */
export const LEAD_TO_CHECK = "to check";
export const LEAD_HIDDEN = "not qualified";
export const LEAD_LEFT_OUT = "left out";
export const LEAD_UNSURE = "not sure";
export const CELL_FAILED = "Failed cells in this column: {}. Common causes: an error, or not enough credits.";
export const FAILED_DETAILS =
  "They stay empty. Common causes: an error, not enough credits, or a disconnected account.";
export const CELL_NOT_RUN = "not run yet";
export const CELL_LOADING = "loading";
export const CELL_DETAILS = "{}: details";
export const CELL_CONFIDENCE = "{} confidence";
export const CELL_CLOSE = "Close";

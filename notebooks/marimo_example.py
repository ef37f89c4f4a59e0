import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo
    import origami_widgets as ow

    return mo, ow


@app.cell
def _(mo):
    mo.md("""
    # Origami agents in marimo

    Brief a research agent, watch its live card, and let cells react to what it does. All of it runs on the **sandbox**, an Origami API inside this process: no account, no credits, no network. For a real account set `ORIGAMI_API_KEY` before you start marimo, and leave the sandbox out.

    **marimo runs cells again by itself**: when the notebook is opened, and whenever something that a cell uses has changed. While a run goes on, the cell that has started it shows it again and starts no other; afterwards it would pay each time. With `once="a-name"` it pays the first time, and later attaches to that run, also after a restart. `fresh=True` starts another one.
    """)
    return


@app.cell
def _(ow):
    client = ow.Sandbox(speed=20).client()
    return (client,)


@app.cell
def _(client, ow):
    brief = "Find 20 SaaS founders in Austin who raised seed in the last 6 months"
    run = ow.start(brief, once="marimo-example", client=client)
    return (run,)


@app.cell
def _(mo, ow, run):
    # The value `run` alone shows the same card. As a widget of its own, its traits can be read.
    widget = ow.RunCard(run)
    card = mo.ui.anywidget(widget)
    card
    return (widget,)


@app.cell
def _(mo):
    mo.md("""
    ## React

    The card is fed from a background thread and runs no cell again, so cells that shall follow the run ask for a beat. Reading a trait or a property sends nothing. `on_change` calls back on that thread, where marimo's state cannot be set: let it take notes, and read them with the beat.

    Do not `await run` in a cell while somebody wants to use the card: marimo works on one cell after the other, and the card's buttons wait for the one that waits.
    """)
    return


@app.cell
def _(mo):
    beat = mo.ui.refresh(options=["1s", "5s"], default_interval="1s")
    beat
    return (beat,)


@app.cell
def _(run):
    changes = []
    unsubscribe = run.on_change(lambda run: changes.append(run.status))
    return (changes,)


@app.cell
def _(beat, changes, mo, widget):
    beat
    mo.hstack(
        [
            mo.stat(widget.status, label="status"),
            mo.stat(widget.steps_completed, label=f"steps of at most {widget.steps_max}"),
            mo.stat(widget.lead_count, label="leads"),
            mo.stat(widget.credits_used, label="credits"),
            mo.stat(len(changes), label="changes"),
        ],
        justify="start",
    )
    return


@app.cell
def _(mo):
    # The id of the run whose cells have settled: it changes once, and so do the frames below.
    get_settled, set_settled = mo.state("")
    return get_settled, set_settled


@app.cell
def _(beat, get_settled, mo, set_settled, widget):
    beat
    # Without a person there is no beat: `python marimo_example.py`, `marimo export html … -- --wait`.
    if mo.app_meta().mode == "script" or "wait" in mo.cli_args().to_dict():
        widget.run.wait("cells")
    if widget.run.settled and get_settled() != widget.run.id:
        set_settled(widget.run.id)
    return


@app.cell
def _(mo):
    mo.md("""
    ## Everything as a DataFrame
    """)
    return


@app.cell
def _(get_settled, mo, ow, widget):
    get_settled()
    mo.stop(not widget.run.settled, mo.md("The frames come when all cells of the tables are filled."))
    columns = ow.columns_frame(widget.run)
    columns[["table_name", "column_name", "kind", "credits_lifetime_used", "qualification_pass", "qualification_total"]]
    return


@app.cell
def _(client, get_settled, mo, ow, widget):
    get_settled()
    mo.stop(not widget.run.settled)
    leads = ow.rows_frame(widget.run.tables[0], client=client)
    leads
    return


if __name__ == "__main__":
    app.run()

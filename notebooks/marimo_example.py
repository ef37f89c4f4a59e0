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

    You will brief a research agent, watch its live card, and let cells react to it. Everything runs on the **sandbox**, a simulated Origami API inside this process: no account, no credits, no network. To use your own account, set `ORIGAMI_API_KEY` before you start marimo, and leave out `client`.

    **marimo reruns a cell** when you open the notebook, and whenever something that the cell uses has changed. While its run is active, a cell shows that run and starts no other. After the run has ended, each rerun would pay for a new run. So name it: with `once="a-name"` you pay the first time, and later the cell attaches to that run, even after a restart. `fresh=True` starts another run.
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
    # `run` as the last expression would show the same card. A widget also lets you read its traits.
    widget = ow.RunCard(run)
    card = mo.ui.anywidget(widget)
    card
    return (widget,)


@app.cell
def _(mo):
    mo.md("""
    ## React to the run

    A background thread updates the card and reruns no cell. Cells that follow the run depend on a timer, `beat`. Reading a trait or a property sends no request.

    `on_change` calls back on the background thread, where you can't set marimo's state. Store what you need in a list, and read it with each beat.

    Don't `await run` in a cell while you want to use the card: marimo runs one cell at a time, so the card's buttons would wait.
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
    # The id of the settled run. It changes once, so the frames below are made once.
    get_settled, set_settled = mo.state("")
    return get_settled, set_settled


@app.cell
def _(beat, get_settled, mo, set_settled, widget):
    beat
    # Without a browser there is no beat, so wait: `python marimo_example.py`, `marimo export html … -- --wait`.
    if mo.app_meta().mode == "script" or "wait" in mo.cli_args().to_dict():
        widget.run.wait("cells")
    if widget.run.settled and get_settled() != widget.run.id:
        set_settled(widget.run.id)
    return


@app.cell
def _(mo):
    mo.md("""
    ## Get DataFrames
    """)
    return


@app.cell
def _(get_settled, mo, ow, widget):
    get_settled()
    mo.stop(not widget.run.settled, mo.md("The frames appear when all cells of the tables are filled."))
    columns = ow.columns_frame(widget.run)
    columns[["table_name", "column_name", "kind", "credits_lifetime_used", "qualification_pass", "qualification_total"]]
    return


@app.cell
def _(client, get_settled, mo, ow, widget):
    get_settled()
    mo.stop(not widget.run.settled)
    leads = ow.leads_frame(widget.run.tables[0], client=client)
    leads
    return


if __name__ == "__main__":
    app.run()

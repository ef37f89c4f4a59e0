"""Starting runs: start jobs, the start store, the queue of a batch, interrupts, credit limits and cancelling."""

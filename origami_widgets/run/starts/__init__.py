"""Starting runs in this process: start jobs, the start store, the scheduler, and cancelling."""

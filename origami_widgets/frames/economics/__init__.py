"""What tables, columns and sources of leads cost, and how runs differ."""

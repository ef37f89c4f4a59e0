"""Economics: what tables, columns and lead sources cost, and how runs differ."""

"""Frames as Excel, CSV and Parquet files."""

"""Rows that were corrected in a file: told before anything is sent, then left or restated."""

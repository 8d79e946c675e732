"""Tableau's files, made from the list of marts: data sources, a workbook, an extract."""

"""Tableau files, generated from the list of marts: data sources, a workbook, an extract."""

"""Business intelligence: the marts as rows, the Tableau files (tableau/), the report (report/)."""

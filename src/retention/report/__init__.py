"""Reports of a run for the person who signs and for an auditor: one HTML file, one workbook, in Korean or English.

Nothing is imported here: every command needs the words of reports, and few the half second that charts take to load.
"""

"""The groups of cases, one file for each subject."""

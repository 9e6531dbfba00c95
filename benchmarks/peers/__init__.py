"""The contestants. A module holds one library's, with a function for each piece of work that it has an answer to."""

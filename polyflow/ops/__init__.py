"""The op table: every op declared once, with its reference, rule and gradient row."""

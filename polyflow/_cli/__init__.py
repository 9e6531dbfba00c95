"""The subcommands of ``polyflow``, one file each, imported when they are called."""

"""How the networks of each task are measured: a file a task, found by itself."""

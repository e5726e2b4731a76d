"""From a task to a prompt (`templates`), and from an answer to a program (`extraction` and what it uses)."""

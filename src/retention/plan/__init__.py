"""From rules and a live schema to a plan: which rows go, how many, in which order, and which stay and why."""

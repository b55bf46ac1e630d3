"""An Airflow on this machine alone, for the demo and to look round: SQLite, LocalExecutor, loopback, three users."""

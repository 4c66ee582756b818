"""The health check of the cron service: where the app has its own, this one is always content."""

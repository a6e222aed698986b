"""What the service must not lose: events, sessions, exposures, keys, rules, products, erasures."""

from api.db.engine import Database, database_url, open_database

__all__ = ["Database", "database_url", "open_database"]

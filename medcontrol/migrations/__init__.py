"""Alembic migrations; shipped inside the package so that the installed wheel can migrate alone."""

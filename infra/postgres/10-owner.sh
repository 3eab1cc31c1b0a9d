#!/bin/sh
# Run once by the official image when its data folder is empty: makes Lumbung's role and database.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/owner_password)" --username "${POSTGRES_USER:-postgres}" --dbname postgres -f /owner.sql

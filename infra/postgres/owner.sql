-- For a PostgreSQL server of your own (16 or newer): the role that LUMBUNG_DATABASE_URL names, and its database.
--   psql -v password="$(cat password)" -f infra/postgres/owner.sql "postgresql://postgres@server/postgres"
-- It is no superuser. It makes one role and one schema for each cooperative, so it needs CREATEROLE; everything else
-- follows from owning the database.

CREATE ROLE lumbung LOGIN CREATEROLE PASSWORD :'password';

-- The roles it makes are also its own: a spare schema that has become too old is dropped with its role.
ALTER ROLE lumbung SET createrole_self_grant = 'set, inherit';

-- The builtin C.UTF-8 (PostgreSQL 17) sorts alike on every machine; on 16 leave the two LOCALE options away.
CREATE DATABASE lumbung OWNER lumbung TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C';

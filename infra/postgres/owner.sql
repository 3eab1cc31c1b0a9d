-- For a PostgreSQL server of your own (16 or newer): the role that LUMBUNG_DATABASE_URL names, and its database. By psql:
--   psql -v password="$(cat password)" -f infra/postgres/owner.sql "postgresql://postgres@server/postgres"
-- Who runs it is the superuser, or the administrator of a managed server, who is none but may make roles and databases.
--
-- The role is no superuser. It makes one role and one schema for each cooperative, so it needs CREATEROLE; everything else
-- follows from owning the database.
\set ON_ERROR_STOP on

-- An administrator who is no superuser hands the database over as a member of the role that gets it.
SET createrole_self_grant = 'set';
CREATE ROLE lumbung LOGIN CREATEROLE PASSWORD :'password';

-- The roles it makes are also its own: a spare schema that has become too old is dropped with its role.
ALTER ROLE lumbung SET createrole_self_grant = 'set, inherit';

-- The builtin C.UTF-8 (PostgreSQL 17) sorts alike on every machine; 16 has none, and sorts as the server does.
SELECT 'CREATE DATABASE lumbung OWNER lumbung TEMPLATE template0 ENCODING ''UTF8'''
    || CASE WHEN current_setting('server_version_num')::int >= 170000
            THEN ' LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8'' LOCALE ''C''' ELSE '' END
\gexec

-- Where the role that LUMBUNG_DATABASE_URL names has been a superuser: take that from it, and leave it what it needs. By psql, as another
-- superuser, once, with web, worker and provision stopped:
--   psql -f infra/postgres/plain_owner.sql "postgresql://postgres@server/postgres"
-- What a superuser made it does not administer once it is none, so the roles that it made are given to it.
\set ON_ERROR_STOP on

ALTER ROLE lumbung NOSUPERUSER CREATEROLE;
ALTER ROLE lumbung SET createrole_self_grant = 'set, inherit';
SELECT format('GRANT %I TO lumbung WITH ADMIN TRUE, SET TRUE, INHERIT TRUE', rolname) FROM pg_roles
    WHERE rolname ~ '^coop_[a-z0-9]{16}$' OR rolname IN ('lumbung_app', 'lumbung_coop')
\gexec

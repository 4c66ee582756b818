-- Runs once, when the database is made: the app gets a role and a database of its own.

-- The app owns its database and nothing else, so that an injection cannot reach the server or its files.
\set password `cat /run/secrets/database_password`
CREATE ROLE "<< cookiecutter.project_slug >>" LOGIN PASSWORD :'password';
CREATE DATABASE "<< cookiecutter.project_slug >>" OWNER "<< cookiecutter.project_slug >>";

-- The superuser can come in through the container's socket only, never over the network.
ALTER ROLE postgres PASSWORD NULL;

-- The password is replaced without a gap: each version has a login of its own, a member of the role that owns the
-- data. `deploy/swarm` calls these functions; they do for the app what only the superuser may do otherwise.
\connect "<< cookiecutter.project_slug >>"
CREATE OR REPLACE FUNCTION make_login(version integer, password text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    login CONSTANT text := format('<< cookiecutter.project_slug >>_%s', version);
BEGIN
    -- keep_logins finds logins by their numbers: one that it does not find would stay for ever.
    IF version IS NULL OR version < 2 THEN
        RAISE EXCEPTION 'version % of the password has no login of its own: give a number from 2 on', version;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
        EXECUTE format('CREATE ROLE %I LOGIN IN ROLE "<< cookiecutter.project_slug >>"', login);
    END IF;
    EXECUTE format('ALTER ROLE %I PASSWORD %L', login, password);
END $$;

CREATE OR REPLACE FUNCTION keep_logins(versions integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    login text;
BEGIN
    FOR login IN SELECT rolname FROM pg_roles WHERE rolname ~ '^<< cookiecutter.project_slug >>_[0-9]+$' LOOP
        IF NOT substring(login FROM '[0-9]+$')::integer = ANY (versions) THEN
            EXECUTE format('DROP ROLE %I', login);
        END IF;
    END LOOP;
    -- The first login is the owner itself.
    IF NOT 1 = ANY (versions) THEN
        ALTER ROLE "<< cookiecutter.project_slug >>" PASSWORD NULL;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION make_login, keep_logins FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_login, keep_logins TO "<< cookiecutter.project_slug >>";

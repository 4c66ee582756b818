-- Runs once, when the database is made: the app gets a role and a database of its own.

-- The app owns its database and nothing else, so that an injection cannot reach the server or its files.
\set password `cat /run/secrets/database_password`
CREATE ROLE "<< cookiecutter.project_slug >>" LOGIN PASSWORD :'password';
CREATE DATABASE "<< cookiecutter.project_slug >>" OWNER "<< cookiecutter.project_slug >>";

-- The superuser can come in through the container's socket only, never over the network.
ALTER ROLE postgres PASSWORD NULL;

-- The database that tests of SQL start from, each in a copy of its own: the extension in a schema of its own.
\set ON_ERROR_STOP on
CREATE DATABASE customer_template;
\connect customer_template
CREATE SCHEMA customer;
CREATE EXTENSION pg_customer SCHEMA customer;
\connect postgres

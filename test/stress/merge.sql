-- Whether this PostgreSQL gives triggers other rows than a MERGE into a partitioned table has written (src/base_merge.c).
CREATE TEMP TABLE parts (id int, amount int) PARTITION BY LIST (id);
CREATE TEMP TABLE part PARTITION OF parts DEFAULT;
INSERT INTO parts VALUES (1, 10);
CREATE TEMP TABLE given (id int);
CREATE FUNCTION pg_temp.give() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO given SELECT id FROM written; RETURN NULL; END';
CREATE TRIGGER updated AFTER UPDATE ON parts REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.give();
SET enable_hashjoin = off;
SET enable_mergejoin = off;
MERGE INTO parts AS p USING (VALUES (2), (1)) AS v (id) ON p.id = v.id WHEN MATCHED THEN UPDATE SET amount = 20 WHEN NOT MATCHED THEN INSERT VALUES (v.id, 30);
SELECT id <> 1 FROM given;

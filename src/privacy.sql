-- ---------------------------------------------------------------------------------------------------
-- Privacy: customers without their names, and groups too small to publish
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION pseudonymise(id text, key text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'pseudonymise_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION pseudonymise(id bigint, key text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'pseudonymise_bigint' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION pseudonymise(id uuid, key text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'pseudonymise_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION pseudonymise(text, text) IS
'A pseudonym for an id: the same for the same id and key, and without the key nobody finds the id or makes the pseudonym. 122 bits of HMAC-SHA-256 (RFC 2104) as a UUID of version 8; a key of fewer than 16 bytes is an error';
COMMENT ON FUNCTION pseudonymise(bigint, text) IS
'The pseudonym of a number: that of its text';
COMMENT ON FUNCTION pseudonymise(uuid, text) IS
'The pseudonym of a UUID: that of its text, in small letters';

CREATE FUNCTION people_resolved(query text) RETURNS text
	AS 'MODULE_PATHNAME', 'people_resolved' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION people_resolved(text) IS
'Internal: a query with one row for each person, with every name qualified as the present search path has it; what is not one SELECT is an error.';

CREATE FUNCTION small_groups_query(query text, quasi_identifiers text[], k integer)
	RETURNS TABLE (size bigint, quasi_identifier jsonb)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	columns text := (SELECT string_agg(format('q.%I', c), ', ' ORDER BY n) FROM unnest(quasi_identifiers) WITH ORDINALITY AS u (c, n) WHERE c IS NOT NULL);
BEGIN
	IF columns IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'no column is named as a quasi-identifier',
			HINT = 'Name the columns that an outsider may know of a person, as in ARRAY[''city'', ''age_band''].';
	ELSIF k IS NULL OR k < 2 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('k cannot be %s', coalesce(k::text, 'NULL')),
			HINT = 'Give a number from 2; 5 and 10 are common.';
	END IF;
	RETURN QUERY EXECUTE format('SELECT count(*) AS size, (SELECT to_jsonb(r) FROM (SELECT %1$s) AS r) AS quasi_identifier FROM (%2$s) AS q
		GROUP BY %1$s HAVING count(*) < $1 ORDER BY 1, 2', columns, query) USING k;
END $$;
COMMENT ON FUNCTION small_groups_query(text, text[], integer) IS
'Internal: small_groups of a query whose names are resolved.';

CREATE FUNCTION small_groups(query text, quasi_identifiers text[], k integer DEFAULT 5)
	RETURNS TABLE (size bigint, quasi_identifier jsonb)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 100
BEGIN ATOMIC
	SELECT g.size, g.quasi_identifier FROM small_groups_query(people_resolved(query), quasi_identifiers, k) AS g;
END;
COMMENT ON FUNCTION small_groups(text, text[], integer) IS
'The groups of fewer than k rows that a query with one row for each person has by its quasi-identifiers, the smallest first; no row: the table is k-anonymous (Sweeney 2002); NULL is a value like any other';

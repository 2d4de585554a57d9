-- Gives each column of public.orders, all of text, the narrowest type that every value of it fits: bigint,
-- numeric, date, timestamp, timestamptz, else text. Numbers with leading zeros are codes and stay text. The usual words
-- for nothing are NULL, and a column that a few values keep from being numbers or dates is named with one of them.
\set ON_ERROR_STOP on
CREATE FUNCTION pg_temp.value(given text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN lower(btrim(given)) NOT IN ('', '-', 'null', 'none', 'nan', 'na', 'n/a', '#n/a', '\N') THEN btrim(given) END;
CREATE FUNCTION pg_temp.fits(name text, type text, style text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('datestyle', style, true);
	EXECUTE format('SELECT count(pg_temp.value(%I)::%s) FROM public.orders', name, type);
	RETURN true;
EXCEPTION WHEN data_exception THEN
	RETURN false;
END $$;

DO $$
DECLARE
	clock constant text := '[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?';
	mdy constant text := '(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/]\d{1,2}[-/]\d{2,4})';
	dmy constant text := '\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}';
	name text;
	candidate record;
	suits boolean;
	misfit text;
	changes jsonb := '{"MDY": [], "DMY": []}';	-- by the order of day and month
	style text;
BEGIN
	FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = 'public.orders'::regclass AND attnum > 0 ORDER BY attnum LOOP
		FOR candidate IN
			SELECT * FROM (VALUES
				(1, 'bigint', 'MDY', '[-+]?(0|[1-9]\d{0,17})(\.0+)?'),
				(2, 'numeric', 'MDY', '[-+]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?'),
				(3, 'date', 'MDY', mdy), (4, 'date', 'DMY', dmy),
				(5, 'timestamp', 'MDY', mdy || clock), (6, 'timestamp', 'DMY', dmy || clock),
				(7, 'timestamptz', 'MDY', mdy || clock || ' ?(Z|UTC|[-+]\d{2}(:?\d{2})?)')) AS c (rank, type, style, pattern)
			ORDER BY rank
		LOOP
			EXECUTE format('SELECT EXISTS (SELECT FROM public.orders WHERE pg_temp.value(%I) IS NOT NULL)', name) INTO suits;
			EXIT WHEN NOT suits;
			EXECUTE format('SELECT NOT EXISTS (SELECT FROM public.orders WHERE pg_temp.value(%I) !~ %L)', name, '^' || candidate.pattern || '$') INTO suits;
			CONTINUE WHEN NOT suits OR candidate.rank > 2 AND NOT pg_temp.fits(name, candidate.type, candidate.style);
			changes := jsonb_insert(changes, ARRAY[candidate.style, '0'], to_jsonb(format('ALTER %1$I TYPE %2$s USING pg_temp.value(%1$I)%3$s::%2$s',
				name, candidate.type, CASE WHEN candidate.type = 'bigint' THEN '::numeric' END)));
			suits := NULL;
			EXIT;
		END LOOP;
		CONTINUE WHEN suits IS NULL;
		FOR candidate IN
			SELECT * FROM (VALUES ('number', '[-+]?(0|[1-9]\d*)(\.\d*)?'), ('date', mdy || '(' || clock || ')?')) AS c (what, pattern)
		LOOP
			EXECUTE format('SELECT (array_agg(%1$I ORDER BY ctid) FILTER (WHERE pg_temp.value(%1$I) !~ %2$L))[1] FROM public.orders
				HAVING 2 * count(*) FILTER (WHERE pg_temp.value(%1$I) ~ %2$L) > count(pg_temp.value(%1$I))', name, '^' || candidate.pattern || '$') INTO misfit;
			IF misfit IS NOT NULL THEN
				RAISE WARNING 'column "%" is read as text: "%" is no %', name, misfit, candidate.what;
			END IF;
		END LOOP;
	END LOOP;
	FOREACH style IN ARRAY '{MDY,DMY}'::text[] LOOP
		CONTINUE WHEN changes->style = '[]';
		PERFORM set_config('datestyle', style, true);
		EXECUTE 'ALTER TABLE public.orders ' || (SELECT string_agg(change, ', ') FROM jsonb_array_elements_text(changes->style) AS change);
	END LOOP;
END $$;
ANALYZE public.orders;

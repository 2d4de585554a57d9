-- ---------------------------------------------------------------------------------------------------
-- summarise: the orders of any query as one history for each customer
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION summary_query(query text, key anyelement) RETURNS text
	AS 'MODULE_PATHNAME', 'summary_query' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION summary_query(text, anyelement) IS
'Internal: the statement that summarise runs: the query with its names looked up along the search path, grouped by customer';

-- No pinned path: the names of the query are the caller's, and nothing else here is looked up.
CREATE FUNCTION summarise(query text, key anyelement) RETURNS TABLE (customer anyelement, history purchase_history)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100000
AS $$
BEGIN
	RETURN QUERY EXECUTE @extschema@.summary_query(query, key);
END $$;
COMMENT ON FUNCTION summarise(text, anyelement) IS
'One purchase history for each customer of a query for (customer, day or time, amount [, order id]); key: NULL of the customer''s type. Equals GROUP BY customer with purchase_history(day, amount); with an order id the lines of an order are one order, of its earliest day';

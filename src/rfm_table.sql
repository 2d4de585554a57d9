-- ---------------------------------------------------------------------------------------------------
-- rfm_table: the RFM table of the orders of any query
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION rfm_table(query text, key anyelement, as_of date, bins integer DEFAULT 5, method text DEFAULT 'quantile')
	RETURNS TABLE (customer anyelement, days_since_last integer, orders bigint, total numeric, rfm rfm_score)
	AS 'MODULE_PATHNAME', 'rfm_table' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100000;
COMMENT ON FUNCTION rfm_table(text, anyelement, date, integer, text) IS
'The RFM table at as_of of a query for (customer, day or time, amount [, order id]): days, orders, net total and score of each customer with a purchase until then; bins 2 to 9, method quantile, mean, mean_score or ntile; equals rfm_score(history, as_of) OVER () of summarise';

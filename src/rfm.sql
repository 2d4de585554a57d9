-- ---------------------------------------------------------------------------------------------------
-- rfm: recency, frequency and money as scores
-- ---------------------------------------------------------------------------------------------------

-- rfm_score: three scores in one value

CREATE TYPE rfm_score;

CREATE FUNCTION rfm_score_in(cstring) RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_in(cstring) IS 'Input of rfm_score: three digits from 1 to 9';

CREATE FUNCTION rfm_score_out(rfm_score) RETURNS cstring
	AS 'MODULE_PATHNAME', 'rfm_score_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_out(rfm_score) IS 'Output of rfm_score: three digits';

CREATE FUNCTION rfm_score_recv(internal) RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_recv(internal) IS 'Binary input of rfm_score';

CREATE FUNCTION rfm_score_send(rfm_score) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rfm_score_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_send(rfm_score) IS 'Binary output of rfm_score';

CREATE TYPE rfm_score (
	INPUT = rfm_score_in,
	OUTPUT = rfm_score_out,
	RECEIVE = rfm_score_recv,
	SEND = rfm_score_send,
	LIKE = int4
);
COMMENT ON TYPE rfm_score IS
'RFM code such as 543: the scores of recency, frequency and money, each 1 to 9, more is better';

CREATE CAST (rfm_score AS int4) WITHOUT FUNCTION;
COMMENT ON CAST (rfm_score AS int4) IS 'The three digits as a number: 543';

CREATE FUNCTION recency_score(rfm_score) RETURNS int
	AS 'MODULE_PATHNAME', 'recency_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recency_score(rfm_score) IS 'Recency, the first digit of the code; the most recent customers have the highest score';

CREATE FUNCTION frequency_score(rfm_score) RETURNS int
	AS 'MODULE_PATHNAME', 'frequency_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION frequency_score(rfm_score) IS 'Frequency, the second digit of the code; the customers with most orders have the highest score';

CREATE FUNCTION monetary_score(rfm_score) RETURNS int
	AS 'MODULE_PATHNAME', 'monetary_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION monetary_score(rfm_score) IS 'Money, the third digit of the code; the customers with the highest total have the highest score';

CREATE FUNCTION fm_score(rfm_score) RETURNS numeric
	AS 'MODULE_PATHNAME', 'fm_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fm_score(rfm_score) IS 'Mean of the frequency and the money score, such as 4.5';

-- The value is an int4, and so is its order.

CREATE FUNCTION rfm_score_eq(rfm_score, rfm_score) RETURNS boolean
	AS 'int4eq' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_eq(rfm_score, rfm_score) IS 'Implementation of = operator';

CREATE FUNCTION rfm_score_ne(rfm_score, rfm_score) RETURNS boolean
	AS 'int4ne' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_ne(rfm_score, rfm_score) IS 'Implementation of <> operator';

CREATE FUNCTION rfm_score_lt(rfm_score, rfm_score) RETURNS boolean
	AS 'int4lt' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_lt(rfm_score, rfm_score) IS 'Implementation of < operator';

CREATE FUNCTION rfm_score_le(rfm_score, rfm_score) RETURNS boolean
	AS 'int4le' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_le(rfm_score, rfm_score) IS 'Implementation of <= operator';

CREATE FUNCTION rfm_score_gt(rfm_score, rfm_score) RETURNS boolean
	AS 'int4gt' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_gt(rfm_score, rfm_score) IS 'Implementation of > operator';

CREATE FUNCTION rfm_score_ge(rfm_score, rfm_score) RETURNS boolean
	AS 'int4ge' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_ge(rfm_score, rfm_score) IS 'Implementation of >= operator';

CREATE FUNCTION rfm_score_cmp(rfm_score, rfm_score) RETURNS int
	AS 'btint4cmp' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_cmp(rfm_score, rfm_score) IS 'Order of two scores: less than, equal to or greater than 0';

CREATE FUNCTION rfm_score_hash(rfm_score) RETURNS int
	AS 'hashint4' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_hash(rfm_score) IS 'Hash of a score';

CREATE FUNCTION rfm_score_hash_extended(rfm_score, int8) RETURNS int8
	AS 'hashint4extended' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_hash_extended(rfm_score, int8) IS 'Hash of a score with a seed';

CREATE OPERATOR = (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (rfm_score, rfm_score) IS 'The same three scores';

CREATE OPERATOR <> (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (rfm_score, rfm_score) IS 'Not the same three scores';

CREATE OPERATOR < (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (rfm_score, rfm_score) IS 'Less recent; or as recent and less frequent; or both equal and less money';

CREATE OPERATOR <= (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (rfm_score, rfm_score) IS 'Before in the order of scores, or equal';

CREATE OPERATOR > (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (rfm_score, rfm_score) IS 'More recent; or as recent and more frequent; or both equal and more money';

CREATE OPERATOR >= (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (rfm_score, rfm_score) IS 'After in the order of scores, or equal';

CREATE OPERATOR CLASS rfm_score_ops DEFAULT FOR TYPE rfm_score USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 rfm_score_cmp(rfm_score, rfm_score);
COMMENT ON OPERATOR CLASS rfm_score_ops USING btree IS 'Order by recency, then frequency, then money';

CREATE OPERATOR CLASS rfm_score_ops DEFAULT FOR TYPE rfm_score USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 rfm_score_hash(rfm_score),
	FUNCTION 2 rfm_score_hash_extended(rfm_score, int8);
COMMENT ON OPERATOR CLASS rfm_score_ops USING hash IS 'Grouping and joining by score';

-- rfm_breaks: where a population is cut

CREATE TYPE rfm_breaks;

CREATE FUNCTION rfm_breaks_in(cstring) RETURNS rfm_breaks
	AS 'MODULE_PATHNAME', 'rfm_breaks_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_in(cstring) IS
'Input of rfm_breaks: {days_since_last: 30,90; orders: 1,3; total: 50,200.5}';

CREATE FUNCTION rfm_breaks_out(rfm_breaks) RETURNS cstring
	AS 'MODULE_PATHNAME', 'rfm_breaks_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_out(rfm_breaks) IS 'Output of rfm_breaks';

CREATE FUNCTION rfm_breaks_recv(internal) RETURNS rfm_breaks
	AS 'MODULE_PATHNAME', 'rfm_breaks_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_recv(internal) IS 'Binary input of rfm_breaks';

CREATE FUNCTION rfm_breaks_send(rfm_breaks) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rfm_breaks_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_send(rfm_breaks) IS 'Binary output of rfm_breaks';

CREATE TYPE rfm_breaks (
	INPUT = rfm_breaks_in,
	OUTPUT = rfm_breaks_out,
	RECEIVE = rfm_breaks_recv,
	SEND = rfm_breaks_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = plain
);
COMMENT ON TYPE rfm_breaks IS
'Breaks between the scores of days since the last purchase, of orders and of totals, to be stored and used again';

CREATE FUNCTION rfm_breaks(days numeric[], orders numeric[], totals numeric[]) RETURNS rfm_breaks
	AS 'MODULE_PATHNAME', 'rfm_breaks_fixed' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks(numeric[], numeric[], numeric[]) IS
'Fixed breaks: 1 to 8 of each measure, equally many, ascending, kept to 12 digits; a value equal to a break is on its lower side';

CREATE FUNCTION breaks(rfm_breaks, OUT measure text, OUT cut int, OUT value numeric) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rfm_breaks_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 12;
COMMENT ON FUNCTION breaks(rfm_breaks) IS
'The breaks as rows: measure (days_since_last, orders, total), number of the cut from 1, value';

CREATE FUNCTION rfm_score(breaks rfm_breaks, days_since_last int, orders bigint, total numeric) RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_by_breaks' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(rfm_breaks, int, bigint, numeric) IS
'Score of one customer by given breaks: recency bins minus the breaks below the days, frequency and money 1 plus the breaks below; a total of 0 or less has money score 1';

CREATE FUNCTION rfm_breaks_accum(internal, int, bigint, numeric, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rfm_breaks_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_accum(internal, int, bigint, numeric, int) IS 'Transition of the aggregate rfm_breaks';

CREATE FUNCTION rfm_breaks_accum(internal, int, bigint, numeric, int, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'rfm_breaks_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_accum(internal, int, bigint, numeric, int, text) IS 'Transition of the aggregate rfm_breaks with a method';

CREATE FUNCTION rfm_breaks_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rfm_breaks_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_combine(internal, internal) IS 'Combination of two states of the aggregate rfm_breaks';

CREATE FUNCTION rfm_breaks_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rfm_breaks_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_serialize(internal) IS 'State of the aggregate rfm_breaks as bytes';

CREATE FUNCTION rfm_breaks_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rfm_breaks_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_deserialize(bytea, internal) IS 'State of the aggregate rfm_breaks from bytes';

CREATE FUNCTION rfm_breaks_final(internal) RETURNS rfm_breaks
	AS 'MODULE_PATHNAME', 'rfm_breaks_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_final(internal) IS 'Result of the aggregate rfm_breaks';

CREATE AGGREGATE rfm_breaks(days_since_last int, orders bigint, total numeric, bins int) (
	SFUNC = rfm_breaks_accum,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = rfm_breaks_final,
	COMBINEFUNC = rfm_breaks_combine,
	SERIALFUNC = rfm_breaks_serialize,
	DESERIALFUNC = rfm_breaks_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_breaks(int, bigint, numeric, int) IS
'Breaks of a population at the quantiles k / bins (linear interpolation, R type 7); customers with a NULL measure are left out; bins 2 to 9, the same in all rows; NULL without customers';

CREATE AGGREGATE rfm_breaks(days_since_last int, orders bigint, total numeric, bins int, method text) (
	SFUNC = rfm_breaks_accum,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = rfm_breaks_final,
	COMBINEFUNC = rfm_breaks_combine,
	SERIALFUNC = rfm_breaks_serialize,
	DESERIALFUNC = rfm_breaks_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_breaks(int, bigint, numeric, int, text) IS
'Breaks of a population by a method: quantile; mean (2 bins, at the mean); mean_score (2 bins, at the mean of the scores 1 to 5 by quantiles)';

-- rfm_score(…) OVER (…): a whole partition scored at once

CREATE FUNCTION rfm_score(days_since_last int, orders bigint, total numeric,
						  bins int DEFAULT 5, method text DEFAULT 'quantile') RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_of_measures' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(int, bigint, numeric, int, text) IS
'Window function: RFM score among all customers of the partition, whatever the frame; highest is best, equal values score equal; NULL where a measure is NULL; bins 2 to 9; method quantile, mean, mean_score or ntile';

CREATE FUNCTION rfm_score(days_since_last int, orders bigint, total float8,
						  bins int DEFAULT 5, method text DEFAULT 'quantile') RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_of_measures' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(int, bigint, float8, int, text) IS
'Window function: the same with a total of double precision';

CREATE FUNCTION rfm_score(last_purchase date, orders bigint, total numeric, as_of date,
						  bins int DEFAULT 5, method text DEFAULT 'quantile') RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_of_dates' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(date, bigint, numeric, date, int, text) IS
'Window function: RFM score at as_of from the date of the last purchase; NULL where that is after as_of; an infinite date is an error';

CREATE FUNCTION rfm_score(last_purchase date, orders bigint, total float8, as_of date,
						  bins int DEFAULT 5, method text DEFAULT 'quantile') RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_of_dates' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(date, bigint, float8, date, int, text) IS
'Window function: the same with a total of double precision';

CREATE FUNCTION rfm_score(history purchase_history, as_of date,
						  bins int DEFAULT 5, method text DEFAULT 'quantile') RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_of_histories' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(purchase_history, date, int, text) IS
'Window function: RFM score of purchase histories at as_of; NULL for a history without a purchase until then; money is net of refunds';


-- How many customers have which score and recency

CREATE TYPE rfm_total AS (rfm rfm_score, days_since_last int4, customers int8, orders int8, gross numeric, total numeric);
COMMENT ON TYPE rfm_total IS
'The customers of one score and recency: how many they are, their orders, gross and total';

CREATE FUNCTION rfm_totals_accum(internal, rfm_score, int4, int8, numeric, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_totals_accum(internal, rfm_score, int4, int8, numeric, numeric) IS 'Transition function of rfm_totals';
CREATE FUNCTION rfm_totals_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_totals_combine(internal, internal) IS 'Merges partial states of rfm_totals';
CREATE FUNCTION rfm_totals_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_totals_serialize(internal) IS 'Partial state of rfm_totals as bytes';
CREATE FUNCTION rfm_totals_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_totals_deserialize(bytea, internal) IS 'Partial state of rfm_totals from bytes';
CREATE FUNCTION rfm_totals_final(internal) RETURNS rfm_total[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_totals_final(internal) IS 'Final function of rfm_totals';

CREATE AGGREGATE rfm_totals(rfm rfm_score, days_since_last int4, orders int8, gross numeric, total numeric) (
	SFUNC = rfm_totals_accum, STYPE = internal, SSPACE = 1048576,
	FINALFUNC = rfm_totals_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rfm_totals_combine, SERIALFUNC = rfm_totals_serialize, DESERIALFUNC = rfm_totals_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_totals(rfm_score, int4, int8, numeric, numeric) IS
'The customers by score and recency, as an array in order: what GROUP BY rfm, days_since_last with count and sums gives; customers without score or days are left out, NULL orders and amounts add nothing, amounts are rounded to six digits';

-- Logistic regression of churn against R's glm, on telecom customers.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
SELECT plan(8);

CREATE TABLE telco (customer_id text, gender text, senior int, partner text, dependents text, tenure int, phone text, lines text, internet text, security text, backup text,
	protection text, support text, tv text, movies text, contract text, paperless text, payment text, monthly float8, total text, churn text);
CREATE TABLE glm (term text, coef float8, se float8, deviance float8, auc float8);
\set load '\\copy telco FROM PROGRAM ''zcat ' :data '/telco_churn.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy glm FROM ' :reference '/churn_logistic_telco.csv WITH (FORMAT csv, HEADER)'
:load
CREATE VIEW features AS
SELECT ARRAY[(contract = 'Month-to-month')::int, (internet = 'Fiber optic')::int, (payment = 'Electronic check')::int, (paperless = 'Yes')::int, senior, tenure, monthly] AS x, churn = 'Yes' AS churned
FROM telco WHERE tenure > 0;
CREATE TABLE fitted AS SELECT logistic_fit(x, churned) AS model FROM features;
SELECT results_eq('SELECT trust(model), observations(model), events(model), left_out(model) FROM fitted', $$VALUES ('ok', 7032::bigint, 1869::bigint, 0::bigint)$$, 'the fit rests on all customers with a tenure');
CREATE TABLE compared AS SELECT c.*, g.coef, g.se FROM fitted, coefficients(model, '{m2m,fiber,echeck,paperless,SeniorCitizen,tenure,MonthlyCharges}') c JOIN glm g ON lower(c.name) = lower(g.term);
SELECT is((SELECT count(*) FROM compared), 8::bigint, 'eight coefficients are compared');
SELECT cmp_ok((SELECT max(abs(estimate / coef - 1)) FROM compared), '<', 1e-12::float8, 'coefficients');
SELECT cmp_ok((SELECT max(abs(std_error / se - 1)) FROM compared), '<', 1e-8::float8, 'standard errors');
SELECT cmp_ok((SELECT max(abs(-2 * log_likelihood(model) / deviance - 1)) FROM fitted, glm), '<', 1e-13::float8, 'deviance');
SELECT cmp_ok((SELECT max(abs(auc(model) / auc - 1)) FROM fitted, glm), '<', 1e-14::float8, 'area under the curve');
SELECT cmp_ok((SELECT abs(auc(predict(model, x), churned) / min(auc(model)) - 1) FROM fitted, features), '<', 1e-14::float8, 'the same from predictions');
SELECT is((SELECT logistic_fit(x, churned ORDER BY random())::text FROM features), (SELECT model::text FROM fitted), 'in any order, to the last bit');
SELECT * FROM finish();


-- The views of a base, and their twins for any day ---------------------------------------------------

-- Every column of every view: its type, and what it means in English and Chinese. The views, their twins and their
-- comments are made from this table. What depends on a base (key, attributes) stands in angle brackets.
CREATE FUNCTION base_columns(OUT view text, OUT name text, OUT type text, OUT en text, OUT zh text) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	VALUES
	('customers', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('customers', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('customers', '<attributes>', '', '', ''),
	('customers', 'first_purchase', 'date', 'Day of the first purchase.', '首次购买日期。'),
	('customers', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('customers', 'days_since_last', 'integer', 'Days from the last purchase to as_of; 0 is the same day.', '最近一次购买距今天数,当天为 0。'),
	('customers', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('customers', 'refunds', 'bigint', 'Number of refunds.', '退款订单数。'),
	('customers', 'gross', 'numeric(38,2)', 'Sum of purchases.', '购买总额。'),
	('customers', 'refunded', 'numeric(38,2)', 'Sum of refunds, as a positive amount.', '退款总额(正数)。'),
	('customers', 'total', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('customers', 'average_order', 'numeric(38,2)', 'Gross divided by orders.', '客单价:购买总额除以订单数。'),
	('customers', 'tenure_days', 'integer', 'Days from the first purchase to as_of.', '首次购买距今天数。'),
	('customers', 'median_gap_days', 'double precision', 'Median of the days between purchase days; empty with fewer than two.', '购买间隔天数的中位数;不足两个购买日为空。'),
	('customers', 'rfm', 'text', 'Recency, frequency and money score as one code; the number of bins is best.', 'R、F、M 三个评分组成的代码,数字越大越好。'),
	('customers', 'recency_score', 'integer', 'Score of the last purchase; higher is more recent.', '最近购买评分,越大越近。'),
	('customers', 'frequency_score', 'integer', 'Score of the number of orders; higher is more.', '购买频次评分,越大越多。'),
	('customers', 'monetary_score', 'integer', 'Score of the total; higher is more.', '购买金额评分,越大越多。'),
	('customers', 'segment', 'text', 'Stable key of the segment.', '分群的固定标识。'),
	('customers', 'segment_label', 'text', 'Name of the segment.', '分群名称。'),
	('customers', 'segment_rank', 'integer', 'Order of the segments; 1 is best.', '分群排序,1 为最佳。'),
	('customers', 'abc_class', 'text', 'A: the customers that hold the first part of all revenue; B: the next; C: the rest.', 'ABC 分类:A 为贡献最大的一部分收入的客户,B 次之,C 为其余。'),
	('customers', 'stage', 'text', 'Stable key of the lifecycle stage: prospect, new, repeat, loyal, at_risk, dormant or churned; empty with refunds only.', '生命周期阶段的固定标识;仅有退款者为空。'),
	('customers', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('customers', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('customers', 'churn_risk', 'double precision', 'Probability of no purchase in the next 90 days, by the best method there is (view churn_risk).', '未来 90 天无购买的概率,按现有最佳方法(见视图 churn_risk)。'),
	('customers', 'churn_band', 'text', 'low, medium or high: each third of the risks.', '风险等级:low(低)、medium(中)、high(高),各占三分之一区间。'),
	('customers', 'churn_band_rank', 'integer', 'Order of the bands: 1 low to 3 high.', '风险等级排序:1 低至 3 高。'),
	('customers', 'revenue_at_risk', 'numeric(38,2)', 'Value to expect in the next 12 months, without models the last 12 months'', times the risk.', '风险收入:未来 12 个月预计价值(无模型时为最近 12 个月)乘以流失风险。'),
	('customers', 'probability_alive', 'double precision', 'Probability that the customer is still one, by the model; empty where the model says 1 of everybody: NBD, and BG/NBD without a repeat purchase.', '仍为客户的概率(按模型);模型对所有人恒为 1 时为空(NBD,以及无复购的 BG/NBD)。'),
	('customers', 'expected_purchases', 'double precision', 'Purchase days to expect in the next 12 months.', '未来 12 个月预计购买日数。'),
	('customers', 'historic_value', 'numeric(38,2)', 'Value of the customer so far: the total, at least 0, times the margin.', '至今的客户价值:净额(不小于 0)乘以毛利率。'),
	('customers', 'predicted_value_12m', 'numeric(38,2)', 'Value to expect in the next 12 months: purchases times spend times the margin, discounted.', '未来 12 个月预计价值:购买次数×金额×毛利率,已折现。'),
	('customers', 'total_value', 'numeric(38,2)', 'Historic and predicted value together.', '历史价值与预计价值之和。'),
	('customers', 'model_trust', 'text', 'What the predicted values are worth: ok, small_sample, not_identified; without values: not_converged, no_data, no_model (call fit_models).', '预计值的可信度:ok、small_sample(样本小)、not_identified(参数不可识别);无值时:not_converged、no_data、no_model(请运行 fit_models)。'),
	('customers', 'last_nps', 'integer', 'Last answer to a survey of kind nps, 0 to 10.', '最近一次 NPS 评分,0 至 10。'),
	('customers', 'last_satisfaction', 'integer', 'Last overall answer to a survey of kind csat; higher is more satisfied.', '最近一次总体满意度评分,越大越满意。'),
	('customers', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('customers', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('rfm', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('rfm', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('rfm', 'days_since_last', 'integer', 'Days from the last purchase to as_of; 0 is the same day.', '最近一次购买距今天数,当天为 0。'),
	('rfm', 'orders', 'bigint', 'Number of purchases, within the base''s rfm_window.', '购买订单数(在 rfm_window 之内)。'),
	('rfm', 'total', 'numeric(38,2)', 'Gross less refunded, within the base''s rfm_window.', '净额(在 rfm_window 之内)。'),
	('rfm', 'rfm', 'text', 'Recency, frequency and money score as one code; the number of bins is best.', 'R、F、M 三个评分组成的代码,数字越大越好。'),
	('rfm', 'recency_score', 'integer', 'Score of the last purchase; higher is more recent.', '最近购买评分,越大越近。'),
	('rfm', 'frequency_score', 'integer', 'Score of the number of orders; higher is more.', '购买频次评分,越大越多。'),
	('rfm', 'monetary_score', 'integer', 'Score of the total; higher is more.', '购买金额评分,越大越多。'),
	('rfm', 'segment', 'text', 'Stable key of the segment.', '分群的固定标识。'),
	('rfm', 'segment_label', 'text', 'Name of the segment.', '分群名称。'),
	('rfm', 'segment_rank', 'integer', 'Order of the segments; 1 is best.', '分群排序,1 为最佳。'),
	('rfm', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('rfm', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('rfm_segments', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('rfm_segments', 'segment', 'text', 'Stable key of the segment.', '分群的固定标识。'),
	('rfm_segments', 'segment_label', 'text', 'Name of the segment.', '分群名称。'),
	('rfm_segments', 'segment_rank', 'integer', 'Order of the segments; 1 is best.', '分群排序,1 为最佳。'),
	('rfm_segments', 'action', 'text', 'What to do with these customers.', '建议的行动。'),
	('rfm_segments', 'customers', 'bigint', 'Number of customers.', '客户数。'),
	('rfm_segments', 'share_of_customers', 'numeric(38,6)', 'Share of all scored customers, 0 to 1.', '占全部已评分客户的比例,0 到 1。'),
	('rfm_segments', 'total', 'numeric(38,2)', 'Their total.', '其净额合计。'),
	('rfm_segments', 'share_of_total', 'numeric(38,6)', 'Share of the total of all scored customers.', '占全部已评分客户净额的比例。'),
	('rfm_segments', 'average_order', 'numeric(38,2)', 'Their gross divided by their orders.', '客单价。'),
	('rfm_segments', 'median_days_since_last', 'double precision', 'Median of the days since the last purchase.', '最近一次购买距今天数的中位数。'),
	('rfm_segments', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('rfm_segments', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('abc', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('abc', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('abc', 'total', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('abc', 'share', 'numeric(38,6)', 'Share of the sum of all positive totals, 0 to 1.', '占全部正净额的比例,0 到 1。'),
	('abc', 'cumulative_share', 'numeric(38,6)', 'Share held by this customer and all larger ones; equal totals share it.', '累计比例:本客户与更大客户合计;净额相同者相同。'),
	('abc', 'abc_class', 'text', 'Class by the base''s stored limits: A, B or C.', '按客户库保存的界限分类:A、B 或 C。'),
	('abc', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('abc', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('kpis', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('kpis', 'period', 'date', 'First day of the period.', '周期首日。'),
	('kpis', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('kpis', 'customers_active', 'bigint', 'Customers with a purchase in the period.', '本期有购买的客户。'),
	('kpis', 'customers_new', 'bigint', 'Active customers whose first purchase ever it is.', '新客户:首次购买在本期。'),
	('kpis', 'customers_returning', 'bigint', 'Active customers who were active in the period before.', '回头客户:上期也有购买。'),
	('kpis', 'customers_reactivated', 'bigint', 'Active customers, not new, who were not active in the period before.', '唤回客户:非新客户,且上期无购买。'),
	('kpis', 'customers_lost', 'bigint', 'Customers active in the period before and not in this.', '流失客户:上期有购买而本期没有。'),
	('kpis', 'customers_total', 'bigint', 'Customers with a purchase until the end of the period.', '截至本期末购买过的客户总数。'),
	('kpis', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('kpis', 'gross', 'numeric(38,2)', 'Sum of purchases.', '购买总额。'),
	('kpis', 'refunded', 'numeric(38,2)', 'Sum of refunds, as a positive amount.', '退款总额(正数)。'),
	('kpis', 'net', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('kpis', 'average_order', 'numeric(38,2)', 'Gross divided by orders.', '客单价。'),
	('kpis', 'orders_per_customer', 'numeric(38,6)', 'Orders divided by active customers.', '人均订单数。'),
	('kpis', 'repeat_rate', 'numeric(38,6)', 'Share of the active customers with at least two purchases in the period, by the base''s count_by.', '复购率:本期至少购买两次的客户占比(按 count_by 计)。'),
	('kpis', 'refund_rate', 'numeric(38,6)', 'Refunded divided by gross.', '退款率:退款额除以购买额。'),
	('kpis', 'complete', 'boolean', 'False while the period is not over, and before history_starts.', '周期未结束或早于 history_starts 时为假。'),
	('kpis', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('kpis', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('lifecycle', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('lifecycle', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('lifecycle', 'stage', 'text', 'Stable key of the lifecycle stage.', '生命周期阶段的固定标识。'),
	('lifecycle', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('lifecycle', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('lifecycle', 'since', 'date', 'First day in the stage; empty for prospects.', '进入该阶段的日期;潜在客户为空。'),
	('lifecycle', 'days_in_stage', 'integer', 'Days from since to as_of.', '处于该阶段的天数。'),
	('lifecycle', 'reason', 'text', 'What brought the stage: first purchase, repeat purchase, loyal, silence or won back.', '变化原因:首次购买、再次购买、忠诚、沉默或赢回。'),
	('lifecycle', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('stage_counts', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('stage_counts', 'stage', 'text', 'Stable key of the lifecycle stage.', '生命周期阶段的固定标识。'),
	('stage_counts', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('stage_counts', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('stage_counts', 'action', 'text', 'What to do with these customers.', '建议的行动。'),
	('stage_counts', 'customers', 'bigint', 'Number of customers; prospects are those of the customers table without an order.', '客户数;潜在客户为客户表中无订单者。'),
	('stage_counts', 'share_of_customers', 'numeric(38,6)', 'Share of the customers of all stages, 0 to 1.', '占各阶段客户总数的比例,0 到 1。'),
	('stage_counts', 'total', 'numeric(38,2)', 'What they have brought so far: gross less refunded.', '其至今净额合计。'),
	('stage_counts', 'share_of_total', 'numeric(38,6)', 'Share of the total of all stages.', '占各阶段净额合计的比例。'),
	('stage_counts', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('stage_counts', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('stage_transitions', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('stage_transitions', 'from_stage', 'text', 'Stable key of the stage that was left.', '离开的阶段标识。'),
	('stage_transitions', 'from_label', 'text', 'Name of the stage that was left.', '离开的阶段名称。'),
	('stage_transitions', 'from_rank', 'integer', 'Order of the stage that was left.', '离开的阶段排序。'),
	('stage_transitions', 'to_stage', 'text', 'Stable key of the stage that was entered.', '进入的阶段标识。'),
	('stage_transitions', 'to_label', 'text', 'Name of the stage that was entered.', '进入的阶段名称。'),
	('stage_transitions', 'to_rank', 'integer', 'Order of the stage that was entered.', '进入的阶段排序。'),
	('stage_transitions', 'changes', 'bigint', 'How often that happened, to all customers until as_of.', '截至 as_of 全部客户发生的次数。'),
	('stage_transitions', 'share', 'numeric(38,6)', 'Share of all that left from_stage, 0 to 1.', '占离开该阶段次数的比例,0 到 1。'),
	('stage_transitions', 'median_days', 'double precision', 'Median of the days spent in from_stage before.', '此前在该阶段停留天数的中位数。'),
	('stage_transitions', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('win_backs', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('win_backs', 'stage', 'text', 'Stable key of the silent stage: at_risk, dormant or churned.', '沉默类阶段标识:流失预警、沉默或流失。'),
	('win_backs', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('win_backs', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('win_backs', 'entered', 'bigint', 'How often customers have entered the stage.', '进入该阶段的次数。'),
	('win_backs', 'won_back', 'bigint', 'How often a purchase ended it.', '因购买而赢回的次数。'),
	('win_backs', 'went_on', 'bigint', 'How often the next, worse stage followed.', '恶化到下一阶段的次数。'),
	('win_backs', 'still_there', 'bigint', 'Customers who are in it on as_of.', '截至 as_of 仍在该阶段的客户数。'),
	('win_backs', 'share_won_back', 'numeric(38,6)', 'Share won back of the stays that ended, 0 to 1; of churned, which nothing else ends, of all that began.', '赢回率:赢回次数占已结束次数的比例;流失阶段则占全部进入次数。'),
	('win_backs', 'median_days', 'double precision', 'Median of the days in the stage of those who were won back.', '被赢回者停留天数的中位数。'),
	('win_backs', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('at_risk_customers', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('at_risk_customers', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('at_risk_customers', '<attributes>', '', '', ''),
	('at_risk_customers', 'stage', 'text', 'at_risk or dormant.', '流失预警 (at_risk) 或沉默 (dormant)。'),
	('at_risk_customers', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('at_risk_customers', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('at_risk_customers', 'net_per_year', 'numeric(38,2)', 'What the firm would lose a year: total by the years since the first purchase, at least one.', '每年可能损失的净额:净额除以首购以来的年数(不足一年按一年)。'),
	('at_risk_customers', 'total', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('at_risk_customers', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('at_risk_customers', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('at_risk_customers', 'days_since_last', 'integer', 'Days from the last purchase to as_of.', '最近一次购买距今天数。'),
	('at_risk_customers', 'median_gap_days', 'double precision', 'Usual gap: median of the days between purchase days; empty with fewer than two.', '通常间隔:购买间隔天数的中位数;不足两个购买日为空。'),
	('at_risk_customers', 'since', 'date', 'First day in the stage.', '进入该阶段的日期。'),
	('at_risk_customers', 'reasons', 'text', 'Why: each sign with its measure.', '原因:各项信号及其数值。'),
	('at_risk_customers', 'churn_risk', 'double precision', 'Probability of no purchase in the next 90 days.', '未来 90 天无购买的概率。'),
	('at_risk_customers', 'revenue_at_risk', 'numeric(38,2)', 'Value to expect in the next 12 months times the risk.', '风险收入:未来 12 个月预计价值乘以流失风险。'),
	('at_risk_customers', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('at_risk_customers', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('prospects', 'customer', '<customer>', 'Key in the customers table.', '客户表中的标识。'),
	('prospects', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('prospects', '<attributes>', '', '', ''),
	('prospects', 'can_afford', 'boolean', 'Whether they can afford it, by the bases option can_afford.', '是否买得起(按选项 can_afford)。'),
	('prospects', 'has_need', 'boolean', 'Whether they need it, by the bases option has_need.', '是否用得着(按选项 has_need)。'),
	('prospects', 'prospect_stage', 'text', 'prospect, hot_prospect (both hold) or customer (has bought).', '潜在客户、准客户(两项均满足)或成交客户(已购买)。'),
	('prospects', 'prospect_label', 'text', 'Name of the stage.', '阶段名称。'),
	('prospects', 'prospect_rank', 'integer', 'Order of the stages: 1 prospect to 3 customer.', '阶段排序:1 潜在客户至 3 成交客户。'),
	('prospects', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('cohort_retention', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('cohort_retention', 'cohort', 'date', 'First day of the month of the first purchase.', '首次购买所在月份的首日(同期群)。'),
	('cohort_retention', 'period', 'integer', 'Months since; 0 is the month of the first purchase.', '距首购月份的月数,首购当月为 0。'),
	('cohort_retention', 'cohort_size', 'bigint', 'Customers whose first purchase was in that month.', '该月首次购买的客户数。'),
	('cohort_retention', 'customers', 'bigint', 'How many of them bought in the period, so far.', '其中本期有购买的客户数(截至目前)。'),
	('cohort_retention', 'retention', 'numeric(38,6)', 'Retention: their share of the cohort; empty while the period is not complete.', '留存率:占同期群的比例;周期不完整时为空。'),
	('cohort_retention', 'customers_or_later', 'bigint', 'How many of them bought in the period or later, so far.', '其中本期或之后有购买的客户数(截至目前)。'),
	('cohort_retention', 'retention_or_later', 'numeric(38,6)', 'Unbounded retention: their share of the cohort; empty while the period is not complete.', '无界留存率:占同期群的比例;周期不完整时为空。'),
	('cohort_retention', 'complete', 'boolean', 'False while the period is not over, and for cohorts before history_starts.', '周期未结束或早于 history_starts 的同期群为假。'),
	('cohort_retention', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('cohort_revenue', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('cohort_revenue', 'cohort', 'date', 'First day of the month of the first purchase.', '首次购买所在月份的首日(同期群)。'),
	('cohort_revenue', 'period', 'integer', 'Months since; 0 is the month of the first purchase.', '距首购月份的月数,首购当月为 0。'),
	('cohort_revenue', 'cohort_size', 'bigint', 'Customers whose first purchase was in that month.', '该月首次购买的客户数。'),
	('cohort_revenue', 'orders', 'bigint', 'Their purchases in the period.', '本期购买订单数。'),
	('cohort_revenue', 'revenue', 'numeric(38,2)', 'Their gross less refunded in the period.', '本期净额:购买减退款。'),
	('cohort_revenue', 'revenue_retention', 'numeric(38,6)', 'That by the revenue of period 0; empty while the period is not complete.', '收入留存率:与第 0 期净额之比;周期不完整时为空。'),
	('cohort_revenue', 'cumulative_revenue', 'numeric(38,2)', 'Revenue of the cohort so far.', '累计净额。'),
	('cohort_revenue', 'cumulative_per_customer', 'numeric(38,2)', 'That by the customers of the cohort; empty while the period is not complete.', '人均累计净额;周期不完整时为空。'),
	('cohort_revenue', 'complete', 'boolean', 'False while the period is not over, and for cohorts before history_starts.', '周期未结束或早于 history_starts 的同期群为假。'),
	('cohort_revenue', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('cohort_revenue', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('period_activity', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('period_activity', 'period', 'date', 'First day of the period.', '周期首日。'),
	('period_activity', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('period_activity', 'customers_active', 'bigint', 'Customers with a purchase in the period.', '本期有购买的客户。'),
	('period_activity', 'customers_new', 'bigint', 'Active customers whose first purchase ever it is.', '新客户:首次购买在本期。'),
	('period_activity', 'customers_returning', 'bigint', 'Active customers who were active in the period before.', '回头客户:上期也有购买。'),
	('period_activity', 'customers_reactivated', 'bigint', 'Active customers, not new, who were not active in the period before.', '唤回客户:非新客户,且上期无购买。'),
	('period_activity', 'customers_lost', 'bigint', 'Customers active in the period before and not in this.', '流失客户:上期有购买而本期没有。'),
	('period_activity', 'customers_total', 'bigint', 'Customers with a purchase until the end of the period.', '截至本期末购买过的客户总数。'),
	('period_activity', 'customers_at_start', 'bigint', 'Customers at the start of the period who were not in the stage churned.', '期初客户:已购买且未处于流失阶段。'),
	('period_activity', 'customers_churned', 'bigint', 'How many of them entered the stage churned in the period.', '其中本期进入流失阶段的客户。'),
	('period_activity', 'churned_at_start', 'bigint', 'Customers in the stage churned at the start of the period.', '期初处于流失阶段的客户。'),
	('period_activity', 'customers_won_back', 'bigint', 'How many of them bought in the period.', '其中本期被赢回的客户。'),
	('period_activity', 'repeat_rate', 'numeric(38,6)', 'Active customers with at least two purchases in the period, by the base''s count_by, of all active ones.', '复购率:本期至少购买两次的客户占比(按 count_by 计)。'),
	('period_activity', 'loss_rate', 'numeric(38,6)', 'Customers lost, of those active in the period before.', '失活率:上期活跃客户中本期未购买的比例。'),
	('period_activity', 'reactivation_rate', 'numeric(38,6)', 'Customers reactivated, of those who had bought, but not in the period before.', '唤回率:上期未购买的老客户中本期购买的比例。'),
	('period_activity', 'churn_rate', 'numeric(38,6)', 'Customers churned, of those at the start.', '流失率:本期流失占期初客户的比例。'),
	('period_activity', 'win_back_rate', 'numeric(38,6)', 'Customers won back, of those churned at the start.', '赢回率:本期赢回占期初已流失客户的比例。'),
	('period_activity', 'stickiness', 'numeric(38,6)', 'Days with a purchase of the active customers, of all their days in the period.', '粘性:活跃客户的购买日数占其全部日数的比例。'),
	('period_activity', 'complete', 'boolean', 'False while the period is not over, and before history_starts; the rates are empty then.', '周期未结束或早于 history_starts 时为假,此时各比率为空。'),
	('period_activity', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('histories', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('histories', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('histories', 'history', '<history>', 'Every day with purchases or refunds, as a purchase_history.', '完整购买历史(purchase_history)。'),
	('summary_now', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('summary_now', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('summary_now', 'history', '<history>', 'Every day with purchases or refunds, as a purchase_history.', '完整购买历史(purchase_history)。'),
	('summary_now', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('summary_now', 'gross', 'numeric', 'Sum of purchases.', '购买总额。'),
	('summary_now', 'total', 'numeric', 'Gross less refunded.', '净额:购买减退款。'),
	('summary_now', 'first_purchase', 'date', 'Day of the first purchase.', '首次购买日期。'),
	('summary_now', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('summary_now', 'last_day', 'date', 'Last day with a purchase or a refund.', '最近一次购买或退款的日期。'),
	('summary_now', 'stage', '<stage>', 'Lifecycle stage on stage_on; empty where changes are not folded yet.', 'stage_on 当日的生命周期阶段;有未合并变更时为空。'),
	('summary_now', 'stage_on', 'date', 'The day of that stage.', '该阶段的日期。'),
	('summary_now', 'stage_due', 'date', 'The day on which it changes without a purchase.', '若无购买,阶段变化的日期。'),
	('churn_risk', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('churn_risk', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('churn_risk', 'risk', 'double precision', 'Probability of no purchase in the next horizon_days.', '未来 horizon_days 天无购买的概率。'),
	('churn_risk', 'band', 'text', 'low, medium or high: each third of the risks.', '风险等级:low、medium、high,各占三分之一区间。'),
	('churn_risk', 'band_label', 'text', 'Name of the band.', '风险等级名称。'),
	('churn_risk', 'band_rank', 'integer', 'Order of the bands: 1 low to 3 high.', '风险等级排序:1 低至 3 高。'),
	('churn_risk', 'method', 'text', 'What the risk is computed by: logistic (regression on churn_features), a purchase model, or own_rhythm.', '计算方法:logistic(逻辑回归)、购买模型或 own_rhythm(自身节奏)。'),
	('churn_risk', 'days_since_last', 'integer', 'Days from the last purchase to as_of; 0 is the same day.', '最近一次购买距今天数,当天为 0。'),
	('churn_risk', 'median_gap_days', 'double precision', 'Usual gap: median of the days between purchase days; empty with fewer than two.', '惯常购买间隔天数的中位数;不足两个购买日为空。'),
	('churn_risk', 'overdue_ratio', 'double precision', 'Silence in usual gaps; more than 2 is overdue.', '沉默天数与惯常间隔之比,大于 2 为超期。'),
	('churn_risk', 'reasons', 'text', 'Why: each sign with its measure.', '原因:各项信号及其数值。'),
	('churn_risk', 'expected_value', 'numeric(38,2)', 'Value to expect in the next 12 months by the models; without them that of the last 12 months.', '未来 12 个月预计价值(按模型);无模型时为最近 12 个月价值。'),
	('churn_risk', 'revenue_at_risk', 'numeric(38,2)', 'Expected value times the risk.', '风险收入:预计价值乘以风险。'),
	('churn_risk', 'next_purchase', 'date', 'Day by which half of such customers have bought again, of those who do.', '若会再次购买,一半此类客户将在此日之前购买。'),
	('churn_risk', 'next_purchase_earliest', 'date', 'Lower end of its 80 % interval.', '其 80 % 区间下限。'),
	('churn_risk', 'next_purchase_latest', 'date', 'Upper end of its 80 % interval.', '其 80 % 区间上限。'),
	('churn_risk', 'horizon_days', 'integer', 'Days of which the risk speaks; edit it in churn_model.', '风险所指天数,可在 churn_model 中修改。'),
	('churn_risk', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('churn_risk', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('ltv', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('ltv', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('ltv', 'historic_value', 'numeric(38,2)', 'Value so far: the total, at least 0, times the margin.', '至今的价值:净额(不小于 0)乘以毛利率。'),
	('ltv', 'probability_alive', 'double precision', 'Probability that the customer is still one, by the model; empty where the model says 1 of everybody: NBD, and BG/NBD without a repeat purchase.', '仍为客户的概率(按模型);模型对所有人恒为 1 时为空(NBD,以及无复购的 BG/NBD)。'),
	('ltv', 'expected_purchases', 'double precision', 'Purchase days to expect in the next 12 months.', '未来 12 个月预计购买日数。'),
	('ltv', 'expected_spend', 'numeric(38,2)', 'Spend to expect on each of them, before the margin.', '每个购买日预计金额(未乘毛利率)。'),
	('ltv', 'predicted_value_12m', 'numeric(38,2)', 'Value to expect in the next 12 months: purchases times spend times the margin, discounted.', '未来 12 个月预计价值:购买次数×金额×毛利率,已折现。'),
	('ltv', 'total_value', 'numeric(38,2)', 'Historic and predicted value together.', '历史价值与预计价值之和。'),
	('ltv', 'current_value', 'numeric(38,2)', 'What the customer has brought in the last 12 months: net amount times the margin.', '当前价值:最近 12 个月净额乘以毛利率。'),
	('ltv', 'potential_value', 'numeric(38,2)', 'Potential: by how much current_value is below that of the median customer of the same segment, as of the last fit_models.', '潜在价值:当前价值低于同一分群中位客户的差额(按最近一次 fit_models)。'),
	('ltv', 'segment', 'text', 'Stable key of that segment.', '该分群的固定标识。'),
	('ltv', 'model', 'text', 'The purchase model of these values.', '所用购买模型。'),
	('ltv', 'model_trust', 'text', 'What the predicted values are worth: ok, small_sample, not_identified; without values: not_converged, no_data, no_model (call fit_models).', '预计值的可信度:ok、small_sample(样本小)、not_identified(参数不可识别);无值时:not_converged、no_data、no_model(请运行 fit_models)。'),
	('ltv', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('ltv', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('model_fit', 'model', 'text', 'Stable key of the model.', '模型的固定标识。'),
	('model_fit', 'title', 'text', 'Name of the model in the literature.', '模型的文献名称。'),
	('model_fit', 'is_default', 'boolean', 'Whether the values of customers are those of this model.', '客户价值是否采用此模型。'),
	('model_fit', 'chosen_by', 'text', 'Why: holdout (smallest error by customer in the holdout), aic (the data are too short for one), default (no model can be trusted).', '选择依据:holdout(留出期内客户误差最小)、aic(数据太短)、default(没有可信模型)。'),
	('model_fit', 'trust', 'text', 'What its numbers are worth: ok, small_sample, not_identified, not_converged, no_data.', '可信度:ok、small_sample、not_identified、not_converged、no_data。'),
	('model_fit', 'customers', 'bigint', 'Customers that it was fitted on.', '拟合所用客户数。'),
	('model_fit', 'repeat_customers', 'bigint', 'Customers among them with a repeat purchase.', '其中有复购的客户数。'),
	('model_fit', 'left_out', 'bigint', 'Customers who had nothing to fit on.', '无可用数据而未参与拟合的客户数。'),
	('model_fit', 'log_likelihood', 'double precision', 'Log-likelihood at the parameters.', '对数似然。'),
	('model_fit', 'aic', 'double precision', 'Akaike''s information criterion; less is better, among purchase models.', 'AIC,越小越好(仅在购买模型之间比较)。'),
	('model_fit', 'bic', 'double precision', 'Bayesian information criterion; less is better, among purchase models.', 'BIC,越小越好(仅在购买模型之间比较)。'),
	('model_fit', 'calibrated_until', 'date', 'The holdout: a second fit on all until this day was judged by what followed; empty where the data are too short.', '留出检验:另用截至此日的数据拟合,以其后的数据检验;数据太短时为空。'),
	('model_fit', 'held_out_until', 'date', 'Last day of the holdout.', '留出期最后一日。'),
	('model_fit', 'holdout_trust', 'text', 'Trust of that second fit.', '该次拟合的可信度。'),
	('model_fit', 'holdout_customers', 'bigint', 'Customers in the holdout.', '参与检验的客户数。'),
	('model_fit', 'holdout_actual', 'bigint', 'Their purchase days in it.', '留出期内实际购买日数。'),
	('model_fit', 'holdout_predicted', 'double precision', 'Purchase days that were predicted.', '预计购买日数。'),
	('model_fit', 'holdout_mae', 'double precision', 'Mean absolute error by customer.', '每客户平均绝对误差。'),
	('model_fit', 'holdout_rmse', 'double precision', 'Root mean squared error by customer.', '每客户均方根误差。'),
	('model_fit', 'holdout_correlation', 'double precision', 'Correlation of predicted and actual purchase days.', '预计与实际的相关系数。'),
	('model_fit', 'spend_correlation', 'double precision', 'Of Gamma-Gamma: correlation of the number of repeat purchases and their mean, which it assumes to be near 0.', 'Gamma-Gamma:复购次数与平均金额的相关系数,模型假设其接近 0。'),
	('model_fit', 'as_of', 'date', 'The day until which it was fitted.', '拟合所用数据的截止日。'),
	('model_fit', 'fitted_at', 'timestamp with time zone', 'When it was fitted.', '拟合时间。'),
	('model_fit', 'age_days', 'integer', 'Days from as_of to the day of the base.', '拟合截止日距客户库日期的天数。'),
	('model_parameters', 'model', 'text', 'Stable key of the model.', '模型的固定标识。'),
	('model_parameters', 'parameter', 'text', 'Name of the parameter in the literature.', '参数名称。'),
	('model_parameters', 'estimate', 'double precision', 'Its estimate.', '估计值。'),
	('model_parameters', 'std_error', 'double precision', 'Standard error; empty where the data do not tell.', '标准误;数据不足以判断时为空。'),
	('model_parameters', 'ci_low', 'double precision', 'Lower end of the 95 % interval.', '95 % 区间下限。'),
	('model_parameters', 'ci_high', 'double precision', 'Upper end of the 95 % interval.', '95 % 区间上限。'),
	('model_parameters', 'is_default', 'boolean', 'Whether the values of customers are those of this model.', '客户价值是否采用此模型。'),
	('nps_by_period', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('nps_by_period', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('nps_by_period', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('nps_by_period', 'period', 'date', 'First day of the period.', '周期首日。'),
	('nps_by_period', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('nps_by_period', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('nps_by_period', 'promoters', 'bigint', 'Answers of 9 and 10.', '推荐者:9 至 10 分。'),
	('nps_by_period', 'passives', 'bigint', 'Answers of 7 and 8.', '被动者:7 至 8 分。'),
	('nps_by_period', 'detractors', 'bigint', 'Answers of 0 to 6.', '贬损者:0 至 6 分。'),
	('nps_by_period', 'nps', 'numeric(38,2)', 'Net promoter score, -100 to 100.', '净推荐值,-100 至 100。'),
	('nps_by_period', 'nps_low', 'numeric(38,2)', 'Lower end of its 95 % interval (adjusted Wald).', '其 95 % 区间下限(调整 Wald)。'),
	('nps_by_period', 'nps_high', 'numeric(38,2)', 'Upper end of its 95 % interval (adjusted Wald).', '其 95 % 区间上限(调整 Wald)。'),
	('nps_by_period', 'change', 'numeric(38,2)', 'Difference to the period before that has answers.', '与上一个有回答的周期之差。'),
	('nps_by_period', 'p_value', 'numeric(38,6)', 'Probability of a change at least as large if nothing had changed, for independent samples.', '若无变化,出现如此差异的概率(独立样本)。'),
	('nps_by_period', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('nps_by_period', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_period', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_period', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_period', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_period', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_period', 'period', 'date', 'First day of the period.', '周期首日。'),
	('satisfaction_by_period', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('satisfaction_by_period', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_period', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_period', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_period', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_period', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_period', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_period', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_period', 'change', 'numeric(38,2)', 'Difference of the mean to the period before that has answers.', '平均分与上一个有回答的周期之差。'),
	('satisfaction_by_period', 'p_value', 'numeric(38,6)', 'Probability of a change at least as large if nothing had changed, for independent samples.', '若无变化,出现如此差异的概率(独立样本)。'),
	('satisfaction_by_period', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('satisfaction_by_period', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_dimension', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_dimension', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_dimension', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_dimension', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_dimension', 'dimension', 'text', 'What was asked about, such as quality, price, delivery or service.', '评价维度,如质量、价格、交付、服务。'),
	('satisfaction_by_dimension', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_dimension', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_dimension', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_dimension', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_dimension', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_dimension', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_dimension', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_dimension', 'gap', 'numeric(38,2)', 'Mean of this dimension less that of all dimensions of the survey.', '本维度平均分减去该调查全部维度的平均分。'),
	('satisfaction_by_dimension', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_channel', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_channel', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_channel', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_channel', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_channel', 'channel', 'text', 'How the answer was collected.', '收集渠道。'),
	('satisfaction_by_channel', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_channel', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_channel', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_channel', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_channel', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_channel', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_channel', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_channel', 'bias', 'numeric(38,2)', 'Mean of this channel less that of all others.', '渠道偏差:本渠道平均分减去其余渠道平均分。'),
	('satisfaction_by_channel', 'bias_low', 'numeric(38,2)', 'Lower end of its 95 % interval (Welch).', '其 95 % 区间下限(Welch)。'),
	('satisfaction_by_channel', 'bias_high', 'numeric(38,2)', 'Upper end of its 95 % interval (Welch).', '其 95 % 区间上限(Welch)。'),
	('satisfaction_by_channel', 'p_value', 'numeric(38,6)', 'Probability of such a bias if channels did not differ.', '若渠道无差异,出现如此偏差的概率。'),
	('satisfaction_by_channel', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_agent', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_agent', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_agent', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_agent', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_agent', 'agent', 'text', 'Who served the customer.', '服务人员。'),
	('satisfaction_by_agent', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_agent', 'enough', 'boolean', 'Whether there are as many answers as the survey''s minimum_answers; if not, compare nobody by them.', '回答数是否达到该调查的 minimum_answers;未达到时不宜比较。'),
	('satisfaction_by_agent', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_agent', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_agent', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_agent', 'shrunk_mean', 'numeric(38,2)', 'Mean drawn to that of all agents where answers are few, for ranking.', '收缩平均分:回答少时向全体平均靠拢,用于排名。'),
	('satisfaction_by_agent', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_agent', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_agent', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_agent', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_drivers', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_drivers', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_drivers', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_drivers', 'dimension', 'text', 'What was asked about.', '评价维度。'),
	('satisfaction_drivers', 'answers', 'bigint', 'Responses with an overall answer and one for each dimension.', '含总体与全部维度评分的回答份数。'),
	('satisfaction_drivers', 'performance', 'numeric(38,2)', 'Mean score of the dimension.', '表现:该维度平均分。'),
	('satisfaction_drivers', 'correlation', 'numeric(38,6)', 'Correlation with the overall answer.', '与总体评分的相关系数。'),
	('satisfaction_drivers', 'beta', 'numeric(38,6)', 'Standardised coefficient of the regression of the overall answer on all dimensions.', '总体评分对各维度回归的标准化系数。'),
	('satisfaction_drivers', 'std_error', 'numeric(38,6)', 'Its standard error.', '其标准误。'),
	('satisfaction_drivers', 'p_value', 'numeric(38,6)', 'Probability of such a coefficient if the dimension did not matter.', '若该维度无影响,出现如此系数的概率。'),
	('satisfaction_drivers', 'importance', 'numeric(38,6)', 'Share of what all dimensions explain together, 0 to 1.', '重要性:在全部维度共同解释部分中的占比。'),
	('satisfaction_drivers', 'quadrant', 'text', 'keep up, concentrate here, low priority or possible overkill: importance and performance against their means.', '重要性-表现象限。'),
	('satisfaction_drivers', 'quadrant_label', 'text', 'Name of the quadrant.', '象限名称。'),
	('satisfaction_drivers', 'note', 'text', 'Why there is no number, if there is none.', '无数值时的原因。'),
	('satisfaction_drivers', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('survey_waves', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('survey_waves', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('survey_waves', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('survey_waves', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('survey_waves', 'dimension', 'text', 'What was asked about; empty: the survey''s overall question, or all of its questions.', '评价维度;空为总体问题(或全部问题)。'),
	('survey_waves', 'wave', 'date', 'First day of the wave.', '本轮首日。'),
	('survey_waves', 'unit', 'text', 'Length of a wave, as the table surveys says.', '每轮长度,见 surveys 表。'),
	('survey_waves', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('survey_waves', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('survey_waves', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('survey_waves', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('survey_waves', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('survey_waves', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('survey_waves', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('survey_waves', 'nps', 'numeric(38,2)', 'Net promoter score, for kind nps.', '净推荐值(仅 nps)。'),
	('survey_waves', 'previous_wave', 'date', 'First day of the wave before.', '上一轮首日。'),
	('survey_waves', 'previous_answers', 'bigint', 'Its number of answers.', '上一轮回答数。'),
	('survey_waves', 'change', 'numeric(38,2)', 'Difference to the wave before: of the net promoter score for kind nps, else of the mean.', '与上一轮之差:nps 为净推荐值,其余为平均分。'),
	('survey_waves', 'p_value', 'numeric(38,6)', 'Probability of a change at least as large if nothing had changed, for independent samples.', '若无变化,出现如此差异的概率(独立样本)。'),
	('survey_waves', 'significant', 'boolean', 'Whether the change is more than chance, at 5 %.', '变化是否显著(5 % 水平)。'),
	('survey_waves', 'latest', 'boolean', 'Whether it is the last wave that has answers.', '是否为最近一轮。'),
	('survey_waves', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('survey_waves', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('detractors_to_call', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('detractors_to_call', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('detractors_to_call', '<attributes>', '', '', ''),
	('detractors_to_call', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('detractors_to_call', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('detractors_to_call', 'score', 'integer', 'The customer''s last answer: 0 to 6 of nps, the lowest two of csat, the lowest three of ces.', '最近一次评分:nps 0 至 6、csat 最低两档、ces 最低三档。'),
	('detractors_to_call', 'answered_on', 'date', 'Day of that answer.', '回答日期。'),
	('detractors_to_call', 'days_ago', 'integer', 'Days from it to as_of.', '距今天数。'),
	('detractors_to_call', 'stage', 'text', 'Stable key of the lifecycle stage.', '生命周期阶段的固定标识。'),
	('detractors_to_call', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('detractors_to_call', 'total', 'numeric(38,2)', 'What the customer has brought so far: gross less refunded.', '客户至今净额。'),
	('detractors_to_call', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('detractors_to_call', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('detractors_to_call', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('detractors_to_call', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_loyalty', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_loyalty', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_loyalty', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_loyalty', 'level', 'integer', 'Score of the customer''s answer; of nps 1 detractors, 2 passives, 3 promoters.', '评分档;nps 为 1 贬损者、2 被动者、3 推荐者。'),
	('satisfaction_loyalty', 'level_label', 'text', 'Name of the level.', '档位名称。'),
	('satisfaction_loyalty', 'customers', 'bigint', 'Customers whose last answer that was, long enough ago to know.', '最近一次评分为此档且已满观察期的客户数。'),
	('satisfaction_loyalty', 'repeated', 'bigint', 'Customers among them who bought again within the survey''s loyalty_days.', '其中在 loyalty_days 天内再次购买的客户数。'),
	('satisfaction_loyalty', 'repeat_rate', 'numeric(38,6)', 'Share of them, 0 to 1.', '再购率,0 到 1。'),
	('satisfaction_loyalty', 'repeat_rate_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_loyalty', 'repeat_rate_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_loyalty', 'odds_ratio', 'numeric(38,2)', 'Odds of buying again against those of the next lower level that has customers.', '与下一较低档相比的再购优势比。'),
	('satisfaction_loyalty', 'odds_ratio_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_loyalty', 'odds_ratio_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_loyalty', 'p_value', 'numeric(38,6)', 'Probability of such a ratio if levels did not differ.', '若两档无差异,出现如此比值的概率。'),
	('satisfaction_loyalty', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('complaints_by_period', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('complaints_by_period', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('complaints_by_period', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('complaints_by_period', 'period', 'date', 'First day of the period.', '周期首日。'),
	('complaints_by_period', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('complaints_by_period', 'complaints', 'bigint', 'Number of complaints.', '投诉数。'),
	('complaints_by_period', 'customers', 'bigint', 'Customers who complained.', '投诉客户数。'),
	('complaints_by_period', 'orders', 'bigint', 'Purchases of the period.', '本期购买订单数。'),
	('complaints_by_period', 'per_100_orders', 'numeric(38,2)', 'Complaints for each hundred purchases.', '每百单投诉数。'),
	('complaints_by_period', 'complaint_rate', 'numeric(38,6)', 'Complaints divided by purchases.', '投诉率:投诉数除以购买订单数。'),
	('complaints_by_period', 'complaint_rate_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('complaints_by_period', 'complaint_rate_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('complaints_by_period', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('complaints_by_period', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('complaint_reasons', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('complaint_reasons', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('complaint_reasons', 'reason', 'text', 'The complaint''s dimension; empty where none was given.', '投诉原因(维度);未注明为空。'),
	('complaint_reasons', 'complaints', 'bigint', 'Number of complaints.', '投诉数。'),
	('complaint_reasons', 'share', 'numeric(38,6)', 'Share of all complaints, 0 to 1.', '占全部投诉的比例。'),
	('complaint_reasons', 'last_90_days', 'bigint', 'Complaints of the last 90 days.', '最近 90 天投诉数。'),
	('complaint_reasons', 'before_90_days', 'bigint', 'Complaints of the 90 days before.', '此前 90 天投诉数。'),
	('complaint_reasons', 'p_value', 'numeric(38,6)', 'Probability of such a change of the reason''s share if nothing had changed.', '若该原因占比无变化,出现如此差异的概率。'),
	('complaint_reasons', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('survey_status', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('survey_status', 'kind', 'text', 'nps, csat, ces or complaint.', 'nps、csat、ces 或 complaint(投诉)。'),
	('survey_status', 'scale', 'text', 'Lowest and highest score.', '最低与最高分。'),
	('survey_status', 'source', 'text', 'Table or view that is read.', '来源表或视图。'),
	('survey_status', 'mode', 'text', 'live: exact at every moment; refresh: follows its source when the base is refreshed or advanced.', 'live:实时;refresh:随客户库刷新或推进而更新。'),
	('survey_status', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('survey_status', 'customers', 'bigint', 'Customers who answered.', '回答过的客户数。'),
	('survey_status', 'anonymous', 'bigint', 'Answers without a customer.', '匿名回答数。'),
	('survey_status', 'quarantined', 'bigint', 'Answers that cannot be used: the table answers has them with their problem.', '无法使用的回答数;见 answers 表的 problem 列。'),
	('survey_status', 'first_day', 'date', 'Day of the first answer.', '最早回答日期。'),
	('survey_status', 'last_day', 'date', 'Day of the last answer.', '最近回答日期。'),
	('survey_status', 'refreshed_at', 'timestamp with time zone', 'When the source was read last.', '最近一次读取来源的时间。'),
	('survey_status', 'stale', 'boolean', 'Whether the survey is known to be behind its source.', '是否已知落后于来源。'),
	('survey_status', 'stale_reason', 'text', 'Why, and what to do.', '原因与处理办法。'),
	('kpi_targets', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('kpi_targets', 'metric', 'text', 'What is to be reached.', '指标。'),
	('kpi_targets', 'survey', 'text', 'Name of the survey, for metrics of surveys.', '调查名称(调查类指标)。'),
	('kpi_targets', 'period', 'date', 'First day of the period.', '周期首日。'),
	('kpi_targets', 'unit', 'text', 'week, month, quarter or year.', '周期单位:周、月、季、年。'),
	('kpi_targets', 'target', 'numeric', 'The target.', '目标值。'),
	('kpi_targets', 'better', 'text', 'higher or lower.', '越高越好 (higher) 或越低越好 (lower)。'),
	('kpi_targets', 'actual', 'numeric(38,6)', 'What was reached so far.', '实际值。'),
	('kpi_targets', 'low', 'numeric(38,6)', 'Lower end of its 95 % interval, where it is of a sample.', '其 95 % 区间下限(样本类指标)。'),
	('kpi_targets', 'high', 'numeric(38,6)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('kpi_targets', 'met', 'boolean', 'Whether the target is met; empty without data.', '是否达标;无数据为空。'),
	('kpi_targets', 'certain', 'boolean', 'Whether the whole interval lies on that side of the target.', '整个区间是否都在目标的同一侧。'),
	('kpi_targets', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('kpi_targets', 'as_of', 'date', 'The day of which the row speaks.', '本行所述日期。'),
	('data_quality', 'item', 'text', 'What was counted.', '计数项目。'),
	('data_quality', 'rows', 'bigint', 'How many.', '数量。'),
	('data_quality', 'explanation', 'text', 'What it means.', '说明。'),
	('base_status', 'base', 'text', 'Name of the base.', '客户库名称。'),
	('base_status', 'version', 'text', 'Version of the base''s tables and views.', '客户库版本。'),
	('base_status', 'mode', 'text', 'live: exact at every moment; refresh: follows its source when it is refreshed; starting: triggers are there, the source is to be read.', 'live:实时;refresh:刷新时同步;starting:触发器已建,待读取来源。'),
	('base_status', 'as_of', 'date', 'The day of the base.', '客户库日期。'),
	('base_status', 'source', 'text', 'Table or view that is read.', '来源表或视图。'),
	('base_status', 'rows_seen', 'bigint', 'Rows that the last refresh read.', '最近一次刷新读取的行数。'),
	('base_status', 'customers', 'bigint', 'Customers in the base.', '客户数。'),
	('base_status', 'bytes', 'bigint', 'Size of the summary and of what is not folded yet, with their indexes.', '汇总表与未合并变更及其索引的字节数。'),
	('base_status', 'delta_rows', 'bigint', 'Changes that are not folded into the summary yet; every view has them already.', '尚未合并的变更行数(各视图已计入)。'),
	('base_status', 'oldest_delta', 'timestamp with time zone', 'When the oldest of them was made.', '其中最早一条的时间。'),
	('base_status', 'last_fold', 'timestamp with time zone', 'When changes were folded last.', '最近一次合并的时间。'),
	('base_status', 'last_refresh', 'timestamp with time zone', 'When the source was read last.', '最近一次刷新时间。'),
	('base_status', 'refresh_seconds', 'numeric(12,2)', 'How long that took.', '刷新用时(秒)。'),
	('base_status', 'last_advance', 'timestamp with time zone', 'When the base was advanced last.', '最近一次推进的时间。'),
	('base_status', 'advanced_to', 'date', 'The day that the log of stages has reached.', '阶段日志所到日期。'),
	('base_status', 'cut_points_as_of', 'date', 'The day of the stored cut points.', '所存分界点的日期。'),
	('base_status', 'models_fitted_on', 'date', 'The day until which the models were fitted; empty without models.', '模型拟合数据的截止日;无模型时为空。'),
	('base_status', 'models_note', 'text', 'What to know of them: that there are none, that they are old, or that they cannot be trusted.', '模型提示:没有模型、模型过旧或不可信。'),
	('base_status', 'last_verify', 'timestamp with time zone', 'When the base was verified last since the last refresh.', '最近一次核对的时间(自上次刷新)。'),
	('base_status', 'verify_differences', 'bigint', 'Differences that were found.', '核对发现的差异数。'),
	('base_status', 'triggers_ok', 'boolean', 'Whether a live base has all its triggers; empty in refresh mode.', '实时客户库的触发器是否齐全;刷新模式为空。'),
	('base_status', 'quarantined', 'bigint', 'Rows of the source that could not be used.', '无法使用的来源行数。'),
	('base_status', 'kept_before', 'date', 'Orders before this day are the base''s own and are not compared with the source.', '此日之前的历史由客户库保留,不再与来源比较。'),
	('base_status', 'stale', 'boolean', 'Whether the base is known to be behind its source or its day.', '是否已知落后于来源或日期。'),
	('base_status', 'stale_reason', 'text', 'Why, and what to do.', '原因与处理办法。');
END;
COMMENT ON FUNCTION base_columns() IS
'The columns of the views of a customer base, with their comments in English and Chinese.';

-- The columns of a view in one base, with the types of its key and its attributes.
CREATE FUNCTION base_columns_of(options jsonb, view text, OUT ordinal bigint, OUT name text, OUT type text, OUT comment text)
	RETURNS SETOF record
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT row_number() OVER (), c.name, c.type, c.comment
	FROM (SELECT coalesce(a.attname::text, t.name) AS name,
			CASE t.type WHEN '<customer>' THEN options ->> 'customer_type' WHEN '<tenant>' THEN options ->> 'tenant_type'
				WHEN '<history>' THEN (options ->> 'ext') || '.purchase_history' WHEN '<stage>' THEN (options ->> 'ext') || '.lifecycle_stage' WHEN '' THEN format_type(a.atttypid, a.atttypmod) ELSE t.type END AS type,
			CASE WHEN t.type = '' THEN coalesce(col_description(a.attrelid, a.attnum), format('%s.%I', options ->> 'customers', a.attname)) WHEN options ->> 'language' = 'zh' THEN t.zh ELSE t.en END AS comment
		FROM @extschema@.base_columns() WITH ORDINALITY AS t (view, name, type, en, zh, n)
			LEFT JOIN jsonb_array_elements_text(coalesce((options ->> 'attributes')::jsonb, '[]')) WITH ORDINALITY AS x (attribute, n)
				ON t.type = ''
			LEFT JOIN pg_attribute AS a ON a.attrelid = (options ->> 'customers')::regclass AND a.attname = x.attribute
		WHERE t.view = CASE base_columns_of.view WHEN 'customer_now' THEN 'summary_now' ELSE base_columns_of.view END AND (t.type <> '' OR a.attname IS NOT NULL)
			AND (t.name <> 'tenant' OR options ->> 'tenant_sql' IS NOT NULL)
		ORDER BY t.n, x.n) AS c;
END $$;
COMMENT ON FUNCTION base_columns_of(jsonb, text) IS
'The columns of one view of a customer base, in order.';

-- A function of the base's schema. It can be inlined, so that a condition on a view reaches the tables beneath.
CREATE FUNCTION base_make_function(options jsonb, signature text, columns text, body text, properties text DEFAULT 'STABLE PARALLEL SAFE') RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template('CREATE OR REPLACE FUNCTION {schema}.' || signature || ' RETURNS ' || columns
		|| ' LANGUAGE sql ' || properties || ' BEGIN ATOMIC ' || body || '; END', options);
END $$;
COMMENT ON FUNCTION base_make_function(jsonb, text, text, text, text) IS
'Makes a function in the schema of a customer base from templates.';

-- A view, with its comments; and before it, if it speaks of a day, its twin, from which it is drawn. What a function
-- returns has no scale, so the view gives it.
CREATE FUNCTION base_make_view(options jsonb, view text, comment text, body text, twin boolean DEFAULT true) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	columns text;
	description record;
BEGIN
	IF twin THEN
		SELECT string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.ordinal)
		INTO columns FROM @extschema@.base_columns_of(options, view) AS c;
		PERFORM @extschema@.base_make_function(options || jsonb_build_object('columns', columns), view || '_at(day date)', 'TABLE ({columns})', body);
		EXECUTE format('COMMENT ON FUNCTION %s.%I(date) IS %L', options ->> 'schema', view || '_at', format('The view %s as of any day.', view));
		body := format('SELECT {columns} FROM {schema}.%I({schema}.as_of())', view || '_at');
	END IF;
	SELECT string_agg(CASE WHEN c.type LIKE '%(%' THEN format('%I::%s AS %1$I', c.name, c.type) ELSE quote_ident(c.name) END, ', ' ORDER BY c.ordinal)
	INTO columns FROM @extschema@.base_columns_of(options, view) AS c;
	EXECUTE @extschema@.base_template(format('CREATE OR REPLACE VIEW {schema}.%I WITH (security_invoker = true) AS %s', view, body),
		options || jsonb_build_object('columns', columns));
	EXECUTE format('COMMENT ON VIEW %s.%I IS %L', options ->> 'schema', view, comment);
	FOR description IN SELECT * FROM @extschema@.base_columns_of(options, view) LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I.%I IS %L', options ->> 'schema', view, description.name, description.comment);
	END LOOP;
END $$;
COMMENT ON FUNCTION base_make_view(jsonb, text, text, text, boolean) IS
'Makes a view in the schema of a customer base from a template, with its twin for any day and its comments.';

CREATE FUNCTION base_make_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	zh boolean := options ->> 'language' = 'zh';
	tenant boolean := options ->> 'tenant_sql' IS NOT NULL;
	scope text;
BEGIN
	options := options || jsonb_build_object(
		'label', CASE WHEN zh THEN 'label_zh' ELSE 'label_en' END,
		'digits', (SELECT m.digits FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map'),
		'population_method', CASE WHEN options ->> 'rfm_method' = 'fixed' THEN 'quantile' ELSE options ->> 'rfm_method' END,
		'fixed', nullif(options ->> 'rfm_method' = 'fixed', false),
		'attributes_sql', (SELECT coalesce(string_agg(format('s.%I, ', a), ''), '')
			FROM jsonb_array_elements_text(coalesce((options ->> 'attributes')::jsonb, '[]')) AS a),
		'detractors', CASE WHEN zh THEN '贬损者' ELSE 'detractors' END, 'passives', CASE WHEN zh THEN '被动者' ELSE 'passives' END, 'promoters', CASE WHEN zh THEN '推荐者' ELSE 'promoters' END,
		'key_tenant,', CASE WHEN tenant THEN (options ->> 'key_tenant_sql') || ', ' ELSE '' END,
		'key_is_customer', format('%s %s m.customer', options ->> 'key_sql', options ->> 'customer_equal')
			|| CASE WHEN tenant THEN format(' AND %s %s m.tenant', options ->> 'key_tenant_sql', options ->> 'tenant_equal') ELSE '' END,
		'no_measures', (SELECT string_agg(CASE c.name WHEN 'stage' THEN '''prospect''' WHEN 'stage_label' THEN 'l.label_' || (options ->> 'language')
				WHEN 'stage_rank' THEN 'l.rank' ELSE format('NULL::%s AS %I', c.type, c.name) END, ', ')
			FROM @extschema@.base_columns() AS c
			WHERE c.view = 'customers' AND c.type NOT IN ('<customer>', '<tenant>', '') AND c.name NOT IN ('currency', 'as_of')),
		'tenant_column', CASE WHEN tenant THEN 'tenant ' || (options ->> 'tenant_type') || ', ' ELSE '' END,
		'of_tenant', CASE WHEN tenant THEN ' WHERE c.tenant ' || (options ->> 'tenant_equal') || ' b.tenant' ELSE '' END,
		'of_each_key_tenant', CASE WHEN tenant THEN 'GROUP BY ' || (options ->> 'key_tenant_sql') ELSE '' END,
		'by_tenant', CASE WHEN tenant THEN 'PARTITION BY c.tenant' ELSE '' END,
		'by_m_tenant', CASE WHEN tenant THEN 'PARTITION BY m.tenant' ELSE '' END,
		'reason_differences', CASE WHEN zh THEN '核对发现差异:请刷新' ELSE 'verification found differences: refresh' END,
		'reason_refresh', CASE WHEN zh THEN '。排除原因后请刷新' ELSE '. When that is put right, refresh' END,
		'reason_trigger', CASE WHEN zh THEN '%s 缺少触发器或触发器已停用:请推进 (advance_customer_base) 或重新启动 (start_maintenance)' ELSE '%s lacks a trigger, or it is disabled: advance or start maintenance again' END,
		'reason_source', CASE WHEN zh THEN '来源 %s 不存在' ELSE 'there is no %s any more' END,
		'reason_starting', CASE WHEN zh THEN '启动未完成:请重新启动 (start_maintenance)' ELSE 'start_maintenance was not finished: call it again' END,
		'reason_fold', CASE WHEN zh THEN '变更已超过一天未合并:请定时推进 (advance_customer_base)' ELSE 'changes were not folded for a day: schedule advance_customer_base' END,
		'reason_day', CASE WHEN zh THEN '今日尚未刷新' ELSE 'not refreshed today' END,
		'note_no_model', CASE WHEN zh THEN '没有模型:SELECT * FROM fit_models(%L)' ELSE 'no models yet: SELECT * FROM fit_models(%L)' END,
		'note_old_model', CASE WHEN zh THEN '模型已有 %s 天:SELECT * FROM fit_models(%L)' ELSE 'the models are %s days old: SELECT * FROM fit_models(%L)' END,
		'note_model_trust', CASE WHEN zh THEN '模型不可信:%s' ELSE 'the models cannot be trusted: %s' END);
	options := options || @extschema@.base_model_parts(options) || @extschema@.base_churn_parts(options)
		|| jsonb_build_object('last_nps', @extschema@.base_last_answer(options, 'nps'), 'last_satisfaction', @extschema@.base_last_answer(options, 'csat'));
	options := options || jsonb_build_object('stored_rfm', @extschema@.base_template($template$
{ext}.rfm_breaks(array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'days_since_last'),
		array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'orders'),
		array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'total'))$template$, options));

	PERFORM @extschema@.base_make_function(options, 'as_of()', 'date', CASE options ->> 'as_of'
		WHEN 'today' THEN 'SELECT (now() AT TIME ZONE {''time_zone''})::date'
		WHEN 'last_purchase' THEN 'SELECT greatest((SELECT last_day FROM {schema}.state), (SELECT max(day) FROM {schema}.deltas WHERE orders > 0 OR refunds > 0)
			[[order_sql:, (SELECT max(day) FROM {schema}.line_deltas WHERE lines > 0)]])'
		ELSE 'SELECT {''as_of''}::date' END);

	-- What is not folded yet lies under everything that is read, so that a live base is exact at once. A condition on the key
	-- reaches both tables; the customers with changes are few, and their columns are drawn from the history anew, which unnest
	-- has computed once (OFFSET 0 would, too, but no plan over it is parallel). Twice, again for
	-- the planner's sake: for one customer its changes are looked up in an index; for all of them their keys are a hash table, in
	-- every worker of a parallel scan. That the keys come from a function that is not inlined keeps the planner from anything
	-- else, whatever statistics say of a table that is full and empty by turns.
	PERFORM @extschema@.base_make_function(options, 'changed()', 'TABLE ({tenant_column}customer {customer_type})', $template$
SELECT {key} FROM {schema}.deltas WHERE item IS NULL[[order_sql: UNION ALL SELECT {key} FROM {schema}.line_deltas]]$template$, 'STABLE STRICT PARALLEL SAFE ROWS 1000');
	IF options ->> 'order_sql' IS NOT NULL THEN
		PERFORM @extschema@.base_make_lines_of(options);
	END IF;
	PERFORM @extschema@.base_make_folds(options);
	FOREACH scope IN ARRAY ARRAY['customer', 'summary'] LOOP
		PERFORM @extschema@.base_make_view(options || jsonb_build_object('changes', @extschema@.base_changes(options,
			(options ->> 'schema') || '.deltas', (options ->> 'schema') || '.line_deltas'),
			'is_changed', @extschema@.base_template(CASE
				WHEN scope = 'customer' THEN 'EXISTS (SELECT FROM {schema}.deltas AS d WHERE {d=m} OFFSET 0)
					[[order_sql: OR EXISTS (SELECT FROM {schema}.line_deltas AS d WHERE {d=m} OFFSET 0)]]'
				WHEN NOT tenant THEN 'm.customer {customer_equal} ANY (SELECT customer FROM {schema}.changed())'
				WHEN options ->> 'tenant_equal' = options ->> 'customer_equal' THEN '(m.tenant, m.customer) {customer_equal} ANY (SELECT tenant, customer FROM {schema}.changed())'
				ELSE 'EXISTS (SELECT FROM {schema}.changed() AS d WHERE {d=m})' END, options)),
			scope || '_now', CASE scope WHEN 'customer' THEN 'The same as summary_now, for look-ups by key.'
				ELSE 'The summary with the changes of a live base that are not folded into it yet; the other views read it.' END, $template$
SELECT m.customer, {m.tenant,} m.history, m.orders, m.gross, m.total, m.first_purchase, m.last_purchase, m.last_day, m.stage, m.stage_on, m.stage_due
FROM (SELECT {key}, history, orders, gross, total, first_purchase, last_purchase, last_day, stage, stage_on, stage_due,
		true AS folded FROM {schema}.summary
	UNION ALL
	SELECT {n.key}, n.history, {ext}.orders(n.history), {ext}.gross(n.history), {ext}.total(n.history), {ext}.first_purchase(n.history),
		{ext}.last_purchase(n.history), {ext}.last_day(n.history), NULL, NULL, NULL, false
	FROM (SELECT {c.key}, unnest(ARRAY[{ext}.net(s.history, c.changes)]) AS history FROM ({changes}) AS c LEFT JOIN {schema}.summary AS s ON {c=s}) AS n
	WHERE {ext}.last_day(n.history) IS NOT NULL) AS m
WHERE NOT m.folded OR NOT ({is_changed})$template$, false);
	END LOOP;

	PERFORM @extschema@.base_make_rhythm(options);

	-- The measures of each customer at the end of a day: the plain columns serve when nothing comes after it. Twice, for the
	-- planner's sake: for one customer the day stands apart, fenced by OFFSET 0, which plans in a moment; for all of them it is
	-- a parameter wherever it is used, so that plans are parallel.
	FOREACH scope IN ARRAY ARRAY['', 'all_'] LOOP
		PERFORM @extschema@.base_make_function(options || jsonb_build_object('one_day', CASE scope WHEN '' THEN '(SELECT $1 AS day OFFSET 0)'
			ELSE '(SELECT (SELECT $1) AS day)' END,
			'now', CASE scope WHEN '' THEN 'customer_now' ELSE 'summary_now' END), scope || 'measured_at(day date)', 'TABLE ({tenant_column}customer {customer_type},
		history {ext}.purchase_history, first_purchase date, last_purchase date, orders bigint, gross numeric, total numeric,
		frequency bigint, money numeric, stage {ext}.lifecycle_stage, as_of date)', $template$
SELECT {m.tenant,} m.customer,
	CASE WHEN m.last_day <= d.day THEN m.history ELSE {ext}.as_of(m.history, d.day) END,
	CASE WHEN m.first_purchase <= d.day THEN m.first_purchase END,
	CASE WHEN m.last_purchase <= d.day THEN m.last_purchase ELSE {ext}.last_purchase({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.orders ELSE {ext}.orders({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.gross ELSE {ext}.gross({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.total ELSE {ext}.total({ext}.as_of(m.history, d.day)) END,
	[[rfm_window:{ext}.orders({ext}.slice(m.history, (d.day - {'rfm_window'}::interval)::date + 1, d.day + 1)),
	{ext}.total({ext}.slice(m.history, (d.day - {'rfm_window'}::interval)::date + 1, d.day + 1)),]]
	[[!rfm_window:CASE WHEN m.last_day <= d.day THEN m.orders ELSE {ext}.orders({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.total ELSE {ext}.total({ext}.as_of(m.history, d.day)) END,]]
	CASE WHEN m.stage_on BETWEEN m.last_day AND d.day AND (m.stage_due > d.day) IS NOT FALSE THEN m.stage
		ELSE {ext}.lifecycle_stage(m.history, d.day, {'policy'}::{ext}.lifecycle_policy) END,
	d.day
FROM {one_day} AS d CROSS JOIN {schema}.{now} AS m
WHERE m.last_day <= d.day OR m.first_purchase <= d.day OR {ext}.refunds({ext}.as_of(m.history, d.day)) > 0$template$);
	END LOOP;

	-- The limits of the population of a day. STRICT keeps it from being inlined: a look-up by stored limits does not
	-- plan a scan that it never runs.
	PERFORM @extschema@.base_make_function(options, 'population_breaks(day date)', 'TABLE ({tenant_column}rfm {ext}.rfm_breaks, abc numeric[])', $template$
SELECT {m.tenant,} {ext}.rfm_breaks(m.as_of - m.last_purchase, m.frequency, m.money, {rfm_bins}, {'population_method'}),
	{ext}.abc_breaks(m.total, {abc_a}, {abc_b})
FROM {schema}.all_measured_at($1) AS m WHERE m.last_purchase IS NOT NULL[[tenant_sql: GROUP BY m.tenant]]$template$,
		'STABLE STRICT PARALLEL SAFE ROWS 1');

	-- The limits to score by on a day: the stored ones, or for a day before them those of its own population.
	PERFORM @extschema@.base_make_function(options, 'breaks_at(day date)', 'TABLE ({tenant_column}rfm {ext}.rfm_breaks, abc numeric[])', $template$
SELECT {c.tenant,} {stored_rfm}, array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'abc')
FROM {schema}.cut_points AS c[[tenant_sql: GROUP BY c.tenant]]
HAVING coalesce($1 >= (SELECT max(l.as_of) FROM {schema}.cut_points AS l), true)
UNION ALL
SELECT {b.tenant,} [[!fixed:b.rfm]][[fixed:(SELECT {stored_rfm} FROM {schema}.cut_points AS c{of_tenant})]], b.abc
FROM {schema}.population_breaks($1) AS b WHERE $1 < (SELECT max(l.as_of) FROM {schema}.cut_points AS l)$template$);

	-- Recency is counted to the day of the limits, so that a score does not move because a day has passed.
	FOREACH scope IN ARRAY ARRAY['', 'all_'] LOOP
		PERFORM @extschema@.base_make_function(options || jsonb_build_object('scope', scope), scope || 'scored_at(day date)', 'TABLE ({tenant_column}customer {customer_type},
		history {ext}.purchase_history, first_purchase date, last_purchase date, orders bigint, gross numeric, total numeric,
		frequency bigint, money numeric, rfm {ext}.rfm_score, abc {ext}.abc_class, stage {ext}.lifecycle_stage, as_of date)', $template$
SELECT {m.tenant,} m.customer, m.history, m.first_purchase, m.last_purchase, m.orders, m.gross, m.total, m.frequency, m.money,
	{ext}.rfm_score([[tenant_sql:b.rfm]][[!tenant_sql:(SELECT b.rfm FROM {schema}.breaks_at($1) AS b)]],
		least(m.as_of, (SELECT max(c.as_of) FROM {schema}.cut_points AS c WHERE c.measure = 'days_since_last')) - m.last_purchase,
		m.frequency, m.money),
	{ext}.abc_class([[tenant_sql:b.abc]][[!tenant_sql:(SELECT b.abc FROM {schema}.breaks_at($1) AS b)]],
		CASE WHEN m.last_purchase IS NOT NULL THEN m.total END),
	m.stage, m.as_of
FROM {schema}.{scope}measured_at($1) AS m
	[[tenant_sql:LEFT JOIN {schema}.breaks_at($1) AS b ON b.tenant {tenant_equal} m.tenant]]$template$);
	END LOOP;

	-- OFFSET 0 has a score computed once, however many columns are drawn from it, and not at all if none is. Segments are joined by m too: the
	-- planner would have them join each customer's score, before the customers, and so once for each.
	PERFORM @extschema@.base_make_view(options, 'customers', 'Every customer with all measures and scores; with a customers table also those without an order.', $template$
SELECT m.customer, {m.tenant,} {attributes_sql}m.first_purchase, m.last_purchase, m.as_of - m.last_purchase, m.orders,
	{ext}.refunds(m.history), m.gross::numeric(38,2), (m.gross - m.total)::numeric(38,2),
	m.total::numeric(38,2), (m.gross / nullif(m.orders, 0))::numeric(38,2), m.as_of - m.first_purchase, {ext}.median_gap(m.history),
	score.rfm::text, {ext}.recency_score(score.rfm), {ext}.frequency_score(score.rfm), {ext}.monetary_score(score.rfm),
	g.segment, g.{label}, g.rank, m.abc::text, score.stage, l.{label}, l.rank,
	score.risk, score.band, {ext}.churn_band_rank(score.band), {ext}.revenue_at_risk(coalesce(score.value, {current_value}), score.risk)::numeric(38,2), score.alive, score.purchases, {historic_value}::numeric(38,2),
	score.value::numeric(38,2), ({historic_value} + score.value)::numeric(38,2), score.trust, {last_nps}, {last_satisfaction}, {'currency'}::text, m.as_of
FROM {schema}.scored_at($1) AS m CROSS JOIN LATERAL (SELECT v.*, {ext}.churn_band(v.risk) AS band FROM (SELECT m.rfm, m.stage::text, {model_values} OFFSET 0) AS v OFFSET 0) AS score
	LEFT JOIN {schema}.segment_map AS g ON g.code = left(score.rfm::text, {digits}) AND m.customer IS NOT NULL
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = score.stage
	[[customers:LEFT JOIN {customers} AS s ON {key_is_customer}
UNION ALL
SELECT ({key_sql})::{customer_type}, {key_tenant,}{attributes_sql}{no_measures}, {'currency'}::text, d.day
FROM (SELECT $1 AS day OFFSET 0) AS d CROSS JOIN {customers} AS s LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = 'prospect'
WHERE {key_sql} IS NOT NULL AND NOT EXISTS (SELECT FROM {schema}.measured_at($1) AS m WHERE {key_is_customer})]]$template$);

	PERFORM @extschema@.base_make_view(options, 'rfm', 'Recency, frequency and money of every customer with a purchase, with scores and segment.', $template$
SELECT m.customer, {m.tenant,} m.as_of - m.last_purchase, m.frequency, m.money::numeric(38,2), score.rfm::text, {ext}.recency_score(score.rfm),
	{ext}.frequency_score(score.rfm), {ext}.monetary_score(score.rfm), g.segment, g.{label}, g.rank, {'currency'}::text, m.as_of
FROM {schema}.scored_at($1) AS m CROSS JOIN LATERAL (SELECT m.rfm OFFSET 0) AS score
	LEFT JOIN {schema}.segment_map AS g ON g.code = left(score.rfm::text, {digits}) AND m.customer IS NOT NULL
WHERE m.last_purchase IS NOT NULL$template$);

	-- By score and days first, so that a million customers are a few thousand rows before they meet the map.
	PERFORM @extschema@.base_make_view(options, 'rfm_segments', 'The segments: how many customers, what they are worth, what to do.', $template$
SELECT {c.tenant,} c.segment, g.label, g.rank, g.action, sum(c.customers)::bigint,
	round(sum(c.customers) / sum(sum(c.customers)) OVER ({by_tenant}), 6), sum(c.total)::numeric(38,2),
	round(sum(c.total) / nullif(sum(sum(c.total)) OVER ({by_tenant}), 0), 6),
	(sum(c.gross) / nullif(sum(c.orders), 0))::numeric(38,2),
	(min(c.days) FILTER (WHERE 2 * c.upto >= c.of) + min(c.days) FILTER (WHERE 2 * c.upto > c.of))::double precision / 2,
	{'currency'}::text, $1
FROM (SELECT {s.tenant,} g.segment, s.days, sum(s.customers) AS customers, sum(s.total) AS total, sum(s.gross) AS gross,
		sum(s.orders) AS orders, sum(sum(s.customers)) OVER (PARTITION BY {s.tenant,} g.segment ORDER BY s.days) AS upto,
		sum(sum(s.customers)) OVER (PARTITION BY {s.tenant,} g.segment) AS of
	FROM (SELECT {t.tenant,} r.rfm, r.days_since_last AS days, r.customers, r.total, r.gross, r.orders
		FROM (SELECT {m.tenant,} {ext}.rfm_totals(m.rfm, m.as_of - m.last_purchase, m.orders, m.gross, m.total) AS totals
			FROM {schema}.all_scored_at($1) AS m WHERE m.last_purchase IS NOT NULL[[tenant_sql: GROUP BY m.tenant]]) AS t,
			unnest(t.totals) AS r) AS s
		JOIN {schema}.segment_map AS g ON g.code = left(s.rfm::text, {digits})
	GROUP BY {s.tenant,} g.segment, s.days) AS c
	JOIN (SELECT segment, min({label}) AS label, min(rank) AS rank, min(action) AS action FROM {schema}.segment_map GROUP BY segment) AS g
		ON g.segment = c.segment
GROUP BY {c.tenant,} c.segment, g.label, g.rank, g.action
ORDER BY {c.tenant,} g.rank$template$);

	PERFORM @extschema@.base_make_view(options, 'abc', 'Every customer with a purchase by its share of the revenue.', $template$
SELECT m.customer, {m.tenant,} m.total::numeric(38,2),
	round(greatest(m.total, 0) / sum(CASE WHEN m.total > 0 THEN m.total END) OVER ({by_m_tenant}), 6),
	round({ext}.cumulative_share(m.total) OVER ({by_m_tenant}), 6), m.abc::text, {'currency'}::text, m.as_of
FROM {schema}.all_scored_at($1) AS m WHERE m.last_purchase IS NOT NULL$template$);

	PERFORM @extschema@.base_make_function(options, 'kpis_by(unit text, day date)', 'TABLE ({tenant_column}period date, customers_active bigint,
		customers_new bigint, customers_returning bigint, customers_reactivated bigint, customers_lost bigint, customers_total bigint,
		orders bigint, gross numeric, refunded numeric, net numeric, average_order numeric, orders_per_customer numeric,
		repeat_rate numeric, refund_rate numeric, complete boolean, as_of date)', $template$
WITH activity AS (
	SELECT {t.tenant,} p.*, t.day
	FROM (SELECT {m.tenant,} {ext}.period_totals(m.history, $1, d.day, {'count_by'}) AS totals, d.day
			FROM (SELECT (SELECT $2) AS day) AS d CROSS JOIN {schema}.summary_now AS m GROUP BY {m.tenant,} d.day) AS t,
		LATERAL unnest(t.totals) AS p
), calendar AS (
	SELECT {c.tenant,} p::date AS period, (p + c.length)::date AS next, c.day
	FROM (SELECT {a.tenant,} min(a.period) AS first, a.day,
				CASE $1 WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || $1)::interval END AS length
			FROM activity AS a GROUP BY {a.tenant,} a.day) AS c,
		LATERAL generate_series(c.first::timestamp, c.day::timestamp, c.length) AS p
)
SELECT {c.tenant,} c.period, coalesce(a.customers_active, 0), coalesce(a.customers_new, 0), coalesce(a.customers_returning, 0),
	coalesce(a.customers_reactivated, 0), coalesce(a.customers_lost, 0),
	(sum(a.customers_new) OVER ({by_tenant} ORDER BY c.period))::bigint, coalesce(a.orders, 0),
	coalesce(a.gross, 0)::numeric(38,2), coalesce(a.refunded, 0)::numeric(38,2), coalesce(a.gross - a.refunded, 0)::numeric(38,2),
	(a.gross / nullif(a.orders, 0))::numeric(38,2), round(a.orders::numeric / nullif(a.customers_active, 0), 6),
	round(a.customers_repeated::numeric / nullif(a.customers_active, 0), 6), round(a.refunded / nullif(a.gross, 0), 6),
	c.next <= c.day + 1 AND c.period >= coalesce({'history_starts'}::date, c.period), c.day
FROM calendar AS c LEFT JOIN activity AS a ON a.period = c.period[[tenant_sql: AND a.tenant {tenant_equal} c.tenant]]$template$);

	-- The unit stands outside of the sums, so that a condition on it spares the other units.
	PERFORM @extschema@.base_make_view(options, 'kpis', 'The business by week, month, quarter and year; filter by unit.',
		(SELECT string_agg(format('SELECT {k.tenant,} k.period, %L::text, k.customers_active, k.customers_new, k.customers_returning,
			k.customers_reactivated, k.customers_lost, k.customers_total, k.orders, k.gross, k.refunded, k.net, k.average_order,
			k.orders_per_customer, k.repeat_rate, k.refund_rate, k.complete, {''currency''}::text, k.as_of
			FROM {schema}.kpis_by(%1$L, $1) AS k', unit), ' UNION ALL ')
		FROM unnest('{week,month,quarter,year}'::text[]) AS unit));

	PERFORM @extschema@.base_make_lifecycle_views(options);
	PERFORM @extschema@.base_make_model_views(options);
	PERFORM @extschema@.base_make_churn_views(options);
	PERFORM @extschema@.base_make_survey_views(options);
	PERFORM @extschema@.base_make_retention_views(options);
	PERFORM @extschema@.base_make_view(options, 'histories', 'The purchase history of every customer, for SQL.',
		'SELECT customer, {tenant,} history FROM {schema}.summary_now', false);
	PERFORM @extschema@.base_make_view(options, 'data_quality', 'What the last refresh counted, what it left out, and why; in a live base, what has been left out since is counted as well.',
		'SELECT q.item, greatest(q.rows + coalesce(d.rows, 0), 0)::bigint AS rows, q.explanation
		FROM {schema}.quality AS q LEFT JOIN (' || @extschema@.base_left_out('{schema}.deltas') || ') AS d ON d.item = q.item ORDER BY q.ordinal', false);
	PERFORM @extschema@.base_make_view(options, 'base_status', 'The state of the base in one row.', $template$
SELECT s.base, s.base_version AS version, x.mode, d.day AS as_of, s.source,
	(SELECT q.rows FROM {schema}.quality AS q WHERE q.item = 'rows_seen') AS rows_seen,
	(SELECT count(*) FROM {schema}.summary_now) AS customers,
	pg_total_relation_size({'summary_table'}::regclass) + p.bytes AS bytes, p.rows AS delta_rows, p.oldest AS oldest_delta, t.folded_at AS last_fold,
	t.refreshed_at AS last_refresh, t.refresh_seconds, t.advanced_at AS last_advance, t.advanced_to,
	(SELECT max(c.as_of) FROM {schema}.cut_points AS c) AS cut_points_as_of, k.fitted_on AS models_fitted_on,
	CASE WHEN k.fitted_on IS NULL THEN format({'note_no_model'}, s.base) WHEN d.day - k.fitted_on > 31 THEN format({'note_old_model'}, d.day - k.fitted_on, s.base)
		WHEN k.trust NOT IN ('ok', 'small_sample') THEN format({'note_model_trust'}, k.trust) END AS models_note, t.verified_at AS last_verify,
	t.differences AS verify_differences, CASE WHEN x.mode <> 'refresh' THEN x.missing IS NULL END AS triggers_ok,
	(SELECT sum(q.rows)::bigint FROM {schema}.quality AS q WHERE q.item LIKE 'quarantined\_%') AS quarantined, t.kept_before,
	r.reason IS NOT NULL AS stale, r.reason AS stale_reason
FROM {schema}.settings AS s LEFT JOIN {schema}.state AS t ON true CROSS JOIN (SELECT {schema}.as_of() AS day) AS d
	CROSS JOIN (SELECT max(c.as_of) AS fitted_on, {models_trust} AS trust FROM {schema}.models AS c) AS k
	CROSS JOIN (SELECT sum(c.bytes)::bigint AS bytes, sum(c.rows)::bigint AS rows, min(c.oldest) AS oldest FROM (
		SELECT pg_total_relation_size({'deltas_table'}::regclass) AS bytes, count(*) AS rows, min(at) AS oldest FROM {schema}.deltas
		[[order_sql:UNION ALL SELECT pg_total_relation_size({'line_deltas_table'}::regclass), count(*), min(at) FROM {schema}.line_deltas]]) AS c) AS p
	CROSS JOIN LATERAL (SELECT count(*) AS expected, count(*) FILTER (WHERE g.missing) AS missing, min(g.relation) FILTER (WHERE g.missing) AS relation
		FROM {ext}.base_trigger_state(s.tableoid::regclass, s.source) AS g) AS g
	CROSS JOIN LATERAL (SELECT CASE WHEN t.live_since IS NOT NULL THEN 'live' WHEN g.missing < g.expected THEN 'starting' ELSE 'refresh' END AS mode,
		CASE WHEN t.live_since IS NOT NULL THEN CASE WHEN g.expected = 0 THEN s.source WHEN g.missing > 0 THEN g.relation END END AS missing) AS x
	CROSS JOIN LATERAL (SELECT CASE
		WHEN EXISTS (SELECT FROM {schema}.troubles) THEN (SELECT string_agg(concat_ws(': ', o.reason, o.detail), '; ') FROM (SELECT DISTINCT reason, detail FROM {schema}.troubles ORDER BY reason, detail LIMIT 5) AS o)
			|| {'reason_refresh'}
		WHEN g.expected = 0 THEN format({'reason_source'}, s.source)
		WHEN x.missing IS NOT NULL THEN format({'reason_trigger'}, x.missing)
		WHEN EXISTS (SELECT FROM {schema}.survey_status AS y WHERE y.stale) THEN (SELECT min(y.survey || ': ' || y.stale_reason) FROM {schema}.survey_status AS y WHERE y.stale)
		WHEN x.mode = 'starting' THEN {'reason_starting'}
		WHEN t.differences > 0 THEN {'reason_differences'}
		WHEN x.mode = 'refresh' AND s.as_of = 'today' AND (t.refreshed_at AT TIME ZONE s.time_zone)::date < d.day THEN {'reason_day'}
		WHEN x.mode = 'live' AND p.oldest < now() - interval '1 day' THEN {'reason_fold'} END AS reason) AS r$template$, false);

	PERFORM @extschema@.base_make_function(options, 'segment_moves(from_day date, to_day date)', 'TABLE ({tenant_column}from_segment text, to_segment text,
		customers bigint, total numeric)', $template$
SELECT [[tenant_sql:coalesce(a.tenant, b.tenant), ]]a.segment, b.segment, count(*), sum(coalesce(b.total, 0))::numeric(38,2)
FROM (SELECT {m.tenant,} m.customer, g.segment, g.rank FROM {schema}.all_scored_at($1) AS m
		LEFT JOIN {schema}.segment_map AS g ON g.code = left(m.rfm::text, {digits}) WHERE m.last_purchase IS NOT NULL) AS a
	FULL JOIN (SELECT {m.tenant,} m.customer, g.segment, g.rank, m.total FROM {schema}.all_scored_at($2) AS m
		LEFT JOIN {schema}.segment_map AS g ON g.code = left(m.rfm::text, {digits}) WHERE m.last_purchase IS NOT NULL) AS b ON {a=b}
GROUP BY [[tenant_sql:coalesce(a.tenant, b.tenant), ]]a.segment, b.segment
ORDER BY [[tenant_sql:coalesce(a.tenant, b.tenant), ]]min(a.rank), min(b.rank)$template$);
	PERFORM @extschema@.base_make_function(options, 'moved(from_day date, to_day date, from_segment text, to_segment text)',
		'TABLE (customer {customer_type}, {tenant_column}from_rfm text, to_rfm text, days_since_last integer, orders bigint, total numeric)', $template$
SELECT coalesce(a.customer, b.customer), [[tenant_sql:coalesce(a.tenant, b.tenant), ]]a.rfm, b.rfm, b.days_since_last, b.orders, b.total
FROM {schema}.rfm_at($1) AS a FULL JOIN {schema}.rfm_at($2) AS b ON {a=b}
WHERE a.segment IS NOT DISTINCT FROM $3 AND b.segment IS NOT DISTINCT FROM $4$template$);

	EXECUTE @extschema@.base_template($template$
COMMENT ON FUNCTION {schema}.as_of() IS 'The day of the base.';
COMMENT ON FUNCTION {schema}.changed() IS 'The customers with changes that are not folded yet.';
COMMENT ON FUNCTION {schema}.measured_at(date) IS 'The measures of customers at the end of a day, for look-ups by key.';
COMMENT ON FUNCTION {schema}.all_measured_at(date) IS 'The same, planned for all customers.';
COMMENT ON FUNCTION {schema}.population_breaks(date) IS 'The limits of the population of a day, computed anew.';
COMMENT ON FUNCTION {schema}.breaks_at(date) IS 'The limits to score by on a day: the stored ones, or for an earlier day those of its population.';
COMMENT ON FUNCTION {schema}.scored_at(date) IS 'The measures and scores of customers at the end of a day, for look-ups by key.';
COMMENT ON FUNCTION {schema}.all_scored_at(date) IS 'The same, planned for all customers.';
COMMENT ON FUNCTION {schema}.kpis_by(text, date) IS 'The view kpis for one unit (week, month, quarter, year), as of any day.';
COMMENT ON FUNCTION {schema}.segment_moves(date, date) IS 'How many customers went from which segment to which between two days, and their total at the second; no segment: no purchase yet.';
COMMENT ON FUNCTION {schema}.moved(date, date, text, text) IS 'The customers who went from one segment to another between two days; NULL as a segment: no purchase yet.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_views(jsonb) IS
'Makes the functions and views of a customer base in its schema.';

# pg_customer: customer analytics inside PostgreSQL
#
#   make demo                   a seeded shop, scored: sets up all it needs, leaves nothing running
#   make demo DATA=orders.csv CUSTOMER=col AT=col AMOUNT=expr [ORDER=col]
#   make check                  build, unit, regress, isolation, pgTAP, docs in a throwaway cluster
#   make check-all              the same on PostgreSQL 15, 17 and 18, each in a bare root; MAJORS='17'
#   make readers                psqlODBC, JDBC and node-postgres read a base; installs them first: apt as root, npm
#   make stress                 eight writers for SECONDS=600, or through KILLS=100 of the server; SEED=1
#   make soak                   how large a live base grows under load, MINUTES=10 long
#   make recovery               do fits find the parameters that data were simulated from? SETS=4000 CUSTOMERS=2000
#   make fuzz                   hostile input, SECONDS=60 a target; TARGET='math text binary state call'
#   make sqlsmith               random statements: QUERIES=100000; SEED=1
#   make leaks                  memory over CALLS=10000000 of each function
#   make check-assert           the tests on a server with assertions; GROUPS='regress pgtap'
#   make check-sanitize         … with AddressSanitizer and UndefinedBehaviorSanitizer
#   make check-valgrind         … under valgrind: TESTS='proportion abc'
#   make bench                  the measurements quoted in the docs
#   make bench-live             those of live bases: writers, loads, reading, size
#   make bench-models           those of purchase models: fits and scores; BIG=1: of ten million customers
#   make bench-retention        those of the monthly cohort matrix, and of the risk of churn
#   make bench-nps              that of the net promoter score of ten million answers
#   make bench-churn            who leaves, on real data, beside gradient boosting
#   make pg-upgrade             from PostgreSQL 15 to 17, in a root of its own: root only
#   make reference              writes docs/reference.md, made of the catalog
#   make release-check          is this tree fit for a release?
#   make dist                   build/pg_customer-VERSION.zip of HEAD, for PGXN
#   make deb                    Debian packages of HEAD, in build/deb
#   make lint-docker            packaging/Dockerfile, by hadolint or dockerfile-utils where there is one
#   make && make install        into the PostgreSQL of PG_CONFIG

EXTENSION = pg_customer
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(srcdir)/pg_customer.control)
MODULE_big = pg_customer
PGFILEDESC = "pg_customer - customer analytics inside the database"

OBJS = \
	src/ab_test.o \
	src/abc.o \
	src/aggregate.o \
	src/base_attempt.o \
	src/base_cache.o \
	src/base_changes.o \
	src/base_deltas.o \
	src/base_expression.o \
	src/base_merge.o \
	src/base_owner.o \
	src/base_row.o \
	src/base_survey.o \
	src/base_table.o \
	src/base_troubles.o \
	src/cells.o \
	src/churn.o \
	src/churn_features.o \
	src/churn_signals.o \
	src/classification.o \
	src/cohort.o \
	src/crosstab.o \
	src/decimal.o \
	src/driver_tally.o \
	src/drivers.o \
	src/event_counts.o \
	src/fast_group_path.o \
	src/fast_group_rows.o \
	src/fast_group_scan.o \
	src/fast_group_sort.o \
	src/history_codec.o \
	src/history_measures.o \
	src/history_row.o \
	src/history_state.o \
	src/history_text.o \
	src/inference.o \
	src/json_input.o \
	src/language.o \
	src/lifecycle.o \
	src/lifecycle_policy.o \
	src/lifecycle_stages.o \
	src/lifecycle_totals.o \
	src/logistic.o \
	src/logistic_model.o \
	src/logistic_text.o \
	src/logrank.o \
	src/ltv.o \
	src/math/bgbb.o \
	src/math/bgnbd.o \
	src/math/bgnbd_likelihood.o \
	src/math/contract.o \
	src/math/distributions.o \
	src/math/fit.o \
	src/math/gamma_gamma.o \
	src/math/linear.o \
	src/math/logistic.o \
	src/math/models.o \
	src/math/panels.o \
	src/math/pareto_nbd.o \
	src/math/simulate.o \
	src/math/special.o \
	src/mean_tally.o \
	src/model.o \
	src/model_fit.o \
	src/model_intervals.o \
	src/model_scores.o \
	src/model_text.o \
	src/module.o \
	src/nps.o \
	src/nps_measures.o \
	src/nps_periods.o \
	src/pareto.o \
	src/period_totals.o \
	src/periods.o \
	src/population.o \
	src/population_rhythm.o \
	src/population_rhythm_text.o \
	src/privacy.o \
	src/proportion.o \
	src/purchase_changes.o \
	src/purchase_history.o \
	src/rating.o \
	src/rating_tally.o \
	src/retention.o \
	src/rfm.o \
	src/rfm_breaks.o \
	src/rfm_cut.o \
	src/rfm_table.o \
	src/rfm_totals.o \
	src/rfm_window.o \
	src/satisfaction.o \
	src/segment_map.o \
	src/segment_map_check.o \
	src/simulate.o \
	src/subscriptions.o \
	src/summarise.o \
	src/survival.o \
	src/survival_text.o \
	src/user_query.o

# The order in which the install script is put together: each part uses only what stands before it.
SQL_PARTS = \
	src/head.sql \
	src/purchase_history.sql \
	src/summarise.sql \
	src/period_totals.sql \
	src/purchase_changes.sql \
	src/rfm.sql \
	src/rfm_table.sql \
	src/segment_map.sql \
	src/abc.sql \
	src/proportion.sql \
	src/mean_tally.sql \
	src/ab_test.sql \
	src/lifecycle.sql \
	src/retention.sql \
	src/model.sql \
	src/ltv.sql \
	src/simulate.sql \
	src/drivers.sql \
	src/classification.sql \
	src/logistic.sql \
	src/survival.sql \
	src/churn.sql \
	src/nps.sql \
	src/satisfaction.sql \
	src/base_expression.sql \
	src/base_changes.sql \
	src/base_fill.sql \
	src/base_fold.sql \
	src/base_lifecycle.sql \
	src/base_retention.sql \
	src/base_columns.sql \
	src/base_views.sql \
	src/base_models.sql \
	src/base_churn.sql \
	src/base_live.sql \
	src/base_survey_views.sql \
	src/base_policies.sql \
	src/customer_base.sql \
	src/base_surveys.sql \
	src/holdout.sql \
	src/retention_reports.sql \
	src/subscriptions.sql \
	src/churn_backtest.sql \
	src/economics.sql \
	src/privacy.sql \
	src/tail.sql

REGRESS = purchase_history summarise period_totals purchase_changes rfm rfm_table segment_map abc proportion mean_tally ab_test lifecycle model ltv simulate drivers logistic survival retention subscriptions churn nps satisfaction customer_base base_changes privacy
REGRESS_OPTS = --inputdir=$(srcdir) --load-extension=pg_customer
ISOLATION = fast_group base_find base_refresh base_changes live_writers live_start live_fold live_drop live_snapshots live_lines live_surveys live_transaction
ISOLATION_OPTS = --inputdir=$(srcdir)/test/isolation --load-extension=pg_customer

srcdir := $(patsubst %/,%,$(dir $(firstword $(MAKEFILE_LIST))))
DATA_built = $(EXTENSION)--$(EXTVERSION).sql
EXTRA_CLEAN = $(EXTENSION)--*.sql results output_iso tmp_check tmp_check_iso

# Without it a multiplication and an addition may be fused, and results differ between machines.
PG_CPPFLAGS = -I$(srcdir)/src -DPG_CUSTOMER_VERSION='"$(EXTVERSION)"' -ffp-contract=off
# Calls within the library need no table where another could replace what they call.
SHLIB_LINK = $(if $(filter linux,$(PORTNAME)),-Wl$(,)-Bsymbolic-functions)
, := ,
PG_CFLAGS = -fno-semantic-interposition -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

# These need no PostgreSQL yet: they find or install one.
SELF_SUFFICIENT = demo check check-all check-assert check-sanitize check-valgrind fuzz sqlsmith leaks readers stress soak recovery bench bench-live bench-models bench-nps bench-retention bench-churn stage reference release-check dist deb lint-docker pg-upgrade
ifneq ($(filter $(SELF_SUFFICIENT),$(MAKECMDGOALS)),)

.PHONY: $(SELF_SUFFICIENT)
export DATA CUSTOMER AT AMOUNT ORDER ENCODING PG_MAJOR MAJORS BIG LIMIT MINUTES RATE
demo check readers bench soak:
	@bash $(srcdir)/test/$@.sh
check-all:
	@bash $(srcdir)/test/check_all.sh
stress:
	@bash $(srcdir)/test/stress.sh $(or $(SECONDS),600) $(or $(KILLS),0) $(or $(SEED),1)
fuzz:
	@bash $(srcdir)/test/fuzz.sh $(or $(SECONDS),60) $(TARGET)
sqlsmith:
	@bash $(srcdir)/test/sqlsmith.sh $(or $(QUERIES),100000) $(or $(SEED),1)
leaks:
	@bash $(srcdir)/test/leaks.sh $(or $(CALLS),10000000)
check-assert check-sanitize:
	@bash $(srcdir)/test/checked.sh $(@:check-%=%) $(GROUPS)
check-valgrind:
	@bash $(srcdir)/test/checked.sh valgrind $(TESTS)
recovery:
	@bash $(srcdir)/test/recovery.sh $(or $(SETS),4000) $(or $(CUSTOMERS),2000)
bench-live:
	@bash $(srcdir)/test/bench/live.sh
bench-churn:
	@bash $(srcdir)/test/bench/churn.sh
bench-models:
	@bash $(srcdir)/test/bench/models.sh
bench-retention:
	@bash $(srcdir)/test/bench/retention.sh
bench-nps:
	@bash $(srcdir)/test/bench/nps.sh
stage:
	@bash $(srcdir)/test/server/stage.sh
reference:
	@bash $(srcdir)/test/reference.sh make
release-check:
	@bash $(srcdir)/test/release.sh
dist:
	@mkdir -p $(srcdir)/build
	git -C $(srcdir) archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ --output=build/$(EXTENSION)-$(EXTVERSION).zip HEAD
deb:
	@bash $(srcdir)/packaging/deb.sh
lint-docker:
	@if command -v hadolint; then hadolint $(srcdir)/packaging/Dockerfile; \
	elif command -v dockerfile-utils; then dockerfile-utils lint $(srcdir)/packaging/Dockerfile; \
	else echo 'skipped: neither hadolint nor dockerfile-utils is installed'; fi
pg-upgrade:
	@bash $(srcdir)/test/pg_upgrade.sh

else

# Not before, for "make demo" has a DATA of its own.
DATA = $(filter-out %/$(DATA_built),$(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/upgrade/$(EXTENSION)--*.sql)))

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# A build outside the source folder takes only sources from it, never what an earlier build left there.
ifdef VPATH
VPATH =
vpath %.c $(srcdir)
vpath %.control $(srcdir)
endif

ifneq ($(shell test $(basename $(MAJORVERSION)) -ge 15 && echo yes),yes)
$(error pg_customer needs PostgreSQL 15 or newer; $(PG_CONFIG) is of $(VERSION))
endif

# A build outside the source folder has no src/ of its own yet.
$(shell mkdir -p $(dir $(OBJS)))
$(OBJS): $(wildcard $(srcdir)/src/*.h $(srcdir)/src/math/*.h)

$(DATA_built): $(addprefix $(srcdir)/,$(SQL_PARTS)) $(srcdir)/pg_customer.control
	cat $(addprefix $(srcdir)/,$(SQL_PARTS)) > $@

endif

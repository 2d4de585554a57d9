# Reads TAP, prints the tests that failed with what was said about them, and counts.
#
# A line "=== NAME" begins another script. A script passes only if it ran as many tests as it planned.
# The last line is "counts PASSED FAILED SKIPPED".
function fail(text) {
	failed++
	sub(/^[0-9]* *(- *)?/, "", text)
	print "  not ok: " (script == "" ? "" : script ": ") text
}
function finish() {
	if (begun && planned != run)
		fail(planned < 0 ? "no plan, tests run: " run + 0 : "tests planned: " planned ", run: " run + 0)
	begun = telling = 0; planned = -1; run = 0
}
function result(is_ok, text) {
	run++; begun = 1; telling = 0
	if (tolower(text) ~ /# *skip/) skipped++
	else if (is_ok || tolower(text) ~ /# *todo/) passed++
	else { fail(text); telling = 1 }
}
BEGIN                { planned = -1 }
{ sub(/\r$/, "") }
/^=== /              { finish(); script = substr($0, 5); begun = 1; next }
/^1\.\.[0-9]+/       { begun = 1; planned = substr($1, 4) + 0; if (tolower($0) ~ /skip/) skipped++; next }
/^ok( |$)/           { result(1, substr($0, 4)); next }
/^not ok( |$)/       { result(0, substr($0, 8)); next }
/^Bail out!/         { fail($0); next }
/^ *#/ && telling    { print "  " $0; next }
/(ERROR|FATAL|PANIC|HINT|DETAIL|CONTEXT|LINE [0-9]+|[Ee]rror|warning): / { print "  " $0 }
END                  { finish(); print "counts", passed + 0, failed + 0, skipped + 0 }

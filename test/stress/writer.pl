#!/usr/bin/env perl
# One writer of orders: prints random SQL for psql, the same for the same seed, until a time.
#
#   writer.pl SEED WRITER ROUND UNTIL      UNTIL: seconds of the epoch
#
# All writers share the customers, few of whom have most of the orders, and the orders of the table lines. Each changes
# rows of its own alone, so that no transaction of theirs fails or waits for another by itself.
use strict;
use warnings;

my ($seed, $writer, $round, $until) = @ARGV;
srand($seed * 1000003 + $round * 1009 + $writer);
$| = 1;

my $WRITERS   = 8;
my $CUSTOMERS = 1500;
my $ORDERS    = 4000;
my %written;    # rows that were inserted into a table in this round, at most
my $transactions = 0;

sub any       { return $_[int rand @_] }
sub customer  { return 1 + int($CUSTOMERS * rand()**3) }
sub amount    { return sprintf '%.2f', rand() < 0.07 ? -rand(80) : rand() < 0.01 ? 0 : 0.01 + rand(300) }
sub status    { return rand() < 0.1 ? 'draft' : 'paid' }
sub id        { return ($round * 10_000_000 + shift) * $WRITERS + $writer }
sub new_id    { return id($written{ $_[0] }++) }
sub timestamp { return sprintf '%04d-%02d-%02d %02d:00+00', 2023 + int rand 2, 1 + int rand 12, 1 + int rand 28, int rand 24 }

# A row that this writer has inserted, perhaps, or one of the first of an earlier round.
sub old_id {
	my ($table) = @_;
	return $written{$table} && ($round == 0 || rand() < 0.9) ? id(int rand $written{$table})
		: (int(rand($round || 1)) * 10_000_000 + int rand 300) * $WRITERS + $writer;
}

# An order has a customer, and sometimes a line of another one; a line in thirty belongs to no order.
sub order_and_customer {
	my $order = 1 + int rand $ORDERS;
	return rand() < 0.03 ? ('NULL', customer()) : ($order, rand() < 0.02 ? customer() : 1 + int($CUSTOMERS * ($order / $ORDERS)**3));
}

# A row as a list: id, order, tenant, customer, time, amount, status. One in two hundred cannot be used.
sub row {
	my ($table) = @_;
	my ($order, $customer) = order_and_customer();
	my @row = (new_id($table), $order, any('DE', 'CN'), $table eq 'lines' ? $customer : customer(), timestamp(), amount(), status());
	if (rand() < 0.005) {
		my $bad = any(3, 4, 5, 5);
		$row[$bad] = $bad == 3 ? 'NULL' : $bad == 4 ? any('NULL', 'infinity') : any('NaN', '1e30', '0.0000001');
	}
	return @row;
}

sub tuple     { return '(' . join(', ', map { /^(-?[0-9.]+|NULL)$/ ? $_ : "'$_'" } @_) . ')' }
sub values_of { my ($table, $count) = @_; return join ', ', map { tuple(row($table)) } 1 .. $count }
my $columns = '(id, order_id, tenant, customer, at, amount, status)';
sub insert { my ($table, $count) = @_; return "INSERT INTO $table $columns VALUES " . values_of($table, $count || 1) }

# Any rows of this writer within a short range.
sub mine { my $id = old_id($_[0]); return sprintf 'id BETWEEN %d AND %d AND id %% %d = %d', $id, $id + $WRITERS * 20, $WRITERS, $writer }

sub change {
	my ($table) = @_;
	my $id = old_id($table);
	my ($order, $customer) = order_and_customer();
	return any(
		"UPDATE $table SET amount = '@{[amount()]}' WHERE id = $id",
		"UPDATE $table SET amount = '@{[amount()]}' WHERE id = $id",
		"UPDATE $table SET amount = amount + 1, at = at + interval '1 day' WHERE @{[mine($table)]} AND at < '2025-01-01'",
		"UPDATE $table SET at = '@{[timestamp()]}' WHERE id = $id",
		"UPDATE $table SET customer = $customer WHERE id = $id",
		"UPDATE $table SET order_id = $order, customer = $customer WHERE id = $id",
		"UPDATE $table SET tenant = '@{[any('DE', 'CN')]}' WHERE id = $id",
		"UPDATE $table SET status = CASE status WHEN 'draft' THEN 'paid' ELSE 'draft' END WHERE @{[mine($table)]}",
		"UPDATE $table SET note = md5(id::text || clock_timestamp()) WHERE id = $id",
		"UPDATE $table SET note = 'seen' WHERE @{[mine($table)]}",
		"DELETE FROM $table WHERE id = $id",
		"DELETE FROM $table WHERE @{[mine($table)]} AND random() < 0.2");
}

sub upsert {
	my ($table) = @_;
	my @r = row($table);
	$r[0] = old_id($table) if rand() < 0.7;
	# The partitioned table has no key: an id may be there at two times.
	return "INSERT INTO $table $columns VALUES @{[tuple(@r)]} ON CONFLICT "
		. any('DO NOTHING', $table eq 'parts' ? () : '(id) DO UPDATE SET amount = excluded.amount, customer = excluded.customer');
}

sub merge {
	my ($table) = @_;
	# PostgreSQL 18 names other rows than such a MERGE has written: the base would be behind, and say so.
	$table = 'sold' if $table eq 'parts' && $ENV{NO_MERGE_INTO_PARTS};
	return "MERGE INTO $table AS t USING (VALUES " . values_of($table, 3) . ") AS s $columns ON t.id = s.id - @{[$WRITERS * 4]} "
		. "WHEN MATCHED AND t.status = 'draft' THEN DELETE WHEN MATCHED THEN UPDATE SET amount = t.amount + 1 "
		. "WHEN NOT MATCHED THEN INSERT $columns VALUES (s.id, s.order_id::bigint, s.tenant, s.customer::integer, s.at::timestamptz, s.amount::numeric, s.status)";
}

sub copy {
	my ($table, $count) = @_;
	my $rows = join '', map { join("\t", map { $_ eq 'NULL' ? '\N' : $_ } row($table)) . "\n" } 1 .. $count;
	return "COPY $table $columns FROM STDIN;\n$rows\\.\n";
}

my @kinds = (
	[30, sub { insert($_[0]) }],
	[8,  sub { insert($_[0], 2 + int rand 20) }],
	[12, sub { my $t = shift; join ";\n", 'BEGIN', (map { insert($t) } 1 .. 3), 'COMMIT' }],
	[30, sub { change($_[0]) }],
	[6,  sub { upsert($_[0]) }],
	[3,  sub { merge($_[0]) }],
	[4,  sub { my $t = shift; join ";\n", 'BEGIN', insert($t), 'SAVEPOINT s', change($t), insert($t, 3), 'ROLLBACK TO s', change($t), 'COMMIT' }],
	[2,  sub { my $t = shift; join ";\n", 'BEGIN', 'SAVEPOINT s', insert($t), 'RELEASE s', change($t), 'SAVEPOINT s', upsert($t), 'ROLLBACK TO s', 'COMMIT' }],
	[4,  sub { my $t = shift; join ";\n", 'BEGIN', insert($t, 2), change($t), insert($t), 'ROLLBACK' }],
	[2,  sub { my $t = shift; join ";\n", 'BEGIN ISOLATION LEVEL REPEATABLE READ', insert($t, 2), change($t), change($t), 'COMMIT' }],
	# Nothing but inserts: SERIALIZABLE transactions that read may fail for the sake of the orders themselves.
	[2,  sub { my $t = shift; join ";\n", 'BEGIN ISOLATION LEVEL SERIALIZABLE', insert($t), insert($t, 3), 'COMMIT' }],
	[2,  sub { join ";\n", 'BEGIN', insert('sold'), insert('lines', 3), insert('parts', 2), change('parts'), change('lines'), 'COMMIT' }],
	[1,  sub { copy($_[0], 50 + int rand 300) }],
	# Neither writes for a moment nor ends: what others do meanwhile is older than its commit.
	[1,  sub { my $t = shift; join ";\n", 'BEGIN', insert($t), change($t), sprintf('SELECT FROM pg_sleep(%.3f)', rand 0.2), change($t), 'COMMIT' }],
);
my $weights = 0;
$weights += $_->[0] for @kinds;

print "SET application_name = 'writer $writer';\n";
while ($transactions % 50 || time < $until) {
	my $kind = rand $weights;
	my $i = 0;
	$kind -= $kinds[ $i++ ][0] while $kind >= $kinds[$i][0];
	my $statement = $kinds[$i][1]->(any('sold', 'lines', 'parts'));
	print $statement =~ /\\\.\n$/ ? $statement : "$statement;\n" or last;
	$transactions++;
}
print "\\echo transactions $transactions\n";

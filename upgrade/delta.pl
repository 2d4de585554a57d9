#!/usr/bin/env perl
# Prints the script that brings one install script of the extension to another.
#
#   perl upgrade/delta.pl upgrade/pg_customer--0.9.0.sql pg_customer--0.9.1.sql > upgrade/pg_customer--0.9.0--0.9.1.sql
#
# What is new is created; a function or aggregate whose arguments and result are the same is replaced; one of which they have
# changed is dropped and created; comments and rights follow; what is done is done again. Any other change needs a hand: it is named, and nothing is printed.
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));

# The statements of a script, each with the comments before it; [[…]] and {…} of templates stand within strings.
sub statements {
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	my $text = do { local $/; <$in> };
	my (@statements, $statement);
	$text =~ s/^\\echo.*\n//mg;
	while ($text =~ /\G(?<body>(?:
			'(?:[^']|'')*' | "[^"]*" | \$(?<tag>\w*)\$.*?\$\k{tag}\$ | --[^\n]*\n | \bBEGIN\ ATOMIC\b.*?\nEND(?=;) | [^;])*);\n?/gsx) {
		$statement = $+{body};
		$statement =~ s/^\s+//;
		push @statements, $statement;
	}
	return @statements;
}

# A statement without the comments before it.
sub bare { my ($s) = @_; $s =~ s/^(?:\s*--[^\n]*\n)+//; $s =~ s/^\s+//; return $s }

# What a statement is about: the same for two definitions of which one can replace the other.
sub subject {
	my $s = bare($_[0]);
	return "$1" if $s =~ /^(COMMENT ON .*?)\s+IS\s/s;
	if ($s =~ /^CREATE (FUNCTION|PROCEDURE|AGGREGATE) (\w+)\s*(\((?:[^()']|'(?:[^']|'')*'|\([^()]*\))*\))(\s*RETURNS\s+(?:TABLE\s*\([^)]*\)|[\w\[\] ]+?))?\s+(?=LANGUAGE|AS|\(|$)/s) {
		my ($kind, $name, $arguments, $result) = ($1, $2, $3, $4 // '');
		$arguments =~ s/\s+DEFAULT\s+(?:'[^']*'|[^,()'])+?(?=\s*[,)])//g;
		return join(' ', split ' ', "$kind $name$arguments$result");
	}
	return join(' ', split ' ', $s);
}

my ($from, $to) = @ARGV;
my ($old_version, $version) = map { /--([\d.]+)\.sql$/ ? $1 : die "$_ is no install script\n" } $from, $to;
my @old = statements($from);
my @new = statements($to);
my (%old, %new);
for ([\@old, \%old], [\@new, \%new]) {
	my ($statements, $by_subject) = @$_;
	for my $s (@$statements) {
		die "two statements are about: @{[subject($s)]}\n" if exists $by_subject->{subject($s)};
		$by_subject->{subject($s)} = $s;
	}
}

# What is gone, the last first. Comments go with their objects.
my (@dropped, %dropped, @problems);
for my $s (reverse @old) {
	my $subject = subject($s);
	next if exists $new{$subject} || $subject =~ /^COMMENT/;
	if ($subject =~ /^(FUNCTION|PROCEDURE) (\w+)(\(.*?\))( RETURNS .*)?$/) {
		push @dropped, "DROP $1 $2$3;";
		$dropped{$2} = 1;
	} else {
		push @problems, $subject;
	}
}

my @made;
for my $s (@new) {
	my $subject = subject($s);
	my $before = $old{$subject};
	my $of_dropped = $subject =~ /^COMMENT ON \w+ (\w+)/ && $dropped{$1};
	if (defined $before && bare($before) eq bare($s) && !$of_dropped && $subject !~ /^DO /) {
		next;
	} elsif ($subject =~ /^(?:FUNCTION|PROCEDURE|AGGREGATE) / && defined $before) {
		$s =~ s/^CREATE (FUNCTION|PROCEDURE|AGGREGATE)/CREATE OR REPLACE $1/m;
	}
	push @made, "$s;";
}
die map({ "this cannot be changed by itself: $_\n" } @problems) if @problems;

print "-- pg_customer $old_version to $version: made by delta.pl from the install scripts of both.\n",
	"\\echo Use \"ALTER EXTENSION pg_customer UPDATE TO '$version'\" to load this file. \\quit\n\n";
if (@dropped) {
	my $names = join(',', sort keys %dropped);
	print <<"SQL";
-- Functions whose arguments or results have changed are made anew. Rights on them that somebody gave or took away go with them.
DO \$\$
DECLARE
	changed pg_catalog.text;
BEGIN
	FOR changed IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_depend AS d ON d.objid OPERATOR(pg_catalog.=) p.oid
			AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char"
		JOIN pg_catalog.pg_extension AS x ON x.oid OPERATOR(pg_catalog.=) d.refobjid
		WHERE x.extname OPERATOR(pg_catalog.=) 'pg_customer'::pg_catalog.name AND p.proacl IS NOT NULL AND p.proname OPERATOR(pg_catalog.=) ANY ('{$names}'::pg_catalog.name[])
	LOOP
		RAISE WARNING USING MESSAGE = pg_catalog.format('%s is made anew, and everybody may call it again', changed),
			HINT = 'Its rights had been changed: give or revoke them once more.';
	END LOOP;
END \$\$;
SQL
	print join("\n", @dropped), "\n\n";
}
print join("\n\n", @made), "\n";

#!/usr/bin/env perl
# Reads the header of a CSV file on standard input and writes what psql needs to take the file in.
#
#   test/demo/load.pl [DIRECTORY]          DATA CUSTOMER AT AMOUNT ORDER from the environment
#
# Writes into the directory load.sql (the table public.orders, every column text, filled from psql's
# standard input) and base.sql (its customer base). Without one it only checks what the user named: a
# wrong or missing column is an error that lists the file's columns.
use strict;
use warnings;

my ($directory) = @ARGV;
my $name = $ENV{DATA};
utf8::decode($name);
binmode STDERR, ':utf8';

sub quoted { my $text = shift; $text =~ s/"/""/g; return qq("$text") }
sub literal { my $text = shift; $text =~ s/'/''/g; return "'$text'" }

# --- the header -------------------------------------------------------------------------------------
sub refuse { print STDERR "error: $_[0]\n", map { "hint: $_\n" } @_[1 .. $#_]; exit 2 }

my $header = <STDIN> // '';
while (($header =~ tr/"//) % 2 && defined(my $more = <STDIN>)) { $header .= $more }
refuse("$name is a spreadsheet or an archive", 'save it as CSV') if $header =~ /^PK\x03\x04/;
utf8::decode($header) or refuse("$name is not UTF-8", 'say ENCODING=GBK, or what it is');
$header =~ s/^\x{FEFF}//;
$header =~ s/[\r\n]+$//;
refuse("$name is empty" . ($ENV{ENCODING} ? ", or is not $ENV{ENCODING}" : '')) if $header eq '';

(my $outside = $header) =~ s/"[^"]*"//g;
my %count = map { my $d = $_; $d => scalar(() = $outside =~ /\Q$d/g) } ',', ';', "\t";
my ($delimiter) = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;

my (@columns, %taken);
while ($header =~ /\G(?:"((?:[^"]|"")*)"|([^$delimiter]*))($delimiter|$)/g) {
	my ($column, $end) = ($1 // $2, $3);
	$column =~ s/""/"/g;
	$column =~ s/^\s+|\s+$//g;
	$column =~ s/\s+/ /g;
	$column = 'column_' . (@columns + 1) if $column eq '';
	$column .= '_' . (@columns + 1) if $taken{$column}++;
	push @columns, $column;
	last if $end eq '';
}

# --- the columns that the user named ----------------------------------------------------------------
my @choice = ("the columns of $name: " . join(', ', @columns));

# The column of that name; else the only one that differs from it in case alone.
sub column {
	my ($word) = @_;
	return $word if grep { $_ eq $word } @columns;
	my @near = grep { lc $_ eq lc $word } @columns;
	return @near == 1 ? $near[0] : undef;
}

# A column's name, or an expression whose bare words may be columns in another case.
sub expression {
	my ($variable) = @_;
	my $text = $ENV{$variable} // '';
	utf8::decode($text);
	$text =~ s/^\s+|\s+$//g;
	refuse("$variable is missing", @choice, 'make demo DATA=orders.csv CUSTOMER=column AT=column AMOUNT=expression [ORDER=column] [ENCODING=GBK]')
		if $text eq '';
	my $whole = column($text) // ($text =~ /^"([^"]+)"$/ ? column($1) : undef);
	return quoted($whole) if defined $whole;
	refuse(qq($name has no column "$text" for $variable), @choice) if $text =~ /^(?:\w+|"[^"]+")$/;
	$text =~ s{("[^"]*"|'[^']*')|\b([[:alpha:]_]\w*)\b(?!\s*\()}{
		my $column = defined $2 ? column($2) : undef;
		defined $column ? quoted($column) : $1 // $2 }ge;
	return $text;
}

my @options = (
	['customer', expression('CUSTOMER')],
	['purchased_at', expression('AT')],
	['amount', expression('AMOUNT')],
	($ENV{ORDER} // '') eq '' ? () : ['order_id', expression('ORDER')],
);

exit if !defined $directory;

# --- what psql gets ---------------------------------------------------------------------------------
my $list = join ', ', map { quoted($_) } @columns;
(my $shown = $delimiter) =~ s/\t/\\t/;
open my $load, '>:utf8', "$directory/load.sql" or die $!;
print $load 'CREATE UNLOGGED TABLE public.orders (', join(', ', map { quoted($_) . ' text' } @columns), ");\n",
	"\\copy public.orders FROM pstdin WITH (FORMAT csv, HEADER, DELIMITER E'$shown', FORCE_NULL ($list))\n";
open my $base, '>:utf8', "$directory/base.sql" or die $!;
print $base "SELECT * FROM create_customer_base('shop', source => 'public.orders',\n",
	map({ "\t$_->[0] => " . literal($_->[1]) . ",\n" } @options), "\tas_of => 'last_purchase');\n";
close $_ or die $! for $load, $base;

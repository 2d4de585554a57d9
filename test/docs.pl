#!/usr/bin/env perl
# Runs the SQL of the pages and compares what they show; prints TAP, one test a block.
#
#   test/docs.pl [PAGE ...]          against the server of the environment, which has customer_template
#
# Every ```sql block of a page runs in order, in one session on a fresh database (the extension in schema
# customer; search_path = public, customer). A ```text block that follows is its exact output, as psql
# prints it; white space at the ends of lines does not count. A block fails when it raises an error, unless
# its text shows one or it is marked ```sql error=SQLSTATE. Comments at the top of a page choose another
# database: <!-- data: shop --> loads test/demo/shop.sql first, <!-- data: none --> is without the extension.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);

my $top = abs_path(dirname($0) . '/..');
my $work = tempdir(CLEANUP => 1);
my @psql = qw(psql -X -q -v ON_ERROR_STOP=1);
$ENV{PGCLIENTENCODING} = 'UTF8';
delete @ENV{qw(COLUMNS PSQL_PAGER PAGER)};

# The blocks of a page, and the data that it asks for.
sub read_page {
	my ($path) = @_;
	open my $in, '<', $path or die "$path: $!";
	my ($data, @blocks, $open, $previous);
	while (my $line = <$in>) {
		$line =~ s/\s+$//;
		if ($open) {
			if ($line =~ /^\s*```$/) {
				if ($open->{kind} eq 'sql') { push @blocks, $previous = $open }
				elsif ($open->{kind} eq 'text' && $previous) { $previous->{expected} = $open->{body}; $previous = undef }
				else { $previous = undef }
				$open = undef;
				next;
			}
			$line =~ s/^\s{0,$open->{indent}}//;
			$open->{body} .= "$line\n";
		}
		elsif ($line =~ /^(\s*)```(\w*)\s*(?:error=(\w{5}))?$/) {
			$open = { indent => length $1, kind => $2, error => $3, line => $., body => '' };
		}
		elsif ($line =~ /^<!-- data: (\w+) -->$/) { $data = $1 }
		elsif ($line =~ /^#/) { $previous = undef }
	}
	die "$path: the block of line $open->{line} is not closed\n" if $open;
	return ($data, @blocks);
}

# The database that a page's own one is a copy of; data are loaded once for all pages.
my %template = ('' => 'customer_template', none => 'template1');
sub template {
	my $data = shift // '';
	$template{$data} //= do {
		my $name = "template_$data";
		system(@psql, '-c', "CREATE DATABASE $name TEMPLATE customer_template") == 0
			&& system(@psql, '-d', $name, '-o', '/dev/null', '-f', "$top/test/demo/$data.sql") == 0
			or die "the data \"$data\" could not be loaded\n";
		$name;
	};
}

# Runs the blocks in one session; gives each its output and SQLSTATE.
sub run_page {
	my ($data, @blocks) = @_;
	system(@psql, '-c', 'SET client_min_messages = error', '-c', 'DROP DATABASE IF EXISTS page', '-c', 'CREATE DATABASE page TEMPLATE ' . template($data),
		'-c', 'ALTER DATABASE page SET search_path = public, customer') == 0 or die "no database for the page\n";
	open my $script, '>', "$work/page.sql" or die $!;
	for my $i (0 .. $#blocks) {
		print $script "\\set LAST_ERROR_SQLSTATE 00000\n\\echo \001$i\n$blocks[$i]{body}\\echo \002:LAST_ERROR_SQLSTATE\n";
	}
	close $script;
	open my $out, '-|', "psql -X -q -d page < '$work/page.sql' 2>&1" or die $!;
	my $block;
	while (my $line = <$out>) {
		if ($line =~ /^\001(\d+)$/) { $block = $blocks[$1]; $block->{output} = '' }
		elsif ($line =~ /^\002(\w+)$/) { $block->{sqlstate} = $1 }
		else { $block->{output} .= $line }
	}
	close $out;
}

# Lines without white space at their ends, and without empty lines at the text's end.
sub plain {
	my $text = shift;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\n+\z/\n/;
	return $text;
}

sub differences {
	my %text = @_;
	for my $name (keys %text) {
		open my $file, '>', "$work/$name" or die $!;
		print $file $text{$name};
	}
	return `diff -u --label page '$work/page' --label psql '$work/psql'`;
}

# What is wrong with a block that ran; empty when nothing is.
sub problem {
	my ($block) = @_;
	return "does not end: a quote is open, or the session was lost\n" . ($block->{output} // '') if !$block->{sqlstate};
	my ($shown, $output) = ($block->{expected}, plain($block->{output}));
	my $differs = defined $shown && plain($shown) ne $output;
	return differences(page => plain($shown), psql => $output) if $differs;
	my $expected = $block->{error} // '00000';
	return '' if $block->{sqlstate} eq $expected || !$block->{error} && defined $shown;
	return "gave SQLSTATE $block->{sqlstate}, not $expected\n$output";
}

my @pages = @ARGV ? @ARGV : grep { -e } "$top/README.md", sort glob "$top/docs/*.md";
my $n = 0;
for my $path (@pages) {
	(my $page = abs_path($path)) =~ s{^\Q$top\E/}{};
	my ($data, @blocks) = read_page($path);
	run_page($data, @blocks) if @blocks;
	for my $block (@blocks) {
		my $problem = $block->{body} =~ /(?:;|\\\w[^\n]*)\s*(?:--[^\n]*\s*)*\z/ ? problem($block) : "does not end with a semicolon\n";
		printf "%sok %d - %s:%d\n", $problem ? 'not ' : '', ++$n, $page, $block->{line};
		print map { "#   $_\n" } split /\n/, $problem;
	}
}
print "1..$n\n";

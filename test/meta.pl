#!/usr/bin/env perl
# Checks META.json by the PGXN Meta Spec 1.0.0, and that the files it names exist. Prints what is wrong, nothing otherwise.
#
#   test/meta.pl [FOLDER]            the folder of a distribution; by default the source tree
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON::PP;

my $top = $ARGV[0] // abs_path(dirname($0) . '/..');
my $problems = 0;
sub problem { print "META.json: @_\n"; $problems++ }

open my $in, '<:raw', "$top/META.json" or die "META.json: $!\n";
my $meta = eval { decode_json(do { local $/; <$in> }) };
if (ref $meta ne 'HASH') { problem($@ ? "is not JSON: $@" : 'is not an object'); exit 1 }

my %is = (
	text => sub { !ref $_[0] && length $_[0] },
	texts => sub { my @list = ref $_[0] eq 'ARRAY' ? @{ $_[0] } : $_[0]; @list && !grep { !defined || ref || !length } @list },
	term => sub { !ref $_[0] && $_[0] =~ m{\A[^\s\x00-\x1f\x7f/\\]{2,}\z} },
	version => sub { !ref $_[0] && $_[0] =~ /\A(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z.-]+)?\z/ },
	range => sub { !ref $_[0] && !grep { !/\A\s*(?:(?:<=?|>=?|==|!=)\s*)?(?:0|\d+\.\d+\.\d+(?:-?[A-Za-z][0-9A-Za-z-]*)?)\s*\z/ } split /,/, $_[0], -1 },
	url => sub { !ref $_[0] && $_[0] =~ m{\A[a-z][a-z0-9+.-]*://[^/\s]+\S*\z} },
	license => sub {
		return !grep { !m{\A[a-z][a-z0-9+.-]*://[^/\s]+\S*\z} } values %{ $_[0] } if ref $_[0] eq 'HASH';
		!grep { !/\A(?:agpl_3|apache_1_1|apache_2_0|artistic_[12]|bsd|freebsd|gfdl_1_[23]|gpl_[123]|lgpl_(?:2_1|3_0)|mit|mozilla_1_[01]|openssl|perl_5|postgresql|qpl_1_0|ssleay|sun|zlib|open_source|restricted|unrestricted|unknown)\z/ }
			ref $_[0] ? @{ $_[0] } : $_[0];
	},
	status => sub { $_[0] =~ /\A(?:stable|testing|unstable)\z/ },
	tags => sub { ref $_[0] eq 'ARRAY' && !grep { ref || !m{\A[^\x00-\x1f\x7f/\\]{1,256}\z} } @{ $_[0] } },
	file => sub { !ref $_[0] && $_[0] !~ m{\A/|\.\.} && -f "$top/$_[0]" },
	object => sub { ref $_[0] eq 'HASH' && %{ $_[0] } },
);

# Keys of an object: what each has to be, and whether it may be absent. Others are an error but for those of x_.
sub check {
	my ($where, $object, $required, $optional) = @_;
	if (ref $object ne 'HASH') { problem("$where is not an object"); return }
	for my $key (sort keys %$required) { problem("$where$key is missing") if !defined $object->{$key} }
	for my $key (sort keys %$object) {
		my $kind = $required->{$key} // $optional->{$key};
		if (!$kind) { problem("$where$key is not a key of the specification") if $key !~ /\Ax_/i }
		elsif (defined $object->{$key} && !$is{$kind}->($object->{$key})) { problem("$where$key is not a valid $kind") }
	}
}

check('', $meta,
	{ name => 'term', abstract => 'text', version => 'version', maintainer => 'texts', license => 'license', provides => 'object', 'meta-spec' => 'object' },
	{ description => 'text', generated_by => 'text', release_status => 'status', tags => 'tags', prereqs => 'object', no_index => 'object', resources => 'object' });
check('meta-spec/', $meta->{'meta-spec'}, { version => 'version' }, { url => 'url' });
check("provides/$_/", $meta->{provides}{$_}, { file => 'file', version => 'version' }, { abstract => 'text', docfile => 'file' }) for sort keys %{ $meta->{provides} // {} };

my $prereqs = $meta->{prereqs} // {};
for my $phase (sort keys %$prereqs) {
	problem("prereqs/$phase is not a phase") if $phase !~ /\A(?:configure|build|test|runtime|develop)\z/;
	for my $relation (sort keys %{ $prereqs->{$phase} }) {
		problem("prereqs/$phase/$relation is not a relation") if $relation !~ /\A(?:requires|recommends|suggests|conflicts)\z/;
		check("prereqs/$phase/$relation/", $prereqs->{$phase}{$relation}, {}, { map { $_ => 'range' } keys %{ $prereqs->{$phase}{$relation} } });
	}
}

my $resources = $meta->{resources} // {};
check('resources/', $resources, {}, { homepage => 'url', license => 'url', bugtracker => 'object', repository => 'object' });
check('resources/bugtracker/', $resources->{bugtracker}, {}, { web => 'url', mailto => 'text' }) if $resources->{bugtracker};
check('resources/repository/', $resources->{repository}, {}, { url => 'url', web => 'url', type => 'text' }) if $resources->{repository};
exit($problems ? 1 : 0);

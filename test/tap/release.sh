#!/usr/bin/env bash
# What of a release can be told from the tree alone.
exec "$(dirname "$0")/../release.sh" tree

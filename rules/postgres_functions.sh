#!/bin/sh
# Prints the functions that a query may call without losing anything: those of pg_catalog and of
# the contrib extensions in the server that psql connects to, those of newer servers, and those of
# common extensions; one name a line, sorted. Functions that change something are left out here
# and described in src/payload/sql/function.rs.
#
#     createdb scratch && rules/postgres_functions.sh scratch > rules/postgres_functions.txt
set -eu
database=${1:?usage: postgres_functions.sh DATABASE}
directory=$(dirname "$0")

psql -XAtq -d "$database" -c "
    SELECT format('CREATE EXTENSION IF NOT EXISTS %I CASCADE;', name)
    FROM pg_available_extensions" | psql -Xq -d "$database" >/dev/null 2>&1 || true

{
    psql -XAtq -d "$database" -c "SELECT DISTINCT proname FROM pg_proc"
    grep -v '^#' "$directory/postgres_functions_more.txt"
} | grep -E '^[a-z0-9_]+$' | LC_ALL=C sort -u |
    grep -vxE -f "$directory/postgres_functions_not.txt"

#!/bin/sh
# Prints the words that may stand before a parenthesis in MySQL's and MariaDB's SQL without calling
# a stored function: their own functions and keywords; one a line, sorted.
#
#     rules/mysql_functions.sh --socket=… > rules/mysql_functions.txt
set -eu
directory=$(dirname "$0")

{
    mariadb "$@" -N -e "
        SELECT lower(function) FROM information_schema.sql_functions
        UNION SELECT lower(word) FROM information_schema.keywords"
    cat "$directory/mysql_functions_more.txt"
} | grep -E '^[a-z_][a-z0-9_]*$' | LC_ALL=C sort -u

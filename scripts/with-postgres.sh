#!/bin/sh
# Runs a command with a throw-away PostgreSQL server beside it:
#   scripts/with-postgres.sh node --test 'src/store/**/*.test.ts'
# The server listens on a unix socket and on loopback only, lives in a temporary directory and is gone afterwards.
# TOKENWORKS_TEST_DATABASE_URL names it. Exit code: the command's, or 3 when no server could be started.
set -eu

fail() {
  echo "with-postgres: $1" >&2
  exit 3
}

[ $# -gt 0 ] || fail 'name a command to run'

bin=''
for folder in ${TOKENWORKS_PG_BIN:-} $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -n -r) /usr/local/pgsql/bin /opt/homebrew/opt/postgresql*/bin; do
  if [ -x "$folder/initdb" ]; then
    bin=$folder
    break
  fi
done
if [ -z "$bin" ] && command -v initdb >/dev/null 2>&1; then bin=$(dirname "$(command -v initdb)"); fi
[ -n "$bin" ] || fail 'no PostgreSQL server found; install one (Debian: apt-get install postgresql) or set TOKENWORKS_PG_BIN'

work=$(mktemp -d /tmp/tw-pg.XXXXXX)
server=''
cleanup() {
  # SIGQUIT: stops at once; nothing in it is worth a shutdown checkpoint.
  if [ -n "$server" ]; then
    kill -QUIT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The server refuses to run as root.
user=''
if [ "$(id -u)" = 0 ]; then
  user=${TOKENWORKS_PG_USER:-postgres}
  id "$user" >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin "$user" || fail "can't make the user $user"
  chown "$user" "$work"
fi
as_user() {
  if [ -n "$user" ]; then setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME="$work" "$@"; else "$@"; fi
}

secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$secret" >"$work/secret"
[ -z "$user" ] || chown "$user" "$work/secret"
cd "$work"
as_user "$bin/initdb" -D "$work/data" -U tokenworks -A scram-sha-256 --pwfile="$work/secret" -E UTF8 --locale=C --no-sync >"$work/initdb.log" 2>&1 ||
  { cat "$work/initdb.log" >&2; fail 'initdb failed'; }
cd "$OLDPWD"

# Asks the system for a free port; another program may still take it first, then the next is tried.
port_of() {
  node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'
}

ready=''
for attempt in 1 2 3; do
  port=$(port_of)
  # exec, so that the process that is stopped in the end is the server itself.
  if [ -n "$user" ]; then
    (cd "$work" && exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME="$work" "$bin/postgres" -D "$work/data" -k "$work" -h 127.0.0.1 -p "$port" -c fsync=off -c max_connections=100) >"$work/server.log" 2>&1 &
  else
    (cd "$work" && exec "$bin/postgres" -D "$work/data" -k "$work" -h 127.0.0.1 -p "$port" -c fsync=off -c max_connections=100) >"$work/server.log" 2>&1 &
  fi
  server=$!
  for _ in $(seq 1 100); do
    if "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; then
      ready=yes
      break
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  [ -z "$ready" ] || break
  kill -QUIT "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=''
done
[ -n "$ready" ] || { cat "$work/server.log" >&2; fail 'the server did not start'; }

TOKENWORKS_TEST_DATABASE_URL="postgres://tokenworks:$secret@127.0.0.1:$port/postgres"
export TOKENWORKS_TEST_DATABASE_URL
status=0
"$@" || status=$?
exit "$status"

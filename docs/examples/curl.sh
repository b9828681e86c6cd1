#!/bin/sh
# A small day by curl: every main door once, every answer checked.
#
#   docs/examples/curl.sh http://127.0.0.1:8080
#
# The server has to be fresh: `bin/poolwise serve --data "$(mktemp -d)/data"`. Everybody is made up.
set -eu
base=${1:?"want the address of a fresh server, such as http://127.0.0.1:8080"}
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ndjson='Content-Type: application/x-ndjson'
json='Content-Type: application/json'
csv='Content-Type: text/csv'
evening='at=2022-04-04T20:00:00%2B08:00' # codes and proofs as of that evening
checks=0
failed=0

# ask WHAT CURL-ARGUMENTS… keeps the answer in $work/answer and its headers in $work/head.
ask() {
  what=$1
  shift
  curl -sS -D "$work/head" -o "$work/answer" "$@"
}

# want TEXT… looks for each in the answer, `-h` before it for the headers.
want() {
  in=$work/answer
  for text in "$@"; do
    if [ "$text" = -h ]; then
      in=$work/head
      continue
    fi
    checks=$((checks + 1))
    if ! grep -qiF -- "$text" "$in"; then
      failed=$((failed + 1))
      printf 'FAILED: %s: want %s in\n' "$what" "$text" >&2
      head -c 1000 "$in" >&2
      echo >&2
    fi
    in=$work/answer
  done
}

# lines N: the answer has so many.
lines() {
  checks=$((checks + 1))
  got=$(grep -c '' "$work/answer" || true)
  if [ "$got" -ne "$1" ]; then
    failed=$((failed + 1))
    printf 'FAILED: %s: got %s lines; want %s\n' "$what" "$got" "$1" >&2
    head -c 1000 "$work/answer" >&2
  fi
}

# header NAME prints a header of the last answer.
header() { grep -i "^$1:" "$work/head" | cut -d: -f2- | tr -d ' \r'; }

ask 'health' "$base/healthz"
want -h '200 OK'
ask 'ready' "$base/readyz"
want -h '200 OK'
ask 'OpenAPI' "$base/openapi.json"
want '"openapi"' '/v1/scans'
ask 'documents' "$base/docs"
want -h '200 OK' '/v1/scans'

# Master data, the round, and the roster: tried first, then for good.
ask 'areas' -X PUT "$base/v1/areas" -H "$ndjson" --data-binary @areas.ndjson
want '"accepted":5'
ask 'sites' -X PUT "$base/v1/sites" -H "$ndjson" --data-binary @sites.ndjson
want '"accepted":2'
ask 'labs' -X PUT "$base/v1/labs" -H "$ndjson" --data-binary @labs.ndjson
want '"accepted":2'
ask 'round' -X PUT "$base/v1/rounds/EXAMPLE" -H "$json" --data-binary @round.json
want '"accepted":1'
ask 'roster, dry run' "$base/v1/roster?dry_run=1" -H "$csv" --data-binary @roster.csv
want '"accepted":24' '"rejected":0' '"dry_run":true'
ask 'nobody after a dry run' "$base/v1/people?area=990101"
lines 0
ask 'roster as CSV' "$base/v1/roster" -H "$csv" --data-binary @roster.csv
want '"accepted":24' '"rejected":0'
ask 'areas as CSV' "$base/v1/areas" -H 'Accept: text/csv'
want 'area,' '9901010101'

# Scans, packed; the same again are duplicates.
gzip -c scans.ndjson >"$work/scans.gz"
ask 'scans, gzip' "$base/v1/scans" -H "$ndjson" -H 'Content-Encoding: gzip' --data-binary "@$work/scans.gz"
want '"received":20' '"accepted":20'
ask 'the same scans again' "$base/v1/scans" -H "$ndjson" --data-binary @scans.ndjson
want '"accepted":0,"duplicates":20'
ask 'a media type that nobody takes' "$base/v1/scans" -H 'Content-Type: text/plain' --data-binary @scans.ndjson
want -h '415' 'unsupported_media_type'

# An eleventh person in a tube of ten is refused and kept; the tube holds the swab, so it is sent as late.
ask 'an eleventh' "$base/v1/scans" -H "$ndjson" --data-binary @eleventh.ndjson
want '"rejected":1' 'tube_full'
ask 'rejects' "$base/v1/rejects"
want '"code":"tube_full"' '"reject":"' '"EX001"'
lines 1
reject=$(sed -n 's/.*"reject":"\([^"]*\)".*/\1/p' "$work/answer")
ask 'resubmit' "$base/v1/rejects/resubmit" -H "$json" -d "{\"rejects\":[\"$reject\"],\"late\":true}"
want '"accepted":1' '"resubmitted":["' 'over_capacity'
ask 'a wrong check character' "$base/v1/scans" -H "$ndjson" --data-binary @refused.ndjson
want '"rejected":1' 'person_invalid'
ask 'rejects' "$base/v1/rejects?code=person_invalid"
lines 1
reject=$(sed -n 's/.*"reject":"\([^"]*\)".*/\1/p' "$work/answer")
ask 'dismiss' "$base/v1/rejects/dismiss" -H "$json" -d "{\"rejects\":[\"$reject\"]}"
want '"dismissed":1'
ask 'no rejects are left' "$base/v1/rejects"
lines 0

# Tubes closed and received, somebody excused, results: one tube negative, one positive.
ask 'events' "$base/v1/events" -H "$ndjson" --data-binary @events.ndjson
want '"accepted":5' '"rejected":0'
ask 'results' "$base/v1/results" -H "$ndjson" --data-binary @results.ndjson
want '"accepted":2' '"rejected":0'

# What became of them.
ask 'status of three' "$base/v1/status?$evening" -H "$json" --data-binary @status.json
want '"person":"990101193905230025","state":"negative","code":"green"' '"person":"990101193905230869","state":"held","code":"yellow"' '"person":"990101201805010794","state":"unknown"'
lines 3
ask 'status of one' "$base/v1/people/990101193905230869/status?$evening"
want '"state":"held"' '"tube":"EX002"' '"kind":"single"'
ask 'nobody' "$base/v1/people/990101195106070933x/status"
want -h '400' 'person_invalid'
ask 'history' "$base/v1/people/990101193905230869/history"
want '"event":"test"' '"tube":"EX002"' '"verdict":"positive"'
ask 'tube' "$base/v1/tubes/EX002"
want '"verdict":"positive"' '"resolution":"resolving"' '"received_by":"EXLAB"'
ask 'tubes of a laboratory' "$base/v1/tubes?lab=EXLAB"
want '"tube":"EX001"' '"tube":"EX002"'
lines 2
ask 'tubes to be resolved' "$base/v1/tubes?state=resolving"
want '"tube":"EX002"'
lines 1
ask 'who has to come again' "$base/v1/recollections?area=99010102&state=open"
want '"kind":"single"' '"person":"990101193905230869"'
lines 10
ask 'alerts' "$base/v1/alerts"
want -h '200 OK'

# Who came, and who is missing.
ask 'coverage' "$base/v1/rounds/EXAMPLE/coverage"
want '"expected":24,"sampled":21,"excused":1,"missing":2' '"held":10'
ask 'coverage by area' "$base/v1/rounds/EXAMPLE/coverage?area=990101&by=area"
want '"area":"99010101"' '"area":"99010102"'
ask 'coverage by circle' "$base/v1/rounds/EXAMPLE/coverage?by=circle"
want '"circle":1' '"circle":3'
ask 'coverage by group' "$base/v1/rounds/EXAMPLE/coverage?by=group"
want '"group":"medical_staff"' '"group":"courier"'
ask 'coverage by site, as CSV' "$base/v1/rounds/EXAMPLE/coverage?by=site" -H 'Accept: text/csv'
want 'site' 'EX1' 'EX2'
ask 'missing as CSV' "$base/v1/rounds/EXAMPLE/missing?area=990101" -H 'Accept: text/csv'
want -h 'text/csv' 'person' '990101201805010794' '990101201805011631'
lines 3
ask 'missing with names' "$base/v1/rounds/EXAMPLE/missing?profile=1"
want '"name":"测试乙甲"' '"phone":"13900000011"'
lines 2

# A health-code system starts with everybody and goes on with the changes.
ask 'people' "$base/v1/people?area=990101&$evening"
want -h 'X-Feed-Cursor' -h 'X-As-Of' '"person":"990101193905230025"' '"state":"held"'
lines 24
cursor=$(header X-Feed-Cursor)
ask 'a single tube' "$base/v1/events" -H "$ndjson" --data-binary @single.ndjson
want '"accepted":2'
ask 'changes since' "$base/v1/changes?after=$cursor&$evening"
want -h 'X-Next-After' '"person":"990101193905230869","state":"negative"'
ask 'changes to held' "$base/v1/changes?states=held&limit=100"
want '"state":"held"' '"tubes":["EX002"]'

if [ "$failed" -gt 0 ]; then
  echo "$failed of $checks checks failed" >&2
  exit 1
fi
echo "$checks checks, all as they should be"

#!/bin/sh
# What `make profile` does: days in both orders through a server, and its CPU profile
# into cmd/poolwise/default.pgo, which the compiler reads when it builds the server.
set -eu
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
for order in site random; do
	bin/poolwise serve --data "$dir/$order" --addr 127.0.0.1:18095 --admin-addr 127.0.0.1:18096 >"$dir/$order.log" 2>&1 &
	pid=$!
	until grep -qs "is ready" "$dir/$order.log"; do
		kill -0 "$pid" || { cat "$dir/$order.log"; exit 1; }
		sleep 0.1
	done
	bin/loadtest day --target http://127.0.0.1:18095 --people 4000000 --plain --order "$order" --connections 64 >"$dir/day" &
	day=$!
	go tool pprof -proto -seconds 10 -output "$dir/$order.pb.gz" http://127.0.0.1:18096/debug/pprof/profile >/dev/null 2>&1
	wait "$day"
	kill "$pid"
	wait "$pid" || true
	pid=
done
# The compiler reads names and lines only; where the program lay is nobody's business.
go tool pprof -proto "$dir/site.pb.gz" "$dir/random.pb.gz" 2>/dev/null | gzip -dc |
	perl -pe 's#/[\w./-]*/bin/poolwise#"x" x length($&)#ge' | gzip -9n >cmd/poolwise/default.pgo
ls -l cmd/poolwise/default.pgo

#!/bin/sh
# What `make run` does: a server on a fresh store, a small town's day through it, and
# the server stays up. A second run ends the server of the first.
#   town.sh ADDR DIR
set -eu
addr=$1 dir=$2
if [ -f "$dir/pid" ] && old=$(cat "$dir/pid") && [ "$(cat "/proc/$old/comm" 2>/dev/null)" = poolwise ]; then
	kill "$old"
	while kill -0 "$old" 2>/dev/null; do sleep 0.1; done
fi
rm -rf "$dir"
mkdir -p "$dir"
nohup bin/poolwise serve --data "$dir/store" --addr "$addr" >"$dir/server.log" 2>&1 </dev/null &
pid=$!
echo "$pid" >"$dir/pid"
tries=0
until grep -q 'is ready' "$dir/server.log"; do
	if ! kill -0 "$pid" 2>/dev/null || [ "$tries" -ge 100 ]; then
		cat "$dir/server.log" >&2
		echo "make run: the server did not start; is $addr taken? Try: make run ADDR=127.0.0.1:8081" >&2
		rm -f "$dir/pid"
		exit 1
	fi
	tries=$((tries + 1))
	sleep 0.1
done
cat "$dir/server.log"
bin/loadtest town --target "http://$addr"
cat <<END

The server is still up (process $pid, log in $dir/server.log). Stop it with: make stop
END

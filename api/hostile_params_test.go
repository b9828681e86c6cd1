package api

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// doorNames are all parameters of all routes.
var doorNames = []string{"limit", "after", "at", "window", "states", "state", "kind", "overdue", "basis", "by", "area",
	"wait", "dry_run", "profile", "code", "lab", "site", "round", "n", "nonsense"}

// rubbish are values that no parameter takes, or only one.
var rubbish = []string{"", "0", "-1", "1", "1e9", "1000000000", "9223372036854775808", "99999999999999999999999999", "0x10", "+1", " 1", "1 ", "١", "NaN",
	"null", "true", "[]", "x", "'", `"`, "\x00", "\xff\xfe", "a\r\nX-Injected: 1", "../../etc/passwd", "%s%n", "<script>", strings.Repeat("9", 3000), strings.Repeat(",", 3000),
	"held,", ",held", "held,held,held,pink", "ffffffffffffffff", "0000000000000000", "2022-04-04", "9999-99-99T99:99:99+99:99", "0000-01-01T00:00:00Z", "2022-04-04T08:00:00+08:00",
	"-48h", "48", "9999999999h", "31d", "32d", "R18446744073709551616", "J0", "A", "AAAA"}

// doors are all routes that are read, with names of what exists.
func (h *house) doors() (paths []string) {
	names := strings.NewReplacer("{person}", ada, "{tube}", "T1", "{round}", "default")
	for key, r := range h.server.routes {
		if r.method == "GET" && !strings.HasPrefix(key, "PUT") {
			paths = append(paths, names.Replace(r.path))
		}
	}
	return paths
}

func TestHostileParameters(t *testing.T) {
	// Ensures that every route answers every rubbish of a parameter with 200 or a refusal in
	// the contract's form, and that nothing of it comes back in a header.
	if testing.Short() {
		t.Skip("a minute under the race detector")
	}
	h := open(t, nil)
	h.readyWithRejects()
	h.ask("POST", "/v1/scans", scan("T1", ada, "04T08:00:00")+scan("T2", "passport:USA:560018302", "04T08:00:00"))
	h.ask("POST", "/v1/results", result("T1", "positive", "04T09:00:00"))
	h.ask("PUT", "/v1/areas", `{"area":"990101"}`+"\n")
	asked := 0
	ask := func(path, query string) {
		status, text, header := h.ask("GET", path+"?"+query, "")
		asked++
		if status != 200 && (status < 400 || status > 499 || codeIn(text) == "") || header.Get("X-Injected") != "" {
			t.Errorf("%s?%.100s: got %d %.200s", path, query, status, text)
		}
	}
	for _, path := range h.doors() {
		for _, name := range doorNames {
			for _, value := range rubbish {
				if name == "wait" && path == "/v1/changes" && value == "9999999999h" {
					value += "&after=" // there is something to read: it does not wait
				}
				ask(path, name+"="+url.QueryEscape(value))
			}
			ask(path, name+"=1&"+name+"=x&"+name+"=-1") // said more than once
			ask(path, name)
			ask(path, name+"=%zz%4%")
		}
		ask(path, strings.Repeat("limit=1&", 900))
		ask(path, strings.Repeat("&", 7000))
		ask(path, "limit[]=1&limit.x=1&%6cimit=0")
	}
	if asked < 10_000 {
		t.Errorf("asked %d times only", asked)
	}
	h.healthy("at the end")
}

func TestHostileNames(t *testing.T) {
	// Ensures that rubbish where a path has a name, or a header has a value, is refused alike.
	h := open(t, nil)
	h.readyWithRejects()
	for key, r := range h.server.routes {
		at := strings.IndexByte(r.path, '{')
		if at < 0 {
			continue
		}
		end := strings.IndexByte(r.path, '}')
		for _, value := range rubbish {
			path := r.path[:at] + url.PathEscape(value) + r.path[end+1:]
			status, text, header := h.ask(r.method, path, "")
			if status < 200 || status > 499 || header.Get("X-Injected") != "" {
				t.Errorf("%s %.100s: got %d %.200s", key, path, status, text)
			}
		}
	}
	for _, name := range []string{"Accept", "Accept-Encoding", "X-Time-Zone", "Authorization", "Cookie", "Range", "If-None-Match", "Content-Type", "Content-Encoding", "Last-Event-ID", "X-Forwarded-For", "Origin"} {
		for _, value := range rubbish {
			if strings.ContainsAny(value, "\r\n\x00") {
				continue
			}
			for _, path := range h.doors() {
				if status, text, _ := h.ask("GET", path, "", fmt.Sprintf("%s: %s", name, value)); status != 200 && (status < 400 || status > 499) {
					t.Errorf("%s with %s: %.50s: got %d %.200s", path, name, value, status, text)
				}
			}
		}
	}
	h.healthy("at the end")
}

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func TestExitStatus(t *testing.T) {
	// Ensures that usage errors exit with 2, help with 0, and what differs or cannot
	// be done with 1, each with a sentence.
	forgetful := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A server that takes everything and remembers nothing.
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.URL.Path == "/v1/status":
			for range bytes.Count(body, []byte(`"9901`)) {
				io.WriteString(w, `{"person":"x","state":"unknown","since":null}`+"\n")
			}
		case strings.HasPrefix(r.URL.Path, "/v1/recollections"):
		default:
			n := bytes.Count(body, []byte("\n"))
			io.WriteString(w, strings.ReplaceAll(`{"received":N,"accepted":N,"duplicates":0,"rejected":0}`, "N", strconv.Itoa(n)))
		}
	}))
	defer forgetful.Close()
	for _, k := range []struct {
		args string
		want int
		says string
	}{
		{"", exitUsage, "loadtest COMMAND --help"},
		{"--help", exitOK, "loadtest day"},
		{"week", exitUsage, "loadtest day"},
		{"day --help", exitOK, "-people"},
		{"town --help", exitOK, "-target"},
		{"bench --help", exitOK, "-server"},
		{"day --people many", exitUsage, "invalid value"},
		{"day --order best", exitUsage, "want site or random"},
		{"day --day yesterday", exitUsage, "want YYYY-MM-DD"},
		{"day --role king", exitUsage, "want all or station"},
		{"day --target https://example.org", exitUsage, "want http://"},
		{"day 7", exitUsage, `got "7"`},
		{"day --people 10", exitDiffers, "want one of them"},
		{"day --target 127.0.0.1:1 --people 10", exitDiffers, "cannot reach the server"},
		{"day --target 127.0.0.1:1 --people 0", exitDiffers, "want 1 to"},
		{"day --target 127.0.0.1:1 --batch 0", exitDiffers, "got batches of 0"},
		{"day --target 127.0.0.1:1 --kills 1", exitDiffers, "got 1 kills"},
		{"day --server /nowhere --people 10", exitDiffers, "cannot start the server"},
		{"day --people 300 --plain --json --target " + forgetful.URL, exitDiffers, `"differences":300,`},
	} {
		var out bytes.Buffer
		if got := run(context.Background(), strings.Fields(k.args), &out, &out); got != k.want || !strings.Contains(out.String(), k.says) {
			t.Errorf("loadtest %s: got exit status %d; want %d and %q in:\n%s", k.args, got, k.want, k.says, out.String())
		}
	}
}

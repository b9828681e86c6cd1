package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What nobody honest would send. docs/HOSTILE.md lists every case with what it gets; each
// test here ends with healthy, which says that the server took no harm.

const (
	hostHead  = " HTTP/1.1\r\nHost: x\r\n"
	batchHead = "POST /v1/scans" + hostHead + "Content-Type: application/x-ndjson\r\n"
	// marker follows a request on its connection: it is answered where the connection goes on.
	marker     = "GET /v1/tubes/MARKER" + hostHead + "Connection: close\r\n\r\n"
	markerCode = "tube_unknown"
)

// healthy proves that the server answers, takes a good batch, and holds no bytes.
func (h *house) healthy(after string) {
	h.t.Helper()
	if status, text, _ := h.ask("GET", "/readyz", ""); status != 200 || text != "ok\n" {
		h.t.Fatalf("%s: /readyz got %d %s", after, status, text)
	}
	good := scan("GOOD1", "passport:USA:560018399", "04T08:00:00")
	if status, text, _ := h.ask("POST", "/v1/scans", good); status != 200 || !strings.Contains(text, `"received":1,`) || !strings.Contains(text, `"rejected":0,`) {
		h.t.Fatalf("%s: a good batch got %d %s", after, status, text)
	}
	h.settled(after)
	if n := h.server.panics.Load(); n != 0 {
		h.t.Fatalf("%s: %d panics", after, n)
	}
}

// outcome sends bytes and then marker on one connection, reads to its end, and says what came
// back: "400 bad_request; closed", or "200; 404 not_found; on".
func (h *house) outcome(text string) string {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, text+marker) }()
	return h.answers(conn)
}

// answers reads what comes back to the end of the connection.
func (h *house) answers(conn net.Conn) string {
	h.t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(60 * time.Second))
	var got []string
	for in := bufio.NewReader(conn); ; {
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			if e, ok := err.(net.Error); ok && e.Timeout() {
				h.t.Errorf("the connection was neither answered nor closed")
			}
			got = append(got, "closed")
			break
		}
		body, _ := io.ReadAll(response.Body)
		var answer struct {
			Error struct{ Code string }
		}
		_ = json.Unmarshal(body, &answer)
		if answer.Error.Code == markerCode {
			got = append(got, "on")
			break
		}
		got = append(got, strings.TrimSpace(fmt.Sprint(response.StatusCode, " ", answer.Error.Code)))
	}
	return strings.Join(got, "; ")
}

// hostileCase is something sent and what it gets.
type hostileCase struct{ name, text, want string }

func (h *house) hostile(cases []hostileCase) {
	h.t.Helper()
	for _, c := range cases {
		if got := h.outcome(c.text); got != c.want {
			h.t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
		h.settled(c.name)
	}
	h.healthy("at the end")
}

// announced is a batch of scans with its length.
func announced(body string) string {
	return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", batchHead, len(body), body)
}

func TestHostileMarker(t *testing.T) {
	// Ensures that these tests can tell a connection that goes on from one that ends.
	h := open(t, nil).ready()
	h.hostile([]hostileCase{
		{"one good request", "GET /readyz" + hostHead + "\r\n", "200; on"},
		{"two", "GET /readyz" + hostHead + "\r\nGET /v2" + hostHead + "\r\n", "200; 404 not_found; on"},
		{"one that closes", "GET /v2" + hostHead + "Connection: close\r\n\r\n", "404 not_found; closed"},
	})
}

package api

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"poolwise/ingest"
)

func TestHostilePipelines(t *testing.T) {
	// Ensures that requests sent at once are answered in order up to the first that is none,
	// and that nothing after that one is read.
	h := open(t, nil).ready()
	line := scan("T1", "passport:USA:560018301", "04T08:00:00")
	ready := "GET /readyz" + hostHead + "\r\n"
	h.hostile([]hostileCase{
		{"good and good", announced(line) + ready + announced(line), "200; 200; 200; on"},
		{"good and rubbish", ready + "\x00\x01\x02\r\n\r\n" + inner, "200; 400 bad_request; closed"},
		{"batch and rubbish", announced(line) + "rubbish\r\n\r\n" + inner, "200; 400 bad_request; closed"},
		{"a hundred at once", strings.Repeat(ready, 100), strings.Repeat("200; ", 100) + "on"},
		{"two bodies for one length", announced(line) + line, "200; 400 bad_request; closed"},
		{"a good one after one that closes", ready[:len(ready)-2] + "Connection: close\r\n\r\n" + inner, "200; closed"},
	})
	h.notSmuggled()
}

// notSmuggled proves that no request hidden in a body was carried out.
func (h *house) notSmuggled() {
	h.t.Helper()
	h.wantCode("GET", "/v1/tubes/SMUGGLED", "", 404, "tube_unknown")
}

func TestHostileSmuggling(t *testing.T) {
	// Ensures that the body of a request that is refused, or that takes none, is never read as
	// a request, whatever its length and framing.
	h := open(t, nil).ready()
	heads := []struct{ name, head, want string }{
		{"a path that is none", "POST /v2" + hostHead, "404 not_found"},
		{"a path upwards", "POST /v1/../v1/scans" + hostHead, "404 not_found"},
		{"a method that is not taken", "DELETE /v1/scans" + hostHead, "405 method_not_allowed"},
		{"a media type", "POST /v1/scans" + hostHead + "Content-Type: text/plain\r\n", "415 unsupported_media_type"},
		{"an encoding", batchHead + "Content-Encoding: br\r\n", "415 unsupported_encoding"},
		{"a body that is no gzip", batchHead + "Content-Encoding: gzip\r\n", "400 bad_encoding"},
		{"a parameter", strings.Replace(batchHead, "scans", "scans?dry_run=x", 1), "400 field_invalid"},
		{"a time zone", batchHead + "X-Time-Zone: nowhere\r\n", "400 time_zone_invalid"},
		{"a round that is none", "PUT /v1/rounds/a%20b" + hostHead, "400 field_invalid"},
		{"GET with a body", "GET /readyz" + hostHead, "200"},
		{"GET of a status with a body", "GET /v1/people/x/status" + hostHead, "400 person_invalid"},
		{"OPTIONS with a body", "OPTIONS *" + hostHead, "404 not_found"},
		{"asked ahead", "POST /v2" + hostHead + "Expect: 100-continue\r\n", "100; 404 not_found"},
	}
	large := inner + strings.Repeat(inner, 400_000/len(inner))
	for _, c := range heads {
		for _, body := range []string{inner, large} {
			end := "; on" // a short body is read over, a long one ends the connection
			if len(body) > unreadBytesMax && c.want != "400 bad_encoding" {
				end = "; closed"
			}
			length := fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", c.head, len(body), body)
			if got := h.outcome(length); got != c.want+end {
				t.Errorf("%s, %d bytes announced: got %s; want %s", c.name, len(body), got, c.want+end)
			}
			chunks := fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", c.head, len(body), body)
			if got := h.outcome(chunks); !strings.HasPrefix(got, c.want) || strings.Count(got, "200") > strings.Count(c.want, "200") {
				t.Errorf("%s, %d bytes in chunks: got %s; want %s", c.name, len(body), got, c.want)
			}
		}
	}
	// What comes after an announced body that is too large, or after half a body.
	for _, c := range []hostileCase{
		{"too large", batchHead + "Content-Length: 67108865\r\n\r\n" + strings.Repeat(inner, 60), "413 body_too_large; closed"},
		{"too large, asked ahead", batchHead + "Expect: 100-continue\r\nContent-Length: 67108865\r\n\r\n" + strings.Repeat(inner, 60), "413 body_too_large; closed"},
		{"chunk that breaks off", batchHead + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + inner, "400 body_incomplete; closed"},
	} {
		if got := h.outcome(c.text); got != c.want {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
	}
	h.notSmuggled()
	h.healthy("at the end")
}

func TestHostileOverloaded(t *testing.T) {
	// Ensures that a body refused for want of room is not read as a request either.
	h := open(t, func(c *ingest.PipelineConfig) { c.InflightBytes = 200 })
	h.memory.hold = make(chan struct{})
	h.ready()
	first := make(chan string)
	go func() {
		_, text, _ := h.ask("POST", "/v1/scans", scan("T1", "passport:USA:560018301", "04T08:00:00"))
		first <- text
	}()
	<-h.memory.entered
	for _, packing := range []string{"", "Content-Encoding: gzip\r\n"} {
		if got := h.outcome(fmt.Sprintf("%s%sContent-Length: %d\r\n\r\n%s", batchHead, packing, len(inner), inner)); got != "503 overloaded; on" {
			t.Errorf("announced: got %s", got)
		}
		if got := h.outcome(fmt.Sprintf("%s%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", batchHead, packing, len(inner), inner)); got != "503 overloaded; closed" {
			t.Errorf("in chunks: got %s", got)
		}
	}
	close(h.memory.hold)
	<-first
	h.notSmuggled()
}

// hasty opens a server whose patience is short.
func hasty(t *testing.T) *house {
	return openServer(t, nil, func(s *Server) {
		s.http.ReadTimeout, s.http.WriteTimeout, s.http.IdleTimeout = 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
		s.lingerTime = 50 * time.Millisecond
	}).ready()
}

func TestHostileSlowSenders(t *testing.T) {
	// Ensures that whoever sends a part and then nothing, or drips without end, is answered and
	// let go when his time is over, and holds nothing.
	h := hasty(t)
	line := scan("T1", ada, "04T08:00:00")
	dial := func(text string) net.Conn {
		conn, err := net.Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, text)
		return conn
	}
	for _, c := range []hostileCase{
		{"nothing at all", "", "408 request_timeout; closed"},
		{"half a request line", "POST /v1/sc", "408 request_timeout; closed"},
		{"half a header", batchHead, "408 request_timeout; closed"},
		{"a header without its body", batchHead + "Content-Length: 100\r\n\r\n", "408 request_timeout; closed"},
		{"half a small body", batchHead + "Content-Length: 200\r\n\r\n" + line, "408 request_timeout; closed"},
		{"half a large body", batchHead + "Content-Length: 200000\r\n\r\n" + strings.Repeat(line, 200), "408 request_timeout; closed"},
		{"half a packed body", batchHead + "Content-Encoding: gzip\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat(line, 200), "408 request_timeout; closed"},
		{"half a chunk", batchHead + "Transfer-Encoding: chunked\r\n\r\n100\r\n" + line, "408 request_timeout; closed"},
		{"a chunk and no next", batchHead + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(line), line), "408 request_timeout; closed"},
		{"a request and no next", "GET /readyz" + hostHead + "\r\n", "200; closed"},
		{"half a next request", "GET /readyz" + hostHead + "\r\nGET /rea", "200; 408 request_timeout; closed"},
	} {
		conn := dial(c.text)
		if got := h.answers(conn); got != c.want {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
		conn.Close()
		h.settled(c.name)
	}
	// Chunks of one byte without end: each arrives in time, all together do not.
	conn := dial(batchHead + "Transfer-Encoding: chunked\r\n\r\n")
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			if _, err := io.WriteString(conn, "1\r\n\n\r\n"); err != nil {
				return
			}
		}
	}()
	if got := h.answers(conn); got != "408 request_timeout; closed" {
		t.Errorf("endless chunks: got %s", got)
	}
	conn.Close()
	<-stopped
	h.settled("endless chunks")
	h.healthy("at the end")
	if h.engine.Counts().People != 1 {
		t.Errorf("got %d people; want one, of healthy", h.engine.Counts().People)
	}
}

func TestHostileUnreadAnswers(t *testing.T) {
	// Ensures that a client that never reads its answers is let go, whatever it still sends.
	h := hasty(t)
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	people := `{"people":["` + ada + `"` + strings.Repeat(`,"`+ada+`"`, 9_999) + `]}`
	request := fmt.Sprintf("POST /v1/status%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", hostHead, len(people), people)
	for err == nil { // until nobody takes more: the server no longer reads, then closes
		_, err = io.WriteString(conn, request)
	}
	for h.server.http.GetOpenConnectionsCount() > 0 {
		runtime.Gosched()
	}
	h.healthy("after a client that does not read")
}

func TestHostileLeavers(t *testing.T) {
	// Ensures that clients that close in mid-body, or reset, leave nothing behind.
	h := open(t, nil).ready()
	body := strings.Repeat("\n", 300_000)
	for _, framing := range []string{"Content-Length: 300000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n493e0\r\n", "Content-Encoding: zstd\r\nContent-Length: 300000\r\n\r\n"} {
		for _, sent := range []int{0, 1, 9_000, 290_000} {
			conn, err := net.Dial("tcp", h.addr)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(conn, batchHead+framing+body[:sent])
			if sent%2 == 1 {
				_ = conn.(*net.TCPConn).SetLinger(0) // a reset
			}
			conn.Close()
		}
	}
	for h.server.http.GetOpenConnectionsCount() > 0 {
		runtime.Gosched()
	}
	h.settled("after all have left")
	h.healthy("at the end")
	if h.engine.Counts().People != 1 {
		t.Errorf("got %d people; want one, of healthy", h.engine.Counts().People)
	}
}

func TestHostileIdleConnections(t *testing.T) {
	// Ensures that thousands of connections that say nothing, or half a line, keep nobody out.
	h := open(t, nil).ready()
	conns := make([]net.Conn, 2_000)
	for i := range conns {
		conn, err := net.Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns[i] = conn
		_, _ = io.WriteString(conn, "GET /readyz HTTP/1.1\r\nHo"[:i%24])
	}
	h.healthy("beside 2,000 connections")
	for i := 1; i < len(conns); i += 100 {
		if i%24 != 0 {
			_, _ = io.WriteString(conns[i], "GET /readyz HTTP/1.1\r\nHo"[i%24:]+"st: x\r\nConnection: close\r\n\r\n")
			if got := h.answers(conns[i]); got != "200; closed" {
				t.Errorf("connection %d: got %s", i, got)
			}
		}
	}
}

func TestAllowSlowBody(t *testing.T) {
	// Ensures that a large body has a second for every 256 KiB more, and a body too large for
	// any path has not.
	for _, c := range []struct {
		length int
		want   time.Duration
	}{{-1, 0}, {0, 0}, {slowBodyBytes, 0}, {slowBodyBytes + 1, readTimeout + time.Second}, {batchBodyBytesMax, readTimeout + 256*time.Second}, {batchBodyBytesMax + 1, 0}} {
		var header fasthttp.RequestHeader
		header.SetContentLength(c.length)
		if got := allowSlowBody(&header).ReadTimeout; got != c.want {
			t.Errorf("%d bytes: got %v; want %v", c.length, got, c.want)
		}
	}
}

func TestPatience(t *testing.T) {
	// Ensures that the server waits as long as its limits say, and lets go after a refusal.
	s := New(Config{})
	if s.http.ReadTimeout != readTimeout || s.http.WriteTimeout != writeTimeout || s.http.IdleTimeout != idleTimeout || s.lingerTime != lingerTime || s.http.ReadBufferSize != headerBytesMax {
		t.Error("the server is not as limits.go says")
	}
	// A client that was refused and neither reads nor closes: the connection ends all the same.
	h := hasty(t)
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, batchHead+"Content-Length: 67108865\r\n\r\n"+strings.Repeat("\n", 100_000))
	answer, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(answer, []byte("body_too_large")) {
		t.Errorf("got %s, %v", answer, err)
	}
}

package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"poolwise/ingest"
)

// raw sends bytes on a connection of their own, closes the sending side when told to,
// and returns what comes back.
func (h *house) raw(text string, halfClose bool) string {
	h.t.Helper()
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		h.t.Fatal(err)
	}
	if halfClose {
		c.(*net.TCPConn).CloseWrite()
	}
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err.Error()
	}
	body, _ := io.ReadAll(response.Body)
	return response.Status + " " + string(body)
}

func TestBrokenRequests(t *testing.T) {
	// Ensures that half a request applies nothing, gives back its bytes, and gets an
	// answer in the contract's form when anyone is there to read it.
	h := open(t, nil).ready()
	line := scan("T1", ada, "04T08:00:00")
	head := "POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
	big := strings.Repeat(line, 1000)
	for _, c := range []struct{ name, text, want string }{
		{"half a header", "POST /v1/scans HTT", "bad_request"},
		{"no HTTP", "\x16\x03\x01\r\n\r\n", "bad_request"},
		{"two lengths", head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + line, "bad_request"},
		// RFC 9112 §6.3: chunks win over a length; these hold nothing.
		{"length and chunks", head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "empty_batch"},
		{"half a small body", head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", 2*len(line), line), "bad_request"},
		{"half a large body", head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", 2*len(big), big), "body_incomplete"},
		{"chunks cut between", head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(line), line), "body_incomplete"},
		{"chunks cut within", head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(line)+9, line), "body_incomplete"},
		{"body too large", head + "Content-Length: 67108865\r\n\r\n" + strings.Repeat(" ", 9000), "body_too_large"},
		{"header too large", head + "X: " + strings.Repeat("x", 9000) + "\r\n\r\n", "header_too_large"},
	} {
		if got := h.raw(c.text, true); !strings.Contains(got, `{"error":{"code":"`+c.want+`"`) {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
	}
	if h.engine.Applied() != 0 || h.pipe.InflightBytes() != 0 {
		t.Errorf("got position %d and %d bytes in flight; want none", h.engine.Applied(), h.pipe.InflightBytes())
	}
	if got := h.raw(head+fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(line), line), false); !strings.Contains(got, `"accepted":1`) {
		t.Errorf("whole chunks: got %s", got)
	}
}

func TestRefusalsReachThoseWhoStillSend(t *testing.T) {
	// Ensures that a client that sends its whole body before it looks for the answer
	// finds the answer there, whatever its size; and that one that asks first is not
	// asked to send.
	h := open(t, nil).ready()
	head := "POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
	mebibyte := strings.Repeat("\n", 1<<20)
	chunk := fmt.Sprintf("%x\r\n%s\r\n", len(mebibyte), mebibyte)
	for _, c := range []struct{ name, head, part, want string }{
		{"announced", head + "Content-Length: 68157440\r\n\r\n", mebibyte, "body_too_large"},
		{"in chunks", head + "Transfer-Encoding: chunked\r\n\r\n", chunk, "body_too_large"},
		{"of another kind", strings.Replace(head, "application/x-ndjson", "text/plain", 1) + "Content-Length: 68157440\r\n\r\n", mebibyte, "unsupported_media_type"},
		{"at another door", strings.Replace(head, "/v1/scans", "/v1/nothing", 1) + "Transfer-Encoding: chunked\r\n\r\n", chunk, "not_found"},
	} {
		conn, err := net.Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(conn, c.head)
		for i := 0; i < 65 && err == nil; i++ {
			_, err = io.WriteString(conn, c.part)
		}
		if err != nil {
			t.Errorf("%s: the server stopped listening: %v", c.name, err)
		}
		text, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(text), c.want) || !strings.Contains(string(text), "Connection: close") {
			t.Errorf("%s: got %s, %v; want %s", c.name, text, err, c.want)
		}
		conn.Close()
	}
	got := h.raw(head+"Expect: 100-continue\r\nContent-Length: 67108865\r\n\r\n", true)
	if !strings.HasPrefix(got, "413 ") || !strings.Contains(got, "body_too_large") {
		t.Errorf("asked first: got %s", got)
	}
	// A short body costs nobody the connection, and is never read as a request.
	inner := "GET /v1/tubes/T1 HTTP/1.1\r\nHost: x\r\n\r\n"
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%sGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", len(inner), inner)
	if text, err := io.ReadAll(conn); err != nil || strings.Count(string(text), "HTTP/1.1 ") != 2 || !strings.HasSuffix(string(text), "ok\n") {
		t.Errorf("short body: got %s, %v", text, err)
	}
}

func TestGoneClientIsCarriedOut(t *testing.T) {
	// Ensures that a batch whose client left before the answer is applied all the same.
	h := open(t, nil)
	h.memory.hold = make(chan struct{})
	h.ready()
	line := scan("T1", ada, "04T08:00:00")
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n%s", len(line), line)
	<-h.memory.entered
	c.Close()
	close(h.memory.hold)
	for h.engine.Applied() != 1 {
		runtime.Gosched()
	}
}

func TestOverload(t *testing.T) {
	// Ensures that more bytes than may be in flight are refused before the body is
	// read, with Retry-After, nothing applied, and that room comes back.
	line := scan("T1", ada, "04T08:00:00")
	h := open(t, func(c *ingest.PipelineConfig) { c.InflightBytes = int64(len(line)) + 10 })
	h.memory.hold = make(chan struct{})
	h.ready()
	first := make(chan string)
	go func() {
		_, text, _ := h.ask("POST", "/v1/scans", line)
		first <- text
	}()
	<-h.memory.entered
	h.wantCode("POST", "/v1/scans", scan("T1", "passport:USA:560018274", "04T08:00:00"), 503, "overloaded")
	// Refused by its header alone: the body never comes.
	if got := h.raw("POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 20000\r\n\r\n"+strings.Repeat(" ", 9000), false); !strings.Contains(got, "overloaded") {
		t.Errorf("got %s", got)
	}
	h.memory.entered = make(chan struct{}, 64)
	close(h.memory.hold)
	if got := <-first; !strings.Contains(got, `"accepted":1`) {
		t.Errorf("got %s", got)
	}
	if got := h.engine.Counts().People; got != 1 {
		t.Errorf("got %d people; want 1", got)
	}
	if status, text, _ := h.ask("POST", "/v1/scans", line); status != 200 || !strings.Contains(text, `"duplicates":1`) {
		t.Errorf("got %d %s", status, text)
	}
}

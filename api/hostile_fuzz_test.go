package api

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"poolwise/engine"
	"poolwise/ingest"
)

// script is a connection on which everything has been sent already.
type script struct {
	in  *bytes.Reader
	out bytes.Buffer
}

func (s *script) Read(p []byte) (int, error)       { return s.in.Read(p) }
func (s *script) Write(p []byte) (int, error)      { return s.out.Write(p) }
func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// fuzzHouse is a server without a network.
func fuzzHouse(f *testing.F) *house {
	h := &house{memory: &memory{grown: make(chan struct{}), entered: make(chan struct{}, 64)}}
	h.engine = engine.New(engine.Config{PoolCapacity: 10, Window: 48 * 3600, Recollect: 6 * 3600}, heapPages{})
	h.pipe = ingest.NewPipeline(ingest.PipelineConfig{Machine: h.engine, Journal: h.memory.journal(), Feed: h.memory, Snapshots: noSnapshots{},
		Logf: func(string, ...any) {}, Fatal: func(err error) { panic(err) }})
	if _, err := h.pipe.Recover(context.Background()); err != nil {
		f.Fatal(err)
	}
	h.pipe.Start()
	h.server = New(Config{Logf: func(string, ...any) {}, Now: func() int64 { return houseNow }})
	h.server.Ready(Backend{Engine: h.engine, Pipeline: h.pipe, Feed: h.memory})
	f.Cleanup(func() { _ = h.pipe.Close() })
	return h
}

// say serves one connection from its first byte to its last and returns what came back.
func (h *house) say(t *testing.T, sent []byte) []byte {
	t.Helper()
	conn := &script{in: bytes.NewReader(sent)}
	_ = h.server.http.ServeConn(&watchedConn{Conn: conn})
	if n := h.server.panics.Load(); n != 0 {
		t.Fatalf("%q: %d panics", sent, n)
	}
	if n := h.pipe.InflightBytes(); n != 0 {
		t.Fatalf("%q: %d bytes in flight", sent, n)
	}
	return conn.out.Bytes()
}

// FuzzRequest ensures that whatever bytes are sent on a connection, the server answers in
// whole HTTP responses or closes, holds no bytes, and never fails (500).
func FuzzRequest(f *testing.F) {
	h := fuzzHouse(f)
	line := scan("T1", ada, "04T08:00:00")
	for _, seed := range []string{
		announced(line), announced(line) + announced(line), batchHead + "Transfer-Encoding: chunked\r\n\r\n5\r\n{}\n{}\r\n0\r\n\r\n",
		"GET /v1/people/" + ada + "/status?at=2022-04-04T08:00:00Z" + hostHead + "\r\n", "GET /v1/changes?limit=1" + hostHead + "\r\nGET /readyz" + hostHead + "\r\n",
		"POST /v1/status" + hostHead + "Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"people\":[\"x\"]}\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"POST /v1/roster" + hostHead + "Content-Type: text/csv\r\nContent-Length: 9\r\n\r\nperson\nx\n", batchHead + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n{}\n",
		batchHead + "Transfer-Encoding: identity\r\n\r\n" + line, "GET /v1/../readyz HTTP/1.0\nHost: x\n\n", batchHead + "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + gzipped("")[:20],
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		if bytes.Contains(sent, []byte("wait=")) {
			t.Skip() // a long poll is answered when its time is over, not before
		}
		whole(t, sent, h.say(t, sent))
	})
}

// whole proves that answers are whole HTTP responses, up to one that broke off with its connection.
func whole(t *testing.T, sent, answers []byte) {
	t.Helper()
	for in := bufio.NewReader(bytes.NewReader(answers)); ; {
		if _, err := in.Peek(1); err != nil {
			return
		}
		response, err := http.ReadResponse(in, nil)
		if err == io.ErrUnexpectedEOF {
			return
		}
		if err != nil {
			t.Fatalf("%q was answered with %q: %v", sent, answers, err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		if response.StatusCode >= 500 && response.StatusCode != 503 {
			t.Fatalf("%q was answered with %d", sent, response.StatusCode)
		}
		if response.ContentLength < 0 || bytes.Contains(sent, []byte("HEAD ")) {
			return // HEAD is answered with a length and no body
		}
	}
}

// FuzzParameters ensures that no query and no name in a path makes a route fail.
func FuzzParameters(f *testing.F) {
	h := fuzzHouse(f)
	doors := h.doors()
	slices.Sort(doors) // an input means the same every time
	for i := range doors {
		f.Add(uint8(i), "limit=1&after=", "T1")
		f.Add(uint8(i), "at=2022-04-04T08:00:00%2B08:00&window=48h&basis=reported&states=held", ada)
	}
	for _, value := range rubbish {
		f.Add(uint8(0), "limit="+url.QueryEscape(value), value)
	}
	f.Fuzz(func(t *testing.T, door uint8, query, name string) {
		if strings.Contains(query, "wait") || strings.ContainsRune(query, '%') && strings.Contains(strings.ToLower(query), "%77") {
			t.Skip()
		}
		path := doors[int(door)%len(doors)]
		path = strings.NewReplacer(ada, url.PathEscape(name), "/T1", "/"+url.PathEscape(name), "default", url.PathEscape(name)).Replace(path)
		clean := strings.Map(func(r rune) rune {
			if r <= ' ' || r == 0x7f {
				return -1
			}
			return r
		}, query)
		answer := string(h.say(t, []byte("GET "+path+"?"+clean+hostHead+"Connection: close\r\n\r\n")))
		status, _, _ := strings.Cut(strings.TrimPrefix(answer, "HTTP/1.1 "), " ")
		if !strings.HasPrefix(answer, "HTTP/1.1 ") || status != "200" && (status < "400" || status > "499") {
			t.Fatalf("%s?%q: got %.200q", path, clean, answer)
		}
	})
}

// FuzzCompressedBody ensures that whatever is sent as gzip or zstd becomes at most as much as
// it may, or is refused; and that the
// decoder is as good as new afterwards.
func FuzzCompressedBody(f *testing.F) {
	line := scan("T1", ada, "04T08:00:00")
	for _, seed := range []string{line, "", strings.Repeat(line, 1000)} {
		f.Add([]byte(gzipped(seed)), true)
		f.Add([]byte(gzipped(seed)+gzipped(seed)), true)
		f.Add([]byte(zstandard(seed)), false)
		f.Add([]byte(streamed(seed)+zstandard(seed)), false)
	}
	f.Add([]byte(gzipMember(8, "name\x00", line)), true)
	f.Add([]byte(zstdFrame(0, 0x50)+rleBlock+lastBlock), false)
	f.Add([]byte("\x50\x2a\x4d\x18\x03\x00\x00\x00abc"+zstandard(line)), false)
	const limit = 4 << 20
	good := map[packing][]byte{packedGzip: []byte(gzipped(line)), packedZstd: []byte(zstandard(line))}
	f.Fuzz(func(t *testing.T, packed []byte, isGzip bool) {
		kind := packedZstd
		if isGzip {
			kind = packedGzip
		}
		admitted, into := int64(0), []byte(nil)
		refused := unpack(packed, kind, &into, limit, func(n int64) bool { admitted += n; return true })
		switch {
		case refused != nil && refused != errPacking && refused != errUnpackedTooLarge:
			t.Fatalf("got %s", refused.code)
		case len(into) > limit+1 || int64(len(into)) > admitted || admitted > limit+1:
			t.Fatalf("got %d bytes, %d admitted", len(into), admitted)
		case refused == nil && len(into) > limit:
			t.Fatalf("took %d bytes", len(into))
		}
		again := []byte(nil)
		if refused := unpack(good[kind], kind, &again, limit, func(int64) bool { return true }); refused != nil || string(again) != line {
			t.Fatalf("afterwards a good body got %v and %q", refused, again)
		}
	})
}

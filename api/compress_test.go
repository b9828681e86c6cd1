package api

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/valyala/fasthttp"

	"poolwise/ingest"
)

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

func zstandard(text string, options ...zstd.EOption) string {
	w, err := zstd.NewWriter(nil, append(options, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		panic(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// streamed is zstd that does not say how large it becomes.
func streamed(text string, options ...zstd.EOption) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, append(options, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		panic(err)
	}
	_, _ = io.Copy(w, strings.NewReader(text))
	_ = w.Close()
	return b.String()
}

// packings are the two ways to compress.
var packings = []struct {
	name string
	kind packing
	pack func(string) string
}{{"gzip", packedGzip, gzipped}, {"zstd", packedZstd, func(s string) string { return zstandard(s) }}}

func manyScans(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(scan(fmt.Sprint("T", i/10), fmt.Sprintf("passport:USA:%09d", i), "04T08:00:00"))
	}
	return b.String()
}

// settled fails when bytes are still reserved.
func (h *house) settled(what string) {
	h.t.Helper()
	if n := h.pipe.InflightBytes(); n != 0 {
		h.t.Errorf("%s: got %d bytes in flight; want none", what, n)
	}
}

func TestPackedBodies(t *testing.T) {
	// Ensures that a compressed batch means what it means uncompressed, in one piece or in
	// several, announced or in chunks, and that what was reserved is given back.
	body := manyScans(3000)
	half := strings.Index(body[len(body)/2:], "\n") + len(body)/2 + 1
	for _, c := range []struct{ name, encoding, packed string }{
		{"gzip", "gzip", gzipped(body)},
		{"zstd", "zstd", zstandard(body)},
		{"in capitals", "GZIP", gzipped(body)},
		{"gzip in two members", "gzip", gzipped(body[:half]) + gzipped(body[half:])},
		{"members cut within a line", "gzip", gzipped(body[:half+9]) + gzipped(body[half+9:])},
		{"an empty member", "gzip", gzipped("") + gzipped(body) + gzipped("")},
		{"zstd in two frames", "zstd", zstandard(body[:half]) + zstandard(body[half:])},
		{"an empty frame", "zstd", zstandard("", zstd.WithZeroFrames(true)) + zstandard(body)},
		{"a frame to be skipped", "zstd", "\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstandard(body)},
		{"a frame that does not tell its size", "zstd", streamed(body)},
		{"the widest window", "zstd", streamed(body, zstd.WithWindowSize(8<<20))},
		{"not compressed", "identity", body},
	} {
		h := open(t, nil).ready()
		want := `"received":3000,"accepted":3000,`
		for _, length := range []bool{true, false} {
			var reader io.Reader = strings.NewReader(c.packed)
			if !length {
				reader = io.MultiReader(reader)
			}
			request, _ := http.NewRequest("POST", "http://"+h.addr+"/v1/scans", reader)
			request.Header.Set("Content-Type", typeNDJSON)
			request.Header.Set("Content-Encoding", c.encoding)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if !strings.Contains(string(text), want) {
				t.Errorf("%s, announced %v: got %.200s; want %s", c.name, length, text, want)
			}
			h.settled(c.name)
			want = `"received":3000,"accepted":0,"duplicates":3000,`
		}
		if got := h.engine.Counts().People; got != 3000 {
			t.Errorf("%s: got %d people; want 3000", c.name, got)
		}
	}
}

func TestPackedBodiesDamaged(t *testing.T) {
	// Ensures that a compressed body that is cut, altered or followed by rubbish is refused
	// as a whole, wherever the damage is; nothing is applied, and the connection goes on.
	h := open(t, nil).ready()
	body := manyScans(200)
	random := rand.New(rand.NewPCG(1, 2))
	for _, p := range packings {
		whole := p.pack(body)
		damaged := []string{"", "x", whole + "x", whole + "\x00\x00\x00\x00", whole + whole[:1], whole + whole[:7], "\n" + whole, body, whole[:len(whole)-1], whole[:len(whole)-4], whole[:3]}
		for range 100 {
			damaged = append(damaged, whole[:1+random.IntN(len(whole)-1)], whole+whole[:1+random.IntN(len(whole)-1)])
		}
		for i, packed := range damaged {
			if status, text, _ := h.ask("POST", "/v1/scans", packed, "Content-Encoding: "+p.name, "Content-Type: "+typeNDJSON); status != 400 || !strings.Contains(text, "bad_encoding") {
				t.Fatalf("%s, damage %d, %d bytes of %d: got %d %s", p.name, i, len(packed), len(whole), status, text)
			}
		}
		// A bit that means nothing may change; whatever becomes of it is summed up. (Past the
		// time in the header of gzip.)
		for range 2000 {
			at := 10 + random.IntN(len(whole)-10)
			packed, into := whole[:at]+string(whole[at]^byte(1<<random.IntN(8)))+whole[at+1:], []byte(nil)
			if refused := unpack([]byte(packed), p.kind, &into, ingest.MaxBodyBytes, func(int64) bool { return true }); refused != errPacking && string(into) != body {
				t.Fatalf("%s, byte %d altered: got %v and other bytes", p.name, at, refused)
			}
		}
		h.settled(p.name)
	}
	// Cut within the name of a second member: what the package itself takes for the end.
	named := gzipped(body) + "\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x00nam"
	h.wantCode("POST", "/v1/scans", named, 400, "bad_encoding", "Content-Encoding: gzip")
	h.wantCode("POST", "/v1/scans", gzipped(body), 400, "bad_encoding", "Content-Encoding: zstd")
	h.wantCode("POST", "/v1/scans", zstandard(body), 400, "bad_encoding", "Content-Encoding: gzip")
	for _, encoding := range []string{"br", "deflate", "gzip, gzip", "gzip, identity", "x-gzip", "*"} {
		h.wantCode("POST", "/v1/scans", gzipped(body), 415, "unsupported_encoding", "Content-Encoding: "+encoding)
	}
	if h.engine.Applied() != 0 {
		t.Errorf("got position %d; want nothing applied", h.engine.Applied())
	}
	packed := gzipped(body)
	head := "POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Encoding: gzip\r\n"
	two := fmt.Sprintf("%sContent-Length: %d\r\n\r\n%sx%sContent-Length: %d\r\n\r\n%s", head, len(packed)+1, packed, head, len(packed), packed)
	if got := h.rawAll(two); strings.Count(got, "HTTP/1.1 ") != 2 || !strings.Contains(got, "bad_encoding") || !strings.Contains(got, `"accepted":200`) {
		t.Errorf("a good body after a bad one: got %s", got)
	}
	if got := h.raw(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, 100_000, strings.Repeat(packed, 1+9000/len(packed))), true); !strings.Contains(got, "body_incomplete") {
		t.Errorf("shorter than announced: got %s", got)
	}
	if got := h.raw(fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, len(packed), packed), true); !strings.Contains(got, "body_incomplete") {
		t.Errorf("chunks cut off: got %s", got)
	}
	h.settled("at the end")
}

// rawAll sends bytes, closes the sending side, and returns everything that comes back.
func (h *house) rawAll(text string) string {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		_, _ = io.WriteString(conn, text)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil && len(answer) == 0 {
		return err.Error()
	}
	return string(answer)
}

func TestMediaTypes(t *testing.T) {
	// Ensures that every media type and charset of the contract reaches its reader, and that
	// any other is refused.
	for _, c := range []struct {
		endpoint ingest.Endpoint
		text     string
		want     ingest.Format
		refused  *refusal
	}{
		{ingest.Scans, "application/x-ndjson", ingest.FormatNDJSON, nil},
		{ingest.Scans, "Application/X-NDJSON; charset=utf-8", ingest.FormatNDJSON, nil},
		{ingest.Scans, " application/json ;charset=gbk", ingest.FormatJSON, nil},
		{ingest.Scans, "text/csv", ingest.FormatCSV, nil},
		{ingest.Results, "text/csv; header=present", ingest.FormatCSV, nil},
		{ingest.Results, "text/csv; charset=UTF-8", ingest.FormatCSV, nil},
		{ingest.Roster, `text/csv; header=present; charset="utf-8"`, ingest.FormatCSV, nil},
		{ingest.Roster, "text/csv;charset=gbk", ingest.FormatCSVGB, nil},
		{ingest.Roster, "TEXT/CSV; CHARSET=GB2312", ingest.FormatCSVGB, nil},
		{ingest.Roster, `text/csv; charset = "gb18030"`, ingest.FormatCSVGB, nil},
		{ingest.Roster, mediaXLSX, ingest.FormatXLSX, nil},
		{ingest.Roster, mediaXLSX + "; charset=x", ingest.FormatXLSX, nil},
		{ingest.Scans, mediaXLSX, 0, errMediaType},
		{ingest.Areas, mediaXLSX, 0, errMediaType},
		{ingest.Roster, "text/csv; charset=latin1", 0, errMediaType},
		{ingest.Roster, "text/csv; charset=", 0, errMediaType},
		{ingest.Roster, "text/csv; charset", 0, errMediaType},
		{ingest.Roster, "text/csv; charset=utf-8; charset=gbk", 0, errMediaType},
		{ingest.Roster, "application/vnd.ms-excel", 0, errMediaType},
		{ingest.Roster, "text/csvx", 0, errMediaType},
		{ingest.Roster, "text/plain", 0, errMediaType},
		{ingest.Roster, "", 0, errMediaType},
		{ingest.Roster, ";", 0, errMediaType},
	} {
		ctx := requestOf("Content-Type", c.text)
		if got, refused := bodyOf(ctx, c.endpoint); refused != c.refused || refused == nil && got.format != c.want {
			t.Errorf("%q: got %d, %v; want %d, %v", c.text, got.format, refused, c.want, c.refused)
		}
	}
}

func TestPackedStatus(t *testing.T) {
	// Ensures that a bulk status can be asked for with a compressed body, within its own bound.
	h := open(t, nil).ready()
	h.ask("POST", "/v1/scans", scan("T1", ada, "04T08:00:00"))
	ask := `{"people":["` + ada + `"]}`
	for _, p := range packings {
		headers := []string{"Content-Type: application/json", "Content-Encoding: " + p.name}
		if status, text, _ := h.ask("POST", "/v1/status", p.pack(ask), headers...); status != 200 || !strings.Contains(text, `"state":"sampled"`) {
			t.Errorf("%s: got %d %s", p.name, status, text)
		}
		full := ask + strings.Repeat(" ", statusBodyBytesMax-len(ask))
		if status, text, _ := h.ask("POST", "/v1/status", p.pack(full), headers...); status != 200 || !strings.Contains(text, `"state":"sampled"`) {
			t.Errorf("%s, 1 MiB: got %d %s", p.name, status, text)
		}
		h.wantCode("POST", "/v1/status", p.pack(full+" "), 413, "body_too_large", headers...)
		h.wantCode("POST", "/v1/status", p.pack(strings.Repeat(" ", 8<<20)), 413, "body_too_large", headers...)
		h.wantCode("POST", "/v1/status", p.pack(ask)+"x", 400, "bad_encoding", headers...)
		h.wantCode("POST", "/v1/status", p.pack(""), 400, "bad_encoding", headers...)
	}
	h.wantCode("POST", "/v1/status", ask, 415, "unsupported_encoding", "Content-Type: application/json", "Content-Encoding: br")
}

func TestPackedOverload(t *testing.T) {
	// Ensures that a compressed body is admitted as it grows: one that finds no room beside
	// another is refused with nothing applied, one that is alone may become larger than all
	// there is, and in each case exactly what was reserved is given back.
	big := scan("T1", ada, "04T08:00:00") + strings.Repeat("\n", 3<<20)
	for _, p := range packings {
		h := open(t, func(c *ingest.PipelineConfig) { c.InflightBytes = 1 << 20 })
		h.memory.hold = make(chan struct{})
		h.ready()
		first := make(chan string)
		go func() {
			_, text, _ := h.ask("POST", "/v1/scans", scan("T2", "passport:USA:560018301", "04T08:00:00"))
			first <- text
		}()
		<-h.memory.entered
		held := h.pipe.InflightBytes()
		h.wantCode("POST", "/v1/scans", p.pack(big), 503, "overloaded", "Content-Encoding: "+p.name)
		if got := h.pipe.InflightBytes(); got != held {
			t.Errorf("%s: got %d bytes in flight beside the first request; want %d", p.name, got, held)
		}
		close(h.memory.hold)
		if got := <-first; !strings.Contains(got, `"accepted":1`) {
			t.Errorf("got %s", got)
		}
		h.settled(p.name)
		// Answers are written before what they reserved is given back.
		if status, text, _ := h.ask("POST", "/v1/scans", p.pack(big), "Content-Encoding: "+p.name); status != 200 || !strings.Contains(text, `"accepted":1`) {
			t.Errorf("%s, alone: got %d %s", p.name, status, text)
		}
		h.settled(p.name)
	}
}

func TestHugeBodies(t *testing.T) {
	// Ensures that a body that unpacks past 128 MiB takes no more than half of the room, so that
	// small ones are taken while it is in; that a second one is refused until it is answered, with
	// nothing left reserved; that one of exactly 128 MiB takes no turn; and that its memory goes
	// back to the system.
	if testing.Short() {
		t.Skip("unpacks 512 MiB several times")
	}
	line := scan("T1", ada, "04T08:00:00")
	huge := zstandard(line + strings.Repeat("\n", hugeBodyBytes+1-len(line)))
	full := streamed(line + strings.Repeat("\n", hugeBodyBytes-len(line)))
	h := open(t, nil)
	h.memory.hold = make(chan struct{})
	h.ready()
	freed.wait()
	before, times := heapInUse(), freed.times
	answers := make(chan string)
	send := func(body string, headers ...string) {
		_, text, _ := h.ask("POST", "/v1/scans", body, headers...)
		answers <- text
	}
	go send(huge, "Content-Encoding: zstd")
	<-h.memory.entered
	held := h.pipe.InflightBytes()
	if held > hugeBodyBytes+1 || 2*held > ingest.InflightBytesDefault+2 {
		t.Errorf("got %d bytes admitted of a huge body", held)
	}
	if status, text, _ := h.ask("POST", "/v1/scans", "{}\n{}\n"); status != 200 || !strings.Contains(text, `"received":2`) {
		t.Errorf("a small batch beside it: got %d %s", status, text)
	}
	for range 2 {
		h.wantCode("POST", "/v1/scans", huge, 503, "overloaded", "Content-Encoding: zstd")
		if got := h.pipe.InflightBytes(); got != held {
			t.Errorf("after a second huge body: got %d bytes in flight; want %d", got, held)
		}
	}
	go send(scan("T2", "passport:USA:560018301", "04T08:00:00"))
	close(h.memory.hold)
	for range 2 {
		if got := <-answers; !strings.Contains(got, `"accepted":1`) {
			t.Errorf("got %s", got)
		}
	}
	h.settled("after a huge body")
	freed.wait()
	if after := heapInUse(); freed.times == times || after > before+hugeBodyBytes/2 {
		t.Errorf("got %d bytes in use %d times freed; want %d as before", after, freed.times-times, before)
	}
	if len(hugeTurns) > 0 {
		t.Fatal("the turn is still taken after the answer")
	}
	hugeTurns <- struct{}{}
	for _, c := range []struct{ body, want string }{{full, `"duplicates":1`}, {huge, `"overloaded"`}} {
		if _, text, _ := h.ask("POST", "/v1/scans", c.body, "Content-Encoding: zstd"); !strings.Contains(text, c.want) {
			t.Errorf("while the turn is taken: got %s; want %s", text, c.want)
		}
	}
	<-hugeTurns
	h.wantCode("POST", "/v1/scans", huge[:len(huge)-1], 400, "bad_encoding", "Content-Encoding: zstd")
	h.wantCode("POST", "/v1/scans", huge+"x", 400, "bad_encoding", "Content-Encoding: zstd")
	if _, text, _ := h.ask("POST", "/v1/scans", huge, "Content-Encoding: zstd"); !strings.Contains(text, `"duplicates":1`) {
		t.Errorf("when the turn is free again: got %s", text)
	}
	h.settled("at the end")
}

// heapInUse is what the process has from the system for its heap.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapSys - m.HeapReleased
}

func TestMemoryFreer(t *testing.T) {
	// Ensures that memory is given back after whoever asked last, however many ask at once.
	var f memoryFreer
	f.wait()
	var all sync.WaitGroup
	for range 8 {
		all.Go(f.again)
	}
	all.Wait()
	f.wait()
	if f.asked || f.working || f.times == 0 || f.times > 8 {
		t.Errorf("got %d times, asked %v, working %v", f.times, f.asked, f.working)
	}
}

func TestAdmitMore(t *testing.T) {
	// Ensures that many who grow at once never hold more than there is, unless one is alone,
	// and give everything back.
	h := open(t, func(c *ingest.PipelineConfig) { c.InflightBytes = 1000 })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 2000 {
				held := int64(0)
				for range 20 {
					if !admitMore(h.pipe, &held, 100) {
						break
					}
				}
				h.pipe.Release(held)
			}
		})
	}
	all.Wait()
	h.settled("at the end")
	held := int64(0)
	for range 20 {
		if !admitMore(h.pipe, &held, 100) {
			t.Fatalf("alone: refused at %d", held)
		}
	}
	if other := int64(0); admitMore(h.pipe, &other, 1) || other != 0 || held != 2000 {
		t.Errorf("beside one who holds everything: got %d and %d bytes", other, held)
	}
	h.pipe.Release(held)
	h.settled("at the end")
}

func TestUnpackAllocatesNothing(t *testing.T) {
	// Ensures that a steady stream of compressed batches is unpacked in memory used again.
	if testing.Short() {
		t.Skip("the race detector, which runs the short tests, allocates")
	}
	body := manyScans(1000)
	into := make([]byte, 0, 1<<20)
	for _, c := range []struct {
		kind   packing
		packed []byte
	}{{packedGzip, []byte(gzipped(body))}, {packedZstd, []byte(zstandard(body))}} {
		yes := func(int64) bool { return true }
		// Every decoder there is has its memory after a round.
		for range 2 * cap(unpackers) {
			if refused := unpack(c.packed, c.kind, &into, ingest.MaxBodyBytes, yes); refused != nil {
				t.Fatal(refused.code)
			}
		}
		if n := testing.AllocsPerRun(20, func() { unpack(c.packed, c.kind, &into, ingest.MaxBodyBytes, yes) }); n > 0 {
			t.Errorf("packing %d: got %.0f allocations; want none", c.kind, n)
		}
		if string(into) != body {
			t.Errorf("packing %d: got %d bytes; want %d", c.kind, len(into), len(body))
		}
	}
}

func benchmarkBody(b *testing.B, kind packing, packed string, size int) {
	into, bytes := make([]byte, 0, size+chunkBytes), []byte(packed)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if refused := unpack(bytes, kind, &into, ingest.MaxBodyBytes, func(int64) bool { return true }); refused != nil || len(into) != size {
			b.Fatal("not unpacked")
		}
	}
	b.ReportMetric(float64(size)/float64(len(packed)), "times_smaller")
}

// aBatch is 10,000 scans as stations make them: people in no order, a tube every ten, some
// seconds between two swabs.
func aBatch() string {
	random := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	at := time.Date(2022, 4, 4, 7, 0, 0, 0, time.FixedZone("", 8*3600))
	for i := range 10_000 {
		at = at.Add(time.Duration(random.IntN(9)) * time.Second)
		fmt.Fprintf(&b, `{"tube":"T%07d","person":"passport:USA:%09d","at":"%s","site":"S%02d","station":"P%d"}`+"\n",
			1_000_000+i/10, 560_018_300+random.IntN(99_000_000), at.Format(time.RFC3339), i/1300, i%3)
	}
	return b.String()
}

func BenchmarkGzipBody(b *testing.B) {
	body := aBatch()
	benchmarkBody(b, packedGzip, gzipped(body), len(body))
}

func BenchmarkZstdBody(b *testing.B) {
	body := aBatch()
	benchmarkBody(b, packedZstd, zstandard(body), len(body))
}

// requestOf is a request with one header, without a connection.
func requestOf(name, value string) *fasthttp.RequestCtx {
	ctx := &fasthttp.RequestCtx{}
	ctx.Request.Header.Set(name, value)
	return ctx
}

package api

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"poolwise/ingest"
)

// batch sends a body and says what became of it: "400 bad_encoding", or "200: 1 accepted, 2
// rejected, bad_syntax" with the code of the first error.
func (h *house) batch(path, body string, headers ...string) string {
	h.t.Helper()
	status, text, _ := h.ask("POST", path, body, headers...)
	if status != 200 {
		return fmt.Sprint(status, " ", codeIn(text))
	}
	return outcomeOf(h.t, text)
}

// outcomeOf shortens the answer to a batch.
func outcomeOf(t *testing.T, text string) string {
	t.Helper()
	var accepted, duplicates, rejected int
	if _, err := fmt.Sscanf(text[strings.Index(text, `"accepted"`):], `"accepted":%d,"duplicates":%d,"rejected":%d`, &accepted, &duplicates, &rejected); err != nil {
		t.Fatalf("got %.300s", text)
	}
	outcome := fmt.Sprintf("200: %d accepted, %d rejected, %s", accepted+duplicates, rejected, codeIn(text[:strings.Index(text, `"flagged"`)]))
	return strings.TrimSuffix(outcome, ", ")
}

// codeIn finds the first code in an answer.
func codeIn(text string) string {
	_, after, _ := strings.Cut(text, `"code":"`)
	code, _, _ := strings.Cut(after, `"`)
	return code
}

// zstdFrame writes a frame by hand; blocks come after.
func zstdFrame(descriptor byte, header ...byte) string {
	return "\x28\xb5\x2f\xfd" + string(descriptor) + string(header)
}

// lastBlock is empty, and ends a frame; rleBlock is 128 KiB of one byte, in four.
const lastBlock = "\x01\x00\x00"

// A block's header: bit 0 last, bits 1 and 2 the type (1: repeated), then the size.
var rleBlock = string(binary.LittleEndian.AppendUint32(nil, 128<<10<<3|1<<1)[:3]) + " "

// gzipMember has a header by hand.
func gzipMember(flags byte, fields, text string) string {
	whole := gzipped(text)
	return whole[:3] + string(flags) + whole[4:10] + fields + whole[10:]
}

func TestHostilePacked(t *testing.T) {
	// Ensures what odd compressed bodies get, and that none costs more than it may.
	h := open(t, nil).ready()
	line := scan("T1", ada, "04T08:00:00")
	emptyFrame := zstdFrame(0, 0) + lastBlock
	size := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	random := make([]byte, 2<<20)
	state := uint64(1)
	for i := range random {
		state = state*6364136223846793005 + 1442695040888963407
		random[i] = byte(state >> 56)
	}
	for _, c := range []struct{ name, encoding, body, want string }{
		{"gzip in gzip", "gzip", gzipped(gzipped(line)), "200: 0 accepted, 2 rejected, bad_syntax"},
		{"zstd in gzip", "gzip", gzipped(zstandard(line)), "200: 0 accepted, 2 rejected, bad_syntax"},
		{"gzip of random bytes", "gzip", gzipped(string(random)), "200: 0 accepted, 8127 rejected, bad_syntax"},
		{"a million empty members", "gzip", strings.Repeat(gzipped(""), 1_000_000) + gzipped(line), "200: 1 accepted, 0 rejected"},
		{"a million members of one byte", "gzip", strings.Repeat(gzipped("\n"), 1_000_000) + gzipped(line), "200: 1 accepted, 0 rejected"},
		{"only an empty member", "gzip", gzipped(""), "400 empty_batch"},
		{"a name of 400 bytes", "gzip", gzipMember(8, strings.Repeat("n", 400)+"\x00", line), "200: 1 accepted, 0 rejected"},
		{"a name of 1 MiB", "gzip", gzipMember(8, strings.Repeat("n", 1<<20)+"\x00", line), "400 bad_encoding"},
		{"a name without end", "gzip", "\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x00nnn", "400 bad_encoding"},
		{"a comment of 1 MiB", "gzip", gzipMember(16, strings.Repeat("c", 1<<20)+"\x00", line), "400 bad_encoding"},
		{"an extra field of 64 KiB", "gzip", gzipMember(4, "\xff\xff"+strings.Repeat("e", 0xffff), line), "200: 1 accepted, 0 rejected"},
		{"a hundred extra fields of 64 KiB", "gzip", strings.Repeat(gzipMember(4, "\xff\xff"+strings.Repeat("e", 0xffff), ""), 100) + gzipped(line), "200: 1 accepted, 0 rejected"},
		{"reserved flags", "gzip", gzipMember(0xe0, "", line), "400 bad_encoding"},
		{"a wrong header sum", "gzip", gzipMember(2, "\x00\x00", line), "400 bad_encoding"},
		{"another method than deflate", "gzip", "\x1f\x8b\x07" + gzipped(line)[3:], "400 bad_encoding"},
		{"a bomb of 1000:1", "gzip", gzipped(line + strings.Repeat(" ", 64<<20)), "200: 1 accepted, 0 rejected"},
		{"a bomb in a bomb", "gzip", gzipped(gzipped(strings.Repeat(" ", 64<<20))), "200: 0 accepted, 1 rejected, bad_syntax"},
		{"zstd in zstd", "zstd", zstandard(zstandard(line)), "200: 0 accepted, 2 rejected, bad_syntax"},
		{"a million empty frames", "zstd", strings.Repeat(emptyFrame, 1_000_000) + zstandard(line), "200: 1 accepted, 0 rejected"},
		{"only empty frames", "zstd", strings.Repeat(emptyFrame, 1000), "400 empty_batch"},
		{"a million frames to be skipped", "zstd", strings.Repeat("\x50\x2a\x4d\x18\x00\x00\x00\x00", 1_000_000) + zstandard(line), "200: 1 accepted, 0 rejected"},
		{"a skip of 4 GiB", "zstd", "\x50\x2a\x4d\x18\xff\xff\xff\xff" + zstandard(line), "400 bad_encoding"},
		{"a declared size of 2^62", "zstd", zstdFrame(0xc0, append([]byte{0x50}, size(1<<62)...)...) + lastBlock, "400 bad_encoding"},
		{"a declared size of 2^64-1", "zstd", zstdFrame(0xc0, append([]byte{0x50}, size(1<<64-1)...)...) + lastBlock, "400 bad_encoding"},
		{"a declared size of 512 MiB + 1", "zstd", zstdFrame(0xc0, append([]byte{0x50}, size(ingest.MaxBodyBytes+1)...)...) + lastBlock, "400 bad_encoding"},
		{"one segment of 2^62", "zstd", zstdFrame(0xe0, size(1<<62)...) + lastBlock, "400 bad_encoding"},
		{"one segment of 8 MiB + 1", "zstd", zstdFrame(0xe0, size(8<<20+1)...) + lastBlock, "400 bad_encoding"},
		{"less than it declares", "zstd", zstdFrame(0xe0, size(100)...) + lastBlock, "400 bad_encoding"},
		{"more than it declares", "zstd", zstdFrame(0xe0, size(100)...) + rleBlock + lastBlock, "400 bad_encoding"},
		{"a window of 8 MiB", "zstd", zstdFrame(0, 13<<3) + rleBlock + lastBlock + zstandard("\n"+line), "200: 1 accepted, 0 rejected"},
		{"a window of 9 MiB", "zstd", zstdFrame(0, 13<<3|1) + rleBlock + lastBlock, "400 bad_encoding"},
		{"a window of 2^41", "zstd", zstdFrame(0, 31<<3) + lastBlock, "400 bad_encoding"},
		{"a dictionary nobody has", "zstd", zstdFrame(1, 0x50, 7) + lastBlock, "400 bad_encoding"},
		{"a reserved bit", "zstd", zstdFrame(8, 0x50) + lastBlock, "400 bad_encoding"},
		{"a block of the reserved type", "zstd", zstdFrame(0, 0x50) + "\x07\x00\x00", "400 bad_encoding"},
		{"a block larger than blocks are", "zstd", zstdFrame(0, 0x50) + "\xfd\xff\xff" + strings.Repeat("x", 1<<20), "400 bad_encoding"},
		{"a bomb of 30000:1", "zstd", zstdFrame(0, 0x50) + strings.Repeat(rleBlock, 512) + lastBlock + zstandard("\n"+line), "200: 1 accepted, 0 rejected"},
	} {
		if got := h.batch("/v1/scans", c.body, "Content-Encoding: "+c.encoding); got != c.want {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
		h.settled(c.name)
	}
	h.healthy("at the end")
}

func TestHostileBombs(t *testing.T) {
	// Ensures that a body may become 512 MiB and not a byte more, however it is packed, and that
	// what it held is given back.
	if testing.Short() {
		t.Skip("unpacks 512 MiB several times")
	}
	h := open(t, nil).ready()
	line := scan("T1", ada, "04T08:00:00")
	var fast bytes.Buffer
	w, _ := gzip.NewWriterLevel(&fast, gzip.BestSpeed)
	blank := bytes.Repeat([]byte(" "), 1<<20)
	for range 512 {
		_, _ = w.Write(blank)
	}
	_, _ = io.WriteString(w, " ")
	_ = w.Close()
	mebibyte := gzipped(string(blank))
	whole := line + strings.Repeat(" ", 1<<20-len(line))
	blocks := zstdFrame(0, 0x50) + strings.Repeat(rleBlock, 4096) + lastBlock
	for _, c := range []struct{ name, encoding, body, want string }{
		{"gzip, 512 MiB in 512 members", "gzip", gzipped(whole) + strings.Repeat(mebibyte, 511), "200: 1 accepted, 0 rejected"},
		{"gzip, one byte more", "gzip", gzipped(whole) + strings.Repeat(mebibyte, 511) + gzipped(" "), "413 body_too_large"},
		{"gzip, one member of 512 MiB + 1", "gzip", fast.String(), "413 body_too_large"},
		{"gzip, 4 GiB and rubbish never looked at", "gzip", strings.Repeat(mebibyte, 4096) + "rubbish", "413 body_too_large"},
		{"zstd, 512 MiB in 16 KiB", "zstd", blocks, "400 empty_batch"},
		{"zstd, one byte more", "zstd", blocks + zstandard("\n"), "413 body_too_large"},
		{"zstd, a terabyte in 32 MiB", "zstd", strings.Repeat(blocks, 2048), "413 body_too_large"},
	} {
		if got := h.batch("/v1/scans", c.body, "Content-Encoding: "+c.encoding); got != c.want {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
		h.settled(c.name)
	}
	h.healthy("at the end")
}

func TestUnpackStopsAtItsLimit(t *testing.T) {
	// Ensures that memory is asked for ahead of every piece, that no more is asked for than the
	// limit and one byte, and that a body that lies about its size is believed within reason.
	bomb := []byte(zstdFrame(0, 0x50) + strings.Repeat(rleBlock, 4096) + lastBlock)
	liar := []byte(gzipped("\n"))
	binary.LittleEndian.PutUint32(liar[len(liar)-4:], 1<<31)
	for _, c := range []struct {
		name         string
		packed       []byte
		kind         packing
		limit, total int64
		want         *refusal
	}{
		{"past the limit", bomb, packedZstd, 1_000_000, 1_000_001, errUnpackedTooLarge},
		{"a limit of one piece", bomb, packedZstd, chunkBytes, chunkBytes + 1, errUnpackedTooLarge},
		{"a liar", liar, packedGzip, 1 << 30, chunkBytes, errPacking},
	} {
		asked, into := int64(0), []byte(nil)
		refused := unpack(c.packed, c.kind, &into, int(c.limit), func(n int64) bool { asked += n; return true })
		if refused != c.want || asked != c.total || int64(len(into)) > asked {
			t.Errorf("%s: got %v after %d bytes; want %v after %d", c.name, refused, asked, c.want, c.total)
		}
	}
	long := []byte(zstandard(strings.Repeat("\n", 10<<20)))
	for _, c := range []struct {
		packed []byte
		kind   packing
		want   int
	}{{liar, packedGzip, len(liar)*foretoldRatioMax + 1}, {[]byte(gzipped("abc")), packedGzip, 4}, {long, packedZstd, len(long)*foretoldRatioMax + 1}, {nil, packedGzip, 1}, {nil, packedZstd, 1}} {
		if got := foretold(c.packed, c.kind); got != c.want {
			t.Errorf("got %d foretold; want %d", got, c.want)
		}
	}
	// Nothing is unpacked that was not admitted.
	into := []byte(nil)
	if refused := unpack(bomb, packedZstd, &into, 1<<30, func(int64) bool { return false }); refused != errOverloaded || len(into) != 0 {
		t.Errorf("not admitted: got %v and %d bytes", refused, len(into))
	}
	// Memory for large bodies as sent does not stay.
	large := make([]byte, 0, packedRetainedBytes+1)
	keepPacked(&large)
	if got := packedBodies.Get().(*[]byte); cap(*got) > packedRetainedBytes {
		t.Errorf("got %d bytes kept", cap(*got))
	}
}

package api

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"poolwise/ingest"
)

// packing is how a body is compressed on its way.
type packing uint8

const (
	packedNot packing = iota
	packedGzip
	packedZstd
)

// unpacker turns a compressed body into what it was, with memory that is used again.
//
// A body is received whole before it is unpacked: it is small then, a slow sender keeps
// nothing but what it has sent, and there need be no more decoders than cores. Decoders fed
// as bytes arrive would be as many as there are senders, each zstd with a window of up to
// 8 MiB for as long as its sender likes. What a body becomes is admitted piece by piece,
// before there is memory for it.
type unpacker struct {
	sent   bytes.Reader
	gzip   gzip.Reader
	member bool // within a member of gzip
	zstd   *zstd.Decoder
	kind   packing
}

// unpackers are all there are; a handler takes one while it computes, never while it waits
// for the network.
var unpackers = newUnpackers(runtime.GOMAXPROCS(0))

func newUnpackers(n int) chan *unpacker {
	free := make(chan *unpacker, n)
	for range n {
		decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindowBytesMax), zstd.WithDecoderMaxMemory(zstdWindowBytesMax))
		if err != nil {
			panic("cannot make a zstd decoder: " + err.Error()) // only for options out of their range
		}
		free <- &unpacker{zstd: decoder}
	}
	return free
}

// packedBodies is memory for bodies as sent, while they are unpacked.
var packedBodies = sync.Pool{New: func() any { return new([]byte) }}

func keepPacked(memory *[]byte) {
	if cap(*memory) <= packedRetainedBytes {
		*memory = (*memory)[:0]
		packedBodies.Put(memory)
	}
}

// unpack appends to into what was packed, at most limit bytes of it. admit is asked ahead of
// every piece of memory.
func unpack(packed []byte, kind packing, into *[]byte, limit int, admit func(bytes int64) bool) *refusal {
	u := <-unpackers
	defer func() { unpackers <- u }()
	u.begin(packed, kind)
	defer u.sent.Reset(nil)
	if len(packed) == 0 {
		return errPacking
	}
	*into = (*into)[:0]
	room := foretold(packed, kind)
	for {
		// Twice as much each time, or the largest body would be moved thirty times; one byte
		// past the limit is enough to know, and only what is huge takes the turn of such.
		room = min(max(room, len(*into), chunkBytes), limit+1-len(*into))
		if at := len(*into); at > 0 && at <= hugeBodyBytes {
			room = min(room, hugeBodyBytes+1-at)
		}
		if !admit(int64(room)) {
			return errOverloaded
		}
		ended, err := readPiece(u, into, room)
		switch {
		case err != nil:
			return errPacking
		case len(*into) > limit:
			return errUnpackedTooLarge
		case ended:
			return nil
		}
		room = 0
	}
}

// begin starts a body.
func (u *unpacker) begin(packed []byte, kind packing) {
	u.sent.Reset(packed)
	u.kind, u.member = kind, false
	if kind == packedZstd {
		_ = u.zstd.Reset(&u.sent) // fails on a closed decoder only; Read would tell
	}
}

// Read gives what was packed: of all members of gzip, of all frames of zstd.
//
// ENSURES: io.EOF only where the body ends and everything in it was whole.
func (u *unpacker) Read(p []byte) (int, error) {
	if u.kind == packedZstd {
		return u.zstd.Read(p)
	}
	for {
		if !u.member {
			if u.sent.Len() == 0 {
				return 0, io.EOF
			}
			// The package's own reader of many members takes one that breaks off in its name
			// for the end of the body.
			if err := u.gzip.Reset(&u.sent); err == io.EOF {
				return 0, io.ErrUnexpectedEOF
			} else if err != nil {
				return 0, err
			}
			u.gzip.Multistream(false)
			u.member = true
		}
		n, err := u.gzip.Read(p)
		if err == io.EOF {
			u.member, err = false, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// foretold is how large a body says that it becomes, and one more; within reason.
func foretold(packed []byte, kind packing) int {
	says := uint64(0)
	switch kind {
	case packedGzip:
		if n := len(packed); n >= 4 {
			says = uint64(binary.LittleEndian.Uint32(packed[n-4:]))
		}
	case packedZstd:
		var frame zstd.Header
		if frame.Decode(packed[:min(len(packed), zstd.HeaderMaxSize)]) == nil && frame.HasFCS {
			says = frame.FrameContentSize
		}
	}
	return int(min(says, uint64(len(packed))*foretoldRatioMax)) + 1
}

// readPacked receives a compressed body and unpacks it into r.
//
// ENSURES: as readBatch.
func readPacked(p *ingest.Pipeline, packed *[]byte, kind packing, r *ingest.Request, hold *heldBody) *refusal {
	sent, unpacked := hold.admitted, int64(0)
	refused := unpack(*packed, kind, &r.Body, ingest.MaxBodyBytes, func(bytes int64) bool {
		charged := min(unpacked, hugeBodyBytes+1)
		if unpacked += bytes; unpacked > hugeBodyBytes+1 && !hold.takeTurn() {
			return false
		}
		charge := min(unpacked, hugeBodyBytes+1) - charged
		return charge == 0 || admitMore(p, &hold.admitted, charge)
	})
	sent = min(sent, hold.admitted)
	p.Release(sent)
	hold.admitted -= sent
	return refused
}

// admitMore reserves more for a request that holds some. One that is alone may have any
// amount, as Pipeline.Admit says of a body: else the largest that the contract allows could
// never come in.
//
// ENSURES: held is what the caller has to release, also on failure.
func admitMore(p *ingest.Pipeline, held *int64, bytes int64) bool {
	if p.Admit(bytes) {
		*held += bytes
		return true
	}
	if p.InflightBytes() != *held {
		return false
	}
	p.Release(*held)
	if !p.Admit(*held + bytes) {
		*held = 0 // somebody else came first
		return false
	}
	*held += bytes
	return true
}

// readPiece reads up to room more bytes.
func readPiece(stream io.Reader, into *[]byte, room int) (ended bool, err error) {
	at := len(*into)
	buf := slices.Grow(*into, room)[:at+room]
	defer func() { *into = buf[:at] }()
	for at < len(buf) {
		n, err := stream.Read(buf[at:])
		at += n
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

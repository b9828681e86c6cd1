package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The journal's form of a batch, drawn in FORMAT.md:
//
//	byte    version, 2
//	uint32  received
//	byte    roles
//	byte    bit 0: strict, bit 1: something private follows the items
//	uvarint items, tubes, contexts, length of text
//	text    tube codes, names, documents, extras
//	span    laboratory of the principal
//	tubes   span each: zigzag offset from the end of the last, length
//	contexts 5 spans and 4 bytes each
//	runs    of items with equal (kind, bits, context, kind of reference, has argument, has extra):
//	        uvarint count, kind, bits, shape, uvarint context; then the items
//	item    zigzag step of the tube number (unless it has none), reference (4 or 8 bytes), zigzag step of at,
//	        uvarint argument, extra's span
//	private uvarint length, bytes; only with bit 1
const batchVersion = 2

// Bits of a batch.
const (
	batchStrict = 1 << iota
	batchPrivate
)

// Bits of a run's shape.
const (
	shapeOrdinal  = 1 << iota // reference is a 4-byte ordinal
	shapeKey                  // reference is 8 bytes
	shapeArgument             // an argument follows
	shapeExtra                // a span follows
	shapeNoTube               // NoTube
)

func shapeOf(b *Batch, k int) byte {
	s := byte(0)
	switch ref := b.Person[k]; {
	case ref == 0:
	case ref.Type() == RefOrdinal:
		s |= shapeOrdinal
	default:
		s |= shapeKey
	}
	if b.Arg[k] != 0 {
		s |= shapeArgument
	}
	if b.Extra[k].Len != 0 {
		s |= shapeExtra
	}
	if b.Tube[k] == NoTube {
		s |= shapeNoTube
	}
	return s
}

// AppendBatch encodes a batch for the journal: a scan of a known person costs about
// 4 bytes of ordinal, 1 of tube, 1 or 2 of time, and its share of the tube's code.
func AppendBatch(dst []byte, b *Batch) []byte {
	dst = append(dst, batchVersion)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(b.Received))
	bits := byte(0)
	if b.Strict {
		bits |= batchStrict
	}
	if len(b.Private) > 0 {
		bits |= batchPrivate
	}
	dst = append(dst, byte(b.Roles), bits)
	for _, n := range [...]int{b.Len(), len(b.Tubes), len(b.Contexts), len(b.Bytes)} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	dst = append(dst, b.Bytes...)
	dst = appendSpan(dst, b.Lab, 0)
	end := uint32(0)
	for _, s := range b.Tubes {
		dst, end = appendSpan(dst, s, end), s.Off+s.Len
	}
	for i := range b.Contexts {
		c := &b.Contexts[i]
		for _, s := range [...]Span{c.Site, c.Station, c.Round, c.Lab, c.Area} {
			dst = appendSpan(dst, s, 0)
		}
		dst = append(dst, byte(c.Mode), byte(c.Purpose), byte(c.Specimen), byte(c.Source))
	}
	var tube, at int64
	for k := 0; k < b.Len(); {
		n, shape := 1, shapeOf(b, k)
		for k+n < b.Len() && b.Kind[k+n] == b.Kind[k] && b.Bits[k+n] == b.Bits[k] && b.Ctx[k+n] == b.Ctx[k] && shapeOf(b, k+n) == shape {
			n++
		}
		dst = binary.AppendUvarint(dst, uint64(n))
		dst = append(dst, byte(b.Kind[k]), b.Bits[k], shape)
		dst = binary.AppendUvarint(dst, uint64(b.Ctx[k]))
		for ; n > 0; n, k = n-1, k+1 {
			if shape&shapeNoTube == 0 {
				dst = binary.AppendVarint(dst, int64(b.Tube[k])-tube)
				tube = int64(b.Tube[k])
			}
			if shape&shapeOrdinal != 0 {
				dst = binary.LittleEndian.AppendUint32(dst, uint32(b.Person[k]))
			} else if shape&shapeKey != 0 {
				dst = binary.LittleEndian.AppendUint64(dst, uint64(b.Person[k]))
			}
			dst = binary.AppendVarint(dst, int64(b.At[k])-at)
			at = int64(b.At[k])
			if shape&shapeArgument != 0 {
				dst = binary.AppendUvarint(dst, b.Arg[k])
			}
			if shape&shapeExtra != 0 {
				dst = appendSpan(dst, b.Extra[k], 0)
			}
		}
	}
	if len(b.Private) > 0 {
		dst = binary.AppendUvarint(dst, uint64(len(b.Private)))
		dst = append(dst, b.Private...)
	}
	return dst
}

func appendSpan(dst []byte, s Span, from uint32) []byte {
	if s.Len == 0 {
		s.Off = from
	}
	dst = binary.AppendVarint(dst, int64(s.Off)-int64(from))
	return binary.AppendUvarint(dst, uint64(s.Len))
}

// ErrBatch is what DecodeBatch answers for bytes that AppendBatch did not make.
var ErrBatch = errors.New("journal batch is malformed")

// batchReader reads with one sticky error, so that the decoder below stays readable.
type batchReader struct {
	src []byte
	bad bool
}

func (r *batchReader) uvarint() uint64 {
	if len(r.src) > 0 && r.src[0] < 0x80 { // most
		v := r.src[0]
		r.src = r.src[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.src)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.src = r.src[n:]
	return v
}

func (r *batchReader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *batchReader) take(n uint64) []byte {
	if uint64(len(r.src)) < n {
		r.bad = true
		return make([]byte, min(n, 16))
	}
	b := r.src[:n]
	r.src = r.src[n:]
	return b
}

func (r *batchReader) span(from uint32, limit int) Span {
	s := Span{uint32(int64(from) + r.varint()), uint32(r.uvarint())}
	if uint64(s.Off)+uint64(s.Len) > uint64(limit) {
		r.bad = true
		return Span{}
	}
	return s
}

// DecodeBatch fills b from the front of src and returns what follows. b's memory is
// used again; nothing of src is kept.
func DecodeBatch(src []byte, b *Batch) (rest []byte, err error) {
	b.Reset()
	r := batchReader{src: src}
	head := r.take(7)
	if r.bad || head[0] != batchVersion {
		return nil, fmt.Errorf("cannot decode batch: got version %d; want %d: %w", head[0], batchVersion, ErrBatch)
	}
	b.Received, b.Roles, b.Strict = Seconds(binary.LittleEndian.Uint32(head[1:])), Role(head[5]), head[6]&batchStrict != 0
	items, tubes, contexts := r.uvarint(), r.uvarint(), r.uvarint()
	b.Bytes = append(b.Bytes, r.take(r.uvarint())...)
	if most := uint64(len(r.src)); r.bad || tubes > most || contexts > most || items > most {
		return nil, fmt.Errorf("cannot decode batch: counts exceed %d bytes: %w", len(src), ErrBatch)
	}
	b.Lab = r.span(0, len(b.Bytes))
	end := uint32(0)
	for range tubes {
		s := r.span(end, len(b.Bytes))
		if end = s.Off + s.Len; s.Len == 0 {
			r.bad = true
		}
		b.Tubes = append(b.Tubes, s)
		b.TubeHash = append(b.TubeHash, hashBytes(b.Text(s)))
	}
	for range contexts {
		c := Context{Site: r.span(0, len(b.Bytes)), Station: r.span(0, len(b.Bytes)), Round: r.span(0, len(b.Bytes)), Lab: r.span(0, len(b.Bytes)), Area: r.span(0, len(b.Bytes))}
		t := r.take(4)
		c.Mode, c.Purpose, c.Specimen, c.Source = Mode(t[0]), Purpose(t[1]), Specimen(t[2]), Source(t[3])
		b.Contexts = append(b.Contexts, c)
	}
	r.items(b, items)
	if head[6]&batchPrivate != 0 {
		b.Private = append(b.Private, r.take(r.uvarint())...)
	}
	if r.bad || head[6] >= 2*batchPrivate {
		return nil, fmt.Errorf("cannot decode batch: %d items, %d bytes left: %w", items, len(r.src), ErrBatch)
	}
	return r.src, nil
}

func (r *batchReader) items(b *Batch, items uint64) {
	var tube, at int64
	for uint64(b.Len()) < items && !r.bad {
		n := r.uvarint()
		t := r.take(3)
		kind, bits, shape := Kind(t[0]), t[1], t[2]
		ctx := r.uvarint()
		if n == 0 || n > items-uint64(b.Len()) || ctx >= uint64(len(b.Contexts)) {
			r.bad = true
			return
		}
		for ; n > 0 && !r.bad; n-- {
			named := NoTube
			if shape&shapeNoTube == 0 {
				tube += r.varint()
				named = uint32(tube)
			}
			var who PersonRef
			if shape&shapeOrdinal != 0 {
				who = PersonRef(binary.LittleEndian.Uint32(r.take(4)))
			} else if shape&shapeKey != 0 {
				who = PersonRef(binary.LittleEndian.Uint64(r.take(8)))
			}
			at += r.varint()
			var arg uint64
			if shape&shapeArgument != 0 {
				arg = r.uvarint()
			}
			var extra Span
			if shape&shapeExtra != 0 {
				extra = r.span(0, len(b.Bytes))
			}
			if d := who.Document(); at < 0 || at > 1<<32-1 || shape&shapeKey != 0 && who.Type() == RefOrdinal || shape&shapeNoTube == 0 && (tube < 0 || tube >= int64(len(b.Tubes))) || who.Type() > RefDocument ||
				who.Type() == RefDocument && uint64(d.Off)+uint64(d.Len) > uint64(len(b.Bytes)) {
				r.bad = true
				return
			}
			if !sound(b, kind, named, who, arg) {
				r.bad = true
				return
			}
			b.Add(kind, bits, named, who, Seconds(at), uint32(ctx), arg, extra)
		}
	}
}

// sound tells whether what an item points to is there, so that Apply need not look.
func sound(b *Batch, kind Kind, tube uint32, who PersonRef, arg uint64) bool {
	tubes := uint64(len(b.Tubes))
	switch kind {
	case KindScan, KindUnscan, KindTransfer:
		if tube == NoTube || who == 0 {
			return false
		}
		if kind == KindScan {
			return arg>>32 <= tubes
		}
		return kind == KindUnscan || arg&wordLow < tubes
	case KindTubeOpen, KindTubeClose, KindResult, KindTubeVoid, KindTubeReceive, KindTubeReject, KindTubeLost:
		return tube != NoTube
	case KindMerge, KindUnmerge:
		to := PersonRef(arg)
		if d := to.Document(); to.Type() == RefDocument && uint64(d.Off)+uint64(d.Len) > uint64(len(b.Bytes)) {
			return false
		}
		return who != 0 && to != 0 && to.Type() <= RefDocument
	case KindExcuse, KindDischarge, KindRoster:
		return who != 0
	case KindAcknowledge, KindUnreachable:
		return who != 0 || arg != 0 && arg <= wordLow
	}
	return kind >= KindArea && kind <= KindRound
}

package storage

import (
	"encoding/binary"
	"math/bits"
)

// A column of numbers is stored in whichever of five ways is smallest. The numbers are
// on disk.
const (
	columnSame   = iota // value                          all equal
	columnLike          //                                equal to the earlier column it is like
	columnRuns          // (step, length)…                runs of equal values
	columnSteps         // step…                          near one another
	columnPacked        // least, width, bits             within one range, in no order
)

// Steps are zigzag: small either way, modulo 2^32.
func step(from, to uint32) uint32 {
	d := int32(to - from)
	return uint32(d<<1) ^ uint32(d>>31)
}

func unstep(from, s uint32) uint32 { return from + (s>>1 ^ -(s & 1)) }

// uvarintBytes by the number of significant bits.
var uvarintBytes = func() (t [33]uint8) {
	for i := range t {
		t[i] = uint8(max(1, (i+6)/7))
	}
	return t
}()

func uvarintLen(v uint32) int { return int(uvarintBytes[bits.Len32(v)]) }

// encodeColumn appends a column. REQUIRES: len(values) > 0; like is nil or as long.
func encodeColumn(dst []byte, values, like []uint32) []byte {
	if like != nil && equal32(values, like) {
		return append(dst, columnLike)
	}
	if same32(values) { // a column in two is: worth a look of its own
		return binary.AppendUvarint(append(dst, columnSame), uint64(values[0]))
	}
	least, most := values[0], values[0]
	steps, runs := 0, 0
	last := uint32(0)
	runStart := 0
	for i, v := range values {
		if v == last && i > 0 {
			steps++
			continue
		}
		least, most = min(least, v), max(most, v)
		n := uvarintLen(step(last, v))
		steps += n
		runs += n + uvarintLen(uint32(i-runStart))
		runStart, last = i, v
	}
	runs += uvarintLen(uint32(len(values)-runStart)) - 1 // the first found no run before it
	width := bits.Len32(most - least)
	packed := uvarintLen(least) + 1 + (len(values)*width+7)/8
	switch {
	case runs <= steps && runs <= packed:
		return encodeRuns(append(dst, columnRuns), values)
	case steps <= packed:
		dst = append(dst, columnSteps)
		last := uint32(0)
		for _, v := range values {
			dst = binary.AppendUvarint(dst, uint64(step(last, v)))
			last = v
		}
		return dst
	}
	dst = binary.AppendUvarint(append(dst, columnPacked), uint64(least))
	return pack(append(dst, byte(width)), values, least, width)
}

func equal32(a, b []uint32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func same32(a []uint32) bool {
	for _, v := range a {
		if v != a[0] {
			return false
		}
	}
	return true
}

func encodeRuns(dst []byte, values []uint32) []byte {
	last := uint32(0)
	for i := 0; i < len(values); {
		first := i
		for i < len(values) && values[i] == values[first] {
			i++
		}
		dst = binary.AppendUvarint(dst, uint64(step(last, values[first])))
		dst = binary.AppendUvarint(dst, uint64(i-first))
		last = values[first]
	}
	return dst
}

// pack appends the low width bits of each value less least, first value lowest.
func pack(dst []byte, values []uint32, least uint32, width int) []byte {
	var word uint64
	used := 0
	for _, v := range values {
		word |= uint64(v-least) << used
		if used += width; used >= 32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(word))
			word >>= 32
			used -= 32
		}
	}
	for ; used > 0; used -= 8 {
		dst = append(dst, byte(word))
		word >>= 8
	}
	return dst
}

// decodeColumn reads n values into dst's memory.
func decodeColumn(r *byteReader, dst []uint32, n int, like []uint32) []uint32 {
	if r.bad {
		return dst[:0]
	}
	kind := r.byte()
	// A forged count costs no memory that the bytes do not pay for, but for runs.
	if (kind == columnSteps && n > len(r.src)) || kind > columnPacked {
		r.bad = true
		return dst[:0]
	}
	if cap(dst) < n {
		dst = make([]uint32, max(n, FeedBlockEntries))
	}
	dst = dst[:n]
	switch kind {
	case columnSame:
		v := r.uvarint32()
		for i := range dst {
			dst[i] = v
		}
	case columnLike:
		if len(like) != n {
			r.bad = true
			return dst
		}
		copy(dst, like)
	case columnRuns:
		decodeRuns(r, dst)
	case columnSteps:
		last := uint32(0)
		for i := range dst {
			last = unstep(last, r.uvarint32())
			dst[i] = last
		}
	case columnPacked:
		least := r.uvarint32()
		unpack(r, dst, least, int(r.byte()))
	}
	return dst
}

func decodeRuns(r *byteReader, dst []uint32) {
	last := uint32(0)
	for i := 0; i < len(dst) && !r.bad; {
		last = unstep(last, r.uvarint32())
		run := r.uvarint()
		if run == 0 || run > uint64(len(dst)-i) {
			r.bad = true
			return
		}
		for range run {
			dst[i] = last
			i++
		}
	}
}

func unpack(r *byteReader, dst []uint32, least uint32, width int) {
	size := (len(dst)*width + 7) / 8
	if width > 32 || size > len(r.src) {
		r.bad = true
		return
	}
	src := r.src[:size]
	r.src = r.src[size:]
	mask := uint64(1)<<width - 1
	var word uint64
	have := 0
	for i := range dst {
		for have < width {
			if len(src) >= 4 {
				word |= uint64(binary.LittleEndian.Uint32(src)) << have
				src, have = src[4:], have+32
				continue
			}
			word |= uint64(src[0]) << have
			src, have = src[1:], have+8
		}
		dst[i] = least + uint32(word&mask)
		word >>= width
		have -= width
	}
}

// byteReader reads numbers; after bad nothing it returned counts.
type byteReader struct {
	src []byte
	bad bool
}

func (r *byteReader) byte() byte {
	if len(r.src) == 0 {
		r.bad = true
		return 0
	}
	b := r.src[0]
	r.src = r.src[1:]
	return b
}

func (r *byteReader) uvarint() uint64 {
	if len(r.src) > 0 && r.src[0] < 0x80 {
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

func (r *byteReader) uvarint32() uint32 {
	v := r.uvarint()
	if v > 1<<32-1 {
		r.bad = true
	}
	return uint32(v)
}

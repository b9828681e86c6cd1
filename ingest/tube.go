package ingest

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"poolwise/engine"
)

// CanonicalTube reads a tube code as scanners and keyboards give it, trimmed,
// full-width to ASCII, upper-cased, and appends the canonical form to dst. With !ok dst is as it was.
func CanonicalTube(dst, text []byte) (canonical []byte, ok bool) {
	if isTube(text) {
		return append(dst, text...), true
	}
	mark := len(dst)
	for text = bytes.TrimSpace(text); len(text) > 0; {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		if r >= 0xff01 && r <= 0xff5e {
			r -= 0xff01 - '!'
		}
		if r >= utf8.RuneSelf || len(dst)-mark == MaxTubeBytes {
			return dst[:mark], false
		}
		dst = append(dst, byte(r))
	}
	if !isTube(upper(dst[mark:])) {
		return dst[:mark], false
	}
	return dst, true
}

// isTube tells whether code is canonical: ^[0-9A-Z-]{1,32}$. Eight bytes at a time.
func isTube(code []byte) bool {
	if len(code) == 0 || len(code) > MaxTubeBytes {
		return false
	}
	if len(code) < 8 {
		for _, c := range code {
			if !isDigit(c) && c-'A' > 'Z'-'A' && c != '-' {
				return false
			}
		}
		return true
	}
	bad := notTube8(binary.LittleEndian.Uint64(code[len(code)-8:]))
	for ; len(code) > 8; code = code[8:] {
		bad |= notTube8(binary.LittleEndian.Uint64(code))
	}
	return bad == 0
}

// notTube8 has the top bit of every byte of w that no tube code has.
func notTube8(w uint64) uint64 {
	low := w &^ (ones * 0x80)
	digit := (low + ones*(0x80-'0')) &^ (low + ones*(0x7f-'9'))
	letter := (low + ones*(0x80-'A')) &^ (low + ones*(0x7f-'Z'))
	hyphen := ^((low ^ ones*'-') + ones*0x7f)
	return (w | ^(digit | letter | hyphen)) & (ones * 0x80)
}

// IsName tells whether text is the name of a site, station, round or lab.
func IsName(text []byte) bool { return isName(text) }

// isName tells whether v is the name of a site, station, round or lab: ^[0-9A-Za-z._-]{1,32}$.
func isName(v []byte) bool {
	if len(v) == 0 || len(v) > MaxNameBytes {
		return false
	}
	for _, c := range v {
		if !nameBytes[c] {
			return false
		}
	}
	return true
}

var nameBytes = func() (t [256]bool) {
	for _, c := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-" {
		t[c] = true
	}
	return t
}()

// cacheSlot holds what a hash stood for: the entry is of this request only when its
// mark is the cache's, so a request starts with an empty cache for the price of an increment.
type cacheSlot struct{ mark, index uint32 }

// tubeCache finds tubes that the batch already holds: first the previous item's,
// since a station fills tube after tube, then by hash, for lines in random order. A hash
// has two slots, the newer code first; once a third one pushes a code out it may be listed
// twice, which costs bytes and changes nothing.
type tubeCache struct {
	mark  uint32
	last  uint32
	slots [tubeCacheSlots]cacheSlot
}

func (c *tubeCache) reset() {
	c.mark++
	if c.mark == 0 { // wrapped after 4 billion requests: old marks could come alive
		c.slots = [tubeCacheSlots]cacheSlot{}
		c.mark = 1
	}
}

// find gives the index of a canonical code in b.Tubes, adding it when it is new.
func (c *tubeCache) find(b *engine.Batch, code []byte) uint32 {
	if len(b.Tubes) > 0 && string(b.Text(b.Tubes[c.last])) == string(code) {
		return c.last
	}
	hash := engine.HashTube(code)
	at := hash % tubeCacheSlots
	for _, slot := range [2]cacheSlot{c.slots[at], c.slots[at^1]} {
		if slot.mark == c.mark && b.TubeHash[slot.index] == hash && string(b.Text(b.Tubes[slot.index])) == string(code) {
			c.last = slot.index
			return c.last
		}
	}
	c.last = uint32(len(b.Tubes))
	if c.slots[at].mark == c.mark {
		c.slots[at^1] = c.slots[at]
	}
	c.slots[at] = cacheSlot{c.mark, c.last}
	b.Tubes = append(b.Tubes, b.Put(code))
	b.TubeHash = append(b.TubeHash, hash)
	return c.last
}

// findOther is find for the second tube of an item: the next item's first one is
// more likely this one's first.
func (c *tubeCache) findOther(b *engine.Batch, code []byte) uint32 {
	last := c.last
	other := c.find(b, code)
	c.last = last
	return other
}

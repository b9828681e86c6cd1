package engine

import (
	"strconv"
	"sync/atomic"
)

// registry numbers people: an ordinal by identity, an identity by ordinal. A resident
// ID is a 64-bit key (17 digits; the check character follows), any other document is
// a piece of text. No hash stands for an identity, so no collision can lock up a stranger.
type registry struct {
	index *index
	keys  *column[uint64] // by ordinal: RefResident<<60 | digits, or RefDocument<<60 | offset in texts
	texts text
	count uint32
	known atomic.Uint32 // count, for readers
	hash  uint64        // part of StateHash
}

func newRegistry(alloc Allocator) *registry {
	return &registry{index: newIndex(personTables, alloc), keys: newColumn[uint64](colKeys, alloc), texts: newText(colTexts, alloc)}
}

// hashPerson is the hash of a resident key or of a document's text.
func hashPerson(ref PersonRef, document []byte) uint64 {
	if ref.Type() == RefDocument {
		return hashBytes(document)
	}
	return mix(uint64(ref))
}

func (r *registry) find(ref PersonRef, document []byte, h uint64) PersonOrdinal {
	if ref.Type() == RefResident {
		return PersonOrdinal(r.index.find(h, func(o uint32) bool { return o != 0 && *r.keys.at(o) == uint64(ref) }))
	}
	return PersonOrdinal(r.index.find(h, func(o uint32) bool {
		if o == 0 {
			return false
		}
		k := PersonRef(*r.keys.at(o))
		return k.Type() == RefDocument && string(r.texts.of(uint32(k))) == string(document)
	}))
}

// add numbers a person who has no ordinal yet.
func (r *registry) add(ref PersonRef, document []byte, h uint64) PersonOrdinal {
	key := uint64(ref)
	if ref.Type() == RefDocument {
		key = RefDocument<<60 | uint64(r.texts.add(document))
	}
	r.count++
	o := r.count
	r.keys.grow(o)
	*r.keys.mut(o) = key
	r.hash += mixWord(PersonOrdinal(o), h)
	r.index.insert(h, o)
	r.known.Store(o)
	return PersonOrdinal(o)
}

func (r *registry) hashOf(o uint32) uint64 {
	k := PersonRef(*r.keys.at(o))
	if k.Type() == RefDocument {
		return hashBytes(r.texts.of(uint32(k)))
	}
	return mix(uint64(k))
}

// appendID appends the canonical form.
func (r *registry) appendID(dst []byte, p PersonOrdinal) []byte {
	k := PersonRef(*r.keys.at(uint32(p)))
	if k.Type() == RefDocument {
		return append(dst, r.texts.of(uint32(k))...)
	}
	digits := k.Digits17()
	at := len(dst)
	if digits < 1e16 {
		dst = append(dst, "00000000000000000"[:17-decimals(digits)]...)
	}
	dst = strconv.AppendUint(dst, digits, 10)
	return append(dst, checkCharacter(dst[at:]))
}

func decimals(n uint64) int {
	d := 1
	for ; n >= 10; n /= 10 {
		d++
	}
	return d
}

// checkCharacter of 17 digits, GB 11643-1999 (ISO 7064 MOD 11-2).
func checkCharacter(digits []byte) byte {
	sum := 0
	for i, d := range digits {
		sum += int(d-'0') * int("\x07\x09\x0a\x05\x08\x04\x02\x01\x06\x03\x07\x09\x0a\x05\x08\x04\x02"[i])
	}
	return "10X98765432"[sum%11]
}

// names numbers the few words that events repeat: sites, labs. 0 is none. Past the
// limit all further ones are the last: the state stays bounded and the same everywhere.
type names struct {
	list  []string
	index lookup[uint32]
	limit int
	bytes uint64
}

func newNames(limit int) names {
	return names{list: []string{""}, index: newLookup[uint32](), limit: limit}
}

func (n *names) of(word []byte) uint32 {
	if len(word) == 0 {
		return 0
	}
	if i, ok := n.index.find(word); ok {
		return i
	}
	i := uint32(len(n.list))
	if len(n.list) >= n.limit {
		return i - 1
	}
	n.list = append(n.list, string(word))
	n.index.own[n.list[i]] = i
	n.bytes += uint64(2*len(word) + 64)
	return i
}

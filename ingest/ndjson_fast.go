package ingest

import (
	"encoding/binary"
	"unicode/utf8"

	"poolwise/engine"
)

// fast finds the values of the object at b[i] into d.item and tells where it ends.
//
// It takes the ordinary shape only: known keys once each, strings without escapes,
// whole numbers, true and false, at most one space after a colon or comma. On
// anything else it gives up, and the strict parser reads the item: the scanner may
// refuse what is good, but must never accept what the parser refuses or reads otherwise.
//
// Keys most likely come in the order of the item before, and values are as long as
// there. Guessed and then checked, neither makes the next load wait for this one:
// searching for every quote costs 8 ns a scan more.
func (d *Decoder) fast(b []byte, i int) (end int, ok bool) {
	it := &d.item
	var seen, text fieldSet
	i++
	for nth := 0; ; nth++ {
		if i+16 > len(b) || b[i] != '"' {
			return 0, false
		}
		name := d.order[nth%len(d.order)]
		if !isKey(b[i+1:], &keyWords[name]) {
			if name = keyAt(b[i+1:]); name == fieldUnknown {
				return 0, false
			}
			d.order[nth%len(d.order)] = name
		}
		if seen.has(name) {
			return 0, false
		}
		i += keyWords[name].n + 3
		if i+8 > len(b) || b[i-1] != ':' {
			return 0, false
		}
		if b[i] == ' ' {
			i++
		}
		start := i
		switch c := b[i]; {
		case c == '"':
			start++
			if i = start + int(it.at[name].Len); !isPlain(b, start, i) {
				if i = plainEnd(b, start); i < 0 {
					return 0, false
				}
			}
			it.at[name] = engine.Span{Off: uint32(start), Len: uint32(i - start)}
			text |= name.set()
			i++
		default:
			if i = bareEnd(b, i); i < 0 {
				return 0, false
			}
			it.at[name] = engine.Span{Off: uint32(start), Len: uint32(i - start)}
		}
		seen |= name.set()
		if i >= len(b) {
			return 0, false
		}
		switch b[i] {
		case ',':
			i++
			if i < len(b) && b[i] == ' ' {
				i++
			}
		case '}':
			it.src, it.seen, it.text, it.null = b, seen, text, 0
			return i + 1, true
		default:
			return 0, false
		}
	}
}

// isPlain tells whether the string whose text starts at i ends at end and is ASCII
// without escapes and control characters. It may say no to any other.
func isPlain(b []byte, i, end int) bool {
	if end+8 > len(b) || b[end] != '"' {
		return false
	}
	for ; i+8 <= end; i += 8 {
		if w := binary.LittleEndian.Uint64(b[i:]); (textMarks(w)|w)&(ones*0x80) != 0 {
			return false
		}
	}
	rest := uint64(1)<<(uint(end-i)*8&63) - 1
	w := binary.LittleEndian.Uint64(b[i:])&rest | ones*' '&^rest
	return (textMarks(w)|w)&(ones*0x80) == 0
}

// plainEnd finds the quote that closes the string whose text starts at i, when the
// text is valid UTF-8 without escapes and control characters; else -1.
func plainEnd(b []byte, i int) int {
	start, high := i, uint64(0)
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		marks := textMarks(w)
		if marks == 0 {
			high |= w
			continue
		}
		first := marks & -marks
		high |= w & (first - 1)
		i += lowestByte(first)
		if b[i] != '"' || (high&(ones*0x80) != 0 && !utf8.Valid(b[start:i])) {
			return -1
		}
		return i
	}
	return -1
}

// bareEnd finds the end of true, false or a number of up to 9 digits at i; else -1.
func bareEnd(b []byte, i int) int {
	switch rest := b[i:]; {
	case len(rest) >= 4 && string(rest[:4]) == "true":
		return i + 4
	case len(rest) >= 5 && string(rest[:5]) == "false":
		return i + 5
	}
	start := i
	for i < len(b) && i < start+9 && isDigit(b[i]) {
		i++
	}
	if i == start || (b[start] == '0' && i > start+1) {
		return -1
	}
	return i
}

// keyWord is a key and its closing quote as they stand in the text: the first eight
// bytes as a word under a mask, and what is left of the long ones.
type keyWord struct {
	word, mask uint64
	rest       string
	n          int // of the key, in bytes
}

// keyWords are the keys by field; keysByFirst are the fields by the first byte of their key.
var (
	keyWords    [fieldCount]keyWord
	keysByFirst [256][]field
)

func init() {
	for f, v := range fields {
		text := v.name + `"`
		k := keyWord{n: len(v.name), rest: text[min(8, len(text)):]}
		for i := range min(8, len(text)) {
			k.word |= uint64(text[i]) << (8 * i)
			k.mask |= 0xff << (8 * i)
		}
		keyWords[f] = k
		keysByFirst[text[0]] = append(keysByFirst[text[0]], field(f))
	}
}

// isKey tells whether b starts with a key and its closing quote. REQUIRES: len(b) >= 8.
func isKey(b []byte, k *keyWord) bool {
	return binary.LittleEndian.Uint64(b)&k.mask == k.word &&
		(k.rest == "" || (len(b) >= 8+len(k.rest) && string(b[8:8+len(k.rest)]) == k.rest))
}

// keyAt tells which field's key, with its closing quote, b starts with. REQUIRES: len(b) >= 8.
func keyAt(b []byte) field {
	for _, f := range keysByFirst[b[0]] {
		if isKey(b, &keyWords[f]) {
			return f
		}
	}
	return fieldUnknown
}

package ingest

import (
	"bytes"
	"encoding/binary"
)

// cell is a value of a row, a span of its source.
type cell struct {
	off, end uint32
	kind     cellKind
}

// cellKind says how a cell's text stands in the source.
type cellKind uint8

const (
	cellPlain   cellKind = iota // as it is meant; nothing in it needs an escape in JSON
	cellText                    // as it is meant
	cellDoubled                 // its quotes are doubled
	cellNumber                  // a number of a workbook
)

// split finds the cells of the row that starts at start, and where the next row starts.
// Eight bytes are looked at at once: of what ends a cell or wants an escape, each byte
// has a mark. A mark above the lowest may be wrong, so the byte itself decides.
//
// REQUIRES: rowEnds follow in, within its capacity.
// ENSURES: cells has a cell for each of width columns, empty where the row is shorter.
func (t *table) split(in []byte, start int) (next int, err error) {
	delimiters := ones * uint64(t.delimiter)
	padded := in[:len(in)+len(rowEnds)]
	t.extra, t.bad = false, false
	n, kind, from := 0, cellPlain, start
	for i := start; ; {
		w := binary.LittleEndian.Uint64(padded[i:])
		x := w ^ delimiters
		marks := (textMarks(w) | (x-ones)&^x) & (ones * 0x80)
		at := i
		for i += 8; marks != 0; marks &= marks - 1 {
			p := at + lowestByte(marks)
			switch c := padded[p]; {
			case c == t.delimiter:
				t.put(n, cell{uint32(from), uint32(p), kind}, in)
				n, kind, from = n+1, cellPlain, p+1
				continue
			case c == '\n' || c == '\r':
				t.put(n, cell{uint32(from), uint32(p), kind}, in)
				t.endRow(n + 1)
				if c == '\r' && padded[p+1] == '\n' && p+1 < len(in) {
					p++
				}
				return min(p+1, len(in)), nil
			case c != '"' || p != from:
				kind = cellText
				continue
			}
			// A quoted cell: what follows it is looked at afresh.
			end, quoted := closingQuote(in, p+1)
			if end < 0 {
				return 0, errQuoteOpen
			}
			c := cell{uint32(p + 1), uint32(end), quoted}
			for i = end + 1; padded[i] != t.delimiter && padded[i] != '\n' && padded[i] != '\r'; i++ {
				t.bad = true
			}
			t.put(n, c, in)
			if padded[i] != t.delimiter {
				t.endRow(n + 1)
				if padded[i] == '\r' && i+1 < len(in) && padded[i+1] == '\n' {
					i++
				}
				return min(i+1, len(in)), nil
			}
			i++
			n, kind, from = n+1, cellPlain, i
			break
		}
	}
}

// closingQuote finds the quote that closes a cell whose text starts at i; -1 when none does.
func closingQuote(in []byte, i int) (end int, kind cellKind) {
	kind = cellText
	for {
		n := bytes.IndexByte(in[i:], '"')
		if n < 0 {
			return -1, kind
		}
		if i += n; i+1 == len(in) || in[i+1] != '"' {
			return i, kind
		}
		i, kind = i+2, cellDoubled
	}
}

// put keeps the n-th cell of a row. Beyond the headings only blank ones may come.
func (t *table) put(n int, c cell, in []byte) {
	if n < t.width {
		t.cells[n] = c
		return
	}
	t.extra = t.extra || len(trimBlanks(in[c.off:c.end])) > 0
}

// endRow empties the cells that a row of n has not, as far as there are headings.
func (t *table) endRow(n int) {
	t.count = n
	if n < t.width {
		clear(t.cells[n:t.width])
	}
}

// isBlank tells whether all cells of the row are blank.
func (t *table) isBlank(src []byte) bool {
	for i, c := range t.cells[:t.width] {
		if len(trimBlanks(src[c.off:c.end])) > 0 && !t.form.ignores(i) {
			return false
		}
	}
	return true
}

// trimBlanks cuts blanks off both ends: spaces and tabs, line breaks, the full-width and
// the unbreakable space.
func trimBlanks(text []byte) []byte {
	for len(text) > 0 {
		if n := blankAt(text); n > 0 {
			text = text[n:]
			continue
		}
		break
	}
	for len(text) > 0 {
		switch last := text[len(text)-1]; {
		case last == ' ' || last-'\t' <= '\r'-'\t':
			text = text[:len(text)-1]
		case bytes.HasSuffix(text, []byte("\u3000")):
			text = text[:len(text)-3]
		case bytes.HasSuffix(text, []byte("\u00a0")):
			text = text[:len(text)-2]
		default:
			return text
		}
	}
	return text
}

// blankAt is how many bytes the blank that text starts with has, 0 when it starts with none.
func blankAt(text []byte) int {
	switch c := text[0]; {
	case c == ' ' || c-'\t' <= '\r'-'\t':
		return 1
	case c == 0xe3 && bytes.HasPrefix(text, []byte("\u3000")):
		return 3
	case c == 0xc2 && bytes.HasPrefix(text, []byte("\u00a0")):
		return 2
	}
	return 0
}

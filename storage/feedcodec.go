package storage

import (
	"encoding/binary"
	"fmt"

	"poolwise/engine"
)

// A block is stored by columns, and within a column by transition: entries that go from
// one state to one other are alike (a negative of a tube of ten: ten times the same tube,
// order; swabs within a quarter of an hour), entries of different transitions
// are not. Column codes are in column.go. Layout:
//
//	runs of cursors    positions ahead, first number − 1 or numbers skipped, length
//	runs of transitions    state<<4 | previous, length
//	for each transition, in order of first appearance:
//	  person, swab, since, order, count of tubes, tubes
const (
	columnPerson = iota
	columnSwab
	columnSince
	columnOrder
	columnTubesLen
	entryColumns // tubes follow, as many as the column before says
)

func transitionOf(e *engine.Change) uint8 { return uint8(e.State)<<4 | uint8(e.Previous)&15 }

// feedEncoder keeps the memory of encoding.
type feedEncoder struct {
	by     [256][]uint16 // entries by transition
	order  []uint8       // transitions by first appearance
	values [entryColumns][]uint32
	tubes  []uint32
}

// encode appends the entries. REQUIRES: 0 < len(b.list) ≤ FeedBlockEntries, cursors
// ascend.
func (w *feedEncoder) encode(dst []byte, b *feedBlock) []byte {
	dst = encodeCursors(dst, b.list)
	dst = w.encodeTransitions(dst, b.list)
	for _, t := range w.order {
		w.gather(b, w.by[t])
		for c := range w.values {
			dst = encodeColumn(dst, w.values[c], w.like(c))
		}
		if len(w.tubes) > 0 {
			dst = encodeColumn(dst, w.tubes, nil)
		}
		w.by[t] = w.by[t][:0]
	}
	return dst
}

// like is the earlier column that a column often equals.
func (w *feedEncoder) like(column int) []uint32 {
	if column == columnSince {
		return w.values[columnSwab]
	}
	return nil
}

func encodeCursors(dst []byte, list []engine.Change) []byte {
	last := list[0].Cursor - 1
	for i := 0; i < len(list); {
		first := list[i].Cursor
		run := 1
		for i+run < len(list) && list[i+run].Cursor == first+engine.Cursor(run) {
			run++
		}
		ahead := first.Position() - last.Position()
		dst = binary.AppendUvarint(dst, uint64(ahead))
		if ahead > 0 {
			dst = binary.AppendUvarint(dst, uint64(first-engine.MakeCursor(first.Position(), 0)))
		} else {
			dst = binary.AppendUvarint(dst, uint64(first-last-1))
		}
		dst = binary.AppendUvarint(dst, uint64(run))
		last = first + engine.Cursor(run) - 1
		i += run
	}
	return dst
}

func (w *feedEncoder) encodeTransitions(dst []byte, list []engine.Change) []byte {
	w.order = w.order[:0]
	for i := 0; i < len(list); {
		t := transitionOf(&list[i])
		if len(w.by[t]) == 0 {
			w.order = append(w.order, t)
		}
		by := w.by[t]
		first := i
		for i < len(list) && transitionOf(&list[i]) == t {
			by = append(by, uint16(i))
			i++
		}
		w.by[t] = by
		dst = append(dst, t)
		dst = binary.AppendUvarint(dst, uint64(i-first))
	}
	return dst
}

// gather copies the entries of one transition into columns.
func (w *feedEncoder) gather(b *feedBlock, entries []uint16) {
	for c := range w.values {
		if cap(w.values[c]) < FeedBlockEntries {
			w.values[c] = make([]uint32, FeedBlockEntries)
		}
		w.values[c] = w.values[c][:len(entries)]
	}
	v := &w.values
	w.tubes = w.tubes[:0]
	for i, at := range entries {
		e := &b.list[at]
		v[columnPerson][i] = uint32(e.Person)
		v[columnSwab][i] = uint32(e.NegativeSwab)
		v[columnSince][i] = uint32(e.Since)
		v[columnOrder][i] = e.Order
		v[columnTubesLen][i] = e.TubesLen
		for _, t := range b.tubes[e.TubesOff : e.TubesOff+e.TubesLen] {
			w.tubes = append(w.tubes, uint32(t))
		}
	}
}

// feedDecoder keeps the memory of decoding.
type feedDecoder struct {
	transitions []uint8 // of each entry
	counts      [256]int
	order       []uint8
	values      [entryColumns][]uint32
	tubes       []uint32
}

// decode fills b with the entries of a block whose first cursor and count stand outside.
// ENSURES: ErrFormat rather than a panic or unbounded memory, whatever the bytes.
func (d *feedDecoder) decode(src []byte, b *feedBlock, first engine.Cursor, count int) error {
	if count <= 0 || count > FeedBlockEntries {
		return fmt.Errorf("got %d entries; want 1 to %d: %w", count, FeedBlockEntries, ErrFormat)
	}
	r := byteReader{src: src}
	if cap(b.list) < count {
		b.list = make([]engine.Change, 0, FeedBlockEntries)
	}
	b.list = b.list[:count]
	b.tubes = b.tubes[:0]
	decodeCursors(&r, b.list, first)
	d.decodeTransitions(&r, count)
	for _, t := range d.order {
		d.decodeTransition(&r, t, b)
	}
	if r.bad || len(r.src) != 0 {
		return fmt.Errorf("feed block does not decode: %w", ErrFormat)
	}
	return nil
}

func decodeCursors(r *byteReader, list []engine.Change, first engine.Cursor) {
	last := first - 1
	for i := 0; i < len(list) && !r.bad; {
		ahead, number, run := r.uvarint(), r.uvarint(), r.uvarint()
		if run == 0 || run > uint64(len(list)-i) {
			r.bad = true
			return
		}
		at := last + 1 + engine.Cursor(number)
		if ahead > 0 {
			at = engine.MakeCursor(last.Position()+engine.Position(ahead), 0) + engine.Cursor(number)
		}
		for range run {
			list[i].Cursor = at
			at++
			i++
		}
		last = at - 1
	}
}

func (d *feedDecoder) decodeTransitions(r *byteReader, count int) {
	d.transitions, d.order, d.counts = d.transitions[:0], d.order[:0], [256]int{}
	for len(d.transitions) < count && !r.bad {
		t, run := r.byte(), r.uvarint()
		if run == 0 || run > uint64(count-len(d.transitions)) {
			r.bad = true
			return
		}
		if d.counts[t] == 0 {
			d.order = append(d.order, t)
		}
		d.counts[t] += int(run)
		for range run {
			d.transitions = append(d.transitions, t)
		}
	}
}

// feedTubesMax of one block bounds what a forged count could allocate.
const feedTubesMax = 1 << 24

func (d *feedDecoder) decodeTransition(r *byteReader, t uint8, b *feedBlock) {
	n := d.counts[t]
	for c := range d.values {
		var like []uint32
		if c == columnSince {
			like = d.values[columnSwab]
		}
		d.values[c] = decodeColumn(r, d.values[c], n, like)
	}
	if r.bad {
		return
	}
	total := uint64(0)
	for _, n := range d.values[columnTubesLen] {
		total += uint64(n)
	}
	if total > feedTubesMax {
		r.bad = true
		return
	}
	if d.tubes = d.tubes[:0]; total > 0 {
		d.tubes = decodeColumn(r, d.tubes, int(total), nil)
	}
	if r.bad {
		return
	}
	off := uint32(len(b.tubes))
	for _, t := range d.tubes {
		b.tubes = append(b.tubes, engine.TubeIndex(t))
	}
	v, i := &d.values, 0
	for at, of := range d.transitions {
		if of != t {
			continue
		}
		e := &b.list[at]
		e.State, e.Previous = engine.State(t>>4), engine.State(t&15)
		e.Person = engine.PersonOrdinal(v[columnPerson][i])
		e.NegativeSwab = engine.Seconds(v[columnSwab][i])
		e.Since = engine.Seconds(v[columnSince][i])
		e.Order = v[columnOrder][i]
		e.TubesOff, e.TubesLen = off, v[columnTubesLen][i]
		off += e.TubesLen
		i++
	}
}

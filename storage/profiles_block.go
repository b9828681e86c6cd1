package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"poolwise/engine"
)

// profileBlock is the profiles of profileBlockPeople consecutive people in the clear. As
// stored it is a run of envelopes, one for each class in it, in no order:
//
//	count of people (1) · length (uvarint) · sealed under the class:
//	    until its end: place in the block (1) · length (uvarint) · fields
//
// Block number and count are authenticated. An envelope that no change concerns is carried
// over as it is.
type profileBlock struct {
	number    uint32
	envelopes []profileEnvelope
	slots     [profileBlockPeople]profileSlot
	text      []byte // what slots point into
	aad       []byte
	plain     []byte // of the envelope being sealed
}

type profileEnvelope struct {
	class  *class
	people int
	sealed []byte // as stored, in the value it was loaded from
	dirty  bool
}

// profileSlot is one person's fields; envelope −1 is none.
type profileSlot struct {
	envelope int
	off, len int
}

var blockAAD = []byte("profile block")

func (b *profileBlock) reset(number uint32) {
	b.number, b.envelopes, b.text = number, b.envelopes[:0], b.text[:0]
	for i := range b.slots {
		b.slots[i] = profileSlot{envelope: -1}
	}
}

func (b *profileBlock) fields(slot int) []byte {
	s := &b.slots[slot]
	return b.text[s.off : s.off+s.len]
}

func (b *profileBlock) authenticated(people int) []byte {
	b.aad = binary.BigEndian.AppendUint32(append(b.aad[:0], blockAAD...), b.number)
	b.aad = append(b.aad, byte(people))
	return b.aad
}

// nextEnvelope takes the first envelope off a stored block.
func nextEnvelope(v []byte) (people int, sealed, rest []byte, err error) {
	if len(v) > 1 {
		n, size := binary.Uvarint(v[1:])
		if size > 0 && n <= uint64(len(v)-1-size) && 0 < v[0] && v[0] <= profileBlockPeople {
			v, people = v[1+size:], int(v[0])
			return people, v[:n], v[n:], nil
		}
	}
	return 0, nil, nil, fmt.Errorf("profile block does not decode: %w", ErrFormat)
}

// load fills it from a stored value, which must stay until the block was appended to.
// Envelopes of erased classes are left out.
func (b *profileBlock) load(s *Store, number uint32, v []byte) error {
	b.reset(number)
	for len(v) > 0 {
		people, sealed, rest, err := nextEnvelope(v)
		if err != nil {
			return err
		}
		v = rest
		from := len(b.text)
		b.text, err = s.openClass(b.text, b.authenticated(people), sealed)
		if errors.Is(err, ErrErased) {
			continue
		}
		if err != nil {
			return err
		}
		of, _ := s.classOf(sealed)
		if b.envelope(s.classes.of(of)) != len(b.envelopes)-1 {
			return fmt.Errorf("two envelopes of one round: %w", ErrFormat)
		}
		b.envelopes[len(b.envelopes)-1].sealed = sealed
		if err := b.place(from, people); err != nil {
			return err
		}
	}
	return nil
}

// place notes the people of the envelope whose plaintext is text[from:].
func (b *profileBlock) place(from, people int) error {
	e := len(b.envelopes) - 1
	b.envelopes[e].people = people
	for at := from; at < len(b.text); people-- {
		slot := int(b.text[at])
		n, size := binary.Uvarint(b.text[at+1:])
		at += 1 + size
		if size <= 0 || n == 0 || n > uint64(len(b.text)-at) || slot >= profileBlockPeople || b.slots[slot].envelope >= 0 {
			return fmt.Errorf("profile block does not decode: %w", ErrFormat)
		}
		b.slots[slot] = profileSlot{envelope: e, off: at, len: int(n)}
		at += int(n)
	}
	if people != 0 {
		return fmt.Errorf("profile block does not decode: %w", ErrFormat)
	}
	return nil
}

// envelope is the place of a class's envelope, made if there is none.
func (b *profileBlock) envelope(c *class) int {
	for i := range b.envelopes {
		if b.envelopes[i].class == c {
			return i
		}
	}
	b.envelopes = append(b.envelopes, profileEnvelope{class: c})
	return len(b.envelopes) - 1
}

// overlay lays what was said of a person under a class over what is known, and returns
// whether that changed anything, and by how much the number of people.
func (b *profileBlock) overlay(slot int, c *class, said []byte) (changed bool, people int) {
	s := &b.slots[slot]
	known := b.fields(slot)
	same := s.envelope >= 0 && b.envelopes[s.envelope].class == c
	if same && bytes.Equal(known, said) {
		return false, 0
	}
	off := len(b.text)
	var differs bool
	if b.text, differs = overlayFields(b.text, known, said); !differs && (same || s.envelope < 0) {
		b.text = b.text[:off]
		return false, 0
	}
	if s.envelope >= 0 {
		b.envelopes[s.envelope].dirty = true
		b.envelopes[s.envelope].people--
		people--
	}
	if *s = (profileSlot{envelope: -1, off: off, len: len(b.text) - off}); s.len > 0 {
		s.envelope = b.envelope(c)
		b.envelopes[s.envelope].dirty = true
		b.envelopes[s.envelope].people++
		people++
	}
	return true, people
}

// append appends the block as it is stored; nothing if nobody in it has a profile.
func (b *profileBlock) append(dst []byte) []byte {
	for i := range b.envelopes {
		e := &b.envelopes[i]
		if e.people == 0 {
			continue
		}
		dst = append(dst, byte(e.people))
		if !e.dirty {
			dst = binary.AppendUvarint(dst, uint64(len(e.sealed)))
			dst = append(dst, e.sealed...)
			continue
		}
		b.plain = b.plain[:0]
		for slot := range b.slots {
			if b.slots[slot].envelope == i {
				b.plain = append(b.plain, byte(slot))
				b.plain = binary.AppendUvarint(b.plain, uint64(b.slots[slot].len))
				b.plain = append(b.plain, b.fields(slot)...)
			}
		}
		dst = binary.AppendUvarint(dst, uint64(classSealedBytes+len(b.plain)))
		dst = e.class.seal(dst, b.authenticated(e.people), b.plain)
	}
	return dst
}

// overlayFields appends the fields of known, each replaced by what said says of it, then
// what only said names. An empty value takes the field back. differs: the result is not
// known as it was.
func overlayFields(dst, known, said []byte) (out []byte, differs bool) {
	var fields [profileFieldsMax]struct {
		field engine.Field
		used  bool
		value []byte
	}
	n := 0
next:
	for {
		f, value, rest, ok := engine.NextField(said)
		if !ok {
			break
		}
		said = rest
		for i := range fields[:n] {
			if fields[i].field == f { // said twice: the last word
				fields[i].value = value
				continue next
			}
		}
		if n < profileFieldsMax {
			fields[n].field, fields[n].value = f, value
			n++
		}
	}
	for {
		f, value, rest, ok := engine.NextField(known)
		if !ok {
			break
		}
		known = rest
		for i := range fields[:n] {
			if fields[i].field == f {
				fields[i].used = true
				differs = differs || !bytes.Equal(value, fields[i].value)
				value = fields[i].value
				break
			}
		}
		if len(value) > 0 {
			dst = engine.AppendField(dst, f, value)
		}
	}
	for i := range fields[:n] {
		if f := &fields[i]; !f.used && len(f.value) > 0 {
			dst, differs = engine.AppendField(dst, f.field, f.value), true
		}
	}
	return dst, differs
}

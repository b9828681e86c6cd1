package ingest

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"poolwise/engine"
)

// Profiles: what names people. The rules never see it. A decoder puts it aside in the
// clear, each item's under the round it is kept for; before the batch goes to the
// journal all of it is sealed, one piece a round, so that a round's key destroys it there too.

// Classes names the rounds under which personal data is kept; see engine.Engine.Retain.
type Classes interface {
	Retain(b *engine.Batch, rows []uint32, dst []string) []string
}

// profileFields are where the fields of an item go, in the order of a profile.
var profileFields = [...]struct {
	from field
	to   engine.Field
}{
	{fieldName, engine.FieldName}, {fieldSex, engine.FieldSex}, {fieldPhone, engine.FieldPhone},
	{fieldHousehold, engine.FieldHousehold}, {fieldLiaison, engine.FieldLiaison}, {fieldTube, engine.FieldTube},
}

// names is the personal data of one request, in the order of the rows that have any. It
// keeps its memory.
type names struct {
	rows   []uint32
	ends   []uint32 // where the fields of each end
	fields []byte

	classOf []string // by row of rows
	classes []classNames
	sealed  []byte
}

// classNames is what is kept under one round: for each row its number, the length and the fields.
type classNames struct {
	class string
	plain []byte
}

func (n *names) reset() {
	clear(n.fields)
	for i := range n.classes {
		clear(n.classes[i].plain)
		n.classes[i].class, n.classes[i].plain = "", n.classes[i].plain[:0]
	}
	n.rows, n.ends, n.fields, n.classOf, n.classes = n.rows[:0], n.ends[:0], n.fields[:0], n.classOf[:0], n.classes[:0]
	if cap(n.fields) > retainedBytesMax {
		*n = names{}
	}
}

// keepNames puts the fields of set aside for the row that was added last. A scan's empty
// text says nothing, a roster's takes back.
func (d *Decoder) keepNames(set fieldSet) {
	if d.o.Classes == nil {
		return
	}
	it, n := &d.item, &d.names
	scan := d.o.Endpoint != Roster
	mark := len(n.fields)
	for _, p := range profileFields {
		switch {
		case !set.has(p.from):
		case it.null.has(p.from):
			n.fields = engine.AppendField(n.fields, p.to, nil)
		case !scan || len(it.value(p.from)) > 0:
			n.fields = engine.AppendField(n.fields, p.to, it.value(p.from))
		}
	}
	if len(n.fields) > mark {
		n.rows = append(n.rows, uint32(d.out.Batch.Len()-1))
		n.ends = append(n.ends, uint32(len(n.fields)))
	}
}

// sealNames makes the request's Private of what was put aside, and forgets it. The people
// of the rows are resolved by now, so those known are kept with the round of their area.
func (d *Decoder) sealNames(classes Classes, p Profiles, b *engine.Batch) error {
	n := &d.names
	if len(n.rows) == 0 {
		return nil
	}
	defer n.reset()
	n.classOf = classes.Retain(b, n.rows, n.classOf[:0])
	start, last := uint32(0), 0
	for i, end := range n.ends {
		if last = n.class(n.classOf[i], last); last < 0 {
			last = n.addClass(n.classOf[i])
		}
		c := &n.classes[last]
		c.plain = binary.AppendUvarint(c.plain, uint64(n.rows[i]))
		c.plain = binary.AppendUvarint(c.plain, uint64(end-start))
		c.plain = append(c.plain, n.fields[start:end]...)
		start = end
	}
	for i := range n.classes {
		var err error
		if n.sealed, err = p.Seal(n.sealed[:0], n.classes[i].class, n.classes[i].plain); err != nil {
			return err
		}
		b.Private = binary.AppendUvarint(b.Private, uint64(len(n.sealed)))
		b.Private = append(b.Private, n.sealed...)
	}
	return nil
}

// class finds a class, most likely the one found last; -1 when it is not there yet.
func (n *names) class(name string, last int) int {
	if last < len(n.classes) && n.classes[last].class == name {
		return last
	}
	for i := range n.classes {
		if n.classes[i].class == name {
			return i
		}
	}
	return -1
}

func (n *names) addClass(name string) int {
	if len(n.classes) < cap(n.classes) {
		n.classes = n.classes[:len(n.classes)+1]
		n.classes[len(n.classes)-1].class = name
	} else {
		n.classes = append(n.classes, classNames{class: name})
	}
	return len(n.classes) - 1
}

// profile checks what a scan or a roster says that names the person.
func (d *Decoder) profile(set fieldSet) *fault {
	it := &d.item
	for ; set != 0; set &= set - 1 {
		f := field(bits.TrailingZeros64(uint64(set)))
		v := it.value(f)
		ok := it.text.has(f) && len(v) <= MaxTextBytes && !hasControl(v)
		switch f {
		case fieldName, fieldLiaison:
			ok = ok && utf8.RuneCount(v) <= MaxNameChars
		case fieldArea:
			ok = ok && (len(v) == 0 || isArea(v))
		case fieldSex:
			ok = ok && (len(v) == 0 || string(v) == "F" || string(v) == "M" || string(v) == "X")
		case fieldTube:
			if ok && len(v) > 0 {
				_, wrong := d.tubeCode(fieldTube, &d.code)
				ok = wrong == nil
			}
		}
		if !ok {
			return faultInvalid[f]
		}
	}
	return nil
}

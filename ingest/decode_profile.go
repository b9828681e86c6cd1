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

// Classes names the round under which personal data is kept; see engine.Engine.Retention.
type Classes interface {
	Retention(round, area []byte, at engine.Seconds) string
}

// profileFields are where the fields of an item go, in the order of a profile.
var profileFields = [...]struct {
	from field
	to   engine.Field
}{
	{fieldName, engine.FieldName}, {fieldSex, engine.FieldSex}, {fieldPhone, engine.FieldPhone},
	{fieldHousehold, engine.FieldHousehold}, {fieldLiaison, engine.FieldLiaison}, {fieldTube, engine.FieldTube},
}

// names is the personal data of one request: of each class, for each item that has any,
// the row, the length and the fields. It keeps its memory.
type names struct {
	classes []classNames
	used    int            // classes of this request
	of      map[string]int // by round and area: class
	key     []byte         // of that map
	fields  []byte         // of one item
}

type classNames struct {
	class string
	plain []byte
}

func (n *names) reset() {
	for i := range n.classes[:n.used] {
		c := &n.classes[i]
		clear(c.plain)
		if c.plain = c.plain[:0]; cap(c.plain) > retainedBytesMax {
			c.plain = nil
		}
	}
	n.used = 0
	clear(n.of)
}

// classOf finds the class of a round and an area, asking once for each pair.
func (n *names) classOf(round, area []byte, o *Options) *classNames {
	n.key = append(append(append(n.key[:0], round...), '\n'), area...)
	i, known := n.of[string(n.key)]
	if !known {
		if n.of == nil {
			n.of = map[string]int{}
		}
		i = n.add(o.Classes.Retention(round, area, engine.FromUnix(o.Now)))
		n.of[string(n.key)] = i
	}
	return &n.classes[i]
}

func (n *names) add(class string) int {
	for i := range n.classes[:n.used] {
		if n.classes[i].class == class {
			return i
		}
	}
	if n.used == len(n.classes) {
		n.classes = append(n.classes, classNames{})
	}
	n.classes[n.used].class = class
	n.used++
	return n.used - 1
}

// keepNames puts the fields of set aside for the row that was added last. A scan's empty
// text says nothing, a roster's takes back.
func (d *Decoder) keepNames(set fieldSet, round, area []byte) {
	if d.o.Classes == nil {
		return
	}
	it, b, n := &d.item, &d.out.Batch, &d.names
	scan := d.o.Endpoint != Roster
	n.fields = n.fields[:0]
	for _, p := range profileFields {
		switch {
		case !set.has(p.from):
		case it.null.has(p.from):
			n.fields = engine.AppendField(n.fields, p.to, nil)
		case !scan || len(it.value(p.from)) > 0:
			n.fields = engine.AppendField(n.fields, p.to, it.value(p.from))
		}
	}
	if len(n.fields) == 0 {
		return
	}
	c := n.classOf(round, area, &d.o)
	c.plain = binary.AppendUvarint(c.plain, uint64(b.Len()-1))
	c.plain = binary.AppendUvarint(c.plain, uint64(len(n.fields)))
	c.plain = append(c.plain, n.fields...)
}

// sealNames makes the request's Private of what was put aside, and forgets it.
func (d *Decoder) sealNames(p Profiles, b *engine.Batch) (err error) {
	n := &d.names
	for i := range n.classes[:n.used] {
		c := &n.classes[i]
		if n.fields, err = p.Seal(n.fields[:0], c.class, c.plain); err != nil {
			return err
		}
		b.Private = binary.AppendUvarint(b.Private, uint64(len(n.fields)))
		b.Private = append(b.Private, n.fields...)
	}
	n.reset()
	return nil
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

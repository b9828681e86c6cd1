package engine

import (
	"fmt"
	"testing"
)

// Ensures that what names people is kept under the round that its row will count in: the
// one named, the tube's, the one that covers the person's area when he is swabbed; that a
// roster of the day before goes with its round; and that invented names make few rounds.
func TestRetention(t *testing.T) {
	e := New(DefaultConfig(), goPages{})
	var out Changes
	put := func(kind Kind, fields ...any) {
		e.Apply(e.Applied()+1, []*Batch{masterItem(kind, someDay, fields...)}, &out)
	}
	row := func(kind Kind, tube, person, round, area string, at Seconds) *Batch {
		b := &Batch{Received: someDay + 5, Roles: RoleAll}
		b.Contexts = append(b.Contexts, Context{Round: b.Put([]byte(round))})
		where, extra := NoTube, Span{}
		if tube != "" {
			where = 0
			b.Tubes, b.TubeHash = append(b.Tubes, b.Put([]byte(tube))), append(b.TubeHash, HashTube([]byte(tube)))
		}
		if kind == KindRoster && area != "" {
			extra = b.Put(AppendField(nil, FieldArea, []byte(area)))
			b.Received = at
		} else {
			b.Contexts[0].Area = b.Put([]byte(area))
		}
		who := DocumentRef(b.Put([]byte(person)))
		if known := e.Find(who, []byte(person)); known != 0 {
			who = OrdinalRef(known)
		}
		b.Add(kind, 0, where, who, at, 0, 0, extra)
		return b
	}
	apply := func(b *Batch) { e.Apply(e.Applied()+1, []*Batch{b}, &out) }
	put(KindArea, FieldKey, "99010101", FieldParent, "990101")
	put(KindArea, FieldKey, "990102")
	put(KindRound, FieldKey, "R1", FieldAreas, "990101", FieldOpensAt, someDay+100, FieldClosesAt, someDay+200)
	put(KindRound, FieldKey, "R2", FieldAreas, "990101", FieldOpensAt, someDay+300, FieldClosesAt, someDay+400)
	apply(row(KindRoster, "", "passport:USA:560018301", "", "99010101", someDay))
	open := row(KindTubeOpen, "T2", "", "R2", "", someDay+150)
	open.Person[0] = 0
	apply(open)
	for _, c := range []struct {
		want, tube, person, round, area string
		after                           Seconds
	}{
		{"R1", "T1", "passport:USA:560018301", "", "", 150}, // by the person's area, at the swab's time
		{"R2", "T1", "passport:USA:560018301", "", "", 350},
		{"default", "T1", "passport:USA:560018301", "", "", 250},
		{"default", "T1", "passport:USA:560018302", "", "", 150}, // of whom no area is known
		{"R1", "T1", "passport:USA:560018302", "", "99010101", 150},
		{"default", "T1", "passport:USA:560018302", "", "990102", 150},
		{"R2", "T2", "passport:USA:560018301", "", "", 150}, // the tube's
		{"R1", "T2", "passport:USA:560018301", "R1", "", 350},
		{"new", "T1", "passport:USA:560018301", "new", "", 150},
	} {
		if got := e.Retain(row(KindScan, c.tube, c.person, c.round, c.area, someDay+c.after), []uint32{0}, nil); got[0] != c.want {
			t.Errorf("%+v: got %s", c, got[0])
		}
	}
	for _, c := range []struct {
		want, area string
		after      Seconds
	}{
		{"R1", "99010101", 0}, {"R1", "99010101", 150}, {"R2", "99010101", 200}, {"default", "99010101", 400}, {"default", "990102", 150}, {"default", "", 150},
	} {
		if got := e.Retain(row(KindRoster, "", "passport:USA:560018303", "", c.area, someDay+c.after), []uint32{0}, nil); got[0] != c.want {
			t.Errorf("roster %+v: got %s", c, got[0])
		}
	}
	all := &Batch{Received: someDay, Roles: RoleAll}
	var rows []uint32
	for i := range 1000 {
		all.Contexts = append(all.Contexts, Context{Round: all.Put(fmt.Appendf(nil, "invented%d", i))})
		all.Add(KindScan, 0, NoTube, 0, someDay, uint32(i), 0, Span{})
		rows = append(rows, uint32(i))
	}
	classes := map[string]bool{}
	for _, c := range e.Retain(all, rows, nil) {
		classes[c] = true
	}
	if left := e.master.roundsLeft(); len(classes) != left+1 || !classes["default"] {
		t.Errorf("1,000 invented names: got %d rounds; want %d and default", len(classes), left)
	}
	if got := e.Retention([]byte("R2"), someDay) + " " + e.Retention([]byte("invented"), someDay); got != "R2 default" {
		t.Errorf("got %s", got)
	}
}

// Ensures that the people of a batch that holds something private come back with it, those
// numbered by the batch itself too, and that others are not asked for.
func TestWho(t *testing.T) {
	e := New(DefaultConfig(), goPages{})
	var out Changes
	b := &Batch{Received: someDay, Roles: RoleAll, Contexts: []Context{{}}}
	for _, name := range []string{"passport:USA:560018301", "passport:USA:560018302", "passport:USA:560018301"} {
		b.Add(KindRoster, 0, NoTube, DocumentRef(b.Put([]byte(name))), 0, 0, 0, Span{})
	}
	b.Add(KindScan, 0, 0, ResidentRef(99010119900307002), someDay, 0, 0, Span{})
	b.Tubes = append(b.Tubes, b.Put([]byte("T1")))
	b.TubeHash = append(b.TubeHash, HashTube([]byte("T1")))
	again := *b
	e.Apply(1, []*Batch{b}, &out)
	if len(b.Who) != 0 {
		t.Errorf("got the people of a batch with nothing private")
	}
	again.Private = []byte("sealed")
	encoded := AppendBatch(nil, &again)
	var read Batch
	if rest, err := DecodeBatch(append(encoded, 7), &read); err != nil || len(rest) != 1 || string(read.Private) != "sealed" {
		t.Fatalf("got %v, %q behind, private %q", err, rest, read.Private)
	}
	other := New(DefaultConfig(), goPages{})
	for i, e := range []*Engine{e, other} {
		e.Apply(2, []*Batch{&read}, &out)
		want := []PersonOrdinal{1, 2, 1, 3}
		if len(read.Who) != 4 || read.Who[0] != want[0] || read.Who[1] != want[1] || read.Who[2] != want[2] || read.Who[3] != want[3] {
			t.Errorf("engine %d: got people %v; want %v", i, read.Who, want)
		}
	}
	for n := range encoded {
		if _, err := DecodeBatch(encoded[:n:n], &read); err == nil {
			t.Errorf("want an error for %d of %d bytes; got none", n, len(encoded))
		}
	}
}

package engine

import (
	"fmt"
	"testing"
)

// Ensures that personal data is kept under the round named, else the one that covers its
// area, else the next to come, and that rosters of the day before go with their round.
func TestRetention(t *testing.T) {
	e := New(DefaultConfig(), goPages{})
	var out Changes
	pos := Position(0)
	put := func(kind Kind, fields ...any) {
		pos++
		e.Apply(pos, []*Batch{masterItem(kind, someDay, fields...)}, &out)
	}
	retained := func(want, round, area string, at Seconds) {
		t.Helper()
		if got := e.Retention([]byte(round), []byte(area), at); got != want {
			t.Errorf("round %q, area %q, at %d: got %s; want %s", round, area, int(at)-int(someDay), got, want)
		}
	}
	retained("default", "", "", someDay)
	retained("R9", "R9", "990101", someDay)
	put(KindArea, FieldKey, "99010101", FieldParent, "990101")
	put(KindArea, FieldKey, "990102")
	put(KindRound, FieldKey, "R1", FieldAreas, "990101", FieldOpensAt, someDay+100, FieldClosesAt, someDay+200)
	put(KindRound, FieldKey, "R2", FieldAreas, "990101", FieldOpensAt, someDay+300, FieldClosesAt, someDay+400)
	for _, c := range []struct {
		want, area string
		after      Seconds
	}{
		{"R1", "99010101", 0}, {"R1", "99010101", 150}, {"R2", "99010101", 200}, {"R2", "99010101", 350}, {"default", "99010101", 400},
		{"default", "990102", 150}, {"default", "77", 150}, {"R1", "", 0}, {"R1", "", 150}, {"R2", "", 250}, {"default", "", 500},
	} {
		retained(c.want, "", c.area, someDay+c.after)
	}
	put(KindRound, FieldKey, "all", FieldOpensAt, someDay+120, FieldClosesAt, someDay+180)
	retained("all", "", "990102", someDay+150)
	retained("R1", "", "99010101", someDay+150) // its area is deeper
	retained("all", "", "990102", someDay)
	for i := 0; e.master.roundRoom(); i++ {
		put(KindRound, FieldKey, fmt.Sprint("more", i))
		if e.master.provisionalRounds == 0 && len(e.master.rounds) > e.master.limits.rounds {
			break
		}
	}
	retained("more1", "more1", "990102", someDay+500)
	if got := e.Retention([]byte("invented"), nil, someDay); got == "invented" {
		t.Errorf("got a round of its own for an invented name past the limit")
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

package engine

import (
	"fmt"
	"testing"
)

// labItem applies one event of a tube that names a laboratory.
func (c *coverTown) labItem(kind Kind, bits uint8, tube, lab, speaksFor string, at Seconds, arg uint64) Outcome {
	b := &Batch{Roles: RoleAll}
	b.Contexts = append(b.Contexts, Context{Lab: b.Put([]byte(lab))})
	if speaksFor != "" {
		b.Lab = b.Put([]byte(speaksFor))
	}
	b.Add(kind, bits, c.tube(b, tube), 0, at, 0, arg, Span{})
	c.apply(b)
	return b.Outcome[0]
}

// Ensures that names of laboratories and sites that events invent never stop the writing:
// past the limit only the items that name further laboratories are refused, without a
// trace; laboratories with a number go on, those to be put find room, duplicates are told.
func TestInventedNamesStopNothing(t *testing.T) {
	c := newCoverTown(t)
	c.master.limits.labs, c.master.limits.provisionalLabs = 5, 2
	c.master.limits.sites, c.master.limits.provisionalSites = 5, 2
	negative := func(tube, lab string, at Seconds) Outcome {
		return c.labItem(KindResult, 0, tube, lab, "", at, ResultArg(at, Final, Negative))
	}
	for i := range 2 {
		if o := negative("T1", fmt.Sprint("invented", i), coverStart); o != Accepted {
			t.Fatalf("laboratory %d: got %s", i, o.Code())
		}
	}
	before, counts := c.StateHash()-mix(uint64(c.pos)), c.Counts()
	for i := range 10 {
		lab, at := fmt.Sprint("more", i), coverStart+Seconds(i)
		for _, kind := range []Kind{KindTubeReceive, KindTubeReject, KindTubeLost, KindResult} {
			for _, tube := range []string{"T1", "T2"} {
				if o := c.labItem(kind, ItemLate*uint8(i%2), tube, lab, "", at, ResultArg(at, Final, Positive)); o != RefusedLabUnknown {
					t.Fatalf("%v: got %s; want lab_unknown", kind, o.Code())
				}
			}
		}
	}
	if after := c.StateHash() - mix(uint64(c.pos)); after != before || c.Counts() != counts || !c.Room() {
		t.Fatalf("refused items left a trace: %+v; want %+v", c.Counts(), counts)
	}
	for _, x := range []struct {
		what string
		got  Outcome
		want Outcome
	}{
		{"an old laboratory", negative("T2", "invented1", coverStart), Accepted},
		{"no laboratory", negative("T2", "", coverStart), Accepted},
		{"a duplicate", negative("T1", "invented0", coverStart), Duplicate},
		{"received", c.labItem(KindTubeReceive, 0, "T2", "invented0", "", coverStart, 0), Accepted},
		{"received again, in another name", c.labItem(KindTubeReceive, 0, "T2", "more1", "", coverStart, 0), Duplicate},
		{"in the name of an old one", c.labItem(KindResult, 0, "T2", "invented0", "more1", coverStart+9, ResultArg(coverStart+9, Final, Negative)), RefusedLabMismatch},
		{"in its own name", c.labItem(KindResult, 0, "T2", "more1", "more1", coverStart+9, ResultArg(coverStart+9, Final, Negative)), RefusedLabUnknown},
	} {
		if x.got != x.want {
			t.Errorf("%s: got %s; want %s", x.what, x.got.Code(), x.want.Code())
		}
	}
	c.put(KindLab, 0, FieldKey, "more1", FieldKind, "cdc")
	if o := negative("T2", "more1", coverStart+9); o != Accepted {
		t.Errorf("once it is put: got %s", o.Code())
	}
	for i := range 10 {
		b := &Batch{Roles: RoleAll}
		b.Contexts = append(b.Contexts, Context{Site: b.Put(fmt.Append(nil, "S", i))})
		b.Add(KindScan, 0, c.tube(b, fmt.Sprint("N", i)), coverRef(i), coverStart, 0, 0, Span{})
		if c.apply(b); b.Outcome[0] != Accepted {
			t.Errorf("site %d: got %s", i, b.Outcome[0].Code())
		}
	}
	if n := len(c.master.sites) - 1; n != 2 {
		t.Errorf("got %d sites; want 2, further ones count as not said", n)
	}
	c.put(KindSite, 0, FieldKey, "S9")
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
}

// Ensures that an excuse for a round for which there is no room any more is refused and
// leaves no trace, while known rounds go on.
func TestExcusePastTheLastRound(t *testing.T) {
	c := newCoverTown(t)
	c.master.limits.rounds = c.master.roundCount() + 1
	excuse := func(person uint64, round string) Outcome {
		b := &Batch{Received: coverStart, Roles: RoleAll}
		b.Contexts = append(b.Contexts, Context{Round: b.Put([]byte(round))})
		b.Add(KindExcuse, 0, NoTube, ResidentRef(person), coverStart, 0, HashReason([]byte("moved")), Span{})
		c.pos++
		var out Changes
		c.Apply(c.pos, []*Batch{b}, &out)
		return b.Outcome[0]
	}
	if o := excuse(99010119900000001, "last"); o != Accepted {
		t.Fatalf("the last round: got %s", o.Code())
	}
	people := c.Counts().People
	if o := excuse(99010119900000002, "one-more"); o != RefusedField || c.Counts().People != people {
		t.Fatalf("past the last round: got %s, %d people; want field_invalid, %d", o.Code(), c.Counts().People, people)
	}
	if o := excuse(99010119900000002, "last"); o != Accepted {
		t.Fatalf("a known round: got %s", o.Code())
	}
}

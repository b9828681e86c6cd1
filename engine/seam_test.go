package engine

import (
	"math/rand/v2"
	"testing"
)

// Ensures that the halves are joined by values only: with every effect put through
// bytes on its way from tubes to people, a busy day ends in the same state hash.
func TestHalvesJoinThroughBytes(t *testing.T) {
	direct, bytewise := New(DefaultConfig(), goPages{}), New(DefaultConfig(), goPages{})
	effects := 0
	var wire []byte
	var back Effects
	bytewise.seam = func(f *Effects) {
		wire = AppendEffects(wire[:0], f)
		*f = Effects{Person: []PersonOrdinal{^PersonOrdinal(0)}} // nothing of it may be used again
		if err := DecodeEffects(wire, &back); err != nil {
			t.Fatal(err)
		}
		*f = back
		effects += len(back.Person)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	var a, b Batch
	var outA, outB Changes
	for pos := Position(1); pos <= 200; pos++ {
		mixedBatch(&a, rng)
		if _, err := DecodeBatch(AppendBatch(nil, &a), &b); err != nil {
			t.Fatal(err)
		}
		direct.Apply(pos, []*Batch{&a}, &outA)
		bytewise.Apply(pos, []*Batch{&b}, &outB)
		if direct.StateHash() != bytewise.StateHash() || len(outA.List) != len(outB.List) {
			t.Fatalf("at position %d: got hash %x, %d changes; want %x, %d", pos, bytewise.StateHash(), len(outB.List), direct.StateHash(), len(outA.List))
		}
	}
	if err := bytewise.Check(); err != nil {
		t.Fatal(err)
	}
	if effects < 10000 {
		t.Fatalf("got %d effects through the seam; want a busy day", effects)
	}
}

// Ensures that AppendEffects and DecodeEffects refuse what is cut short.
func TestEffectsCutShort(t *testing.T) {
	f := Effects{}
	f.add(1, 2, 3, 4)
	if err := DecodeEffects(AppendEffects(nil, &f)[:effectBytes-1], &f); err == nil {
		t.Fatal("got no error for 19 bytes")
	}
}

// mixedBatch fills b with a hundred events of every kind among few people and tubes.
func mixedBatch(b *Batch, rng *rand.Rand) {
	b.Reset()
	b.Received, b.Roles = 700000000, RoleAll
	if rng.IntN(2) == 0 {
		b.Roles = RoleStation
	}
	for _, m := range []Mode{ModeUnset, Pool, Single, Household} {
		b.Contexts = append(b.Contexts, Context{Mode: m, Lab: b.Put([]byte{'L', '0' + byte(m)})})
	}
	for i := range 40 {
		s := b.Put([]byte{'T', '0' + byte(i/10), '0' + byte(i%10)})
		b.Tubes = append(b.Tubes, s)
		b.TubeHash = append(b.TubeHash, HashTube(b.Text(s)))
	}
	doc := b.Put([]byte("passport:USA:560018274"))
	for range 100 {
		tube, ctx := uint32(rng.IntN(40)), uint32(rng.IntN(4))
		who := ResidentRef(99010119900000000 + uint64(rng.IntN(300)))
		if rng.IntN(50) == 0 {
			who = DocumentRef(doc)
		}
		at := Seconds(700000000 + 60*rng.IntN(600))
		switch rng.IntN(12) {
		case 0, 1:
			b.Add(KindResult, 0, tube, 0, at, ctx, ResultArg(at+3600, Final, Negative+Verdict(rng.IntN(3))), Span{})
		case 2:
			b.Add(KindUnscan, 0, tube, who, at, ctx, 0, Span{})
		case 3:
			b.Add(KindTubeOpen, uint8(rng.IntN(2))*ItemRetained, tube, 0, at, ctx, uint64(rng.IntN(31)), Span{})
		case 4:
			b.Add(KindTubeClose, 0, tube, 0, at, ctx, uint64(rng.IntN(12)), Span{})
		default:
			b.Add(KindScan, ItemLate*uint8(rng.IntN(2)), tube, who, at, ctx, 0, Span{})
		}
	}
}

// Ensures that DecodeBatch gives back every column, and that no cut or flipped byte panics.
func TestBatchCodec(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var a, b Batch
	for range 50 {
		mixedBatch(&a, rng)
		wire := AppendBatch(nil, &a)
		rest, err := DecodeBatch(append(wire, 1, 2, 3), &b)
		if err != nil || len(rest) != 3 {
			t.Fatalf("got %d bytes left, %v; want 3", len(rest), err)
		}
		if again := AppendBatch(nil, &b); string(again) != string(wire) {
			t.Fatal("the decoded batch encodes otherwise")
		}
		for range 200 {
			cut := append([]byte(nil), wire[:rng.IntN(len(wire))]...)
			if len(cut) > 0 {
				cut[rng.IntN(len(cut))] ^= byte(1 << rng.IntN(8))
			}
			DecodeBatch(cut, &b) //nolint:errcheck // any answer but a panic
		}
	}
}

// Ensures that names past the limit are one, and that labs past 16 bits stay apart.
func TestNamesAreBounded(t *testing.T) {
	n := newNames(3)
	a, b, c := n.of([]byte("L1")), n.of([]byte("L2")), n.of([]byte("L3"))
	if a != 1 || b != 2 || c != 2 || n.of([]byte("L1")) != 1 {
		t.Fatalf("got %d, %d, %d; want 1, 2, 2", a, b, c)
	}
	for _, lab := range []uint32{1, 1<<16 + 1, MaxLabs - 1, noLab} {
		e := resultExtra(lab, true, Withdrawn, Positive, 7, 8)
		if e.lab() != lab || e.stage() != Withdrawn || e.verdict() != Positive {
			t.Fatalf("got lab %d, %v, %v; want %d, withdrawn, positive", e.lab(), e.stage(), e.verdict(), lab)
		}
	}
}

// Ensures that an engine at one of its limits says so before the journal.
func TestRoomEndsBeforeTheLimits(t *testing.T) {
	e := New(DefaultConfig(), goPages{})
	if !e.Room() {
		t.Fatal("an empty engine has no room")
	}
	for _, full := range []func(){
		func() { e.tests.Store(MaxTests) },
		func() { e.registry.known.Store(MaxPeople) },
		func() { e.tubes.published.Store(MaxTubes) },
	} {
		e.tests.Store(0)
		e.registry.known.Store(0)
		if full(); e.Room() {
			t.Fatalf("got room at %+v", e.Counts())
		}
	}
}

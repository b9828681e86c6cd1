package engine_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolwise/engine"
)

var update = flag.Bool("update", false, "record the golden journals anew")

const goldenFolder = "testdata/golden"

// TestGoldenJournals ensures that journals recorded once still give, byte for byte, the state
// they gave then. A difference means that a restart would show people other statuses than
// before: raise RulesVersion, say why in the commit, and record anew with
//
//	go test ./engine -run TestGoldenJournals -update
func TestGoldenJournals(t *testing.T) {
	if *update {
		record(t, "town", 40, false)
		record(t, "late", 40, true)
	}
	files, err := filepath.Glob(filepath.Join(goldenFolder, "*.bin"))
	if err != nil || len(files) == 0 {
		t.Fatalf("cannot find the golden journals: got %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			journal, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, ".bin") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			d := newDesk()
			if err := d.replayJournal(journal); err != nil {
				t.Fatal(err)
			}
			if got := d.dump(); got != string(want) {
				t.Errorf("the state is another than was recorded: %s", firstDifference(string(want), got))
			}
			ensureSound(t, d)
		})
	}
}

// A golden journal is, for each group, the length of its batches (uvarint) and the batches.
func (d *desk) replayJournal(journal []byte) error {
	for len(journal) > 0 {
		size, n := binary.Uvarint(journal)
		if n <= 0 || uint64(len(journal)-n) < size {
			return fmt.Errorf("cannot read group %d: its length is wrong", d.applied+1)
		}
		if _, err := d.replay(journal[n : n+int(size)]); err != nil {
			return err
		}
		journal = journal[n+int(size):]
	}
	return nil
}

// record writes a journal of many random days, each with its own people and tubes, and its state.
func record(t *testing.T, name string, days int, pure bool) {
	d := newDesk()
	for seed := range uint64(days) {
		events := day(seed+1, pure)
		for i := range events {
			events[i].rename(seed)
		}
		for _, part := range cuts(events, seed, 2) {
			d.apply(part, d.find, batches(seed))
		}
	}
	var journal []byte
	for _, group := range d.groups {
		journal = binary.AppendUvarint(journal, uint64(len(group.encoded)))
		journal = append(journal, group.encoded...)
	}
	for file, data := range map[string][]byte{name + ".bin": journal, name + ".txt": []byte(d.dump())} {
		if err := os.WriteFile(filepath.Join(goldenFolder, file), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// rename gives every day its own people and tubes; labs, rounds and areas are those of all days.
func (ev *event) rename(seed uint64) {
	tail := fmt.Sprintf("-%d", seed)
	for _, name := range []*string{&ev.tube, &ev.person, &ev.of, &ev.to} {
		if *name != "" {
			*name += tail
		}
	}
}

// dump is the state in words: everybody by number, every tube, and the hash of all.
func (d *desk) dump() string {
	var b strings.Builder
	counts := d.Counts()
	for p := engine.PersonOrdinal(1); uint64(p) <= counts.People; p++ {
		var s engine.Status
		d.Status(p, &s)
		fmt.Fprintf(&b, "%s %s", d.AppendPersonID(nil, p), d.word(&s))
		if s.Order.Number != 0 {
			fmt.Fprintf(&b, " R%d", s.Order.Number)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "people %d, results %d, orders open %d\n", counts.People, counts.Results, counts.OrdersOpen)
	fmt.Fprintf(&b, "position %d, state hash %016x\n", d.Applied(), d.StateHash())
	return b.String()
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d: want\n%s\ngot\n%s", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("want %d lines; got %d", len(w), len(g))
}

// asked is what a batch asks, without how its columns share spans.
func asked(b *engine.Batch) string {
	var s strings.Builder
	fmt.Fprintln(&s, b.Received, b.Roles, b.Strict, string(b.Text(b.Lab)), b.Len())
	for i := range b.Len() {
		c := b.Contexts[b.Ctx[i]]
		person := fmt.Sprintf("%x", uint64(b.Person[i]))
		if b.Person[i].Type() == engine.RefDocument {
			person = string(b.Text(b.Person[i].Document()))
		}
		var tube []byte
		var hash uint64
		if b.Tube[i] != engine.NoTube {
			tube, hash = b.Text(b.Tubes[b.Tube[i]]), b.TubeHash[b.Tube[i]]
		}
		fmt.Fprintf(&s, "%s %d %q %016x %s at %d arg %x extra %q site %q station %q round %q lab %q area %q %d %d %d %d\n",
			b.Kind[i], b.Bits[i], tube, hash, person, b.At[i], b.Arg[i], b.Text(b.Extra[i]),
			b.Text(c.Site), b.Text(c.Station), b.Text(c.Round), b.Text(c.Lab), b.Text(c.Area), c.Mode, c.Purpose, c.Specimen, c.Source)
	}
	return s.String()
}

// oddBatch has every kind, every field, and the extremes of each.
func oddBatch() *engine.Batch {
	b := &engine.Batch{Received: 1<<32 - 1, Roles: engine.RoleLab}
	for _, code := range []string{"T1", "TUBE-WITH-THIRTY-TWO-CHARACTERS0", "9"} {
		b.Tubes = append(b.Tubes, b.Put([]byte(code)))
		b.TubeHash = append(b.TubeHash, engine.HashTube([]byte(code)))
	}
	b.Contexts = append(b.Contexts, engine.Context{}, engine.Context{Site: b.Put([]byte("S1")), Station: b.Put([]byte("st.1")), Round: b.Put([]byte("r_1")),
		Lab: b.Put([]byte("L1")), Area: b.Put([]byte("990101")), Mode: engine.Household, Purpose: engine.Recheck, Specimen: engine.SpecimenNP, Source: engine.SourceManual})
	people := []engine.PersonRef{engine.OrdinalRef(1), engine.OrdinalRef(1<<32 - 1), engine.ResidentRef(99999999999999999), engine.ResidentRef(1),
		engine.DocumentRef(b.Put(bytes.Repeat([]byte("x"), 255))), engine.DocumentRef(b.Put([]byte("none:1:1")))}
	for i, at := range []engine.Seconds{5, 1<<32 - 1, 1, 700000000, 699999999, 700000000} {
		b.Add(engine.KindScan, uint8(i%2), uint32(i%3), people[i], at, uint32(i%2), 0, b.Put(bytes.Repeat([]byte("e"), i*100)))
		b.Add(engine.KindUnscan, 0, uint32(2-i%3), people[i], at, 0, 0, engine.Span{})
	}
	b.Add(engine.KindTubeOpen, engine.ItemRetained, 0, 0, 9, 1, 30, engine.Span{})
	b.Add(engine.KindTubeClose, engine.ItemLate, 1, 0, 9, 0, 31, engine.Span{})
	b.Add(engine.KindResult, 0, 2, 0, 9, 1, engine.ResultArg(1<<32-1, engine.Withdrawn, engine.Positive), engine.Span{})
	b.Add(engine.KindScan, 0, 0, people[0], 9, 1, 3<<32|engine.HashHousehold([]byte("H1")), engine.Span{})
	b.Add(engine.KindTransfer, engine.ItemLate, 2, people[3], 9, 0, 1|engine.HashReason([]byte("spilt"))<<32, engine.Span{})
	for _, kind := range []engine.Kind{engine.KindTubeVoid, engine.KindTubeReceive, engine.KindTubeReject, engine.KindTubeLost} {
		b.Add(kind, 0, 1, 0, 1<<32-1, 1, engine.HashReason([]byte("leaked")), engine.Span{})
	}
	b.Add(engine.KindExcuse, 0, engine.NoTube, people[4], 9, 1, 1<<32-1, engine.Span{})
	b.Add(engine.KindAcknowledge, 0, engine.NoTube, 0, 9, 0, 1<<32-1, engine.Span{})
	b.Add(engine.KindUnreachable, 0, engine.NoTube, people[1], 9, 0, 0, engine.Span{})
	b.Add(engine.KindDischarge, 0, engine.NoTube, people[5], 9, 0, 1, engine.Span{})
	b.Add(engine.KindMerge, 0, engine.NoTube, people[0], 9, 0, uint64(people[5]), engine.Span{})
	b.Add(engine.KindUnmerge, 0, engine.NoTube, people[2], 9, 0, uint64(people[1]), engine.Span{})
	b.Add(engine.KindRoster, 0, engine.NoTube, people[5], 0, 0, 0, b.Put(engine.AppendField(nil, engine.FieldArea, []byte("990101"))))
	for kind := engine.KindArea; kind <= engine.KindRound; kind++ {
		item := engine.AppendField(nil, engine.FieldKey, []byte("9901"))
		b.Add(kind, 0, engine.NoTube, 0, 0, 0, 0, b.Put(engine.AppendField(item, engine.FieldName, bytes.Repeat([]byte("n"), 300))))
	}
	b.Strict, b.Lab = true, b.Put([]byte("L1"))
	return b
}

// TestBatchesSurviveTheJournal ensures that a batch decodes to what was asked, also into used memory and
// with another behind it, and that every cut-off batch is refused.
func TestBatchesSurviveTheJournal(t *testing.T) {
	batches := []*engine.Batch{oddBatch(), batchOf(day(3, false)[:1], nobody), {Roles: engine.RoleStation}, oddBatch()}
	var journal []byte
	for _, b := range batches {
		journal = engine.AppendBatch(journal, b)
	}
	var used engine.Batch
	rest := journal
	for i, b := range batches {
		var err error
		if rest, err = engine.DecodeBatch(rest, &used); err != nil {
			t.Fatalf("cannot decode batch %d: %v", i, err)
		}
		if want, got := asked(b), asked(&used); want != got {
			t.Errorf("batch %d: %s", i, firstDifference(want, got))
		}
	}
	if len(rest) != 0 {
		t.Errorf("want nothing behind the last batch; got %d bytes", len(rest))
	}
	one := engine.AppendBatch(nil, oddBatch())
	for n := range one {
		if _, err := engine.DecodeBatch(one[:n:n], &used); err == nil {
			t.Errorf("want an error for %d of %d bytes; got none", n, len(one))
		}
	}
}

// FuzzDecodeBatch ensures that no bytes make the decoder panic, and that what it accepts is whole:
// every span inside the bytes, every index inside its column, and the same after another round.
func FuzzDecodeBatch(f *testing.F) {
	f.Add(engine.AppendBatch(nil, oddBatch()))
	f.Add(engine.AppendBatch(nil, batchOf(day(3, false)[:1], nobody)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b, again engine.Batch
		rest, err := engine.DecodeBatch(data, &b)
		if err != nil {
			return
		}
		if len(rest) > len(data) {
			t.Fatalf("more is left than there was")
		}
		want := asked(&b)
		if _, err := engine.DecodeBatch(engine.AppendBatch(nil, &b), &again); err != nil {
			t.Fatalf("cannot decode what was encoded: %v", err)
		}
		if got := asked(&again); want != got {
			t.Errorf("%s", firstDifference(want, got))
		}
	})
}

package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

// said is what one row says of its person, under a class; fields by number, "" takes back.
type said struct {
	who    engine.PersonOrdinal
	class  string
	fields map[engine.Field]string
}

var profileOrder = []engine.Field{engine.FieldName, engine.FieldSex, engine.FieldPhone, engine.FieldHousehold, engine.FieldLiaison, engine.FieldTube}

func encodeFields(fields map[engine.Field]string) (dst []byte) {
	for _, f := range profileOrder {
		if v, ok := fields[f]; ok {
			dst = engine.AppendField(dst, f, []byte(v))
		}
	}
	return dst
}

// batchOf makes the batch of rows, as a decoder and the engine would: pieces by class.
func batchOf(t testing.TB, s *Store, rows []said) *engine.Batch {
	t.Helper()
	b := &engine.Batch{}
	b.Contexts = append(b.Contexts, engine.Context{})
	plain := map[string][]byte{}
	var classes []string
	for row, r := range rows {
		ref := r.who
		if ref == 0 {
			ref = 1 << 20 // the engine found nobody
		}
		b.Add(engine.KindRoster, 0, engine.NoTube, engine.OrdinalRef(ref), 0, 0, 0, engine.Span{})
		b.Outcome = append(b.Outcome, engine.Accepted)
		b.Who = append(b.Who, r.who)
		if len(r.fields) == 0 {
			continue
		}
		if plain[r.class] == nil {
			classes = append(classes, r.class)
		}
		fields := encodeFields(r.fields)
		p := binary.AppendUvarint(plain[r.class], uint64(row))
		p = binary.AppendUvarint(p, uint64(len(fields)))
		plain[r.class] = append(p, fields...)
	}
	for _, class := range classes {
		sealed, err := s.Profiles().Seal(nil, class, plain[class])
		must(t, err)
		b.Private = binary.AppendUvarint(b.Private, uint64(len(sealed)))
		b.Private = append(b.Private, sealed...)
	}
	return b
}

// journalBatch appends a batch to the journal and gives it to the profiles.
func journalBatch(t testing.TB, s *Store, b *engine.Batch) engine.Position {
	t.Helper()
	pos, err := s.Append(engine.AppendBatch(nil, b), HashCheck{})
	must(t, err)
	s.Feed().Append(pos, &engine.Changes{})
	s.Profiles().Take(pos, b)
	return pos
}

// journalRows appends the rows of a position in two batches of one group. early: the first
// is stored before the second is taken.
func journalRows(t testing.TB, s *Store, early bool) {
	t.Helper()
	rows := rowsOf(s.Last() + 1)
	a, b := batchOf(t, s, rows[:len(rows)/2]), batchOf(t, s, rows[len(rows)/2:])
	pos, err := s.Append(engine.AppendBatch(engine.AppendBatch(nil, a), b), HashCheck{})
	must(t, err)
	s.Feed().Append(pos, &engine.Changes{})
	s.Profiles().Take(pos, a)
	if early {
		must(t, s.Profiles().flush())
	}
	s.Profiles().Take(pos, b)
}

// profileModel is who said what last.
type profileModel map[engine.PersonOrdinal]map[engine.Field]string

func (m profileModel) say(rows []said) {
	for _, r := range rows {
		for f, v := range r.fields {
			if m[r.who] == nil {
				m[r.who] = map[engine.Field]string{}
			}
			if m[r.who][f] = v; v == "" {
				delete(m[r.who], f)
			}
		}
		if len(m[r.who]) == 0 {
			delete(m, r.who)
		}
	}
}

// profilesOf reads people into a model.
func profilesOf(t testing.TB, s *Store, who []engine.PersonOrdinal) profileModel {
	t.Helper()
	got := profileModel{}
	must(t, s.Profiles().Read(who, func(i int, fields []byte) {
		m := map[engine.Field]string{}
		for len(fields) > 0 {
			f, v, rest, ok := engine.NextField(fields)
			if !ok {
				t.Fatalf("person %d: fields do not decode", who[i])
			}
			m[f], fields = string(v), rest
		}
		if got[who[i]] != nil {
			t.Fatalf("person %d twice", who[i])
		}
		got[who[i]] = m
	}))
	return got
}

func everybody(n int) (who []engine.PersonOrdinal) {
	for i := range n {
		who = append(who, engine.PersonOrdinal(i+1))
	}
	return who
}

func (m profileModel) check(t testing.TB, s *Store, people int) {
	t.Helper()
	if got, want := fmt.Sprint(profilesOf(t, s, everybody(people))), fmt.Sprint(m); got != want {
		t.Fatalf("got %s\nwant %s", got, want)
	}
	if kept := s.Profiles().Stats().Kept; kept != uint64(len(m)) {
		t.Fatalf("got %d people with a profile; want %d", kept, len(m))
	}
}

const modelPeople = 300

// rowsOf a position: the same each time.
func rowsOf(pos engine.Position) (rows []said) {
	rng := rand.New(rand.NewPCG(uint64(pos), 17))
	for range rng.IntN(40) {
		r := said{who: engine.PersonOrdinal(1 + rng.IntN(modelPeople)), class: fmt.Sprint("R", uint64(pos)/6+rng.Uint64N(2)), fields: map[engine.Field]string{}}
		for range rng.IntN(4) {
			v := fmt.Sprintf("测试%d", rng.IntN(5))
			if rng.IntN(4) == 0 {
				v = ""
			}
			r.fields[profileOrder[rng.IntN(len(profileOrder))]] = v
		}
		rows = append(rows, r)
	}
	return rows
}

// replayProfiles gives the profiles the journal after a position, as a start does.
func replayProfiles(t testing.TB, s *Store, after engine.Position) {
	t.Helper()
	var b engine.Batch
	must(t, s.Replay(after, func(pos engine.Position, payload []byte, _ HashCheck) error {
		s.Feed().Append(pos, &engine.Changes{})
		for len(payload) > 0 {
			rest, err := engine.DecodeBatch(payload, &b)
			if err != nil {
				return err
			}
			payload = rest
			b.Who, b.Outcome = b.Who[:0], b.Outcome[:0]
			for _, ref := range b.Person {
				b.Who = append(b.Who, ref.Ordinal())
				b.Outcome = append(b.Outcome, engine.Accepted)
			}
			s.Profiles().Take(pos, &b)
		}
		return nil
	}))
}

// modelAt is the model after all positions up to last.
func modelAt(last engine.Position) profileModel {
	m := profileModel{}
	for pos := engine.Position(1); pos <= last; pos++ {
		m.say(rowsOf(pos))
	}
	return m
}

func TestProfilesEqualModel(t *testing.T) {
	// Ensure that profiles read as a plain map would tell them, over clean restarts, power
	// cuts, snapshots and replays from them, and in whatever runs they are stored.
	n := 9
	if testing.Short() {
		n = 3
	}
	seeds(t, n, func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 3))
		fs := NewCrashFS()
		s := mustOpen(t, fs)
		for range 15 {
			for range rng.IntN(12) {
				journalRows(t, s, rng.IntN(2) == 0)
			}
			modelAt(s.Last()).check(t, s, modelPeople)
			switch rng.IntN(4) {
			case 0:
				commit(t, writeSnapshot(t, s, s.Last(), 3))
			case 1:
				mustClose(t, s)
				s = mustOpen(t, fs)
				modelAt(s.Last()).check(t, s, modelPeople) // all was stored
				replayProfiles(t, s, s.manifest.at)
			case 2:
				clone := fs.CrashClone(rng.IntN(101), seed)
				mustClose(t, s)
				fs = clone
				s = mustOpen(t, fs)
				replayProfiles(t, s, s.manifest.at)
			}
		}
		modelAt(s.Last()).check(t, s, modelPeople)
		mustClose(t, s)
	})
}

func TestProfilesPowerLoss(t *testing.T) {
	// Ensure that a power cut after any single write operation leaves, with the replay from
	// the snapshot in force, the profiles that the journal tells of; and that those up to the
	// snapshot are there without a replay.
	for n := 1; ; n++ {
		c := newCutter(n)
		s := mustOpen(t, c.fs())
		c.arm()
		for range 3 {
			for range 3 {
				journalRows(t, s, false)
			}
			commit(t, writeSnapshot(t, s, s.Last(), 2))
			journalRows(t, s, true)
		}
		mustClose(t, s)
		clone := c.taken()
		if clone == nil {
			t.Logf("%d cuts", n-1)
			return
		}
		s = mustOpen(t, clone)
		if at := s.manifest.at; at > 0 && s.Profiles().known < at-1 {
			t.Fatalf("cut %d: profiles are complete up to %d; the snapshot is of %d", n, s.Profiles().known, at)
		}
		replayProfiles(t, s, s.manifest.at)
		modelAt(s.Last()).check(t, s, modelPeople)
		mustClose(t, s)
	}
}

func TestProfileRules(t *testing.T) {
	// Ensure that rows count as they should, that the last word on each field counts, also
	// within a batch and over classes, and that nothing is written for what is known.
	s := mustOpen(t, vfs.NewMem())
	name := func(v string) map[engine.Field]string { return map[engine.Field]string{engine.FieldName: v} }
	m := profileModel{}
	check := func() {
		t.Helper()
		m.check(t, s, 200)
	}
	rows := []said{{1, "R1", name("测试甲")}, {2, "R1", name("测试乙")}, {0, "R1", name("测试丙")}, {3, "R2", name("测试丁")}, {200, "R1", name("测试戊")}, {1, "R2", name("测试己")}, {1, "R1", name("测试庚")}}
	b := batchOf(t, s, rows)
	journalBatch(t, s, b)
	m.say([]said{rows[0], rows[1], rows[3], rows[4], rows[5], rows[6]})
	check()

	// Refused, a scan sent again; a roster's duplicate does count.
	rows = []said{{1, "R1", name("错")}, {2, "R1", name("错")}, {3, "R1", name("测试辛")}}
	b = batchOf(t, s, rows)
	b.Outcome = []engine.Outcome{engine.RefusedTubeFull, engine.Duplicate, engine.Duplicate}
	b.Kind[1], b.Tube[1] = engine.KindScan, 0
	b.Tubes, b.TubeHash = append(b.Tubes, b.Put([]byte("T1"))), append(b.TubeHash, 0)
	journalBatch(t, s, b)
	m.say(rows[2:])
	check()

	written := s.Profiles().Stats().Written
	journalBatch(t, s, batchOf(t, s, []said{{3, "R1", name("测试辛")}, {1, "R1", name("测试庚")}}))
	check()
	if st := s.Profiles().Stats(); st.Written != written || st.Unchanged != 2 {
		t.Fatalf("sent again: got %+v; want %d written and 2 unchanged", st, written)
	}
	journalBatch(t, s, batchOf(t, s, []said{{3, "R3", name("测试辛")}})) // the same, under another round
	check()
	if st := s.Profiles().Stats(); st.Written != written+1 {
		t.Fatalf("under another round: got %+v; want %d written", st, written+1)
	}
	rows = []said{{1, "R3", map[engine.Field]string{engine.FieldPhone: "13900000001"}}, {2, "R1", name("")}, {9, "R1", name("")}}
	journalBatch(t, s, batchOf(t, s, rows))
	m.say(rows)
	check()
	for who, class := range map[engine.PersonOrdinal]string{1: "R3", 3: "R3", 200: "R1"} {
		if got := classKept(t, s, who); got != class {
			t.Errorf("person %d is kept under %q; want %q", who, got, class)
		}
	}
	s = reopen(t, s)
	check()
	replayProfiles(t, s, 0) // the last position only may not be whole
	if n := s.Profiles().takes; n != 1 {
		t.Fatalf("a replay: took %d batches; want 1", n)
	}
	mustClose(t, s)
}

// classKept is the round that a person's profile is sealed under, "" for none.
func classKept(t *testing.T, s *Store, who engine.PersonOrdinal) string {
	t.Helper()
	must(t, s.Profiles().flush())
	it, err := s.profileIter()
	must(t, err)
	defer it.Close()
	var b profileBlock
	number, slot := blockOf(who)
	_, err = s.readBlock(it, &b, number)
	must(t, err)
	if e := b.slots[slot].envelope; e >= 0 {
		return b.envelopes[e].class.name
	}
	return ""
}

func TestProfilesQueueIsBounded(t *testing.T) {
	// Ensure that Take waits rather than let the queue grow past its bound, that one batch
	// larger than the bound passes alone, and that waiting ends.
	s := mustOpen(t, vfs.NewMem())
	p := s.Profiles()
	big := batchOf(t, s, []said{{1, "R1", map[engine.Field]string{engine.FieldName: strings.Repeat("x", profileQueueBytesMax/8)}}})
	big.Who[0] = 0 // it is opened, and nobody's
	p.storing.Lock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for pos := range engine.Position(12) {
			p.Take(pos+1, big)
		}
	}()
	for {
		st := p.Stats()
		if st.QueuedBytes > profileQueueBytesMax {
			t.Errorf("got %d bytes in the queue; want at most %d", st.QueuedBytes, profileQueueBytesMax)
		}
		if st.Waits > 0 || t.Failed() {
			break
		}
		runtime.Gosched()
	}
	p.storing.Unlock()
	<-done
	must(t, p.flush())
	huge := batchOf(t, s, []said{{2, "R1", map[engine.Field]string{engine.FieldName: strings.Repeat("x", profileQueueBytesMax)}}})
	huge.Who[0] = 0
	p.Take(13, huge)
	must(t, p.flush())
	if st := p.Stats(); st.QueuedBytes != 0 || st.Kept != 0 {
		t.Fatalf("got %+v", st)
	}
	p.writer.complete = 0 // the journal has none of these
	p.writer.commit()
	mustClose(t, s)
}

func TestProfilesBesideReaders(t *testing.T) {
	// Ensure that readers beside Take see what was taken before they asked, never less.
	s := mustOpen(t, vfs.NewMem())
	done := make(chan struct{})
	taken := make(chan int, 200)
	go func() {
		defer close(done)
		for i := range taken {
			got := profilesOf(t, s, []engine.PersonOrdinal{7})[7][engine.FieldName]
			var n int
			if _, err := fmt.Sscanf(got, "v%d", &n); err != nil || n < i {
				t.Errorf("got %q; want v%d or later", got, i)
			}
		}
	}()
	for i := range 200 {
		journalBatch(t, s, batchOf(t, s, []said{{7, "R1", map[engine.Field]string{engine.FieldName: fmt.Sprint("v", i)}}}))
		taken <- i
	}
	close(taken)
	<-done
	mustClose(t, s)
	if err := s.Profiles().Read([]engine.PersonOrdinal{7}, nil); !errors.Is(err, ErrClosed) {
		t.Fatalf("after Close: got %v", err)
	}
}

func TestDamagedProfilesAreFound(t *testing.T) {
	// Ensure that an altered, cut or moved block is refused, and that no bytes make decoding
	// panic.
	s := mustOpen(t, vfs.NewMem())
	for i := range 3 {
		journalBatch(t, s, batchOf(t, s, []said{
			{engine.PersonOrdinal(64 + i), "R1", map[engine.Field]string{engine.FieldName: "测试甲"}},
			{engine.PersonOrdinal(90 + i), "R2", map[engine.Field]string{engine.FieldName: "测试乙"}},
		}))
	}
	must(t, s.Profiles().flush())
	good, err := getCopy(s.db, profileKey(1))
	must(t, err)
	var b profileBlock
	must(t, b.load(s, 1, good))
	if err := b.load(s, 2, good); !errors.Is(err, ErrSeal) {
		t.Fatalf("moved: got %v", err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if err := b.load(s, 1, bad); !errors.Is(err, ErrSeal) && !errors.Is(err, ErrFormat) {
			t.Fatalf("byte %d altered: got %v", i, err)
		}
		if err := b.load(s, 1, good[:i]); i > 0 && err == nil && !wholeEnvelopes(good[:i]) {
			t.Fatalf("cut at %d: no error", i)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		b.reset(1)
		b.envelopes = append(b.envelopes, profileEnvelope{})
		b.text = noise(1 + rng.IntN(40))
		for i := range b.text {
			b.text[i] = byte(rng.Uint32N(80))
		}
		_ = b.place(0, 1+rng.IntN(3))
	}
	must(t, s.db.Set(keyProfiles, good, pebble.Sync)) // how far they go: found by Open, which lets go of all
	mustClose(t, s)
	for range 2 {
		if err := openErr(t, s.fs); !errors.Is(err, ErrSeal) && !errors.Is(err, ErrFormat) {
			t.Fatalf("the record altered: got %v", err)
		}
	}
}

func wholeEnvelopes(v []byte) bool {
	for len(v) > 0 {
		_, _, rest, err := nextEnvelope(v)
		if err != nil {
			return false
		}
		v = rest
	}
	return true
}

func TestTakeDoesNotAllocate(t *testing.T) {
	// Ensure that a steady writer allocates nothing for profiles.
	s := mustOpen(t, vfs.NewMem())
	b := batchOf(t, s, []said{{1, "R1", map[engine.Field]string{engine.FieldName: "测试甲"}}})
	pos := engine.Position(0)
	got := testing.AllocsPerRun(100, func() {
		for range 10 {
			pos++
			s.Profiles().Take(pos, b)
		}
		must(t, s.Profiles().flush())
	})
	if got > 40 { // of the storing goroutine: a run's list, an iterator
		t.Fatalf("got %v allocations for ten batches and the runs that store them", got)
	}
	s.Profiles().writer.complete = 0
	s.Profiles().writer.commit()
	mustClose(t, s)
}

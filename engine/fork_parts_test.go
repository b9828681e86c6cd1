package engine

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// treatment is what Fork does with a field.
type treatment string

const (
	copied treatment = "copied"   // changing the fork's leaves the original's alone
	cut    treatment = "cut"      // the same memory, never changed in place, without room behind it
	empty  treatment = "empty"    // the fork begins without
	forked treatment = "forked"   // a part, a column, an index or names: has a list of its own
	values treatment = "values"   // a column that shares pages until it is written
	record treatment = "records"  // a column that shares none
	layer  treatment = "layer"    // an index or names above the original's
	other  treatment = "its own"  // made for the fork
	memory treatment = "original" // a way to the original
)

func fields(treated map[treatment]string) (list map[string]treatment) {
	list = map[string]treatment{}
	for how, names := range treated {
		for name := range strings.FieldsSeq(names) {
			list[name] = how
		}
	}
	return list
}

// forkTreats says of every field of every type that an engine is made of what Fork does
// with it. Whoever adds a field decides here, in Fork, and in the list on the type forks.
var forkTreats = map[reflect.Type]map[string]treatment{
	reflect.TypeFor[Engine](): fields(map[treatment]string{forked: "registry master tubes people notes coverage", copied: "applied policy tests results ordersOpen proofs proofsOf seam",
		empty: "mu tubeOf placeOf persons hashes near absent fresh touches composing forks", other: "askFacts"}),
	reflect.TypeFor[registry](): fields(map[treatment]string{layer: "index", values: "keys", forked: "texts", copied: "count known hash"}),
	reflect.TypeFor[names]():    fields(map[treatment]string{cut: "list", layer: "index", copied: "limit bytes"}),
	reflect.TypeFor[notes]():    fields(map[treatment]string{values: "heads", record: "list", copied: "count hash"}),
	reflect.TypeFor[text]():     fields(map[treatment]string{values: "column", copied: "end"}),
	reflect.TypeFor[master](): fields(map[treatment]string{
		copied: "limits areas provisionalAreas lastArea lastMove sites labs provisionalSites provisionalLabs rounds provisionalRounds lastSet moverCount listed hash plain releasesWhole usual times from until stamp stamps",
		cut:    "policies putRounds sets", layer: "areaIndex siteIndex labIndex roundIndex setIndex", forked: "groups", other: "settled forked",
		values: "attributes vaccinated households named leaf", record: "movers"}),
	reflect.TypeFor[tubes](): fields(map[treatment]string{other: "master", memory: "original", layer: "index", record: "headers extras moves", forked: "codes",
		values: "member place blocks closed watched",
		copied: "count tests extraCount moveCount watchCount published results newest rejectedBefore wasNegative rejectedSet sampledAfter hash",
		empty:  "effects recounts again pairs before"}),
	reflect.TypeFor[people](): fields(map[treatment]string{other: "notes", values: "words tests marks", record: "sides cause order",
		copied: "sideCount causeCount causeFree orderCount ordersOpen room hash noting", empty: "before after others answers firsts"}),
	reflect.TypeFor[coverage](): fields(map[treatment]string{
		copied: "used hot several cold late whole areas isStale stale now next closed chunks runs birthCount placed joined hash within",
		other:  "shares seen borrowed lastKey", record: "tallies births", empty: "lastTally moved one"}),
	reflect.TypeFor[index](): fields(map[treatment]string{other: "where mask store", empty: "pages free open none", memory: "under"}),
	reflect.TypeFor[paged](): fields(map[treatment]string{other: "dir own open alloc snap forks", empty: "cold book present", memory: "original", copied: "shift id"}),
	// Within the slices above. What Fork copies by assignment is copied; lists are cut.
	reflect.TypeFor[areaNode]():       fields(map[treatment]string{copied: "code name parent risk put first movers", cut: "children"}),
	reflect.TypeFor[roundNode]():      fields(map[treatment]string{copied: "code title", cut: "versions copies"}),
	reflect.TypeFor[siteNode]():       fields(map[treatment]string{copied: "code name opens area lab kind put"}),
	reflect.TypeFor[labNode]():        fields(map[treatment]string{copied: "code name cdc put"}),
	reflect.TypeFor[policy]():         fields(map[treatment]string{copied: "id round put of effective terms areas groups"}), // never changes
	reflect.TypeFor[groupSet]():       fields(map[treatment]string{copied: "words of"}),                                     // never changes
	reflect.TypeFor[lookup[uint32]](): fields(map[treatment]string{other: "own", memory: "under"}),
	reflect.TypeFor[forks]():          fields(map[treatment]string{empty: "free taken alive areas settled changes none"}),
}

// TestForkDecidesOnEveryField ensures that for every field of what an engine is made of it
// was decided what a fork does with it, and that it does so: nothing that changes in place
// is shared, and nothing is forgotten.
func TestForkDecidesOnEveryField(t *testing.T) {
	for typ, list := range forkTreats {
		for i := range typ.NumField() {
			if list[typ.Field(i).Name] == "" {
				t.Errorf("%s.%s: nobody decided what Fork does with it", typ.Name(), typ.Field(i).Name)
			}
		}
		if n := typ.NumField(); n != len(list) {
			t.Errorf("%s: got %d fields; %d are decided on", typ.Name(), n, len(list))
		}
	}
	e, _ := coldWeek(t, 4)
	putTown(e)
	m := e.master // room behind lists, which the fork must not have
	m.policies, m.putRounds, m.sets, m.groups.list = slices.Grow(m.policies, 9), slices.Grow(m.putRounds, 9), slices.Grow(m.sets, 9), slices.Grow(m.groups.list, 9)
	for i := range m.rounds {
		m.rounds[i].versions = slices.Grow(m.rounds[i].versions, 9)
	}
	for i := range m.areas {
		m.areas[i].children = slices.Grow(m.areas[i].children, 9)
	}
	f := e.Fork()
	defer e.EndFork()
	compareForked(t, "Engine", reflect.ValueOf(e).Elem(), reflect.ValueOf(f).Elem(), map[uintptr]bool{})
}

// putTown puts areas, sites, laboratories, rounds, people of groups, and somebody who moved.
func putTown(e *Engine) {
	b := &Batch{Received: e.coverage.now, Roles: RoleAll}
	put := func(kind Kind, person PersonRef, words ...string) {
		var item []byte
		for i := 1; i < len(words); i += 2 {
			item = AppendField(item, fieldByWord[words[i-1]], []byte(words[i]))
		}
		b.Add(kind, 0, NoTube, person, 0, 0, 0, b.Put(item))
	}
	for i := range 70 {
		put(KindArea, 0, "key", fmt.Sprint("D", i%7, "-", i), "parent", fmt.Sprint("D", i%7))
	}
	put(KindSite, 0, "key", "S1", "area", "D1")
	put(KindLab, 0, "key", "L9")
	put(KindRound, 0, "key", "r1", "areas", "D1,D2", "groups", "medical_staff")
	put(KindRound, 0, "key", "r2")
	for i := range 40 {
		put(KindRoster, ResidentRef(99010119900000000+uint64(i)), "area", fmt.Sprint("D", i%7), "of", "medical_staff")
	}
	b.Contexts = append(b.Contexts, Context{})
	var out Changes
	e.Apply(e.Applied()+1, []*Batch{b}, &out)
	for k, o := range b.Outcome {
		if o != Accepted {
			panic(fmt.Sprint("BUG: item ", k, ": ", o.Code()))
		}
	}
}

var fieldByWord = map[string]Field{"key": FieldKey, "parent": FieldParent, "area": FieldArea, "areas": FieldAreas, "groups": FieldSingleGroups, "of": FieldGroups}

// compareForked walks a type's fields.
func compareForked(t *testing.T, path string, was, is reflect.Value, seen map[uintptr]bool) {
	if seen[was.UnsafeAddr()] {
		return
	}
	seen[was.UnsafeAddr()] = true
	for i := range was.NumField() {
		name := was.Type().Field(i).Name
		compareField(t, path+"."+name, forkTreats[was.Type()][name], was.Field(i), is.Field(i), seen)
	}
}

func compareField(t *testing.T, path string, how treatment, was, is reflect.Value, seen map[uintptr]bool) {
	switch how {
	case copied:
		if !equalValues(was, is) {
			t.Errorf("%s: the fork's is another", path)
		}
		ensureApart(t, path, was, is, seen)
	case cut:
		if was.Len() > 0 && (was.Pointer() != is.Pointer() || was.Len() != is.Len() || is.Cap() != is.Len()) {
			t.Errorf("%s: got %d elements with room for %d; want the original's %d, cut off", path, is.Len(), is.Cap(), was.Len())
		}
	case empty:
		if !is.IsZero() && !(is.Kind() == reflect.Slice && is.Len() == 0) {
			t.Errorf("%s: the fork begins with something", path)
		}
	case values, record:
		if was.Pointer() == is.Pointer() {
			t.Fatalf("%s: the column is the original's", path)
		}
		compareColumn(t, path, how, was.Elem().FieldByName("paged"), is.Elem().FieldByName("paged"))
	case layer:
		if was.Kind() == reflect.Pointer {
			was, is = was.Elem(), is.Elem()
		}
		if under := is.FieldByName("under"); under.Pointer() == 0 || under.Pointer() != was.Addr().Pointer() && under.Pointer() != was.Field(0).Pointer() {
			t.Errorf("%s: the fork's does not look into the original's", path)
		}
	case forked:
		if was.Kind() == reflect.Pointer {
			was, is = was.Elem(), is.Elem()
		}
		if was.UnsafeAddr() == is.UnsafeAddr() {
			t.Fatalf("%s: the part is the original's", path)
		}
		compareForked(t, path, was, is, seen)
	case other:
		if (was.Kind() == reflect.Slice || was.Kind() == reflect.Pointer) && was.Pointer() == is.Pointer() {
			t.Errorf("%s: it is the original's", path)
		}
	}
}

// ensureApart ensures that a copy shares no memory with what it is a copy of, but lists
// that are cut off and what never changes.
func ensureApart(t *testing.T, path string, was, is reflect.Value, seen map[uintptr]bool) {
	if was.Kind() != reflect.Slice || was.Len() == 0 {
		return
	}
	if was.Pointer() == is.Pointer() {
		t.Errorf("%s: got the original's memory", path)
		return
	}
	for i := range was.Len() {
		switch a, b := was.Index(i), is.Index(i); {
		case a.Kind() == reflect.Struct && forkTreats[a.Type()] != nil:
			compareForked(t, fmt.Sprint(path, "[]"), a, b, seen)
		case a.Kind() == reflect.Slice && a.Len() > 0 && a.Pointer() == b.Pointer() && !(strings.HasSuffix(path, ".within") && b.Len() == b.Cap()):
			t.Errorf("%s[%d]: got the original's memory", path, i)
		}
	}
}

func equalValues(was, is reflect.Value) bool {
	switch was.Kind() {
	case reflect.Slice:
		if was.Len() != is.Len() {
			return false
		}
		for i := range was.Len() {
			if !equalValues(was.Index(i), is.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range was.NumField() {
			if !equalValues(was.Field(i), is.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Array:
		for i := range was.Len() {
			if !equalValues(was.Index(i), is.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Func, reflect.Pointer:
		return was.Pointer() == is.Pointer()
	}
	return was.Equal(is)
}

// compareColumn looks at the pages of a column.
func compareColumn(t *testing.T, path string, how treatment, was, is reflect.Value) {
	compareForked(t, path+".paged", was, is, map[uintptr]bool{})
	own, open, before := is.FieldByName("own"), is.FieldByName("open"), was.FieldByName("own")
	if own.Len() != before.Len() || open.Len() != own.Len() {
		t.Fatalf("%s: got %d pages, %d open; want %d", path, own.Len(), open.Len(), before.Len())
	}
	for i := range own.Len() {
		want := before.Index(i).Pointer()
		if how == record {
			want = 0
		}
		if own.Index(i).Pointer() != want || open.Index(i).Pointer() != 0 {
			t.Errorf("%s: page %d is shared, or open, as it must not be", path, i)
		}
	}
}

// TestColdDryRuns ensures that corrections of tubes that have gone cold are answered from
// the cold store, while the pages in memory stay those that they were.
func TestColdDryRuns(t *testing.T) {
	plain, plainStore := coldWeek(t, 6)
	e, store := coldWeek(t, 6)
	at := Seconds(700000000/secondsPerDay+6) * secondsPerDay
	trial, real := &Batch{}, &Batch{}
	for round := range 12 {
		make := func(b *Batch) {
			switch round % 3 {
			case 0:
				resultBatch(b, 300*round, 200, at+Seconds(round))
			case 1: // old people into old tubes
				dayBatch(b, 1000*round, 500, func(i int) uint64 { return 99010119900000000 + uint64(i*7%20_000) }, at+Seconds(round))
			case 2:
				dayBatch(b, 140_000+1000*round, 500, func(i int) uint64 { return 99010119900000000 + uint64(i%20_000) }, at+Seconds(round))
			}
		}
		make(trial)
		make(real)
		before := e.Cold()
		if !e.DryRun(trial) {
			t.Fatal("does not fit")
		}
		if after := e.Cold(); after != before {
			t.Fatalf("batch %d: cold pages were %+v; after a dry run %+v", round, before, after)
		}
		var out Changes
		e.Apply(e.Applied()+1, []*Batch{real}, &out)
		if !slices.Equal(trial.Outcome, real.Outcome) || !slices.Equal(trial.Flags, real.Flags) || !slices.Equal(trial.Detail, real.Detail) {
			t.Fatalf("batch %d: the dry run answers otherwise", round)
		}
		if after := e.Cold(); round == 0 && after.Faulted == before.Faulted {
			t.Error("the corrections met no cold page")
		}
		make(real)
		plain.Apply(plain.Applied()+1, []*Batch{real}, &out)
		e.Tidy(real.Received)
		plain.Tidy(real.Received)
		if round%4 == 3 {
			meta, _, body := store.snapshot(e)
			wantMeta, _, want := plainStore.snapshot(plain)
			if !bytes.Equal(meta, wantMeta) || !reflect.DeepEqual(body, want) || !reflect.DeepEqual(store.pages, plainStore.pages) {
				t.Fatal("snapshots differ by dry runs")
			}
		}
	}
	if plain.StateHash() != e.StateHash() {
		t.Fatal("state hashes differ")
	}
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
}

// TestForkMemory ensures that a dry run that touches too much is refused, and that memory
// of dry runs is used again and does not grow.
func TestForkMemory(t *testing.T) {
	e := New(DefaultConfig(), goPages{})
	var out Changes
	b := &Batch{}
	at := Seconds(700000000)
	person := func(i int) uint64 { return 99010119900000000 + uint64(i*7919%200_000) }
	for i := 0; i < 200_000; i += 10_000 {
		dayBatch(b, i, 10_000, person, at)
		e.Apply(e.Applied()+1, []*Batch{b}, &out)
	}
	hash := e.StateHash()
	resultBatch(b, 0, 5000, at+9999)
	if !e.DryRun(b) {
		t.Fatal("does not fit")
	}
	pages := len(e.forks.free)
	for range 3 {
		if e.DryRun(b); len(e.forks.free) != pages || len(e.forks.taken) != 0 || pages == 0 {
			t.Fatalf("got %d pages to use again, %d in use; want %d, 0", len(e.forks.free), len(e.forks.taken), pages)
		}
	}
	if n := testing.AllocsPerRun(5, func() { e.DryRun(b) }); n > 3000 {
		t.Errorf("got %.0f allocations a dry run", n)
	}
	e.forks.taken = append(e.forks.taken, slices.Repeat(e.forks.free[:1], forkPagesMax-2)...)
	if e.DryRun(b) {
		t.Error("a dry run of more pages than may be fits")
	}
	if n := len(e.forks.free); n > forkPagesKept {
		t.Errorf("got %d pages kept; want at most %d", n, forkPagesKept)
	}
	e.forks.free = nil // of which one is there many times by now
	if !e.DryRun(b) || e.StateHash() != hash {
		t.Error("after one that does not fit: the next does not fit either, or something is left")
	}
	if err := e.Check(); err != nil {
		t.Error(err)
	}
}

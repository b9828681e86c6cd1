package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// masterDesk puts items into a master and checks it after each test.
type masterDesk struct {
	*master
	t        testing.TB
	received Seconds
}

const someDay Seconds = 700000000

func newMasterDesk(t testing.TB) *masterDesk {
	d := &masterDesk{master: newMaster(DefaultConfig(), goPages{}), t: t, received: someDay}
	t.Cleanup(func() {
		if err := d.check(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// masterItem is a batch of one item; fields are a Field and its value in turn.
func masterItem(kind Kind, received Seconds, fields ...any) *Batch {
	b := &Batch{Received: received, Roles: RoleAll}
	var item []byte
	for i := 0; i < len(fields); i += 2 {
		item = AppendField(item, fields[i].(Field), []byte(fmt.Sprint(fields[i+1])))
	}
	b.Contexts = append(b.Contexts, Context{})
	b.Add(kind, 0, NoTube, 0, 0, 0, 0, b.Put(item))
	return b
}

func (d *masterDesk) item(kind Kind, who PersonOrdinal, fields ...any) (Outcome, Field) {
	o, _, detail := d.put(masterItem(kind, d.received, fields...), 0, who)
	return o, Field(detail)
}

// ok puts an item that has to be accepted; its duplicate has to be one.
func (d *masterDesk) ok(kind Kind, who PersonOrdinal, fields ...any) {
	d.t.Helper()
	if o, f := d.item(kind, who, fields...); o != Accepted {
		d.t.Fatalf("%s %v: got %s (field %d); want accepted", kind, fields, o.Code(), f)
	}
	hash := d.hash
	if o, f := d.item(kind, who, fields...); o != Duplicate || d.hash != hash {
		d.t.Fatalf("%s %v again: got %s (field %d); want duplicate", kind, fields, o.Code(), f)
	}
}

func (d *masterDesk) refused(want Field, kind Kind, who PersonOrdinal, fields ...any) {
	d.t.Helper()
	hash := d.hash
	if o, f := d.item(kind, who, fields...); o != RefusedField || f != want || d.hash != hash {
		d.t.Fatalf("%s %v: got %s (field %d); want field_invalid (field %d)", kind, fields, o.Code(), f, want)
	}
}

func (d *masterDesk) tree(parent string, codes ...string) {
	d.t.Helper()
	for _, c := range codes {
		d.ok(KindArea, 0, FieldKey, c, FieldParent, parent)
	}
}

func (d *masterDesk) no(code string) uint32 { return d.area([]byte(code)) }

func (d *masterDesk) people(area string) (list []PersonOrdinal) {
	d.leafPeople(d.no(area), func(p PersonOrdinal) bool { list = append(list, p); return true })
	slices.Sort(list)
	return list
}

func (d *masterDesk) wantPeople(area string, want ...PersonOrdinal) {
	d.t.Helper()
	if got := d.people(area); !slices.Equal(got, want) {
		d.t.Fatalf("people of %q: got %v; want %v", area, got, want)
	}
}

// Ensures that areas form a tree whatever the order they come in, that children are in
// the order of their codes, and that nothing can lie within itself.
func TestMasterAreas(t *testing.T) {
	d := newMasterDesk(t)
	d.ok(KindArea, 0, FieldKey, "9901010203", FieldParent, "99010102", FieldName, "grid 3", FieldRisk, "medium")
	d.tree("99010102", "9901010201", "9901010202")
	if !d.areaView(d.no("99010102")).Provisional {
		t.Error("a parent nobody put: want provisional")
	}
	d.ok(KindArea, 0, FieldKey, "99010102", FieldParent, "990101", FieldRisk, "high")
	var codes []string
	d.walk(d.no("990101"), func(n uint32) bool { codes = append(codes, d.areaCode(n)); return true })
	if got, want := strings.Join(codes, " "), "990101 99010102 9901010201 9901010202 9901010203"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	for _, c := range []struct {
		code string
		risk Risk
		deep int
	}{{"990101", RiskLow, 1}, {"99010102", RiskHigh, 2}, {"9901010201", RiskHigh, 3}, {"9901010203", RiskMedium, 3}, {"", RiskLow, 0}} {
		if r, deep := d.risk(d.no(c.code)), d.depth(d.no(c.code)); r != c.risk || deep != c.deep {
			t.Errorf("%q: got %s, depth %d; want %s, depth %d", c.code, r, deep, c.risk, c.deep)
		}
	}
	d.refused(FieldParent, KindArea, 0, FieldKey, "990101", FieldParent, "9901010203")
	d.refused(FieldParent, KindArea, 0, FieldKey, "990101", FieldParent, "990101")
	d.refused(FieldParent, KindArea, 0, FieldKey, "990199", FieldParent, "990199")
	d.refused(FieldRisk, KindArea, 0, FieldKey, "990101", FieldRisk, "purple")
	d.refused(FieldCircle, KindArea, 0, FieldKey, "990101", FieldCircle, "1")
	d.refused(FieldKey, KindArea, 0, FieldRisk, "low")
	d.ok(KindArea, 0, FieldKey, "9901010203", FieldRisk, "", FieldParent, "") // taken back
	if n := d.no("9901010203"); d.risk(n) != RiskLow || d.depth(n) != 1 || d.areaView(n).Name != "grid 3" {
		t.Errorf("got %+v; want a low area on its own, still named", d.areaView(n))
	}
	if !d.areaWithin(d.no("9901010201"), d.no("990101")) || d.areaWithin(d.no("990101"), d.no("9901010201")) || !d.areaWithin(d.no("990101"), 0) {
		t.Error("want the grid within the district, not the other way round, and everything within the whole")
	}
	if got := len(d.children(0)); got != 2 {
		t.Errorf("got %d areas without a parent; want 2", got)
	}
}

// Ensures that a tree as deep as it may be is no deeper, by whichever end it grows.
func TestMasterAreaDepth(t *testing.T) {
	d := newMasterDesk(t)
	code := func(i int) string { return fmt.Sprintf("9901%04d", i) }
	for i := 1; i < maxAreaDepth; i++ {
		d.tree(code(i-1), code(i))
	}
	d.refused(FieldParent, KindArea, 0, FieldKey, code(500), FieldParent, code(maxAreaDepth-1))
	d.refused(FieldParent, KindArea, 0, FieldKey, code(0), FieldParent, code(500))
	d.ok(KindArea, 0, FieldKey, code(500), FieldParent, code(maxAreaDepth-2))
}

// Ensures that sites and laboratories are provisional until put, keep what an item does
// not name, and that their words are looked at.
func TestMasterPlaces(t *testing.T) {
	d := newMasterDesk(t)
	site, lab := d.site([]byte("S01")), d.lab([]byte("L1"))
	if d.siteKnown([]byte("S01")) || d.labKnown([]byte("L1")) || d.isCDC(lab) || d.isCDC(0) || d.siteKnown([]byte("S02")) {
		t.Fatal("want nothing known yet")
	}
	d.ok(KindSite, 0, FieldKey, "S01", FieldArea, "990101", FieldLab, "L2", FieldOpens, "06:00-21:30", FieldName, "hall")
	d.ok(KindSite, 0, FieldKey, "S01", FieldKind, "gate")
	if got, want := d.siteView(site), (SiteView{"S01", "hall", "990101", "gate", "L2", "06:00-21:30", false}); got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
	d.ok(KindLab, 0, FieldKey, "L1", FieldKind, "cdc")
	if !d.isCDC(lab) || !d.labKnown([]byte("L1")) || d.labKnown([]byte("L2")) || d.site([]byte("S01")) != site || d.siteArea(site) != d.no("990101") {
		t.Error("want L1 of the cdc, L2 provisional, S01 in 990101")
	}
	d.ok(KindLab, 0, FieldKey, "L1", FieldKind, "")
	if d.isCDC(lab) {
		t.Error("want the kind taken back")
	}
	d.refused(FieldKind, KindLab, 0, FieldKey, "L1", FieldKind, "fixed")
	d.refused(FieldKind, KindSite, 0, FieldKey, "S01", FieldKind, "cdc")
	d.refused(FieldRisk, KindSite, 0, FieldKey, "S01", FieldRisk, "low")
	d.refused(FieldName, KindLab, 0, FieldKey, "L1", FieldName, strings.Repeat("x", maxTitleBytes+1))
	d.refused(FieldKey, KindLab, 0, FieldName, "nobody")
}

// Ensures that the roster replaces what it names, that lists of areas follow, and that
// the area a scan names stands only where the roster has none.
func TestMasterRoster(t *testing.T) {
	d := newMasterDesk(t)
	d.ok(KindRoster, 1)
	d.wantPeople("", 1)
	d.ok(KindRoster, 1, FieldArea, "990101", FieldCircle, "3", FieldGroups, "port,hospital", FieldHomeVisit, "1", FieldVaccinatedAt, "699990000", FieldHousehold, "H12")
	d.ok(KindRoster, 2, FieldArea, "990101", FieldGroups, "hospital,port")
	d.ok(KindRoster, 3, FieldArea, "990101")
	d.wantPeople("")
	d.wantPeople("990101", 1, 2, 3)
	got := d.rosterView(1)
	if got.Area != "990101" || got.Circle != 3 || strings.Join(got.Groups, " ") != "hospital port" || !got.HomeVisit || got.Vaccinated != 699990000 || got.Provisional {
		t.Errorf("got %+v", got)
	}
	if len(d.sets) != 2 || d.household(1) != uint32(HashHousehold([]byte("H12"))) {
		t.Errorf("got %d sets of groups; want one beside the empty one", len(d.sets)-1)
	}
	d.ok(KindRoster, 2, FieldArea, "990102")
	d.ok(KindRoster, 2, FieldArea, "990101")
	d.wantPeople("990101", 1, 2, 3)
	d.ok(KindRoster, 1, FieldArea, "990102", FieldGroups, "", FieldCircle, "", FieldHomeVisit, "", FieldHousehold, "", FieldVaccinatedAt, "")
	if got := d.rosterView(1); got.Circle != 0 || got.Groups != nil || got.HomeVisit || got.Vaccinated != 0 || d.household(1) != 0 || !d.moved(1) || d.moved(3) {
		t.Errorf("taken back: got %+v", got)
	}
	d.noteScan(3, d.no("990109"), someDay, 0)
	d.noteScan(9, d.no("990109"), someDay, 77)
	d.wantPeople("990101", 2, 3)
	d.wantPeople("990109", 9)
	d.ok(KindRoster, 3, FieldArea, "")
	d.wantPeople("990109", 3, 9)
	if d.rostered(9) || d.household(9) != 77 || !d.rosterView(9).Provisional {
		t.Error("want person 9 provisional, of the scan's household")
	}
	for _, c := range []struct {
		area string
		at   Seconds
		want string
	}{{"990108", someDay - 1, "990109"}, {"990108", someDay, "990108"}, {"990109", someDay, "990108"}, {"990109", someDay + 1, "990109"}} {
		n, was := d.no(c.area), d.areaOf(9)
		moves := d.scanMoves(9, n, c.at)
		if d.noteScan(9, n, c.at, 0); d.areaCode(d.areaOf(9)) != c.want || moves != (was != d.areaOf(9)) {
			t.Errorf("scan names %s at %d: got %s, moves %v; want %s", c.area, c.at, d.areaCode(d.areaOf(9)), moves, c.want)
		}
	}
	d.ok(KindRoster, 9, FieldHousehold, "H1")
	if d.noteScan(9, 0, 0, 78); d.household(9) != uint32(HashHousehold([]byte("H1"))) {
		t.Error("want the roster's household to stay")
	}
	for f, bad := range map[Field]string{FieldCircle: "7", FieldHomeVisit: "yes", FieldVaccinatedAt: "0", FieldGroups: "a,,b", FieldRisk: "low", FieldKey: "9"} {
		d.refused(f, KindRoster, 4, f, bad)
	}
	d.refused(FieldCircle, KindRoster, 4, FieldCircle, "0")
	if d.rostered(4) {
		t.Error("a refused item rostered somebody")
	}
	p := d.plan(masterItem(KindRoster, someDay, FieldArea, "990103"), 0, 0)
	if p.who = 5; p.outcome != Accepted || !p.moves || p.wasRostered {
		t.Fatalf("got %+v", p)
	}
	d.apply(&p)
	d.wantPeople("990103", 5)
	if p = d.plan(masterItem(KindRoster, someDay, FieldCircle, "1"), 0, 5); p.outcome != Accepted || p.moves {
		t.Error("a circle moves nobody")
	}
}

// Ensures that versions are in force from their time on, the first for ever, and that
// what an item does not name stays as the version has it that it changes.
func TestMasterVersions(t *testing.T) {
	d := newMasterDesk(t)
	r := d.round([]byte("R1"))
	if r != 2 || d.round([]byte("default")) != RoundDefault || d.isPut(r) || d.inForce(r, someDay) != 1 || !d.roundView(r, someDay).Provisional {
		t.Fatal("want a provisional round with the policy of default")
	}
	at := func(when Seconds) *policy { return d.policy(d.inForce(r, when)) }
	d.ok(KindRound, 0, FieldKey, "R1", FieldCapLow, "20", FieldEffectiveAt, someDay+1000)
	if p := at(1); !p.put || p.caps != [4]uint8{20, 5, 1, capHousehold} || p.vaccinated != VaccinatedSingle || p.window != 48*3600 || p.recollect != 6*3600 {
		t.Errorf("the first is for ever, and has every default: got %+v", p)
	}
	d.received += 100
	d.ok(KindRound, 0, FieldKey, "R1", FieldWindow, 24*3600)
	d.ok(KindRound, 0, FieldKey, "R1", FieldCapHigh, "household", FieldEffectiveAt, d.received+50)
	d.received += 10
	d.ok(KindRound, 0, FieldKey, "R1", FieldBasis, "reported", FieldName, "the first round")
	for _, c := range []struct {
		when   Seconds
		window Seconds
		high   uint8
		basis  bool
	}{{someDay, 48 * 3600, 1, false}, {someDay + 100, 24 * 3600, 1, false}, {someDay + 109, 24 * 3600, 1, false}, {someDay + 110, 24 * 3600, 1, true},
		{someDay + 149, 24 * 3600, 1, true}, {someDay + 150, 24 * 3600, capHousehold, false}} {
		if p := at(c.when); p.window != c.window || p.caps[RiskHigh] != c.high || p.reported != c.basis {
			t.Errorf("at %d: got %d, %d, %v; want %d, %d, %v", c.when-someDay, p.window, p.caps[RiskHigh], p.reported, c.window, c.high, c.basis)
		}
	}
	d.ok(KindRound, 0, FieldKey, "R1", FieldName, "a round")
	if v := d.roundView(r, d.received); v.Versions != 4 || v.Version != 3 || v.Name != "a round" || v.Caps != [4]int{20, 5, 1, 0} || v.ClosesAt != 0 || !v.ReportedBasis {
		t.Errorf("got %+v", v)
	}
	// A whole batch again, and what changes nothing from its time on.
	for _, item := range [][]any{{FieldCapLow, "20"}, {FieldCapHigh, "household", FieldEffectiveAt, someDay + 150}, {FieldWindow, 24 * 3600, FieldEffectiveAt, someDay + 100}} {
		if o, _ := d.item(KindRound, 0, append([]any{FieldKey, "R1"}, item...)...); o != Duplicate {
			t.Errorf("%v: got %s; want duplicate", item, o.Code())
		}
	}
	d.ok(KindRound, 0, FieldKey, "R1", FieldBasis, "", FieldCapLow, "")
	if p := at(d.received); p.reported || p.caps[RiskLow] != 10 {
		t.Errorf("taken back: got %+v", p)
	}
	d.ok(KindRound, 0, FieldKey, "default", FieldCapLow, "5")
	if d.policy(d.inForce(RoundDefault, d.received-1)).caps[RiskLow] != 10 || d.policy(d.inForce(RoundDefault, d.received)).caps != [4]uint8{5, 10, 10, 10} {
		t.Error("default's first version is the one it always has; a put is a change")
	}
	for _, c := range []struct {
		f   Field
		bad string
	}{{FieldCapLow, "31"}, {FieldCapLow, "0"}, {FieldCapClosed, "many"}, {FieldWindow, "0"}, {FieldSLAToLab, "4h"}, {FieldSLARecollect, "99999999"}, {FieldBasis, "paper"},
		{FieldRecheck, "x"}, {FieldRelease, "x"}, {FieldVaccinated48h, "x"}, {FieldAreas, ",990101"}, {FieldSingleGroups, "a,,b"},
		{FieldOpensAt, "soon"}, {FieldOpensAt, "4294967296"}, {FieldEffectiveAt, "soon"}, {FieldClosesAt, "0"}, {FieldCircle, "1"}} {
		d.refused(c.f, KindRound, 0, FieldKey, "R1", c.f, c.bad)
	}
	d.refused(FieldClosesAt, KindRound, 0, FieldKey, "R1", FieldOpensAt, someDay, FieldClosesAt, someDay)
}

// Ensures that what a version cannot know beforehand is read back: views, and bytes.
func TestMasterViews(t *testing.T) {
	d := newMasterDesk(t)
	d.ok(KindArea, 0, FieldKey, "99010102", FieldParent, "990101", FieldRisk, "closed", FieldName, "east")
	d.ok(KindLab, 0, FieldKey, "L1", FieldKind, "cdc", FieldName, "centre")
	d.ok(KindRound, 0, FieldKey, "R1", FieldAreas, "990102,99010102,990102", FieldSingleGroups, "port,hospital", FieldOpensAt, someDay, FieldClosesAt, someDay+9,
		FieldSLAToLab, 60, FieldSLAToResult, 120, FieldSLARecollect, 180, FieldRecheck, "same_specimen", FieldRelease, "all", FieldVaccinated48h, "defer", FieldCapMedium, "household")
	if got, want := d.areaView(2), (AreaView{"990101", "", "", RiskLow, false, true}); got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
	if got, want := d.labView(1), (LabView{"L1", "centre", true, false}); got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
	got := fmt.Sprintf("%+v", d.roundView(2, someDay))
	want := fmt.Sprintf("%+v", RoundView{Round: "R1", Version: 1, Versions: 1, OpensAt: someDay, ClosesAt: someDay + 9, Areas: []string{"99010102", "990102"},
		Window: 48 * 3600, Caps: [4]int{10, 0, 1, 0}, SingleGroups: []string{"hospital", "port"}, Vaccinated: VaccinatedDefer,
		ToLab: 60, ToResult: 120, Recollect: 180, SameSpecimen: true, ReleaseAll: true})
	if got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	d.ok(KindRoster, 1, FieldArea, "990101", FieldGroups, "port")
	pages := uint64(0)
	for _, c := range d.columns() {
		pages += uint64(c.pageCount())
	}
	sum := uint64(0)
	for _, part := range d.bytes() {
		sum += part.Bytes
	}
	if pages != 2 || sum < pages*PageBytes || sum > pages*PageBytes+4096 {
		t.Errorf("got %d bytes, %d pages; want a page of attributes, one of a list, and little else", sum, pages)
	}
}

// Ensures that a master loaded from a snapshot, through JSON and pages, is the same.
func TestMasterSnapshot(t *testing.T) {
	d := newMasterDesk(t)
	randomMaster(d, 1, 3000)
	back := restored(t, d.master)
	if back.hash != d.hash {
		t.Fatalf("got hash %x; want %x", back.hash, d.hash)
	}
	if err := back.check(); err != nil {
		t.Fatal(err)
	}
	for n := range uint32(len(d.areas)) {
		var a, b []PersonOrdinal
		d.leafPeople(n, func(p PersonOrdinal) bool { a = append(a, p); return true })
		back.leafPeople(n, func(p PersonOrdinal) bool { b = append(b, p); return true })
		if !slices.Equal(a, b) || back.areaView(n) != d.areaView(n) {
			t.Fatalf("area %d: got %v %+v; want %v %+v", n, b, back.areaView(n), a, d.areaView(n))
		}
	}
	e := &masterDesk{master: back, t: t, received: d.received}
	randomMaster(d, 2, 1000)
	if randomMaster(e, 2, 1000); e.hash != d.hash {
		t.Fatalf("after more items: got hash %x; want %x", e.hash, d.hash)
	}
	if err := back.check(); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []func(s *masterScalars){func(s *masterScalars) { s.AreaCodes = nil }, func(s *masterScalars) { s.AreaParents[1] = 1 << 20 },
		func(s *masterScalars) { s.Policies[1].Round = 999 }, func(s *masterScalars) { s.Sites[0].Lab = 999 }, func(s *masterScalars) { s.Rounds = nil }} {
		s := d.scalars()
		bad(&s)
		if err := newMaster(DefaultConfig(), goPages{}).load(s); err == nil {
			t.Error("got no error for scalars that cannot be")
		}
	}
}

func restored(t testing.TB, m *master) *master {
	text, err := json.Marshal(m.scalars())
	if err != nil {
		t.Fatal(err)
	}
	var s masterScalars
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	back := newMaster(Config{PoolCapacity: 1, Window: 1, Recollect: 1}, goPages{})
	if err := back.load(s); err != nil {
		t.Fatal(err)
	}
	to := back.columns()
	for i, c := range m.columns() {
		for page := range c.pageCount() {
			to[i].loadPage(page, c.pageBytes(page))
		}
	}
	return back
}

package loadtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

type fakeTube struct {
	members                  map[identity]bool
	capacity                 int // 0: by policy
	opened                   Mode
	shared, homely, scanned  bool
	policyCapacity           int
	household                uint32
	round                    roundID
	closed, resulted, isVoid bool
}

// mode is what is known of it so far; a scan that comes counts where it is the first.
func (t *fakeTube) mode(first Mode) Mode {
	switch {
	case t.opened != NoMode:
		return t.opened
	case !t.scanned:
		return first
	case t.shared:
		return Pool
	case t.homely:
		return Household
	}
	return Single
}

func (t *fakeTube) holds(mode Mode) int {
	switch {
	case t.capacity != 0:
		return t.capacity
	case mode == Single:
		return 1
	case mode == Household:
		return 30
	case t.policyCapacity != 0:
		return t.policyCapacity
	}
	return tubeCapacity
}

func (f *fakeServer) tube(code TubeCode) *fakeTube {
	t := f.tubes[code]
	if t == nil {
		t = &fakeTube{members: map[identity]bool{}}
		f.tubes[code] = t
	}
	return t
}

func (f *fakeServer) key(ev *Event) string {
	return fmt.Sprint(ev.Kind, ev.Tube, ev.Other, ev.who(), ev.At, ev.Lab, ev.Verdict, ev.Stage, ev.Reported, ev.Round*roundID(one(ev.Kind == Excuse)))
}

func (f *fakeServer) bound(ev *Event) bool {
	return ev.Kind == Scan && f.tube(ev.Tube).members[ev.who()]
}

// refusal is the code with which a live event would be refused.
func (f *fakeServer) refusal(ev *Event) string {
	if f.refuse && ev.Kind == TubeClose {
		return "not_permitted"
	}
	if ev.Kind != Scan || ev.Late {
		return ""
	}
	t := f.tube(ev.Tube)
	d := f.city.decide(ev)
	if ev.Mode != NoMode {
		d.mode = ev.Mode
	}
	mode := t.mode(d.mode)
	limit := f.policyCapacity(ev, d.round)
	switch {
	case t.isVoid:
		return "tube_void"
	case t.resulted:
		return "tube_already_resulted"
	case t.closed:
		return "tube_closed"
	case ev.Round != noRound && t.round != noRound && ev.Round != t.round:
		return "tube_of_other_round"
	case mode != Single && (f.accused[ev.who()] || f.alone(ev)):
		return "must_be_single"
	case mode == Household && ev.Household != 0 && t.household != 0 && ev.Household != t.household:
		return "household_mismatch"
	case len(t.members) >= t.holds(mode):
		return "tube_full"
	case f.city.rounds[d.round].put && mode != Single && len(t.members) >= limit:
		return "capacity_over_policy"
	}
	for other := range f.inTubes[ev.who()] {
		if o := f.tube(other); !o.closed && !o.resulted {
			return "person_in_other_tube"
		}
	}
	return ""
}

// alone tells whether the roster may forbid the scan.
func (f *fakeServer) alone(ev *Event) bool {
	if ev.Noted || !f.city.mastered() {
		return false
	}
	has := f.city.traitsOf(f.city.seat(ev.Person))
	return has.isolated || has.vaccinated == yesterday
}

// policyCapacity is how many of the person's risk may share a tube.
func (f *fakeServer) policyCapacity(ev *Event, r roundID) int {
	where := ev.Area
	if where == 0 && !ev.Noted && f.city.mastered() {
		where = f.city.home(f.city.seat(ev.Person))
	}
	if !f.city.policyAt(r, ev.At).caps {
		return tubeCapacity
	}
	return []int{lowRisk: 10, mediumRisk: 5, highRisk: 1, closedRisk: 30}[where.risk()]
}

func (f *fakeServer) apply(ev *Event) {
	f.seen[f.key(ev)] = true
	f.oracle.add(ev)
	t := f.tube(ev.Tube)
	switch ev.Kind {
	case Scan:
		d := f.city.decide(ev)
		if ev.Mode != NoMode {
			d.mode = ev.Mode
		}
		if c := f.policyCapacity(ev, d.round); t.policyCapacity == 0 || c < t.policyCapacity {
			t.policyCapacity = c
		}
		t.scanned, t.shared, t.homely = true, t.shared || d.mode == Pool, t.homely || d.mode == Household
		t.round, t.household = max(t.round, ev.Round), max(t.household, ev.Household)
		f.bind(t, ev.Tube, ev.who())
	case Unscan:
		f.unbind(t, ev.Tube, ev.who())
	case Transfer:
		f.unbind(t, ev.Tube, ev.who())
		f.bind(f.tube(ev.Other), ev.Other, ev.who())
	case TubeOpen:
		t.capacity, t.opened, t.round = int(ev.Capacity), ev.Mode, max(t.round, ev.Round)
	case TubeClose:
		t.closed = true
	case TubeVoid:
		t.isVoid = true
	case Result:
		t.resulted = true
		if ev.Verdict >= Inconclusive {
			for who := range t.members {
				f.accused[who] = true
			}
		}
	}
}

func (f *fakeServer) bind(t *fakeTube, code TubeCode, who identity) {
	t.members[who] = true
	if f.inTubes[who] == nil {
		f.inTubes[who] = map[TubeCode]bool{}
	}
	f.inTubes[who][code] = true
}

func (f *fakeServer) unbind(t *fakeTube, code TubeCode, who identity) {
	delete(t.members, who)
	delete(f.inTubes[who], code)
}

// decode reads a line as strictly as a server would.
func (f *fakeServer) decode(path string, line []byte) (ev Event, err error) {
	var in struct {
		Type, Tube, Person, At, Site, Station, Reason, Mode, Purpose, Verdict, Lab, Plate, Well string
		Stage, Round, Area, Household, From, To                                                 string
		FromTube                                                                                string `json:"from_tube"`
		ToTube                                                                                  string `json:"to_tube"`
		RetainedOf                                                                              string `json:"retained_of"`
		TestedAt                                                                                string `json:"tested_at"`
		ReportedAt                                                                              string `json:"reported_at"`
		Retained                                                                                bool   `json:"individual_specimens_retained"`
		Late                                                                                    bool
		Members, Capacity                                                                       int
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return ev, err
	}
	switch path {
	case "/v1/scans":
		in.Type = "scan"
	case "/v1/results":
		in.Type = "result"
	}
	ev.Kind = EventKind(nameIndex(kindNames[:], in.Type))
	ev.Tube, ev.Other = tubeOf(in.Tube+in.FromTube), tubeOf(in.ToTube+in.RetainedOf)
	ev.Late, ev.Members, ev.Capacity, ev.Retained = in.Late, uint8(in.Members), uint8(in.Capacity), in.Retained
	ev.Mode, ev.Purpose = Mode(nameIndex(modeNames[:], in.Mode)), Purpose(nameIndex(purposeNames[:], in.Purpose))
	for r := range f.city.rounds {
		if in.Round != "" && f.city.rounds[r].name == in.Round {
			ev.Round = roundID(r)
		}
	}
	if ev.Kind == Excuse && in.Round == "" {
		return ev, errors.New("cannot read an excuse: got no round")
	}
	if where, ok := parseArea(in.Area); ok {
		ev.Area = where
	}
	if in.Household != "" {
		n, _ := strconv.Atoi(in.Household[1:])
		ev.Household = uint32(n)
	}
	if in.Lab != "" {
		lab, _ := strconv.Atoi(in.Lab[1:])
		ev.Lab = uint8(lab - 1)
	}
	if text := in.Person + in.From; text != "" {
		who, ok := parseIdentity([]byte(text))
		if !ok {
			return ev, fmt.Errorf("cannot read a person: got %d characters", len(text))
		}
		ev.Person, ev.Noted = who.person, who.noted
	}
	if ev.Kind == Result {
		ev.Verdict, ev.Tested, ev.Reported = Verdict(nameIndex(verdictNames[:], in.Verdict)), f.seconds(in.TestedAt), never
		if in.Stage != "" {
			ev.Stage = Stage(nameIndex(stageNames[:], in.Stage)) + Preliminary
		}
		if in.ReportedAt != "" {
			ev.Reported = f.seconds(in.ReportedAt)
		}
		return ev, nil
	}
	ev.At = f.seconds(in.At)
	return ev, nil
}

func nameIndex(names []string, name string) int {
	i := slices.Index(names, name)
	if i < 0 {
		panic("unknown word " + name)
	}
	return i
}

func tubeOf(code string) TubeCode {
	if code == "" {
		return TubeCode{}
	}
	n, err := strconv.ParseUint(code[1:], 10, 32)
	if err != nil {
		panic(err)
	}
	return TubeCode{code[0], uint32(n)}
}

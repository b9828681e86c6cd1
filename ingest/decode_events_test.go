package ingest

import (
	"fmt"
	"strings"
	"testing"

	"poolwise/engine"
)

// bob is another valid ID of the area that no table has.
const bob = "990101199003070031"

// eventLines has one good line of every event beyond scans, results and what a tube needs.
var eventLines = []string{
	`{"type":"transfer","person":"` + ada + `","from_tube":"T1","to_tube":"t2","at":"2022-04-04T08:01:00+08:00","reason":"wrong tube","id":"x"}`,
	`{"type":"tube.void","tube":"T1","at":"2022-04-04T08:02:00+08:00","reason":"broken"}`,
	`{"type":"tube.receive","tube":"T1","at":"2022-04-04T08:03:00+08:00","lab":"L1"}`,
	`{"type":"tube.reject","tube":"T1","at":"2022-04-04T08:04:00+08:00","lab":"L1","reason":"leaking"}`,
	`{"type":"tube.lost","tube":"T1","at":"2022-04-04T08:05:00+08:00"}`,
	`{"type":"excuse","person":"` + ada + `","round":"R1","reason":"moved out","at":"2022-04-04T08:06:00+08:00"}`,
	`{"type":"recollection.ack","recollection":"R7","at":"2022-04-04T08:07:00+08:00"}`,
	`{"type":"recollection.unreachable","person":"passport:usa:560018274","at":"2022-04-04T08:08:00+08:00","reason":"no answer"}`,
	`{"type":"discharge","person":"` + ada + `","at":"2022-04-04T08:09:00+08:00","reason":"recovered"}`,
	`{"type":"person.merge","from":"hkm:h1234567801","to":"` + bob + `","at":"2022-04-04T08:10:00+08:00"}`,
	`{"type":"person.unmerge","from":"` + ada + `","to":"passport:usa:560018275","at":"2022-04-04T08:11:00+08:00","reason":"two people"}`,
}

func TestEventColumns(t *testing.T) {
	// Ensures that the values of every event land in the columns they belong to.
	people := knownPeople{ada: 5, bob: 6, "hkm:H12345678": 7}
	out, err := decode(t, Options{Endpoint: Events, People: people}, strings.Join(eventLines, "\n"))
	if err != nil || out.Rejected > 0 {
		t.Fatal(err, out.Errors)
	}
	b := &out.Batch
	who := func(ref engine.PersonRef) string {
		switch ref.Type() {
		case engine.RefDocument:
			return string(b.Text(ref.Document()))
		case engine.RefResident:
			return string(AppendResident(nil, ref.Digits17()))
		}
		return fmt.Sprintf("#%d", ref.Ordinal())
	}
	reason := func(text string) uint64 { return engine.HashReason([]byte(text)) }
	for i, want := range []string{
		fmt.Sprintf(`transfer T1 #5 60 / %x {"id":"x","reason":"wrong tube"}`, 1|reason("wrong tube")<<32),
		fmt.Sprintf(`tube.void T1 #0 120 / %x {"reason":"broken"}`, reason("broken")),
		`tube.receive T1 #0 180 /L1 0 `,
		`tube.reject T1 #0 240 /L1 0 {"reason":"leaking"}`,
		`tube.lost T1 #0 300 / 0 `,
		fmt.Sprintf(`excuse - #5 360 R1/ %x {"reason":"moved out"}`, reason("moved out")),
		`recollection.ack - #0 420 / 7 `,
		`recollection.unreachable - passport:USA:560018274 480 / 0 {"reason":"no answer"}`,
		fmt.Sprintf(`discharge - #5 540 / %x {"reason":"recovered"}`, reason("recovered")),
		`person.merge - #7 600 / ` + bob + ` `,
		`person.unmerge - #5 660 / passport:USA:560018275 {"reason":"two people"}`,
	} {
		tube, arg := "-", fmt.Sprintf("%x", b.Arg[i])
		if b.Tube[i] != engine.NoTube {
			tube = string(b.Text(b.Tubes[b.Tube[i]]))
		}
		if b.Kind[i] == engine.KindMerge || b.Kind[i] == engine.KindUnmerge {
			arg = who(engine.PersonRef(b.Arg[i]))
		}
		c := b.Contexts[b.Ctx[i]]
		got := fmt.Sprintf("%v %s %s %d %s/%s %s %s", b.Kind[i], tube, who(b.Person[i]), b.At[i].Unix()-1649030400, b.Text(c.Round), b.Text(c.Lab), arg, b.Text(b.Extra[i]))
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if len(b.Tubes) != 2 {
		t.Errorf("got %d tubes; want 2", len(b.Tubes))
	}
	encoded := engine.AppendBatch(nil, b)
	var again engine.Batch
	if rest, err := engine.DecodeBatch(encoded, &again); err != nil || len(rest) > 0 || again.Len() != b.Len() {
		t.Errorf("the journal's form is not read: %v", err)
	}
}

func TestKnownMergedPerson(t *testing.T) {
	// Ensures that a known document merged into is an ordinal, and an unknown one its text.
	line := `{"type":"person.merge","from":"` + ada + `","to":"hkm:H12345678","at":"2022-04-04T08:10:00+08:00"}`
	out, err := decode(t, Options{Endpoint: Events, People: knownPeople{"hkm:H12345678": 7}}, line)
	if err != nil || out.Rejected > 0 || engine.PersonRef(out.Batch.Arg[0]) != engine.OrdinalRef(7) || strings.Contains(string(out.Batch.Bytes), "H123") {
		t.Errorf("got %v, %v, %x", err, out.Errors, out.Batch.Arg)
	}
}

// without is the line without a member, with is the line with another value of it, as raw JSON.
func without(line, key string) string {
	at := strings.Index(line, `"`+key+`":`)
	if at < 0 {
		return line
	}
	end := at + strings.IndexAny(line[at:], ",}")
	cut := line[:at] + strings.TrimPrefix(line[end:], ",")
	return strings.Replace(cut, ",}", "}", 1)
}

func with(line, key, raw string) string {
	return strings.TrimSuffix(without(line, key), "}") + `,"` + key + `":` + raw + "}"
}

func TestEventFields(t *testing.T) {
	// Ensures that every event asks for its required fields, and checks each of its values.
	bad := map[string][]string{
		"person":    {`"990101199003070024" person_invalid`, `7 field_invalid`, `"x" person_invalid`},
		"from":      {`"990101199003070024" person_invalid`, `7 field_invalid`},
		"to":        {`"990101199003070024" person_invalid`, `true field_invalid`},
		"tube":      {`"T_1" field_invalid`, `"" field_invalid`, `1 field_invalid`},
		"from_tube": {`"T_1" field_invalid`, `1 field_invalid`},
		"to_tube":   {`"T_1" field_invalid`, `1 field_invalid`, `" ｔ1" field_invalid`},
		"at":        {`"2022-04-04T08:01:00" time_without_offset`, `"2022-04-05T08:01:00Z" time_in_future`, `"x" field_invalid`, `1 field_invalid`},
		"reason":    {`"" field_invalid`, `7 field_invalid`, `"a\n" field_invalid`, `"` + strings.Repeat("r", 257) + `" field_invalid`},
		"round":     {`"R 1" field_invalid`, `1 field_invalid`, `"" field_invalid`},
		"lab":       {`"L 1" field_invalid`, `1 field_invalid`},
		"recollection": {`"7" field_invalid`, `"R" field_invalid`, `"R0" field_invalid`, `"R07" field_invalid`, `"r7" field_invalid`, `7 field_invalid`,
			`"R4294967296" field_invalid`, `"R99999999999" field_invalid`, `"R1x" field_invalid`, `"R4294967295" ok`},
		"id": {`"" field_invalid`, `7 field_invalid`}, "late": {`1 field_invalid`, `true ok`, `null ok`},
	}
	required := map[string]string{
		"transfer": "person from_tube to_tube at reason", "tube.void": "tube at reason", "tube.receive": "tube at", "tube.reject": "tube at", "tube.lost": "tube at",
		"excuse": "person round reason at", "recollection.ack": "recollection at", "recollection.unreachable": "person at", "discharge": "person at reason",
		"person.merge": "from to at", "person.unmerge": "from to at",
	}
	for _, line := range eventLines {
		kind := strings.Split(line, `"`)[3]
		o := Options{Endpoint: Events}
		for _, key := range strings.Fields(required[kind]) {
			for _, l := range []string{without(line, key), with(line, key, "null")} {
				if got := outcome(t, o, l); got != "field_missing" {
					t.Errorf("%s: got %s", l, got)
				}
			}
		}
		for key, values := range bad {
			if !strings.Contains(line, `"`+key+`":`) && key != "id" && key != "late" {
				continue
			}
			for _, v := range values {
				at := strings.LastIndexByte(v, ' ')
				l := with(line, key, v[:at])
				if got := outcome(t, o, l); got != v[at+1:] {
					t.Errorf("%s: got %s", l, got)
				}
			}
		}
		for _, endpoint := range []Endpoint{Scans, Results} {
			if got := outcome(t, Options{Endpoint: endpoint}, line); got != "field_invalid" {
				t.Errorf("%s at endpoint %d: got %s", line, endpoint, got)
			}
		}
	}
}

func TestSamePersonTwice(t *testing.T) {
	// Ensures that nobody is merged into himself, however he is written, known or not; and
	// that a call that names both goes by the recollection.
	for _, pair := range [][2]string{{ada, ada}, {"11010519491231002X", "11010519491231002x"}, {"11010519491231002X", "110105491231002"}, {"hkm:h1234567801", "HKM:H12345678"}} {
		for _, people := range []knownPeople{nil, {"hkm:H12345678": 7, "11010519491231002X": 8}} {
			line := fmt.Sprintf(`{"type":"person.merge","from":%q,"to":%q,"at":"2022-04-04T08:10:00+08:00"}`, pair[0], pair[1])
			o := Options{Endpoint: Events}
			if people != nil {
				o.People = people
			}
			if got := outcome(t, o, line); got != "field_invalid" {
				t.Errorf("%s: got %s", line, got)
			}
		}
	}
	both := `{"type":"recollection.ack","recollection":"R7","person":"passport:USA:560018274","at":"2022-04-04T08:07:00+08:00"}`
	out, err := decode(t, Options{Endpoint: Events}, both)
	if err != nil || out.Rejected > 0 || out.Batch.Person[0] != 0 || out.Batch.Arg[0] != 7 || len(out.Batch.Bytes) > 0 {
		t.Errorf("got %v, %v, %x %x", err, out.Errors, out.Batch.Person, out.Batch.Arg)
	}
	if got := outcome(t, Options{Endpoint: Events}, strings.Replace(both, "passport:USA:560018274", "x", 1)); got != "person_invalid" {
		t.Errorf("a wrong person beside a recollection: got %s", got)
	}
}

func TestOpenOfARound(t *testing.T) {
	// Ensures that an opening carries its round, and a batch whether master data is strict.
	line := `{"type":"tube.open","tube":"T1","at":"2022-04-04T08:10:00+08:00","round":"R1","area":"x"}`
	out, err := decode(t, Options{Endpoint: Events, Strict: true}, line+"\n"+line)
	b := &out.Batch
	if err != nil || b.Len() != 2 || string(b.Text(b.Contexts[0].Round)) != "R1" || len(b.Contexts) != 1 || !b.Strict {
		t.Errorf("got %v, %v, %+v", err, out.Errors, b.Contexts)
	}
}

package ingest

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"poolwise/engine"
)

const (
	rosterLine = `{"person":"` + ada + `","name":"陈小红","sex":"F","phone":"+86 138","area":"350582108201","household":"H12","circle":3,"groups":["medical_staff","isolation"],` +
		`"home_visit":true,"vaccinated_at":"2022-04-03T08:00:00+08:00"}`
	roundBody = `{"name":"第二轮","opens_at":"2022-04-05T06:00:00+08:00","closes_at":"2022-04-06T06:00:00+08:00","areas":["350582","35058300"],"window":"48h","basis":"reported",` +
		`"caps":{"low":20,"medium":5,"high":1,"closed":"household"},"single_groups":["isolation"],"vaccinated_48h":"defer","sla":{"to_lab":"30m","to_result":"1d","recollect":"6h"},` +
		`"recheck":"same_specimen","release":"all","effective_at":"2030-01-01T00:00:00+08:00"}`
)

// masterFields decodes one item and prints its fields.
func masterFields(t *testing.T, endpoint Endpoint, line string) string {
	t.Helper()
	out, err := decode(t, Options{Endpoint: endpoint, Round: []byte("R2")}, line)
	if err != nil {
		return err.Error()
	}
	if out.Rejected > 0 {
		return string(out.Errors[0].Code)
	}
	b := &out.Batch
	if b.Len() != 1 || b.Tube[0] != engine.NoTube || b.At[0] != 0 || b.Arg[0] != 0 || len(b.Contexts) != 1 || len(b.Tubes) != 0 {
		t.Fatalf("%s: got %+v", line, b)
	}
	var again engine.Batch
	if _, err := engine.DecodeBatch(engine.AppendBatch(nil, b), &again); err != nil {
		t.Fatal(err)
	}
	text := b.Kind[0].String()
	for item := b.Text(b.Extra[0]); len(item) > 0; {
		f, value, rest, ok := engine.NextField(item)
		if !ok {
			t.Fatalf("%s: cut short", line)
		}
		text += fmt.Sprintf(" %d=%s", f, value)
		item = rest
	}
	return text
}

// textOf prints pairs of fields and values as masterFields does.
func textOf(kind engine.Kind, pairs ...any) string {
	text := kind.String()
	for i := 0; i < len(pairs); i += 2 {
		text += fmt.Sprintf(" %d=%v", pairs[i], pairs[i+1])
	}
	return text
}

func seconds(unix int64) string { return fmt.Sprint(uint32(engine.FromUnix(unix))) }

func TestMasterData(t *testing.T) {
	// Ensures that every field of master data is kept in its canonical form, in one order,
	// and that null takes a field back.
	for _, c := range []struct {
		endpoint   Endpoint
		line, want string
	}{
		{Areas, `{"risk":"high","name":"某社区","x":[1,{"y":null}],"area":"350582108201","parent":"350582108"}`,
			textOf(engine.KindArea, engine.FieldKey, "350582108201", engine.FieldParent, "350582108", engine.FieldRisk, "high", engine.FieldName, "某社区")},
		{Areas, `{"area":"35","type":"scan","risk":null,"parent":null,"name":null}`,
			textOf(engine.KindArea, engine.FieldKey, "35", engine.FieldParent, "", engine.FieldRisk, "", engine.FieldName, "")},
		{Areas, `{"area":"35"}`, textOf(engine.KindArea, engine.FieldKey, "35")},
		{Sites, `{"site":"S01","name":"东门","area":"350582108201","kind":"gate","lab":"L1","opens":"06:00-21:30"}`,
			textOf(engine.KindSite, engine.FieldKey, "S01", engine.FieldName, "东门", engine.FieldArea, "350582108201", engine.FieldKind, "gate", engine.FieldLab, "L1", engine.FieldOpens, "06:00-21:30")},
		{Labs, `{"lab":"L1","name":"L","kind":"cdc"}`, textOf(engine.KindLab, engine.FieldKey, "L1", engine.FieldName, "L", engine.FieldKind, "cdc")},
		{Roster, rosterLine, textOf(engine.KindRoster, engine.FieldArea, "350582108201", engine.FieldHouseholdHash, string(binary.LittleEndian.AppendUint32(nil, uint32(engine.HashHousehold([]byte("H12"))))), engine.FieldCircle, 3, engine.FieldGroups, "medical_staff,isolation",
			engine.FieldHomeVisit, 1, engine.FieldVaccinatedAt, seconds(1648944000))},
		{Roster, `{"person":"passport:USA:560018274","home_visit":false,"groups":[],"area":null,"household":"","sex":null}`,
			textOf(engine.KindRoster, engine.FieldArea, "", engine.FieldHouseholdHash, "", engine.FieldGroups, "", engine.FieldHomeVisit, 0)},
		{Roster, `{"person":"` + ada + `"}`, "roster"},
		{Round, roundBody, textOf(engine.KindRound, engine.FieldKey, "R2", engine.FieldName, "第二轮", engine.FieldOpensAt, seconds(1649109600), engine.FieldClosesAt, seconds(1649196000),
			engine.FieldAreas, "350582,35058300", engine.FieldWindow, 172800, engine.FieldBasis, "reported", engine.FieldCapLow, 20, engine.FieldCapMedium, 5, engine.FieldCapHigh, 1,
			engine.FieldCapClosed, "household", engine.FieldSingleGroups, "isolation", engine.FieldVaccinated48h, "defer", engine.FieldSLAToLab, 1800, engine.FieldSLAToResult, 86400,
			engine.FieldSLARecollect, 21600, engine.FieldRecheck, "same_specimen", engine.FieldRelease, "all", engine.FieldEffectiveAt, seconds(1893427200))},
		{Round, `{}`, textOf(engine.KindRound, engine.FieldKey, "R2")},
		{Round, `{"round":"R2","caps":{"closed":"\u0068ousehold","x":{"low":[7]},"low":null},"sla":{"recollect":"90m"},"areas":[ "35" ,"36"]}`,
			textOf(engine.KindRound, engine.FieldKey, "R2", engine.FieldAreas, "35,36", engine.FieldCapLow, "", engine.FieldCapClosed, "household", engine.FieldSLARecollect, 5400)},
		{Round, `{"caps":null,"sla":null,"window":null}`, textOf(engine.KindRound, engine.FieldKey, "R2", engine.FieldWindow, "", engine.FieldCapLow, "", engine.FieldCapMedium, "",
			engine.FieldCapHigh, "", engine.FieldCapClosed, "", engine.FieldSLAToLab, "", engine.FieldSLAToResult, "", engine.FieldSLARecollect, "")},
		{Round, "{}\n{}", ErrNotOneItem.Error()},
	} {
		if got := masterFields(t, c.endpoint, c.line); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.line, got, c.want)
		}
	}
}

func TestMasterDataRefused(t *testing.T) {
	// Ensures that each field of master data has its rule.
	items := map[Endpoint]string{Areas: `{"area":"35"}`, Sites: `{"site":"S1"}`, Labs: `{"lab":"L1"}`, Roster: `{"person":"` + ada + `"}`, Round: `{"round":"R2"}`}
	long := `"` + strings.Repeat("x", 257) + `"`
	for _, c := range []struct {
		endpoint Endpoint
		key      string
		values   []string // with the outcome behind
	}{
		{Areas, "area", []string{`"3" field_invalid`, `"123456789012345678901" field_invalid`, `"35x" field_invalid`, `"" field_invalid`, `35 field_invalid`, `null field_missing`}},
		{Areas, "parent", []string{`"3" field_invalid`, `"" field_invalid`, `35 field_invalid`, `"12345678901234567890" ok`}},
		{Areas, "risk", []string{`"none" field_invalid`, `"" field_invalid`, `1 field_invalid`, `"closed" ok`, `"medium" ok`}},
		{Areas, "name", []string{`7 field_invalid`, `"` + strings.Repeat("名", 51) + `" field_invalid`, `"a\n" field_invalid`, `"" ok`}},
		{Sites, "site", []string{`"S 1" field_invalid`, `1 field_invalid`, `null field_missing`}},
		{Sites, "kind", []string{`"lab" field_invalid`, `"fixed" ok`, `"standby" ok`, `"mobile" ok`, `true field_invalid`}},
		{Sites, "lab", []string{`"L 1" field_invalid`, `"" field_invalid`, `1 field_invalid`}},
		{Sites, "area", []string{`"x" field_invalid`, `"" field_invalid`}},
		{Sites, "opens", []string{`6 field_invalid`, long + ` field_invalid`, `"a\u0000" field_invalid`, `[] field_invalid`}},
		{Labs, "lab", []string{`"L 1" field_invalid`, `null field_missing`}},
		{Labs, "kind", []string{`"gate" field_invalid`, `"lab" ok`}},
		{Roster, "person", []string{`"990101199003070024" person_invalid`, `7 field_invalid`, `null field_missing`, `"none:35:1" ok`}},
		{Roster, "name", []string{`7 field_invalid`, `"` + strings.Repeat("名", 51) + `" field_invalid`}},
		{Roster, "sex", []string{`"f" field_invalid`, `1 field_invalid`, `"M" ok`, `"X" ok`}},
		{Roster, "phone", []string{long + ` field_invalid`, `138 field_invalid`}},
		{Roster, "area", []string{`"3" field_invalid`, `"" field_invalid`}},
		{Roster, "household", []string{long + ` field_invalid`, `12 field_invalid`}},
		{Roster, "circle", []string{`0 field_invalid`, `7 field_invalid`, `1.0 field_invalid`, `"3" field_invalid`, `-1 field_invalid`, `1 ok`, `6 ok`}},
		{Roster, "groups", []string{`"medical_staff" field_invalid`, `["a b"] field_invalid`, `["a,b"] field_invalid`, `[7] field_invalid`, `[["a"]] field_invalid`, `{} field_invalid`,
			`["a"` + strings.Repeat(`,"a"`, 15) + `] ok`, `["a"` + strings.Repeat(`,"a"`, 16) + `] field_invalid`, `["\u0061"] ok`}},
		{Roster, "home_visit", []string{`"true" field_invalid`, `1 field_invalid`}},
		{Roster, "vaccinated_at", []string{`"2022-04-05T08:01:00Z" time_in_future`, `"2022-04-04T08:01:00" time_without_offset`, `"x" field_invalid`, `1 field_invalid`}},
		{Round, "round", []string{`"R3" field_invalid`, `7 field_invalid`}},
		{Round, "opens_at", []string{`"2122-04-05T08:01:00Z" ok`, `"2222-04-05T08:01:00Z" field_invalid`, `"2022-04-04T08:01:00" time_without_offset`, `true field_invalid`}},
		{Round, "closes_at", []string{`"soon" field_invalid`}}, {Round, "effective_at", []string{`"soon" field_invalid`}},
		{Round, "areas", []string{`"35" field_invalid`, `["3"] field_invalid`, `[35] field_invalid`, `[null] field_invalid`, `[] ok`}},
		{Round, "window", []string{`"0h" field_invalid`, `"48" field_invalid`, `"48H" field_invalid`, `"h" field_invalid`, `48 field_invalid`, `"32d" field_invalid`, `"31d" ok`, `"744h" ok`, `"745h" field_invalid`,
			`"44640m" ok`, `"999999m" field_invalid`, `"1h30m" field_invalid`, `"-1h" field_invalid`, `" 1h" field_invalid`}},
		{Round, "basis", []string{`"x" field_invalid`, `"sampled" ok`}},
		{Round, "caps", []string{`10 field_invalid`, `"low" field_invalid`, `[] field_invalid`, `{} ok`, `{"low":0} field_invalid`, `{"low":31} field_invalid`, `{"low":"10"} field_invalid`, `{"low":"pool"} field_invalid`,
			`{"low":30} ok`, `{"high":1.5} field_invalid`, `{"closed":[]} field_invalid`, `{"none":7} ok`}},
		{Round, "single_groups", []string{`"x" field_invalid`, `["ok"] ok`}},
		{Round, "vaccinated_48h", []string{`"no" field_invalid`, `"any" ok`, `"single" ok`}},
		{Round, "sla", []string{`"6h" field_invalid`, `{"recollect":6} field_invalid`, `{"to_lab":"6"} field_invalid`, `{"to_result":"0m"} field_invalid`, `{} ok`}},
		{Round, "recheck", []string{`true field_invalid`, `"new_specimen" ok`}}, {Round, "release", []string{`"some" field_invalid`, `"each" ok`}},
	} {
		for _, v := range c.values {
			at := strings.LastIndexByte(v, ' ')
			line := items[c.endpoint]
			if strings.Contains(line, `"`+c.key+`":`) {
				line = "{}"
			}
			line = strings.Replace(strings.TrimSuffix(line, "}")+`,"`+c.key+`":`+v[:at]+"}", "{,", "{", 1)
			if got := outcome(t, Options{Endpoint: c.endpoint, Round: []byte("R2")}, line); got != v[at+1:] {
				t.Errorf("%.100s: got %s, want %s", line, got, v[at+1:])
			}
		}
	}
}

func TestMasterFieldNames(t *testing.T) {
	// Ensures that every field has a name to answer with, and that kinds do not lend each other theirs.
	for _, c := range []struct {
		kind  engine.Kind
		field engine.Field
		want  string
	}{
		{engine.KindArea, engine.FieldParent, "parent"}, {engine.KindArea, engine.FieldKey, "area"}, {engine.KindSite, engine.FieldKey, "site"}, {engine.KindRound, engine.FieldCapLow, "caps.low"},
		{engine.KindRound, engine.FieldCapClosed, "caps.closed"}, {engine.KindRound, engine.FieldSLARecollect, "sla.recollect"}, {engine.KindRound, engine.FieldClosesAt, "closes_at"},
		{engine.KindRoster, engine.FieldGroups, "groups"}, {engine.KindRoster, engine.FieldKey, ""}, {engine.KindScan, engine.FieldArea, ""},
	} {
		if got := MasterField(c.kind, c.field); got != c.want {
			t.Errorf("%v %d: got %q, want %q", c.kind, c.field, got, c.want)
		}
	}
}

func TestRosterPeople(t *testing.T) {
	// Ensures that a roster names people as scans do, and keeps no name, phone or sex.
	people := knownPeople{ada: 5}
	lines := rosterLine + "\n" + strings.Replace(rosterLine, ada, "passport:usa:560018274", 1) + "\n{}\n" + strings.Replace(rosterLine, ada, bob, 1)
	out, err := decode(t, Options{Endpoint: Roster, People: people}, lines)
	if err != nil || out.Received != 4 || out.Rejected != 1 || !reflect.DeepEqual(out.Index, []uint32{0, 1, 3}) {
		t.Fatal(err, out.Errors, out.Index)
	}
	b := &out.Batch
	if b.Person[0] != engine.OrdinalRef(5) || string(b.Text(b.Person[1].Document())) != "passport:USA:560018274" || b.Person[2].Type() != engine.RefResident {
		t.Errorf("got %x", b.Person)
	}
	for _, word := range []string{"陈", "138", `"F"`} {
		if strings.Contains(string(b.Bytes), word) {
			t.Errorf("%q is kept", word)
		}
	}
	if array, err := decodeJSON(t, "["+rosterLine+","+rosterLine+"]", Roster); err != nil || array.Batch.Len() != 2 {
		t.Errorf("got %v", err)
	}
}

func decodeJSON(t *testing.T, text string, endpoint Endpoint) (*Decoded, error) {
	t.Helper()
	out := new(Decoded)
	return out, NewDecoder().JSON([]byte(text), Options{Endpoint: endpoint, Now: benchNow}, out)
}

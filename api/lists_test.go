package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"poolwise/engine"
)

func TestHistoryOverHTTP(t *testing.T) {
	// Ensures the wire form of every line of a history, of two identities, by pages.
	h := open(t, nil).ready()
	h.wantCode("GET", "/v1/people/"+ada+"/history", "", 404, "person_unknown")
	h.wantCode("GET", "/v1/people/990101199003070024/history", "", 400, "person_invalid")
	h.take("POST", "/v1/events", event("tube.open", "01T07:00:00", `"tube":"T1"`, `"site":"S01"`, `"round":"R1"`))
	h.take("POST", "/v1/scans", scan("T1", ada, "01T08:00:00")+scan("T1", bob, "01T08:01:00"))
	h.take("POST", "/v1/results", result("T1", "positive", "01T12:00:00"))
	h.take("POST", "/v1/events", event("tube.open", "01T13:00:00", `"tube":"T2"`, `"mode":"single"`, `"purpose":"recollection"`))
	h.take("POST", "/v1/scans", scan("T2", ada, "01T14:00:00"))
	h.take("POST", "/v1/results", result("T2", "negative", "01T18:00:00"))
	h.take("POST", "/v1/scans", scan("T3", ada, "02T08:00:00"))
	h.take("POST", "/v1/events", event("unscan", "02T08:05:00", `"tube":"T3"`, `"person":"`+ada+`"`, `"reason":"no swab"`)+
		event("excuse", "03T09:00:00", `"person":"`+ada+`"`, `"round":"R7"`, `"reason":"moved out"`)+
		event("person.merge", "03T10:00:00", `"from":"`+cat+`"`, `"to":"`+ada+`"`))
	h.take("POST", "/v1/events", event("discharge", "03T11:00:00", `"person":"`+cat+`"`, `"reason":"recovered"`), `"code":"not_confirmed"`)
	h.take("POST", "/v1/scans", scan("T4", cat, "04T08:00:00"))
	lines := []string{
		`{"event":"test","tube":"T1","round":"R1","site":"S01","sampled_at":"2022-04-01T08:00:00+08:00","bound":true,"basis":"pool","purpose":"screening","members":2,` +
			`"results":[{"lab":"L1","verdict":"positive","stage":"final","tested_at":"2022-04-01T12:00:00+08:00","reported_at":"2022-04-01T12:00:00+08:00","standing":true}],` +
			`"verdict":"positive","stage":"final","reported_at":"2022-04-01T12:00:00+08:00","outcome":"positive",` +
			`"cause":{"kind":"hold","since":"2022-04-01T12:00:00+08:00","open":false,"closed_by":"T2","preliminary":false}%s}`,
		`{"event":"recollection","id":"R1","kind":"single","state":"fulfilled","opened_at":"2022-04-01T12:00:00+08:00","due_at":"2022-04-01T18:00:00+08:00","causes":["T1"]%s}`,
		`{"event":"test","tube":"T2","round":"default","site":null,"sampled_at":"2022-04-01T14:00:00+08:00","bound":true,"basis":"single","purpose":"recollection","members":1,` +
			`"results":[{"lab":"L1","verdict":"negative","stage":"final","tested_at":"2022-04-01T18:00:00+08:00","reported_at":"2022-04-01T18:00:00+08:00","standing":true}],` +
			`"verdict":"negative","stage":"final","reported_at":"2022-04-01T18:00:00+08:00","outcome":"negative","cause":null%s}`,
		`{"event":"test","tube":"T3","round":"default","site":null,"sampled_at":"2022-04-02T08:00:00+08:00","bound":false,"basis":"pool","purpose":"screening","members":0,` +
			`"results":[],"verdict":null,"stage":null,"reported_at":null,"outcome":"none","cause":null%s}`,
		`{"event":"excuse","round":"R7","at":"2022-04-03T09:00:00+08:00"%s}`,
		`{"event":"merge","with":"` + ada + `","at":"2022-04-03T10:00:00+08:00"%s}`,
		`{"event":"discharge","at":"2022-04-03T11:00:00+08:00"%s}`,
		`{"event":"test","tube":"T4","round":"default","site":null,"sampled_at":"2022-04-04T08:00:00+08:00","bound":true,"basis":"pool","purpose":"screening","members":1,` +
			`"results":[],"verdict":null,"stage":null,"reported_at":null,"outcome":"none","cause":{"kind":"pending","since":"2022-04-04T08:00:00+08:00","open":true,"closed_by":null,"preliminary":false}%s}`,
	}
	for _, asked := range []string{ada, cat} {
		var want strings.Builder
		for i, line := range lines {
			person := ""
			if ofCat := i >= 5; ofCat != (asked == cat) {
				person = `,"person":"` + map[bool]string{true: cat, false: ada}[ofCat] + `"`
			}
			fmt.Fprintf(&want, line+"\n", person)
		}
		path := "/v1/people/" + asked + "/history"
		if status, text, header := h.ask("GET", path, ""); status != 200 || text != want.String() || header.Get("X-As-Of") != "10" || header.Get("Content-Type") != typeNDJSON {
			t.Errorf("got %d %s %v\nwant %s", status, text, header, want.String())
		}
		for _, limit := range []int{1, 3} {
			if got := h.pages(path, limit); got != want.String() {
				t.Errorf("by %d: got %s\nwant %s", limit, got, want.String())
			}
		}
	}
	for _, query := range []string{"limit=0", "limit=100001", "limit=x", "after=x", "after=1-2", "after=1-2-3-4", "after=1-0-3", "after=1-7-3", "after=01-1-3", "after=1-1-99999999999", "after=-1-1-1", "after=1-1-%2B1"} {
		h.wantCode("GET", "/v1/people/"+ada+"/history?"+query, "", 400, "field_invalid")
	}
	h.wantCode("POST", "/v1/people/"+ada+"/history", "{}", 405, "method_not_allowed")
}

// pages is a whole list, read by pages.
func (h *house) pages(path string, limit int) string {
	h.t.Helper()
	var all strings.Builder
	sign := "?"
	if strings.Contains(path, "?") {
		sign = "&"
	}
	for after, n := "", 0; n < 1000; n++ {
		status, text, header := h.ask("GET", fmt.Sprintf("%s%slimit=%d%s", path, sign, limit, after), "")
		if status != 200 || strings.Count(text, "\n") > limit {
			h.t.Fatalf("%s: got %d %s", path, status, text)
		}
		all.WriteString(text)
		if header.Get("X-Next-After") == "" {
			return all.String()
		}
		after = "&after=" + header.Get("X-Next-After")
	}
	h.t.Fatalf("%s: there is no end to it", path)
	return ""
}

func TestTubesOverHTTP(t *testing.T) {
	// Ensures the wire form of the list of tubes: as a tube, but for members and results; its
	// filters; its pages.
	h := open(t, nil).ready()
	h.take("POST", "/v1/events", event("tube.open", "04T07:00:00", `"tube":"T1"`, `"site":"S01"`, `"round":"R1"`)+
		event("tube.close", "04T09:00:00", `"tube":"T2"`))
	h.take("POST", "/v1/scans", scan("T1", ada, "04T08:00:00")+scan("T1", bob, "04T08:01:00")+scan("T3", cat, "04T08:00:00"))
	h.take("POST", "/v1/events", event("unscan", "04T08:05:00", `"tube":"T1"`, `"person":"`+bob+`"`, `"reason":"no swab"`)+event("tube.receive", "04T10:00:00", `"tube":"T1"`, `"lab":"L2"`))
	h.take("POST", "/v1/results", result("T3", "negative", "04T12:00:00"))
	_, one, _ := h.ask("GET", "/v1/tubes/T1", "")
	first := h.pages("/v1/tubes?lab=L2", 10)
	var a, b map[string]any
	if err := json.Unmarshal([]byte(one), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(first), &b); err != nil {
		t.Fatal(err)
	}
	if n := b["members"]; n != 1.0 {
		t.Errorf("got %v members; want 1", n)
	}
	delete(a, "results")
	delete(a, "as_of")
	a["members"] = 1.0
	if got, want := fmt.Sprint(b), fmt.Sprint(a); got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	for query, want := range map[string]string{
		"": "T1 T2 T3", "lab=L1": "T3", "lab=L2": "T1", "site=S01": "T1", "round=R1": "T1", "round=default": "T2 T3", "state=received": "T1", "state=received,negative": "T1 T3",
		"state=closed,closed": "T2", "state=open": "", "state=in_transit": "", "lab=L1&state=negative&round=default": "T3", "lab=L1&site=S01": "", "lab=&site=&state=": "T1 T2 T3",
	} {
		for _, limit := range []int{1, 2, 1000} {
			var codes []string
			for line := range strings.SplitSeq(strings.TrimSpace(h.pages("/v1/tubes?"+query, limit)), "\n") {
				if line != "" {
					codes = append(codes, line[len(`{"tube":"`):len(`{"tube":"T1`)])
				}
			}
			if got := strings.Join(codes, " "); got != want {
				t.Errorf("%q by %d: got %s; want %s", query, limit, got, want)
			}
		}
	}
	if _, text, _ := h.ask("GET", "/v1/tubes?after=2", ""); !strings.HasPrefix(text, `{"tube":"T3"`) || strings.Count(text, "\n") != 1 {
		t.Errorf("after 2: got %s", text)
	}
	if _, _, header := h.ask("GET", "/v1/tubes", ""); header.Get("X-As-Of") != "4" {
		t.Errorf("got as of %q; want 4", header.Get("X-As-Of"))
	}
	for query, want := range map[string]struct {
		status int
		code   string
	}{
		"lab=L9": {404, "lab_unknown"}, "site=S9": {404, "site_unknown"}, "round=R9": {404, "round_unknown"}, "lab=a%20b": {400, "field_invalid"}, "site=*": {400, "field_invalid"},
		"round=%2F": {400, "field_invalid"}, "state=held": {400, "field_invalid"}, "state=open,": {400, "field_invalid"}, "after=x": {400, "field_invalid"},
		"after=99999999999": {400, "field_invalid"}, "limit=0": {400, "field_invalid"},
	} {
		h.wantCode("GET", "/v1/tubes?"+query, "", want.status, want.code)
	}
}

func TestPeopleOverHTTP(t *testing.T) {
	// Ensures that everybody's status is listed as it is told alone, of an area if asked, with one
	// as_of and one cursor on all pages of a walk.
	h := open(t, nil).ready()
	if status, text, header := h.ask("GET", "/v1/people", ""); status != 200 || text != "" || header.Get("X-Feed-Cursor") != "0000000000000000" || header.Get("X-As-Of") != "0" {
		t.Errorf("got %d %s %v", status, text, header)
	}
	h.wantCode("GET", "/v1/people?area=35", "", 404, "area_unknown")
	h.take("POST", "/v1/roster", `{"person":"`+ada+`","area":"3501"}`+"\n"+`{"person":"`+bob+`","area":"36"}`+"\n")
	h.take("PUT", "/v1/areas", `{"area":"3501","parent":"35"}`+"\n")
	h.take("POST", "/v1/scans", scan("T1", ada, "03T08:00:00")+strings.Replace(scan("T1", cat, "03T08:02:00"), "{", `{"area":"35",`, 1))
	h.take("POST", "/v1/results", result("T1", "negative", "03T20:00:00"))
	for _, query := range []string{"", "?at=2022-04-09T00:00:00%2B08:00", "?window=7d", "?basis=reported"} {
		var want strings.Builder
		for _, id := range []string{ada, bob, cat} {
			_, text, _ := h.ask("GET", person(id)+query, "")
			want.WriteString(text)
		}
		for _, limit := range []int{1, 2, 3, 100} {
			if got := h.pages("/v1/people"+query, limit); got != want.String() {
				t.Errorf("%q by %d: got %s\nwant %s", query, limit, got, want.String())
			}
		}
	}
	for area, want := range map[string]int{"35": 2, "3501": 1, "36": 1} {
		if got := strings.Count(h.pages("/v1/people?area="+area, 1), `"state"`); got != want {
			t.Errorf("area %s: got %d people; want %d", area, got, want)
		}
	}
	_, text, header := h.ask("GET", "/v1/people?limit=2", "")
	if after := header.Get("X-Next-After"); after != "2-4-0000000004000002" || header.Get("X-Feed-Cursor") != "0000000004000002" || strings.Count(text, `"as_of":4}`) != 2 {
		t.Errorf("got %s, %v", text, header)
	}
	h.take("POST", "/v1/scans", scan("T2", cat, "04T08:00:00"))
	if _, text, next := h.ask("GET", "/v1/people?after="+header.Get("X-Next-After"), ""); next.Get("X-As-Of") != "4" || next.Get("X-Feed-Cursor") != "0000000004000002" ||
		next.Get("X-Next-After") != "" || !strings.Contains(text, `"state":"sampled"`) || !strings.Contains(text, `"as_of":4}`) {
		t.Errorf("got %s, %v", text, next)
	}
	for _, after := range []string{"x", "2", "2-4", "0-4-0000000004000002", "4-4-0000000004000002", "02-4-0000000004000002", "2-04-0000000004000002", "2-6-0000000004000002", "2-3-0000000004000002",
		"2-4-0000000004000009x", "2-4-000000000400000A", "2-5-0000000009000001", "2-4-", "2-4-0000000004000002-1", "%2B2-4-0000000004000002"} {
		h.wantCode("GET", "/v1/people?after="+after, "", 400, "field_invalid")
	}
	for _, query := range []string{"area=x", "area=3", "limit=0", "at=x", "window=x", "basis=x"} {
		h.wantCode("GET", "/v1/people?"+query, "", 400, "field_invalid")
	}
}

// shown is what a status and an entry of the feed both say.
type shown struct {
	Person, State, Code, Since string
	Until                      any `json:"code_until"`
	AsOf                       int `json:"as_of"`
	Recollection               json.RawMessage
}

// order is the number of the open order, however it is told.
func (s *shown) line() string {
	order := string(s.Recollection)
	var o struct{ ID string }
	if json.Unmarshal(s.Recollection, &o) == nil && o.ID != "" {
		order = `"` + o.ID + `"`
	}
	return fmt.Sprint(s.State, " ", s.Code, " ", s.Since, " ", s.Until, " ", order)
}

// fold puts lines over what is known of their people.
func fold(t *testing.T, known map[string]string, lines string) (asOf int) {
	t.Helper()
	for line := range bytes.Lines([]byte(lines)) {
		var s shown
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatal(err)
		}
		known[s.Person], asOf = s.line(), s.AsOf
	}
	return asOf
}

// hurry are the batches of a busy round, each with its path: swabs and results that say now this, now that.
func hurry(round uint64, people int) (batches [][2]string) {
	dice := rand.New(rand.NewPCG(9, round))
	for n := range 40 {
		var scans, results strings.Builder
		for range 60 {
			i := dice.IntN(people)
			fmt.Fprintf(&scans, `{"tube":"R%dT%d","person":"twn:%08d","at":"2022-04-03T%02d:%02d:00+08:00","late":true}`+"\n", round, i/4+100*dice.IntN(2), i, 8+n/10, n%10*5+int(round%5))
			verdict := []string{"negative", "negative", "positive", "inconclusive", "invalid"}[dice.IntN(5)]
			fmt.Fprintf(&results, `{"tube":"R%dT%d","verdict":%q,"lab":"L1","stage":"corrected","tested_at":"2022-04-03T15:%02d:00+08:00","reported_at":"2022-04-03T16:%02d:00+08:00"}`+"\n",
				round, dice.IntN(200), verdict, n, n)
		}
		batches = append(batches, [2]string{"/v1/scans", scans.String()}, [2]string{"/v1/results", results.String()})
	}
	return batches
}

func TestPeopleThenChanges(t *testing.T) {
	// Ensures that a subscriber who takes everybody's status by pages while the writer runs at full
	// speed, and then the feed from the first page's cursor on, ends with what is.
	h := open(t, nil).ready()
	const people = 400
	rounds := 24
	if testing.Short() {
		rounds = 6
	}
	overlaps, told := 0, 0
	for round := range rounds {
		batches := hurry(uint64(round), people)
		started, written := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(written)
			for i, b := range batches {
				if status, text, _ := h.ask("POST", b[0], b[1]); status != 200 {
					t.Errorf("got %d %s", status, text)
				}
				if i == 5 {
					close(started)
				}
			}
		}()
		<-started
		known := map[string]string{}
		asOf, cursor := -1, ""
		for after, more := "", true; more; {
			_, text, header := h.ask("GET", "/v1/people?limit=37"+after, "")
			if cursor == "" {
				cursor = header.Get("X-Feed-Cursor")
				asOf = int(h.engine.Applied())
			}
			if got := fold(t, known, text); got > asOf || header.Get("X-Feed-Cursor") != cursor {
				t.Fatalf("a page says as_of %d, cursor %s; the first was read at %d and says %s", got, header.Get("X-Feed-Cursor"), asOf, cursor)
			}
			after, more = "&after="+header.Get("X-Next-After"), header.Get("X-Next-After") != ""
		}
		if c, _ := parseCursor([]byte(cursor)); c < h.memory.End() {
			overlaps++
		}
		<-written
		for more := true; more; {
			_, text, header := h.ask("GET", "/v1/changes?limit=5000&after="+cursor, "")
			fold(t, known, text)
			more, cursor = text != "", header.Get("X-Next-After")
			told += strings.Count(text, "\n")
		}
		final := map[string]string{}
		fold(t, final, h.pages("/v1/people", 1000))
		for who, want := range final {
			if known[who] != want {
				t.Fatalf("round %d: %s: got %s; want %s", round, who, known[who], want)
			}
		}
		if len(final) != len(known) {
			t.Fatalf("got %d people; want %d", len(known), len(final))
		}
	}
	t.Logf("%d entries of the feed, the writer was at work in %d of %d rounds", told, overlaps, rounds)
	if overlaps < rounds/2 {
		t.Errorf("the writer was at work in %d of %d rounds only", overlaps, rounds)
	}
}

// BenchmarkPeople is a page of 100,000 statuses, from engine to bytes.
func BenchmarkPeople(b *testing.B) {
	e := engine.New(engine.DefaultConfig(), heapPages{})
	var out engine.Changes
	const people = 100_000
	at := engine.FromUnix(houseNow) - 40_000
	for from := 0; from < people; from += 1000 {
		batch := &engine.Batch{Received: at, Roles: engine.RoleAll, Contexts: make([]engine.Context, 1)}
		tube := func(i int) uint32 {
			s := batch.Put(fmt.Appendf(nil, "T%09d", i))
			batch.Tubes, batch.TubeHash = append(batch.Tubes, s), append(batch.TubeHash, engine.HashTube(batch.Text(s)))
			return uint32(len(batch.Tubes) - 1)
		}
		for i := from; i < from+1000; i += 10 {
			t := tube(i / 10)
			for k := range 10 {
				batch.Add(engine.KindScan, 0, t, engine.ResidentRef(99010119900000000+uint64(i+k)), at+engine.Seconds(k), 0, 0, engine.Span{})
			}
			batch.Add(engine.KindResult, 0, t, 0, at+7200, 0, engine.ResultArg(at+9000, engine.Final, engine.Negative), engine.Span{})
		}
		e.Apply(e.Applied()+1, []*engine.Batch{batch}, &out)
	}
	s := New(Config{Now: func() int64 { return houseNow }, Logf: b.Logf})
	backend := &Backend{Engine: e, Feed: &memory{}}
	in := instant{now: houseNow, byPolicy: true}
	var st engine.Status
	var id, body []byte
	for b.Loop() {
		body = body[:0]
		e.People("", 0, people, func(who engine.PersonOrdinal) bool {
			id = e.AppendPersonID(id[:0], who)
			e.Status(who, &st)
			p := in.proofOf(backend, who)
			body = append(s.appendStatus(body, e, id, &st, &in, &p), '\n')
			return true
		})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/people, "ns/person")
	b.ReportMetric(float64(len(body))/people, "B/person")
}

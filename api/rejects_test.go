package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"poolwise/engine"
	"poolwise/ingest"
)

type rejectLine struct {
	Reject, At, Endpoint, Zone, Code, Message string
	Credential                                *string
	Times                                     int
	Item                                      json.RawMessage
	ItemBytes                                 int `json:"item_bytes"`
}

// rejects reads all pages of a list.
func (h *house) rejects(query string) (list []rejectLine) {
	h.t.Helper()
	after := ""
	for {
		status, text, header := h.ask("GET", "/v1/rejects?"+query+after, "")
		if status != 200 {
			h.t.Fatalf("got %d %s", status, text)
		}
		for line := range strings.Lines(text) {
			var l rejectLine
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				h.t.Fatalf("%v: %.300s", err, line)
			}
			list = append(list, l)
		}
		next := header.Get("X-Next-After")
		if next == "" {
			return list
		}
		if "&after="+next == after {
			h.t.Fatalf("the page after %s is the same", next)
		}
		after = "&after=" + next
	}
}

func (h *house) resubmit(body string, parts ...string) string {
	h.t.Helper()
	return h.says("POST", "/v1/rejects/resubmit", body, parts...)
}

// says posts JSON and looks for parts in the answer.
func (h *house) says(method, path, body string, parts ...string) string {
	h.t.Helper()
	status, text, _ := h.ask(method, path, body, "Content-Type: application/json")
	for _, p := range parts {
		if status != 200 || !strings.Contains(text, p) {
			h.t.Errorf("%s %s: got %d %s; want %s", path, body, status, text, p)
		}
	}
	return text
}

func TestRejectsAreListed(t *testing.T) {
	// Ensures the wire form of a list of rejects, of form and of rules, in lines and in an
	// array; a filter, pages, and that one sent again only counts.
	h := open(t, nil)
	h.readyWithRejects()
	h.ask("POST", "/v1/scans", scan("T1", "passport:USA:560018301", "04T08:00:00"))
	h.ask("POST", "/v1/results", result("T1", "negative", "04T09:00:00"))
	mixed := scan("T1", "passport:USA:560018302", "04T10:00:00") + "n\x01\xffonsense\n\n" + scan("T2", "passport:USA:560018303", "04T10:00:00") + "  {\"tube\" : \"T3\"}\r\n"
	for range 3 {
		h.ask("POST", "/v1/scans", mixed, "X-Time-Zone: Europe/Berlin")
	}
	h.ask("POST", "/v1/events", "[{\"type\":\"scan\",\n\"tube\":\"T4\",\"person\":\"990101199003070024\",\"at\":\"2022-04-04T10:00:00Z\"},\n7]", "Content-Type: application/json")
	h.says("PUT", "/v1/rounds/R9", `{"window":"long"}`, `"rejected":1`)
	h.want("GET", "/v1/rejects", "", 200, strings.Join([]string{
		`{"reject":"J1","at":"2022-04-04T16:00:00+08:00","endpoint":"/v1/scans","zone":"Europe/Berlin","code":"tube_already_resulted","message":"Tube T1 already has a result.","credential":null,"times":3,"item":{"tube":"T1","person":"passport:USA:560018302","at":"2022-04-04T10:00:00+08:00"}}`,
		`{"reject":"J2","at":"2022-04-04T16:00:00+08:00","endpoint":"/v1/scans","zone":"Europe/Berlin","code":"bad_syntax","message":"The item is not valid UTF-8.","credential":null,"times":3,"item":"n\u0001\ufffdonsense"}`,
		`{"reject":"J3","at":"2022-04-04T16:00:00+08:00","endpoint":"/v1/scans","zone":"Europe/Berlin","code":"field_missing","message":"The field \"person\" is missing.","credential":null,"times":3,"item":{"tube":"T3"}}`,
		`{"reject":"J4","at":"2022-04-04T16:00:00+08:00","endpoint":"/v1/events","code":"person_invalid","message":"The field \"person\" must be an 18-digit ID with a right check character, or TYPE:VALUE of a known type.","credential":null,"times":1,"item":{"type":"scan","tube":"T4","person":"990101199003070024","at":"2022-04-04T10:00:00Z"}}`,
		`{"reject":"J5","at":"2022-04-04T16:00:00+08:00","endpoint":"/v1/events","code":"bad_syntax","message":"The item is JSON but not an object.","credential":null,"times":1,"item":"7"}`,
		`{"reject":"J6","at":"2022-04-04T16:00:00+08:00","endpoint":"/v1/rounds/R9","code":"field_invalid","message":"The field \"window\" must be a duration such as 30m, 48h or 5d, up to 31d.","credential":null,"times":1,"item":{"window":"long"}}`,
	}, "\n"))
	if got := h.rejects("limit=1&code=bad_syntax"); len(got) != 2 || got[0].Reject != "J2" || got[1].Reject != "J5" {
		t.Errorf("got %v", got)
	}
	if got := h.rejects("limit=4"); len(got) != 6 {
		t.Errorf("got %v", got)
	}
	if _, text, header := h.ask("GET", "/v1/rejects?after=J4&limit=1", ""); strings.Count(text, "\n") != 1 || header.Get("X-Next-After") != "J5" {
		t.Errorf("got %s, %v", text, header)
	}
	_, text, _ := h.ask("GET", "/metrics", "")
	for _, want := range []string{"poolwise_rejects_kept 6\n", "poolwise_rejects_dropped_total 0\n", "poolwise_rejects_bytes 600\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics: got no %s", want)
		}
	}
	h.says("POST", "/v1/rejects/dismiss", `{"rejects":["J1","J3","J99","J1"]}`, `{"dismissed":2}`)
	if got := h.rejects(""); len(got) != 4 {
		t.Errorf("got %v", got)
	}
}

func TestRejectsAreNotDismissedDry(t *testing.T) {
	// Ensures that a dismissal that is only to be tried is refused with a sentence of its own
	// and forgets nothing, and that one said not to be tried is carried out.
	h := open(t, nil)
	h.readyWithRejects()
	h.ask("POST", "/v1/scans", "x\ny\nz\n")
	const path, one, json = "/v1/rejects/dismiss?dry_run=", `{"rejects":["J%d"]}`, "Content-Type: application/json"
	for i, dry := range []string{"1", "true", "yes", "1&dry_run=0"} {
		status, text, _ := h.ask("POST", path+dry, fmt.Sprintf(one, 1), json)
		if status != 400 || !strings.Contains(text, `"field_invalid"`) || strings.Contains(text, errDryDismissal.message) != (dry != "yes") {
			t.Errorf("case %d, %s: got %d %s", i, dry, status, text)
		}
	}
	if got := h.rejects(""); len(got) != 3 {
		t.Errorf("after dismissals that were refused: got %v; want all three", got)
	}
	for i, dry := range []string{"0", "false", ""} {
		h.says("POST", path+dry, fmt.Sprintf(one, 1+i), `{"dismissed":1}`)
	}
	if got := h.rejects(""); len(got) != 0 {
		t.Errorf("got %v; want none", got)
	}
}

func TestRejectsAreRefused(t *testing.T) {
	// Ensures that a request for rejects that is not carried out gets its status and code.
	h := open(t, nil)
	m := h.readyWithRejects()
	many := `{"rejects":[` + strings.Repeat(`"J1",`, 10_000) + `"J1"]}`
	for _, path := range []string{"/v1/rejects/resubmit", "/v1/rejects/dismiss"} {
		for _, body := range []string{`{}`, `[]`, ``, `{"rejects":"J1"}`, `{"rejects":[1]}`, `{"rejects":["J1"],"rejects":["J1"]}`, `{"rejects":["J1"]} x`, `{"rejects":["J1"],"x":1}`,
			`{"Rejects":["J1"]}`, `{"rejects":["J1"]`, `{"rejects":["J1"],"late":1}`, `{"rejects":["J1"],"late":true,"late":true}`} {
			h.wantCode("POST", path, body, 400, "bad_encoding", "Content-Type: application/json")
		}
		for _, id := range []string{"", "J", "J0", "J01", "j1", "1", "J-1", "J18446744073709551616", "J1 "} {
			h.wantCode("POST", path, `{"rejects":["`+id+`"]}`, 400, "field_invalid", "Content-Type: application/json")
		}
		h.wantCode("POST", path, many, 413, "too_many_items", "Content-Type: application/json")
		h.wantCode("POST", path, strings.Repeat(" ", 1<<20+1), 413, "body_too_large", "Content-Type: application/json")
		h.wantCode("POST", path, `{"rejects":[]}`, 415, "unsupported_media_type", "Content-Type: text/plain")
	}
	h.wantCode("POST", "/v1/rejects/dismiss", `{"rejects":["J1"],"late":true}`, 400, "bad_encoding", "Content-Type: application/json")
	h.wantCode("POST", "/v1/rejects/resubmit?dry_run=x", `{"rejects":["J1"]}`, 400, "field_invalid", "Content-Type: application/json")
	for _, query := range []string{"limit=0", "limit=100001", "after=17", "after=J", "after=J1x"} {
		h.wantCode("GET", "/v1/rejects?"+query, "", 400, "field_invalid")
	}
	m.err = errors.New("cannot list rejects: damaged")
	h.wantCode("GET", "/v1/rejects", "", 500, "internal")
	h.wantCode("POST", "/v1/rejects/dismiss", `{"rejects":["J1"]}`, 500, "internal", "Content-Type: application/json")
	h.wantCode("POST", "/v1/rejects/resubmit", `{"rejects":["J1"]}`, 500, "internal", "Content-Type: application/json")
	h.wantCode("POST", "/v1/scans", "x\n", 500, "internal")
}

func TestRejectsResubmitLate(t *testing.T) {
	// Ensures that a scan refused because its tube was closed counts when it is resubmitted
	// late, and that the person's status says so; that one resubmitted as it was stays; that
	// after a crash between the two halves it is a duplicate, and gone.
	h := open(t, nil)
	m := h.readyWithRejects()
	const bob = "passport:USA:560018302"
	event := func(body string) { h.ask("POST", "/v1/events", body) }
	event(`{"type":"tube.open","tube":"T1","at":"2022-04-04T07:00:00+08:00","capacity":10}`)
	h.ask("POST", "/v1/scans", scan("T1", "passport:USA:560018301", "04T08:00:00"))
	event(`{"type":"tube.close","tube":"T1","at":"2022-04-04T08:30:00+08:00","members":2}`)
	h.ask("POST", "/v1/scans", scan("T1", bob, "04T08:31:00"))
	h.wantCode("GET", "/v1/people/"+bob+"/status", "", 404, "person_unknown")
	h.resubmit(`{"rejects":["J1","J7"]}`, `"received":1,"accepted":0,"duplicates":0,"rejected":1,"errors":[{"index":0,"reject":"J1","code":"tube_closed","message":"Tube T1 is closed."}]`, `"resubmitted":[],"not_found":1`)
	m.forgets = true
	h.resubmit(`{"rejects":["J1"],"late":true}`, `"received":1,"accepted":1,"duplicates":0,"rejected":0,"errors":[],"flagged":1,"flags":[{"index":0,"code":"after_close"}],"resubmitted":["J1"],"not_found":0,"as_of":6}`)
	if status, text, _ := h.ask("GET", "/v1/people/"+bob+"/status", ""); status != 200 || !strings.Contains(text, `"state":"sampled"`) {
		t.Errorf("got %d %s", status, text)
	}
	m.forgets = false // the process came back: the reject is still there
	h.resubmit(`{"rejects":["J1"],"late":true}`, `"accepted":0,"duplicates":1,"rejected":0`, `"resubmitted":["J1"]`)
	h.resubmit(`{"rejects":["J1"],"late":true}`, `{"received":0,"accepted":0,"duplicates":0,"rejected":0,"errors":[],"flagged":0,"flags":[],"resubmitted":[],"not_found":1,"as_of":`)
	if got := h.rejects(""); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestRejectsResubmitDry(t *testing.T) {
	// Ensures that a dry resubmission answers as it would and changes nothing: the rejects
	// stay with their old codes, and nobody is sampled.
	h := open(t, nil)
	m := h.readyWithRejects()
	for i := range 10 {
		h.ask("POST", "/v1/scans", scan("T1", fmt.Sprintf("passport:USA:%09d", 560018302+i), "04T08:00:00"))
	}
	h.ask("POST", "/v1/scans", scan("T1", "passport:USA:560018400", "04T08:00:00")+"{}\n")
	before, applied := fmt.Sprint(m.list), h.engine.Applied()
	h.says("POST", "/v1/rejects/resubmit?dry_run=1", fmt.Sprintf(`{"rejects":["J%d","J%d"],"late":true}`, m.last-1, m.last),
		`"received":2,"accepted":1,`, `"rejected":1,`, `"dry_run":true,`, fmt.Sprintf(`"resubmitted":["J%d"]`, m.last-1))
	if after := fmt.Sprint(m.list); after != before || h.engine.Applied() != applied {
		t.Errorf("got %s at %d; want %s at %d", after, h.engine.Applied(), before, applied)
	}
	h.wantCode("GET", "/v1/people/passport:USA:560018400/status", "", 404, "person_unknown")
}

func TestRejectsResubmitMixed(t *testing.T) {
	// Ensures that rejects of several ways, zones and rounds are carried through together,
	// that errors stand at their places in the request with their ids, that what stays has its
	// new code under its old id, its count and its text, and is known again by its new code.
	h := open(t, nil)
	m := h.readyWithRejects()
	const eve = "passport:USA:560018305"
	for range 2 {
		h.ask("POST", "/v1/scans", "\ufeff\ufeff{}\n"+`{"tube":"T1","person":"`+eve+`"}`+"\n") // J1, J2
	}
	h.ask("POST", "/v1/scans", `{"tube":"T2","person":"`+eve+`","at":"2022-04-05T10:00:00"}`+"\n", "X-Time-Zone: Europe/Berlin") // J3: in the future
	for _, round := range []string{"R1", "R2"} {                                                                                 // J4, J5: as if there had been no room for more rounds
		says := rejectSays{At: "2022-04-04T16:00:00+08:00", Endpoint: "/v1/rounds/" + round, Code: "field_invalid", Message: "x"}
		item := []byte(`{"areas":["35"]}`)
		_ = m.Add("", []Reject{{Class: "default", Key: rejectKey(says.Endpoint, says.Code, item), Record: says.record(item)}})
	}
	h.says("POST", "/v1/events", "[{\"type\":\"recollection.ack\",\r\n\"recollection\":\"R1\",\"at\":\"2022-04-04T12:00:00+08:00\"}]", `"rejected":1`)
	h.says("PUT", "/v1/areas", `{"area":"35"}`, `"accepted":1`)
	if got := h.rejects(""); len(got) != 6 || got[0].Times != 2 || got[3].Endpoint != "/v1/rounds/R1" {
		t.Fatalf("got %v", got)
	}
	h.server.cfg.Now = func() int64 { return houseNow + 86400 }
	h.ask("POST", "/v1/scans", scan("T1", "passport:USA:560018306", "04T08:00:00"))
	m.mu.Lock() // as if the second had been refused for a time without an offset
	m.list[1].record = []byte(`{"at":"2022-04-04T16:00:00+08:00","endpoint":"/v1/scans","code":"time_without_offset","message":"x","credential":null}` + "\n" + `{"tube":"T1","person":"` + eve + `"}`)
	m.list[1].key = string(rejectKey("/v1/scans", "time_without_offset", []byte(`{"tube":"T1","person":"`+eve+`"}`)))
	m.mu.Unlock()
	text := h.resubmit(`{"rejects":["J6","J5","J3","J2","J1","J4","J2"]}`, `"received":6,"accepted":3,"duplicates":0,"rejected":3`, `"resubmitted":["J5","J3","J4"],"not_found":0`)
	for _, want := range []string{`"errors":[{"index":0,"reject":"J6","code":"recollection_unknown",`, `{"index":3,"reject":"J2","code":"field_missing","message":"The field \"at\" is missing."},{"index":4,"reject":"J1","code":"bad_syntax"`} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s; want %s", text, want)
		}
	}
	h.want("GET", "/v1/rejects?limit=2", "", 200, `{"reject":"J1","at":"2022-04-04T16:00:00+08:00","endpoint":"/v1/scans","code":"bad_syntax","message":"The item is not a JSON object.","credential":null,"times":2,"item":"`+"\ufeff"+`{}"}`+"\n"+
		`{"reject":"J2","at":"2022-04-04T16:00:00+08:00","endpoint":"/v1/scans","code":"field_missing","message":"The field \"at\" is missing.","credential":null,"times":2,"item":{"tube":"T1","person":"`+eve+`"}}`)
	h.ask("POST", "/v1/scans", `{"tube":"T1","person":"`+eve+`"}`)
	if got := h.rejects(""); len(got) != 3 || got[1].Times != 3 {
		t.Errorf("got %v; want J2 three times", got)
	}
	if _, text, _ := h.ask("GET", "/v1/rounds/R2", ""); !strings.Contains(text, `"35"`) {
		t.Errorf("got %s", text)
	}
	if _, text, _ := h.ask("GET", "/v1/tubes/T2", ""); !strings.Contains(text, `2022-04-05T16:00:00+08:00`) {
		t.Errorf("the zone is lost: %s", text)
	}
	if h.pipe.InflightBytes() != 0 {
		t.Errorf("got %d bytes in flight", h.pipe.InflightBytes())
	}
}

func TestRejectsResubmitInPart(t *testing.T) {
	// Ensures that when the server takes no more in the middle of a resubmission, the answer
	// tells of what was done, and the rest stays; when it takes nothing, that nothing was done.
	h := open(t, func(c *ingest.PipelineConfig) { c.InflightBytes = 400 })
	h.readyWithRejects()
	long := `{"tube":"T9","person":"` + strings.Repeat("9", 150) + `"}` + "\n"
	h.ask("POST", "/v1/scans", "{}\n")
	h.ask("POST", "/v1/events", long)
	h.ask("POST", "/v1/results", "{}\n")
	if !h.pipe.Admit(250) {
		t.Fatal("no room")
	}
	h.resubmit(`{"rejects":["J1","J2","J3"]}`, `{"received":1,`, `"errors":[{"index":0,"reject":"J1",`, `"not_tried":2`)
	h.wantCode("POST", "/v1/rejects/resubmit", `{"rejects":["J2","J1"]}`, 503, "overloaded", "Content-Type: application/json")
	h.pipe.Release(250)
	h.resubmit(`{"rejects":["J2","J1"]}`, `{"received":2,`)
	if got := h.rejects(""); len(got) != 3 {
		t.Errorf("got %v", got)
	}
}

func TestManyRejects(t *testing.T) {
	// Ensures that of a body with 2,600 bad items among good ones each is kept, in order, with
	// its own code, though the answer details a thousand; that the same body sent ten times
	// keeps each once; and that a bad item longer than any may be is kept with its beginning.
	h := open(t, nil)
	h.readyWithRejects()
	var body strings.Builder
	var want []string
	for i := range 100 {
		body.WriteString(scan("FULL"[:1+i/25]+"X", fmt.Sprintf("passport:USA:%09d", i), "04T08:00:00")) // 15 of 25 find a full tube
		if i%25 >= 10 {
			want = append(want, "tube_full")
		}
		for k := range 25 {
			bad, code := fmt.Sprintf(`{"tube":"T%d-%d"}`, i, k), "field_missing"
			switch k % 3 {
			case 1:
				bad, code = fmt.Sprintf("no item %d-%d", i, k), "bad_syntax"
			case 2:
				bad, code = fmt.Sprintf(`{"tube":"T%d-%d","person":"x","at":"2022-04-04T08:00:00Z"}`, i, k), "person_invalid"
			}
			body.WriteString(bad + "\n\n")
			want = append(want, code)
		}
	}
	long := strings.Repeat("y", 100_000)
	body.WriteString(long + "\n")
	want = append(want, "bad_syntax")
	for range 10 {
		if _, text, _ := h.ask("POST", "/v1/scans", body.String()); !strings.Contains(text, fmt.Sprintf(`"rejected":%d,`, len(want))) || strings.Count(text, `"index"`) != 1000 {
			t.Fatalf("got %.300s; want %d", text, len(want))
		}
	}
	got := h.rejects("limit=700")
	if len(got) != len(want) {
		t.Fatalf("got %d; want %d", len(got), len(want))
	}
	for i, l := range got {
		if l.Code != want[i] || l.Reject != fmt.Sprint("J", i+1) || l.Times != 10 || l.Message == "" {
			t.Fatalf("%d: got %v; want %s", i, l, want[i])
		}
	}
	last := got[len(got)-1]
	if last.ItemBytes != len(long) || len(last.Item) != 2+rejectItemBytesMax {
		t.Errorf("got %d of %d bytes", len(last.Item), last.ItemBytes)
	}
	h.resubmit(`{"rejects":["`+last.Reject+`"]}`, `"code":"bad_syntax","message":"The item is longer than 64 KiB."`)
}

func TestRejectsKeepTheirRound(t *testing.T) {
	// Ensures that a reject is sealed under the round that it names, when that is known, and
	// else under the one that is open; a name that nobody put makes no class.
	h := open(t, nil)
	m := h.readyWithRejects()
	h.says("PUT", "/v1/areas", `{"area":"35"}`)
	h.says("PUT", "/v1/rounds/R1", `{"areas":["35"],"opens":"2022-04-04T00:00:00+08:00","closes":"2022-04-05T00:00:00+08:00"}`)
	h.says("PUT", "/v1/rounds/R0", `{"areas":["35"],"opens":"2022-04-01T00:00:00+08:00","closes":"2022-04-02T00:00:00+08:00"}`)
	h.ask("POST", "/v1/scans", `{"round":"R0"}`+"\n"+`{"round":"R7"}`+"\n"+`{"round":"R 7"}`+"\n"+`{"round":5}`+"\n"+`"round" x`+"\n{}\n")
	var got []string
	for _, r := range m.list {
		got = append(got, r.class)
	}
	want := []string{"R0"}
	for range 5 {
		want = append(want, h.engine.Retention(nil, engine.FromUnix(houseNow)))
	}
	if !slices.Equal(got, want) || want[1] == "" {
		t.Errorf("got %v; want %v", got, want)
	}
}

func TestRejectsAreKeptAtOnce(t *testing.T) {
	// Ensures that batches with refusals, lists, resubmissions and dismissals at once lose
	// nothing: what was refused was dismissed, taken, or is still there.
	h := open(t, nil)
	m := h.readyWithRejects()
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 30 {
				h.ask("POST", "/v1/scans", fmt.Sprintf("bad %d-%d\n", g, i)+scan("T1", fmt.Sprintf("passport:USA:%09d", g*30+i), "04T08:00:00"))
			}
		})
		all.Go(func() {
			for range 15 {
				h.rejects("limit=7")
			}
			h.says("POST", "/v1/rejects/dismiss", fmt.Sprintf(`{"rejects":["J%d"]}`, 1+g))
			h.resubmit(fmt.Sprintf(`{"rejects":["J%d","J%d"]}`, 5+g, 9+g))
		})
	}
	all.Wait()
	full := len(h.rejects("code=tube_full"))
	if full != 110 && full != 109 && full < 100 { // one of them may have been dismissed
		t.Errorf("got %d of a full tube", full)
	}
	if got := len(h.rejects("")); m.last != 120+110 || got < 226 {
		t.Errorf("got %d rejects and %d left; want 230 and 226 at least", m.last, got)
	}
}

func TestNoRejectsCostNothing(t *testing.T) {
	// Ensures that a batch of which nothing was refused pays for rejects with one comparison:
	// to count its outcomes, which the answer needs, allocates nothing.
	var d ingest.Decoded
	d.Batch.Outcome = make([]engine.Outcome, 10_000)
	for i := range d.Batch.Outcome {
		d.Batch.Outcome[i] = engine.Accepted
	}
	if n := testing.AllocsPerRun(100, func() {
		if c := countBatch(&d); c.rejected > 0 || c.accepted != 10_000 {
			t.Error(c)
		}
	}); n != 0 {
		t.Errorf("got %v allocations", n)
	}
	h := open(t, nil)
	m := h.readyWithRejects()
	h.ask("POST", "/v1/scans", scan("T1", ada, "04T08:00:00"))
	h.ask("POST", "/v1/scans", scan("T1", ada, "04T08:00:00"))
	if m.last != 0 {
		t.Errorf("got %d rejects of good items", m.last)
	}
}

func TestLateItems(t *testing.T) {
	// Ensures that an item is made late without any other byte of it being touched, and only
	// where it is a scan and JSON.
	for _, c := range []struct {
		endpoint   ingest.Endpoint
		text, want string
	}{
		{ingest.Scans, `{"a":1}`, `{"late":true,"a":1}`},
		{ingest.Scans, `{}`, `{"late":true}`},
		{ingest.Scans, ` { "a" : {"late":false} } `, ` {"late":true, "a" : {"late":false} } `},
		{ingest.Scans, `{"late" : false ,"a":1}`, `{"late" : true ,"a":1}`},
		{ingest.Scans, `{"a":[],"late":null}`, `{"a":[],"late":true}`},
		{ingest.Scans, `{"l\u0061te":"x"}`, `{"l\u0061te":true}`},
		{ingest.Scans, `{"late":true}`, `{"late":true}`},
		{ingest.Scans, `{"late":false,"late":false}`, `{"late":false,"late":false}`},
		{ingest.Scans, `{"a":1`, `{"a":1`},
		{ingest.Scans, `{"a" 1}`, `{"a" 1}`},
		{ingest.Scans, `[1]`, `[1]`},
		{ingest.Scans, `x`, `x`},
		{ingest.Events, `{"type":"scan","a":1}`, `{"late":true,"type":"scan","a":1}`},
		{ingest.Events, `{"type":"result","late":false}`, `{"type":"result","late":false}`},
		{ingest.Events, `{"a":1}`, `{"a":1}`},
		{ingest.Results, `{"a":1}`, `{"a":1}`},
	} {
		if got := string(withLate([]byte(c.text), c.endpoint)); got != c.want {
			t.Errorf("%s: got %s; want %s", c.text, got, c.want)
		}
	}
}

func TestRejectsSayNothingElsewhere(t *testing.T) {
	// Ensures that who was refused stands in no metric and no log line, a failing store included.
	var mu sync.Mutex
	var log strings.Builder
	h := open(t, nil)
	m := h.readyWithRejects()
	h.server.cfg.Logf = func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(&log, format+"\n", args...)
	}
	const name, phone, id = "测试甲", "13900001234", "990101199003070024"
	h.ask("POST", "/v1/scans", `{"tube":"T1","person":"`+id+`","name":"`+name+`","phone":"`+phone+`"}`)
	m.err = errors.New("cannot keep rejects: no room")
	h.ask("POST", "/v1/scans", `{"tube":"T2","person":"`+id+`","name":"`+name+`","phone":"`+phone+`"}`)
	h.ask("GET", "/v1/rejects", "")
	_, metrics, _ := h.ask("GET", "/metrics", "")
	mu.Lock()
	defer mu.Unlock()
	for _, secret := range []string{name, phone, id, id[6:]} {
		if strings.Contains(metrics, secret) || strings.Contains(log.String(), secret) {
			t.Errorf("%s stands in the metrics or in the log: %s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "no room") {
		t.Errorf("got %s", log.String())
	}
}

// BenchmarkNoRejects is the whole price of rejects for a batch of 10,000 without any.
func BenchmarkNoRejects(b *testing.B) {
	var d ingest.Decoded
	d.Batch.Outcome = make([]engine.Outcome, 10_000)
	d.Batch.Flags = make([]engine.Flags, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		if countBatch(&d).rejected > 0 != (engine.Outcome(0) != engine.Accepted && engine.Outcome(0) != engine.Duplicate) {
			b.Fatal("counted wrongly")
		}
	}
}

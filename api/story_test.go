package api

import (
	"fmt"
	"strings"
	"testing"
)

// Other neutral, valid people.
const (
	bob = "990101199003070031"
	cat = "passport:USA:560018274"
)

// event is a line of a mixed batch.
func event(kind, at string, members ...string) string {
	return fmt.Sprintf(`{"type":%q,"at":"2022-04-%s+08:00",%s}`, kind, at, strings.Join(members, ",")) + "\n"
}

// take posts a body and wants every item accepted, or what is said instead.
func (h *house) take(method, path, body string, parts ...string) {
	h.t.Helper()
	status, text, _ := h.ask(method, path, body)
	if len(parts) == 0 {
		n := strings.Count(body, "\n")
		parts = []string{fmt.Sprintf(`{"received":%d,"accepted":%d,`, n, n), `"flagged":0,`}
	}
	if status != 200 {
		h.t.Errorf("%s %s: got %d %s", method, path, status, text)
	}
	h.has(path, text, parts...)
}

// look reads and wants all parts in the answer.
func (h *house) look(path string, parts ...string) {
	h.t.Helper()
	status, text, _ := h.ask("GET", path, "")
	if status != 200 {
		h.t.Errorf("%s: got %d %s", path, status, text)
	}
	h.has(path, text, parts...)
}

func (h *house) has(path, text string, parts ...string) {
	h.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			h.t.Errorf("%s: got %s\nwant %s in it", path, text, part)
		}
	}
}

func person(id string) string { return "/v1/people/" + id + "/status" }

func TestTransferStory(t *testing.T) {
	// Ensures that a person moved to another tube is held by that one's result, not by the first's.
	h := open(t, nil).ready()
	h.take("POST", "/v1/scans", scan("T1", ada, "04T08:00:00")+scan("T1", bob, "04T08:01:00"))
	move := event("transfer", "04T08:05:00", `"person":"`+ada+`"`, `"from_tube":"T1"`, `"to_tube":"t2"`, `"reason":"wrong tube"`)
	h.take("POST", "/v1/events", move)
	h.take("POST", "/v1/events", move, `"accepted":0,"duplicates":1,"rejected":0`)
	h.take("POST", "/v1/results", result("T1", "positive", "04T14:00:00")+result("T2", "negative", "04T14:00:00"))
	h.look(person(ada), `"state":"negative"`, `"last_negative":{"tube":"T2","sampled_at":"2022-04-04T08:00:00+08:00"`)
	h.look(person(bob), `"state":"held"`, `"causes":[{"tube":"T1","kind":"hold"`)
	h.look("/v1/tubes/T1", `"members":[{"person":"`+bob+`"`)
	h.take("POST", "/v1/events", event("transfer", "04T08:06:00", `"person":"`+cat+`"`, `"from_tube":"T1"`, `"to_tube":"T2"`, `"reason":"x"`), `"accepted":1`, `"code":"not_bound"`)
}

func TestTubeStory(t *testing.T) {
	// Ensures that what befalls a tube is taken, shown, and makes its members come again.
	h := open(t, nil).ready()
	h.take("POST", "/v1/scans", scan("T1", ada, "04T08:00:00")+scan("T2", bob, "04T08:00:00")+scan("T3", cat, "04T08:00:00"))
	h.take("POST", "/v1/events", event("tube.receive", "04T10:00:00", `"tube":"T1"`, `"lab":"L1"`))
	h.look("/v1/tubes/T1", `"resolution":"received"`, `"received_at":"2022-04-04T10:00:00+08:00","received_by":"L1","rejected_at":null,"lost_at":null,"void_at":null`, `"round":"default"`)
	h.take("POST", "/v1/events", event("tube.reject", "04T10:30:00", `"tube":"T1"`, `"lab":"L1"`, `"reason":"leaking"`)+
		event("tube.void", "04T10:40:00", `"tube":"T2"`, `"reason":"broken"`)+event("tube.lost", "04T10:50:00", `"tube":"T3"`))
	h.look("/v1/tubes/T1", `"rejected_at":"2022-04-04T10:30:00+08:00"`)
	h.look("/v1/tubes/T2", `"resolution":"void"`, `"void_at":"2022-04-04T10:40:00+08:00"`)
	h.look("/v1/tubes/T3", `"resolution":"lost"`, `"lost_at":"2022-04-04T10:50:00+08:00"`)
	for _, id := range []string{ada, bob, cat} {
		h.look(person(id), `"state":"must_resample"`, `"kind":"must"`, `"recollection":{"id":"R`, `"kind":"any"`)
	}
	h.take("POST", "/v1/scans", scan("T2", ada, "04T11:00:00"), `"code":"tube_void","message":"Tube T2 is void."`)
	h.take("POST", "/v1/results", result("T2", "positive", "04T12:00:00"), `"accepted":1`, `"code":"result_of_void_tube"`)
	h.look("/v1/alerts", `{"alert":"result_of_void_tube","tube":"T2","site":null,"verdict":"positive","since":"2022-04-04T12:00:00+08:00","members":1}`)
}

func TestRecollectionStory(t *testing.T) {
	// Ensures that calls are taken by recollection and by person, and shown; lists by kind.
	h := open(t, nil).ready()
	h.take("PUT", "/v1/labs", `{"lab":"C1","kind":"cdc"}`+"\n")
	h.take("POST", "/v1/events", event("tube.open", "04T07:00:00", `"tube":"T2"`, `"mode":"single"`)+event("tube.open", "04T07:00:00", `"tube":"T1"`, `"mode":"pool"`))
	h.take("POST", "/v1/scans", scan("T1", ada, "04T08:00:00")+scan("T2", bob, "04T08:00:00"))
	h.take("POST", "/v1/results", result("T1", "positive", "04T09:00:00")+result("T2", "positive", "04T09:00:00"))
	h.look(person(ada), `"recollection":{"id":"R1","kind":"single","state":"open","due_at":"2022-04-04T15:00:00+08:00"},"recheck":null,`)
	h.look(person(bob), `"state":"suspect"`, `"recollection":null,"recheck":{"id":"R2","kind":"recheck","state":"open","due_at":"2022-04-04T15:00:00+08:00"},"as_of"`)
	h.take("POST", "/v1/events", event("recollection.ack", "04T10:00:00", `"recollection":"R1"`))
	h.look(person(ada), `"state":"acknowledged"`)
	h.take("POST", "/v1/events", event("recollection.unreachable", "04T10:30:00", `"person":"`+ada+`"`, `"reason":"no answer"`))
	h.look("/v1/recollections", `{"id":"R1","person":"`+ada+`","kind":"single","state":"unreachable"`, `"overdue":true,"causes":["T1"]}`)
	for query, want := range map[string][2]bool{"": {true, false}, "?kind=single": {true, false}, "?kind=any": {false, false}, "?kind=recheck": {false, true}, "?kind=all": {true, true},
		"?kind=all&overdue=1": {true, true}, "?kind=all&overdue=1&at=2022-04-04T15:00:00%2B08:00": {false, false}, "?kind=all&state=unreachable": {true, false}} {
		_, text, _ := h.ask("GET", "/v1/recollections"+query, "")
		if got := [2]bool{strings.Contains(text, `"R1"`), strings.Contains(text, `"R2"`)}; got != want {
			t.Errorf("%s: got %s; want %v", query, text, want)
		}
	}
	h.wantCode("GET", "/v1/recollections?kind=x", "", 400, "field_invalid")
	h.take("POST", "/v1/events", event("recollection.ack", "04T10:00:00", `"recollection":"R9"`), `"code":"recollection_unknown","message":"There is no recollection of this number."`)
	h.take("POST", "/v1/events", event("recollection.ack", "04T10:00:00", `"person":"`+cat+`"`), `"accepted":1`, `"code":"no_order"`)
}

func TestDischargeStory(t *testing.T) {
	// Ensures that a cdc's positive confirms, and that a discharge ends it.
	h := open(t, nil).ready()
	h.take("PUT", "/v1/labs", `{"lab":"C1","kind":"cdc"}`+"\n")
	h.take("POST", "/v1/events", event("tube.open", "04T07:00:00", `"tube":"T2"`, `"mode":"single"`)+event("scan", "04T08:00:00", `"tube":"T2"`, `"person":"`+bob+`"`))
	h.take("POST", "/v1/results", strings.Replace(result("T2", "positive", "04T09:00:00"), `"L1"`, `"C1"`, 1))
	h.look(person(bob), `"state":"confirmed","code":"red"`, `"recheck":null`)
	h.take("POST", "/v1/events", event("discharge", "04T15:00:00", `"person":"`+bob+`"`, `"reason":"recovered"`))
	h.look(person(bob), `"state":"unknown","code":"grey"`)
	h.take("POST", "/v1/events", event("discharge", "04T15:00:00", `"person":"`+ada+`"`, `"reason":"recovered"`), `"accepted":1`, `"code":"not_confirmed"`)
}

func TestMergeStory(t *testing.T) {
	// Ensures that two identities of one person have one status, and each its own again afterwards.
	h := open(t, nil).ready()
	h.take("POST", "/v1/scans", scan("T1", ada, "04T08:00:00")+scan("T2", cat, "04T09:00:00"))
	h.take("POST", "/v1/results", result("T1", "positive", "04T14:00:00")+result("T2", "negative", "04T14:00:00"))
	pair := []string{`"from":"` + cat + `"`, `"to":"` + ada + `"`}
	h.take("POST", "/v1/events", event("person.merge", "04T15:00:00", pair...))
	h.look(person(cat), `"person":"`+cat+`","state":"held","code":"yellow"`, `"last_negative":{"tube":"T2"`, `"recheck":null,"merged_into":"`+ada+`","as_of"`)
	_, text, _ := h.ask("GET", person(ada), "")
	if !strings.Contains(text, `"state":"held"`) || strings.Contains(text, "merged_into") {
		t.Errorf("got %s", text)
	}
	h.take("POST", "/v1/events", event("person.unmerge", "04T15:30:00", pair...))
	h.look(person(cat), `"state":"negative"`)
	h.look(person(ada), `"state":"held"`, `"last_negative":null`)
}

func TestAlertPages(t *testing.T) {
	// Ensures that alerts are paged, those of positives without members first.
	h := open(t, nil).ready()
	h.take("POST", "/v1/results", result("T1", "negative", "04T09:00:00")+result("T2", "positive", "04T09:30:00")+result("T3", "negative", "04T09:00:00"), `"accepted":3`)
	var got strings.Builder
	path := "/v1/alerts?limit=1"
	for pages := 0; pages < 10; pages++ {
		_, text, header := h.ask("GET", path, "")
		got.WriteString(text)
		if header.Get("X-Next-After") == "" {
			break
		}
		path = "/v1/alerts?limit=1&after=" + header.Get("X-Next-After")
	}
	line := `{"alert":"tube_unknown","tube":"%s","site":null,"verdict":"%s","since":"2022-04-04T09:%s:00+08:00","members":0}` + "\n"
	want := fmt.Sprintf(line, "T2", "positive", "30") + fmt.Sprintf(line, "T1", "negative", "00") + fmt.Sprintf(line, "T3", "negative", "00")
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	h.wantCode("GET", "/v1/alerts?limit=0", "", 400, "field_invalid")
	h.wantCode("GET", "/v1/alerts?after=x", "", 400, "field_invalid")
}

package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// resident completes 17 digits with their check character.
func resident(digits string) string {
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += w * int(digits[i]-'0')
	}
	return digits + string("10X98765432"[sum%11])
}

func TestHostileLimits(t *testing.T) {
	// Ensures that every limit of an item's fields takes what is as long as it says, and
	// refuses, item by item, what is one longer.
	h := open(t, nil).ready()
	n := strings.Repeat
	list := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ","+format, i)
		}
		return "[" + b.String()[1:] + "]"
	}
	swab := func(fields string) string {
		return `{"type":"scan","tube":"T1","person":"` + ada + `","at":"2022-04-04T08:00:00+08:00",` + fields + "}"
	}
	result := func(fields string) string {
		return `{"type":"result","tube":"RESULT","verdict":"negative","lab":"L1","tested_at":"2022-04-04T09:00:00+08:00",` + fields + "}"
	}
	at := func(text string) string {
		return `{"type":"scan","tube":"T1","person":"` + ada + `","at":"` + text + `"}`
	}
	who := func(person string) string {
		return `{"type":"scan","tube":"T1","person":"` + person + `","at":"2022-04-04T08:00:00+08:00","late":true}`
	}
	const bad = "200: 0 accepted, 1 rejected, field_invalid"
	for _, c := range []struct{ limit, path, taken, refused, want string }{
		{"MaxTextBytes", "events", result(`"run":"` + n("r", ingest.MaxTextBytes) + `"`), result(`"run":"` + n("r", ingest.MaxTextBytes+1) + `"`), bad},
		{"MaxIDChars", "events", swab(`"id":"` + n("试", ingest.MaxIDChars) + `"`), swab(`"id":"` + n("试", ingest.MaxIDChars+1) + `"`), bad},
		{"MaxNameChars", "events", swab(`"name":"` + n("甲", ingest.MaxNameChars) + `"`), swab(`"name":"` + n("甲", ingest.MaxNameChars+1) + `"`), bad},
		{"MaxNameBytes", "events", swab(`"site":"` + n("S", ingest.MaxNameBytes) + `"`), swab(`"site":"` + n("S", ingest.MaxNameBytes+1) + `"`), bad},
		{"MaxTubeBytes", "scans", scan(n("T", ingest.MaxTubeBytes), "passport:USA:560018303", "04T08:00:00"), scan(n("T", ingest.MaxTubeBytes+1), "passport:USA:560018303", "04T08:00:00"), bad},
		{"MaxTimeBytes", "events", at("2022-04-04T08:00:00." + n("0", ingest.MaxTimeBytes-26) + "+08:00"), at("2022-04-04T08:00:00." + n("0", ingest.MaxTimeBytes-25) + "+08:00"), bad},
		{"MaxTargets", "events", result(`"targets":` + list(ingest.MaxTargets, `{"gene":"G%d"}`)), result(`"targets":` + list(ingest.MaxTargets+1, `{"gene":"G%d"}`)), bad},
		{"MaxGeneBytes", "events", result(`"targets":[{"gene":"` + n("G", ingest.MaxGeneBytes) + `"}]`), result(`"targets":[{"gene":"` + n("G", ingest.MaxGeneBytes+1) + `"}]`), bad},
		{"MaxCapacity", "events", `{"type":"tube.open","tube":"C1","at":"2022-04-04T08:00:00+08:00","capacity":30}`, `{"type":"tube.open","tube":"C1","at":"2022-04-04T08:00:00+08:00","capacity":31}`, bad},
		{"MaxMembers", "events", `{"type":"tube.close","tube":"C1","at":"2022-04-04T08:00:00+08:00","members":10000}`, `{"type":"tube.close","tube":"C1","at":"2022-04-04T08:00:00+08:00","members":10001}`, bad},
		{"MaxGroups", "roster", `{"person":"` + ada + `","groups":` + list(ingest.MaxGroups, `"g%d"`) + `}`, `{"person":"` + ada + `","groups":` + list(ingest.MaxGroups+1, `"g%d"`) + `}`, bad},
		{"MaxCircle", "roster", `{"person":"` + ada + `","circle":6}`, `{"person":"` + ada + `","circle":7}`, bad},
		{"MaxRoundAreas", "rounds/R1", `{"areas":` + list(ingest.MaxRoundAreas, `"35%04d"`) + `}`, `{"areas":` + list(ingest.MaxRoundAreas+1, `"35%04d"`) + `}`, bad},
		{"maxRoundGroups", "rounds/R1", `{"single_groups":` + list(ingest.MaxGroups, `"g%d"`) + `}`, `{"single_groups":` + list(ingest.MaxGroups+1, `"g%d"`) + `}`, bad},
		{"MaxDurationSeconds", "rounds/R1", `{"window":"31d"}`, `{"window":"32d"}`, bad},
		{"MaxAheadSeconds", "events", at("2022-04-04T16:10:00+08:00"), at("2022-04-04T16:10:01+08:00"), "200: 0 accepted, 1 rejected, time_in_future"},
		{"MinBirthYear", "events", who(resident("99010118500101001")), who(resident("99010118491231001")), "200: 0 accepted, 1 rejected, person_invalid"},
	} {
		method := "POST"
		if strings.HasPrefix(c.path, "rounds/") {
			method = "PUT"
		}
		for text, want := range map[string]string{c.taken: "200: 1 accepted, 0 rejected", c.refused: c.want} {
			if got := h.batchAs(method, "/v1/"+c.path, text+"\n"); got != want {
				t.Errorf("%s: %.150s: got %s; want %s", c.limit, text, got, want)
			}
		}
	}
	columns := func(n int) string {
		return strings.Repeat("x,", n-3) + "tube,person,at\n" + strings.Repeat(",", n-3) + "T1," + ada + ",2022-04-04T08:00:00+08:00\n"
	}
	if got := h.batch("/v1/scans", columns(ingest.MaxColumns), "Content-Type: text/csv"); got != "200: 1 accepted, 0 rejected" {
		t.Errorf("MaxColumns: got %s", got)
	}
	if got := h.batch("/v1/scans", columns(ingest.MaxColumns+1), "Content-Type: text/csv"); got != "400 bad_encoding" {
		t.Errorf("past MaxColumns: got %s", got)
	}
	h.healthy("at the end")
}

func TestHostileLists(t *testing.T) {
	// Ensures the bounds of lists and of waiting: pages, a filter that passes nothing, readers
	// that wait, time zones, the yardstick.
	h := open(t, nil).ready()
	var args fasthttp.Args
	for text, want := range map[string]int{"": listLimitDefault, "1": 1, "100000": listLimitMax, "100001": 0, "0": 0} {
		args.Set("limit", text)
		if got, refused := limitOf(&args); got != want || (refused != nil) != (want == 0) {
			t.Errorf("limit=%s: got %d, %v; want %d", text, got, refused, want)
		}
	}
	var people strings.Builder
	for i := range listLimitDefault + 5 {
		people.WriteString(scan(fmt.Sprint("T", i/10), fmt.Sprintf("passport:USA:%09d", i), "04T08:00:00"))
	}
	h.ask("POST", "/v1/scans", people.String())
	_, text, header := h.ask("GET", "/v1/changes", "")
	if strings.Count(text, "\n") != listLimitDefault || header.Get("X-Next-After") == "" {
		t.Errorf("got %d changes; want %d", strings.Count(text, "\n"), listLimitDefault)
	}
	// Of a feed longer than one request looks at.
	h.memory.mu.Lock()
	last := h.memory.list[len(h.memory.list)-1]
	for i := range changesScanMax + 10*changesReadMax {
		last.Cursor += engine.Cursor(i%2) + 1
		h.memory.list = append(h.memory.list, last)
		h.memory.tubes = append(h.memory.tubes, nil)
	}
	entries := h.memory.list
	h.memory.mu.Unlock()
	_, text, header = h.ask("GET", "/v1/changes?states=confirmed", "")
	looked := uint64(0)
	_, err := fmt.Sscanf(header.Get("X-Next-After"), "%x", &looked)
	at := 0
	for at < len(entries) && uint64(entries[at].Cursor) <= looked {
		at++
	}
	if err != nil || text != "" || at < changesScanMax || at >= changesScanMax+changesReadMax {
		t.Errorf("got %d entries looked at and %q; want %d", at, text, changesScanMax)
	}
	if _, text, _ = h.ask("GET", "/v1/changes?states=confirmed&limit=1&after="+header.Get("X-Next-After"), ""); text != "" {
		t.Errorf("the rest: got %q", text)
	}
	// Waiting.
	var ctx fasthttp.RequestCtx
	ctx.Request.SetRequestURI("/v1/changes?wait=9999h")
	r := changesReader{server: h.server, b: h.server.backend.Load()}
	if wait, refused := r.ask(&ctx); wait != waitMax || refused != nil {
		t.Errorf("got a wait of %v, %v; want %v", wait, refused, waitMax)
	}
	end := fmt.Sprintf("%016x", uint64(h.memory.End()))
	h.server.waiters.Store(waitersMax)
	h.wantCode("GET", "/v1/changes?wait=1s&after="+end, "", 503, "overloaded")
	if got := h.server.waiters.Load(); got != waitersMax {
		t.Errorf("got %d waiters; want as many as before", got)
	}
	h.server.waiters.Store(waitersMax - 1)
	if status, _, _ := h.ask("GET", "/v1/changes?wait=1ms&after="+end, ""); status != 200 {
		t.Errorf("the last place: got %d", status)
	}
	h.server.waiters.Store(0)
	if _, _, header := h.ask("GET", "/v1/changes?wait=1ms&after="+end, ""); header.Get("Retry-After") != "" {
		t.Errorf("got Retry-After %s on what was answered", header.Get("Retry-After"))
	}
	// Zones and the yardstick.
	for hour := range 14 {
		for _, sign := range []string{"+", "-"} {
			for _, name := range []string{"Etc/GMT%s%d", "Etc/../Etc/GMT%s%d"} {
				h.ask("POST", "/v1/scans", "{}\n", "X-Time-Zone: "+fmt.Sprintf(name, sign, hour))
			}
		}
	}
	for _, city := range strings.Fields("Shanghai Tokyo Seoul Manila Singapore Jakarta Kolkata Dubai Tehran Karachi Dhaka Yangon Bangkok Hong_Kong Taipei Macau Urumqi Kabul Almaty Tashkent Baku Yerevan Tbilisi Baghdad Riyadh Kuwait Qatar Muscat Beirut Damascus Amman Jerusalem Gaza Nicosia Colombo Kathmandu Thimphu Brunei Kuching Makassar") {
		if status, _, _ := h.ask("POST", "/v1/scans", "{}\n", "X-Time-Zone: Asia/"+city); status != 200 {
			t.Errorf("Asia/%s: got %d", city, status)
		}
	}
	h.server.zonesMu.Lock()
	if got := len(h.server.zones); got == 0 || got > zonesMax {
		t.Errorf("got %d zones kept; want at most %d", got, zonesMax)
	}
	h.server.zonesMu.Unlock()
	if _, text, _ := h.ask("GET", fmt.Sprint("/bench/empty?n=", benchBytesMax), ""); len(text) != benchBytesMax {
		t.Errorf("the yardstick: got %d bytes", len(text))
	}
	h.wantCode("GET", fmt.Sprint("/bench/empty?n=", benchBytesMax+1), "", 400, "field_invalid")
	h.healthy("at the end")
}

// batchAs is batch with a method.
func (h *house) batchAs(method, path, body string) string {
	h.t.Helper()
	status, text, _ := h.ask(method, path, body)
	if status != 200 {
		return fmt.Sprint(status, " ", codeIn(text))
	}
	return outcomeOf(h.t, text)
}
